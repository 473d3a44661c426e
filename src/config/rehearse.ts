/**
 * The examples of a document, asked of the new table before it is swapped in.
 *
 * Rule: nothing is sent and nothing drawn. An example's upstream must be among the sides that the release may choose for
 * that very request (ask.ts), so version, sticky key and override count as they will for traffic, and a side of weight
 * 0 is never among them.
 */

import type { RequestFacts } from '../core/exchange.ts';
import type { ListenerTable, Route, Table } from '../routing/route.ts';
import { type Asked, factsOf, fieldsOf, readUrl, sharesOf } from './ask.ts';
import type { ExampleSettings } from './document.ts';

/** What an example says when no route may match. */
const NO_ROUTE = '_none';

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
  const asked = readExample(example);
  if (asked === undefined) return 'is no request; write a method and a URL, as in "GET http://cart.internal/cart/7"';
  const listener = listenerFor(table, example);
  if (listener === undefined) return `there is no listener ${example.listener ?? 'at all'}`;
  const request = factsOf(asked, table.names);
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
  const { shares, refusal } = sharesOf(table, route, request, listener);
  if (shares.has(expected)) return undefined;
  if (refusal !== undefined) return `${where} refuses the request: ${refusal.fault.detail}`;
  return `${where} sends it to ${[...shares.keys()].join(' or ')}`;
}

function listenerFor(table: Table, example: ExampleSettings): ListenerTable | undefined {
  if (example.listener !== undefined) return table.listeners.get(example.listener);
  const serving = table.routes.get(example.route ?? '')?.plan.settings.listeners[0];
  return serving === undefined ? table.listeners.values().next().value : table.listeners.get(serving);
}

/** `GET http://host:port/path?query`, or without scheme and host. */
function readExample({ request, headers }: ExampleSettings): Asked | undefined {
  const [, method, rest] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +(.*)$/s.exec(request.trim()) ?? [];
  const url = method === undefined ? undefined : readUrl(rest);
  if (url === undefined) return undefined;
  return { method, target: url.target, fields: fieldsOf(headers, url.authority) };
}

function told(route: string): string {
  return route === NO_ROUTE ? 'no route' : `route ${route}`;
}
