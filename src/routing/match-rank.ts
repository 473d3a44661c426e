/**
 * What a route asks of a request beside host and path, and which of two routes for the same path comes first.
 *
 * Rule: order among the routes of one place is decided once, when a table is compiled, so matching takes the first that
 * meets its conditions. The order is the contract's: method given, then most headers, then most query parameters, then
 * route id in alphabetical order (of code units, the same in every locale). Methods compare exactly: GET is not HEAD.
 */

import type { RequestFacts } from '../core/exchange.ts';
import type { NameSet } from '../core/names.ts';
import { headText, queryValue } from '../core/target.ts';
import type { MatchSettings, Route } from './route.ts';

/** A route as matching sees it. */
export interface Candidate {
  readonly route: Route;
  /** undefined: any method. */
  readonly methods: readonly string[] | undefined;
  readonly headers: readonly { readonly number: number; readonly value: string }[];
  readonly query: readonly { readonly name: string; readonly value: string }[];
}

const ALL: readonly never[] = Object.freeze([]);

export function candidate(route: Route, match: MatchSettings, names: NameSet): Candidate {
  const { methods, headers, query } = match;
  return {
    route,
    methods: methods === undefined || methods.length === 0 ? undefined : methods,
    headers: Object.entries(headers).map(([name, value]) => ({ number: names.add(name), value: headText(value) })),
    query: Object.entries(query).map(([name, value]) => ({ name, value })),
  };
}

/** Whether a route asks for nothing beside host and path, as most do. */
function asksNothing({ methods, headers, query }: Conditions): boolean {
  return (methods === undefined || methods.length === 0) && isEmpty(headers) && isEmpty(query);
}

type Conditions = Pick<MatchSettings, 'methods' | 'headers' | 'query'>;

function isEmpty(conditions: Readonly<Record<string, string>>): boolean {
  for (const _ in conditions) return false;
  return true;
}

/** Below 0 where `a` is asked before `b`. */
export function compareCandidates(a: Candidate, b: Candidate): number {
  const byMethod = Number(a.methods === undefined) - Number(b.methods === undefined);
  if (byMethod !== 0) return byMethod;
  if (a.headers.length !== b.headers.length) return b.headers.length - a.headers.length;
  if (a.query.length !== b.query.length) return b.query.length - a.query.length;
  return a.route.id < b.route.id ? -1 : 1;
}

/** Whether a request meets what the candidate asks beside host and path. */
export function meets(asked: Candidate, request: RequestFacts): boolean {
  if (asked.methods !== undefined && !asked.methods.includes(request.method)) return false;
  for (const { number, value } of asked.headers) if (request.field(number) !== value) return false;
  for (const { name, value } of asked.query) if (queryValue(request.target, name) !== value) return false;
  return true;
}

const NOBODY: Candidate[] = [];

/**
 * The routes of one place, in order. `always` is the first where it asks for nothing further, which in most tables is
 * every route; whoever asks many places keeps it beside the place.
 */
export class Contenders {
  private candidates: Candidate[] = NOBODY;
  always: Route | undefined = undefined;

  add(route: Route, match: MatchSettings, names: NameSet): void {
    // A place of one route is the usual case, and a large table is made of them: no list for it.
    if (this.candidates === NOBODY && this.always === undefined && asksNothing(match)) {
      this.always = route;
      return;
    }
    if (this.candidates === NOBODY) this.candidates = [];
    if (this.always !== undefined) {
      this.candidates.push({ route: this.always, methods: undefined, headers: ALL, query: ALL });
      this.always = undefined;
    }
    this.candidates.push(candidate(route, match, names));
  }

  /** Puts them in order; called once, when all are in. */
  settle(): void {
    this.candidates.sort(compareCandidates);
    const first = this.candidates.at(0);
    if (first === undefined) return;
    const { methods, headers, query } = first;
    if (methods !== undefined || headers.length > 0 || query.length > 0) return;
    this.always = first.route;
    // Nobody behind it is ever asked; without them a large table is half the size.
    this.candidates = NOBODY;
  }

  /** The first whose conditions the request meets. */
  pick(request: RequestFacts): Route | undefined {
    if (this.always !== undefined) return this.always;
    for (const asked of this.candidates) if (meets(asked, request)) return asked.route;
    return undefined;
  }
}
