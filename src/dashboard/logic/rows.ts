/**
 * The rows of the table of routes: what is written, what flows, filtered and sorted.
 *
 * Rule: a route without traffic has a row too; sorting is stable and ends with the name, so that rows of equal figures stay
 * where they are from second to second.
 */

import type { LiveFrame } from '../../admin/shapes/live.ts';
import type { History } from './history.ts';
import { portion, splitsOf } from './weights.ts';

export interface Part {
  readonly id: string;
  readonly value: unknown;
}

export interface Target {
  readonly upstream: string;
  /** 0 to 1; undefined where the document gives none. */
  readonly share: number | undefined;
}

export interface RouteRow {
  readonly id: string;
  readonly match: string;
  readonly rate: number;
  readonly errorShare: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly targets: readonly Target[];
}

export const SORTS = ['id', 'rate', 'p50', 'p95', 'p99', 'errorShare'] as const;
export type Sort = (typeof SORTS)[number];

export interface Order {
  readonly by: Sort;
  readonly down: boolean;
}

type Written = Readonly<Record<string, unknown>>;

export function rowsOf(parts: readonly Part[], frame: LiveFrame | undefined, history: History): RouteRow[] {
  const live = new Map((frame?.routes ?? []).map((route) => [route.id, route]));
  const written = new Map(parts.map(({ id, value }) => [id, value]));
  return [...new Set([...written.keys(), ...live.keys()])].map((id) => {
    const { p50 = null, p95 = null, p99 = null } = history.last(`route:${id}`);
    const value = written.get(id);
    const { rate, errorShare } = history.recent(`route:${id}`);
    const targets = targetsOf(value);
    const seen = (live.get(id)?.to ?? []).filter(({ upstream }) => upstream !== '');
    return {
      id,
      match: matchWords(value),
      rate,
      errorShare,
      p50,
      p95,
      p99,
      targets: targets.length > 0 ? targets : seen.map(({ upstream }) => ({ upstream, share: undefined })),
    };
  });
}

/** `shop.example /cart GET POST`; what else it asks for is counted. */
export function matchWords(route: unknown): string {
  const { match } = (route ?? {}) as { match?: Written };
  if (match === undefined) return '';
  const { host, path, methods, headers, query } = match;
  const words = [host, pathWords(path), Array.isArray(methods) ? methods.join(' ') : methods];
  const further = [headers, query].filter((each) => each !== undefined).length;
  if (further > 0) words.push(`+${further}`);
  return words.filter((word) => word !== undefined && word !== '').join(' ');
}

function pathWords(path: unknown): string {
  if (typeof path !== 'object' || path === null) return typeof path === 'string' ? path : '';
  const [[kind, text] = ['', '']] = Object.entries(path);
  return kind === 'exact' ? `= ${text}` : `~ ${text}`;
}

/** Everything a written route may send to, as far as the document says it. */
export function targetsOf(route: unknown): Target[] {
  const { upstream, versions } = (route ?? {}) as { upstream?: unknown; versions?: { serve?: unknown } };
  if (typeof upstream === 'string') return [{ upstream, share: undefined }];
  const found: Target[] = [];
  for (const { weights, path } of splitsOf(route)) {
    const alone = path.length === 1;
    for (const id of Object.keys(weights)) {
      if (!found.some((each) => each.upstream === id)) {
        found.push({ upstream: id, share: alone ? portion(weights, id) : undefined });
      }
    }
  }
  for (const entry of Array.isArray(versions?.serve) ? (versions.serve as Written[]) : []) {
    const id = entry?.upstream;
    if (typeof id === 'string' && !found.some((each) => each.upstream === id))
      found.push({ upstream: id, share: undefined });
  }
  return found;
}

/** Words that must all occur in the name, the match or an upstream. */
export function filtered(rows: readonly RouteRow[], text: string): RouteRow[] {
  return having(rows, text, ({ id, match, targets }) => [id, match, ...targets.map(({ upstream }) => upstream)]);
}

/** Those in whose words all that was typed occurs, in any order. */
export function having<T>(things: readonly T[], text: string, wordsOf: (thing: T) => readonly string[]): T[] {
  const typed = text.toLowerCase().split(/\s+/).filter(Boolean);
  return things.filter((thing) => {
    const all = wordsOf(thing).join(' ').toLowerCase();
    return typed.every((word) => all.includes(word));
  });
}

export function sorted(rows: readonly RouteRow[], sort: Sort, down: boolean): RouteRow[] {
  const turn = down ? -1 : 1;
  const name = (one: RouteRow, other: RouteRow): number => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
  return rows.toSorted((one, other) => {
    if (sort === 'id') return name(one, other) * turn;
    return ((one[sort] ?? -1) - (other[sort] ?? -1)) * turn || name(one, other);
  });
}
