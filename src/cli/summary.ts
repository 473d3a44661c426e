/**
 * A written part of the document in the cells of one line.
 *
 * Rule: a summary helps to find a part, the part itself says everything. It reads values as they are written, short forms
 * too, and what it does not know it shows as it stands.
 */

import type { Plural } from './kinds.ts';
import type { Column } from './print.ts';

export interface Summary {
  readonly columns: readonly Column[];
  readonly cells: (value: unknown) => string[];
}

export const SUMMARIES: Readonly<Record<Plural, Summary>> = {
  routes: {
    columns: [{ title: 'ROUTE' }, { title: 'MATCH' }, { title: 'TO' }, { title: 'BESIDE' }],
    cells: (value) => {
      const route = mapOf(value);
      return [matchOf(mapOf(route.match)), targetOf(route), keysBut(route, ['match', ...TARGETS])];
    },
  },
  upstreams: {
    columns: [{ title: 'UPSTREAM' }, { title: 'ENDPOINTS' }, { title: 'BESIDE' }],
    cells: (value) => {
      const upstream = mapOf(value);
      return [listOf(upstream.endpoints).map(endpointOf).join(', '), keysBut(upstream, ['endpoints'])];
    },
  },
  rollouts: {
    columns: [{ title: 'ROLLOUT' }, { title: 'ROUTE' }, { title: 'TO' }, { title: 'WEIGHTS' }, { title: 'GATES' }],
    cells: (value) => {
      const rollout = mapOf(value);
      const steps = listOf(rollout.steps).map((step) => inLine(mapOf(step).weight));
      const gates = listOf(rollout.gates).map(inLine).join(', ');
      return [inLine(rollout.route), inLine(rollout.to), steps.join(' '), gates];
    },
  },
  invariants: {
    columns: [{ title: 'INVARIANT' }, { title: 'HOLDS' }],
    cells: (value) => [inLine(value)],
  },
};

const TARGETS = ['upstream', 'split', 'versions', 'redirect'];

type Map = Readonly<Record<string, unknown>>;

function mapOf(value: unknown): Map {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Map) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function keysBut(map: Map, known: readonly string[]): string {
  return Object.keys(map)
    .filter((key) => !known.includes(key))
    .join(', ');
}

/** `GET,POST shop.example/checkout x-tenant: acme ?v=2` */
function matchOf({ host, path, methods, headers, query }: Map): string {
  const place = `${host === undefined ? '' : inLine(host)}${path === undefined ? '' : pathOf(path)}`;
  const parts = [
    listOf(methods).map(inLine).join(','),
    place,
    ...Object.entries(mapOf(headers)).map(([name, value]) => `${name}: ${inLine(value)}`),
    ...Object.entries(mapOf(query)).map(([name, value]) => `?${name}=${inLine(value)}`),
  ];
  const said = parts.filter((part) => part !== '').join(' ');
  return said === '' ? 'everything' : said;
}

function pathOf(path: unknown): string {
  const { exact, regex } = mapOf(path);
  if (exact !== undefined) return `${inLine(exact)} (exact)`;
  return regex === undefined ? inLine(path) : `~ ${inLine(regex)}`;
}

function targetOf(route: Map): string {
  if (route.upstream !== undefined) return inLine(route.upstream);
  if (route.split !== undefined) return splitOf(mapOf(route.split));
  if (route.redirect !== undefined) return `redirect ${inLine(route.redirect)}`;
  const served = listOf(mapOf(route.versions).serve).map((entry) => {
    const { range, upstream, split } = mapOf(entry);
    return `${inLine(range)} ${upstream === undefined ? splitOf(mapOf(split)) : inLine(upstream)}`;
  });
  return served.join('; ');
}

/** `cart 80, cart-v2 20` */
function splitOf(split: Map): string {
  return Object.entries(split)
    .map(([id, weight]) => `${id} ${inLine(weight)}`)
    .join(', ');
}

function endpointOf(endpoint: unknown): string {
  const { url, weight } = mapOf(endpoint);
  if (url === undefined) return inLine(endpoint);
  return weight === undefined ? inLine(url) : `${inLine(url)} (weight ${inLine(weight)})`;
}

/** Text as it is, everything else in a form near to how a document is written. */
export function inLine(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(inLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value ?? '');
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${inLine(inner)}`)
    .join(', ')} }`;
}
