/**
 * Requests and routes for tests below the wire: made of plain facts, no sockets.
 *
 * Rule: what a test does not speak of has the quietest value there is. A request's headers are given by name; the table's
 * NameSet turns the numbers that the router asks for back into names.
 */

import { Exchange, type RequestFacts } from '../../src/core/exchange.ts';
import type { NameSet } from '../../src/core/names.ts';
import type { HeaderEditSettings, RewriteSettings } from '../../src/policy/policy.ts';
import { MatcherBuilder } from '../../src/routing/match-build.ts';
import { Patterns } from '../../src/routing/match-regex.ts';
import type { MatchSettings, Route, RouteSettings } from '../../src/routing/route.ts';

export interface RequestLike {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function factsOf(request: RequestLike, names: NameSet): RequestFacts {
  const { method = 'GET', target = '/', host = '', headers = {} } = request;
  return { method, target, host, minor: 1, field: (number) => headers[names.names[number]] };
}

export function exchangeOf(request: RequestFacts, draw = 0.5, client = '', listener = 'internal'): Exchange {
  return new Exchange(0, draw, request, listener, client, 'r1');
}

export const NO_EDITS: HeaderEditSettings = { set: {}, add: {}, remove: [] };
export const NO_REWRITE: RewriteSettings = { headers: { request: NO_EDITS, response: NO_EDITS } };

export function routeSettings(match: Partial<MatchSettings>, rest: Partial<RouteSettings> = {}): RouteSettings {
  return {
    match: { headers: {}, query: {}, ...match },
    release: { split: [{ upstream: 'cart', weight: 100 }], mode: 'proxy' },
    rewrite: NO_REWRITE,
    listeners: ['internal'],
    ...rest,
  };
}

/** A route that only matching looks at. */
export function bareRoute(id: string, match: Partial<MatchSettings>): Route {
  return {
    id,
    block: 0,
    firstBlock: 0,
    otherBlocks: [],
    plan: {
      settings: routeSettings(match),
      gates: [],
      answers: [],
      release: { choose: () => ({ index: 0, version: undefined }) },
      destinations: [],
      fallback: undefined,
      faults: undefined,
      rewrite: { target: undefined, host: undefined, request: undefined, response: undefined },
    },
  };
}

/** The matcher of such routes. */
export function matcherOf(routes: Iterable<readonly [id: string, match: Partial<MatchSettings>]>, names: NameSet) {
  const builder = new MatcherBuilder(names, new Patterns());
  for (const [id, match] of routes) builder.add(bareRoute(id, match), routeSettings(match).match);
  const steps = builder.build();
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}
