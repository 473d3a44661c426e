/**
 * The examples of a document, asked of the new table before it is swapped in.
 *
 * Rule: nothing is sent and nothing drawn. An example's upstream must be among the sides that the release may choose for
 * that very request, which is found by asking it with a draw from the middle of every side's share; so version, sticky
 * key and override count as they will for traffic, and a side of weight 0 is never among them.
 */

import { Exchange, type RequestFacts } from '../core/exchange.ts';
import { headText, pathEnd } from '../core/target.ts';

import type { WeightedSettings } from '../release/release.ts';
import { splitsOf } from '../release/sides.ts';
import type { ListenerTable, Route, Table } from '../routing/route.ts';
import type { ExampleSettings } from './document.ts';

/** What an example says when no route may match. */
const NO_ROUTE = '_none';

interface Asked {
  readonly method: string;
  readonly authority: string;
  readonly target: string;
}

/** Asks every example; one sentence for each that fails, none where all hold. */
export function rehearse(table: Table, examples: readonly ExampleSettings[]): string[] {
  const failures: string[] = [];
  for (const [i, example] of examples.entries()) {
    const failure = rehearseOne(table, example);
    if (failure !== undefined) failures.push(`example ${i + 1} (${example.request}): ${failure}`);
  }
  return failures;
}

function rehearseOne(table: Table, example: ExampleSettings): string | undefined {
  const asked = readRequest(example.request);
  if (asked === undefined) return 'is no request; write a method and a URL, as in "GET http://cart.internal/cart/7"';
  const listener = listenerFor(table, example);
  if (listener === undefined) return `there is no listener ${example.listener ?? 'at all'}`;
  const request = factsOf(table, asked, example);
  const matched = listener.match(request);
  if (matched.is === 'ambiguous') return `gets 400 at listener ${listener.id}: ${matched.detail}`;
  const route = matched.is === 'route' ? matched.route : undefined;
  const found = route?.id ?? NO_ROUTE;
  if (example.route !== undefined && example.route !== found) {
    return `expected route ${example.route}, but at listener ${listener.id} it leads to ${told(found)}`;
  }
  if (example.upstream === undefined) return undefined;
  if (route === undefined)
    return `expected upstream ${example.upstream}, but no route matches at listener ${listener.id}`;
  return checkUpstream(table, route, request, listener, example.upstream);
}

function checkUpstream(
  table: Table,
  route: Route,
  request: RequestFacts,
  listener: ListenerTable,
  expected: string,
): string | undefined {
  const where = `expected upstream ${expected}, but route ${route.id}`;
  if (route.plan.destinations.length === 0) return `${where} has no upstream and answers by itself`;
  const { reached, refusal } = sidesFor(table, route, request, listener);
  if (reached.has(expected)) return undefined;
  if (reached.size === 0) return `${where} refuses the request: ${refusal}`;
  return `${where} sends it to ${[...reached].join(' or ')}`;
}

/** The upstreams a request may be sent to, and the last refusal where there was one. */
function sidesFor(
  table: Table,
  route: Route,
  request: RequestFacts,
  listener: ListenerTable,
): { reached: Set<string>; refusal: string } {
  const reached = new Set<string>();
  let refusal = '';
  // The extra draw is for releases that refuse everybody: without a side there is no share to draw from.
  for (const draw of [0.5, ...splitsOf(route.plan.settings.release).flatMap(middles)]) {
    const exchange = new Exchange(0, draw, request, listener.id, '', table.revision);
    const choosing = route.plan.release.choose(exchange, request, listener.internal);
    if ('index' in choosing) reached.add(route.plan.destinations[choosing.index].upstream.id);
    else refusal = choosing.fault.detail;
  }
  return { reached, refusal };
}

/** One draw from the middle of each side's share. */
function middles(split: readonly WeightedSettings[]): number[] {
  const total = split.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  return split.map(({ weight }) => {
    before += weight;
    return total === 0 ? 0 : (before - weight / 2) / total;
  });
}

function listenerFor(table: Table, example: ExampleSettings): ListenerTable | undefined {
  if (example.listener !== undefined) return table.listeners.get(example.listener);
  const serving = table.routes.get(example.route ?? '')?.plan.settings.listeners[0];
  return serving === undefined ? table.listeners.values().next().value : table.listeners.get(serving);
}

/** Reads `GET http://host:port/path?query`, or without scheme and host; the target stays as written. */
function readRequest(text: string): Asked | undefined {
  const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +(?:https?:\/\/([^/?#\\]*))?([!-"$-~]*)$/i.exec(text.trim());
  if (parts === null) return undefined;
  const [, method, authority = '', rest] = parts;
  if (rest === '*') return { method, authority, target: rest };
  if (rest === '' && authority === '') return undefined;
  const target = pathEnd(rest) === 0 ? `/${rest}` : rest;
  return target.startsWith('/') ? { method, authority, target } : undefined;
}

function factsOf(table: Table, asked: Asked, example: ExampleSettings): RequestFacts {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(example.headers)) fields.set(name.toLowerCase(), headText(value.trim()));
  const authority = fields.get('host') ?? asked.authority;
  if (authority !== '') fields.set('host', authority);
  return {
    method: asked.method,
    target: asked.target,
    host: authority.toLowerCase().replace(/:\d*$/, ''),
    minor: 1,
    field: (number) => fields.get(table.names.names[number]),
  };
}

function told(route: string): string {
  return route === NO_ROUTE ? 'no route' : `route ${route}`;
}
