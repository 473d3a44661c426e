/**
 * Routes that came close to a request, and why not they.
 *
 * Rule: which route takes the request is the matcher's word alone; here one route at a time is held against it, in plain
 * words. Values that routes ask of headers and parameters are not shown: they may be secrets. A route that would take it
 * too lost by the order of routing/match-rank.ts and its callers, and that order is named.
 */

import type { RequestFacts } from '../core/exchange.ts';
import type { NameSet } from '../core/names.ts';
import { headText, queryValue } from '../core/target.ts';
import { Patterns } from '../routing/match-regex.ts';
import type { MatchSettings, RouteSettings } from '../routing/route.ts';

export interface Other {
  readonly route: string;
  readonly why: string;
}

export interface Question {
  readonly request: RequestFacts;
  /** In plain reading. */
  readonly path: string;
  readonly names: NameSet;
  readonly listener: string;
  readonly winner: string | undefined;
}

type Routes = Readonly<Record<string, RouteSettings>>;

const MOST = 5;
/** So far off that nobody would have meant it. */
const FAR = 6;

/** The closest first. */
export function othersOf(routes: Routes, question: Question): Other[] {
  const patterns = new Patterns();
  const near: Near[] = [];
  // Nothing is put into words before it is known who is close: there may be a hundred thousand routes.
  for (const route in routes) {
    if (route === question.winner) continue;
    const distance = distanceOf(routes[route], question, patterns);
    if (distance < FAR) keep({ route, distance }, near, routes);
  }
  return near.map(({ route, distance }) => {
    const why = distance === 0 ? lostBy(routes, route, question.winner) : reasonsOf(routes[route], question, patterns);
    return { route, why };
  });
}

interface Near {
  readonly route: string;
  readonly distance: number;
}

/** Keeps the closest, in order. Of thousands of routes nearly all are further off than the last one kept. */
function keep(found: Near, near: Near[], routes: Routes): void {
  const last = near[MOST - 1];
  if (last !== undefined && compare(last, found, routes) < 0) return;
  near.push(found);
  near.sort((a, b) => compare(a, b, routes));
  near.length = Math.min(near.length, MOST);
}

function compare(a: Near, b: Near, routes: Routes): number {
  if (a.distance !== b.distance) return a.distance - b.distance;
  return precedence([a.route, routes[a.route].match], [b.route, routes[b.route].match]).order;
}

/** How far off a request is from what a route takes; 0 where it takes it. */
function distanceOf({ match, listeners }: RouteSettings, question: Question, patterns: Patterns): number {
  const host = hostFits(match.host, question.request.host);
  const path = pathFits(match.path, question.path, patterns);
  const place = placeDistance(match, question.path, host, path);
  if (place >= FAR) return FAR;
  const away = listeners.includes(question.listener) ? 0 : 1;
  return place + away + conditionsMissed(match, question).length;
}

/** A host that differs counts where the path fits well, a path that differs where the host or a part of the path does. */
function placeDistance(match: MatchSettings, path: string, hostFits: boolean, pathFits: boolean): number {
  if (hostFits && pathFits) return 0;
  if (!hostFits && !pathFits) return FAR;
  if (!hostFits) return match.path === undefined || match.path.value === '/' ? FAR : 2;
  const shared = match.path === undefined ? 0 : sharedSegments(match.path.value, path);
  if (shared > 0) return 2 + 1 / (shared + 1);
  return match.host === undefined ? FAR : 3;
}

/** How many whole segments two paths begin with alike. */
function sharedSegments(wanted: string, path: string): number {
  let shared = 0;
  let from = 1;
  for (let i = 1; i <= wanted.length && i <= path.length; i++) {
    const ends = (i === wanted.length || wanted[i] === '/') && (i === path.length || path[i] === '/');
    if (ends && i > from) shared++;
    if (ends) from = i + 1;
    else if (wanted[i] !== path[i]) break;
  }
  return shared;
}

/** As the matcher compares: without the final dot of a full name. */
function hostFits(wanted: string | undefined, host: string): boolean {
  if (wanted === undefined) return true;
  const [name, asked] = [withoutDot(wanted), withoutDot(host)];
  if (!name.startsWith('*.')) return asked === name;
  const suffix = name.slice(1);
  return asked.endsWith(suffix) && asked.length > suffix.length;
}

function withoutDot(host: string): string {
  return host.length > 1 && host.endsWith('.') ? host.slice(0, -1) : host;
}

function pathFits(wanted: MatchSettings['path'], path: string, patterns: Patterns): boolean {
  if (wanted === undefined) return true;
  const { kind, value } = wanted;
  if (kind === 'exact') return path === value;
  if (kind === 'regex') return path.startsWith('/') && patterns.compile(value).testExact(path);
  const bare = bareOf(value);
  return path.startsWith(bare) && (path.length === bare.length || path[bare.length] === '/');
}

function bareOf(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
}

/** What the request lacks, in words. */
function reasonsOf({ match, listeners }: RouteSettings, question: Question, patterns: Patterns): string {
  const { request, path, listener } = question;
  const reasons: string[] = [];
  if (!listeners.includes(listener)) reasons.push(`it is not at listener ${listener}, only at ${listeners.join(', ')}`);
  if (!hostFits(match.host, request.host))
    reasons.push(`it wants host ${match.host}, the request names ${request.host}`);
  if (match.path !== undefined && !pathFits(match.path, path, patterns)) {
    const isNot = { exact: 'is not exactly', prefix: 'is not under', regex: 'does not match the expression' };
    reasons.push(`path ${path} ${isNot[match.path.kind]} ${match.path.value}`);
  }
  return [...reasons, ...conditionsMissed(match, question)].join('; ');
}

function conditionsMissed({ methods, headers, query }: MatchSettings, { request, names }: Question): string[] {
  const missed: string[] = [];
  if (methods !== undefined && methods.length > 0 && !methods.includes(request.method))
    missed.push(`it wants method ${methods.join(' or ')}, the request is ${request.method}`);
  for (const name in headers)
    missed.push(...valueMissed(`header ${name}`, request.field(names.number(name)), headText(headers[name])));
  for (const name in query)
    missed.push(...valueMissed(`query parameter ${name}`, queryValue(request.target, name), query[name]));
  return missed;
}

function valueMissed(what: string, found: string | undefined, wanted: string): string[] {
  if (found === wanted) return [];
  return [found === undefined ? `${what} is missing` : `${what} has another value than it wants`];
}

/** Why a route that would take the request too comes after the one that does. */
function lostBy(routes: Routes, route: string, winner: string | undefined): string {
  if (winner === undefined) return 'it would take the request as it is written';
  const { rule } = precedence([winner, routes[winner].match], [route, routes[route].match]);
  return `it would take the request too, but ${winner} comes first: ${rule}`;
}

type Ranked = readonly [id: string, match: MatchSettings];

/** Below 0 where the first route comes first; `rule`: what decided, where it does. */
export function precedence([a, first]: Ranked, [b, second]: Ranked): { readonly order: number; readonly rule: string } {
  const rules: readonly (readonly [order: number, rule: string])[] = [
    [hostRank(first.host) - hostRank(second.host), hostRule(first.host)],
    [pathRank(first.path) - pathRank(second.path), pathRule(first.path)],
    [Number(anyMethod(first)) - Number(anyMethod(second)), 'a given method goes before any method'],
    [sizeOf(second.headers) - sizeOf(first.headers), 'more headers go before fewer'],
    [sizeOf(second.query) - sizeOf(first.query), 'more query parameters go before fewer'],
  ];
  const [order, rule] = rules.find(([value]) => value !== 0) ?? [a < b ? -1 : 1, 'ids go in alphabetical order'];
  return { order, rule };
}

const LONGEST_HOST = 1_000_000;

function hostRank(host: string | undefined): number {
  if (host === undefined) return LONGEST_HOST;
  return host.startsWith('*.') ? LONGEST_HOST - host.length : 0;
}

function hostRule(host: string | undefined): string {
  return host?.startsWith('*.') ? 'the longest wildcard host goes before others' : 'an exact host goes before others';
}

const PATH_KINDS = { exact: 0, prefix: 1, regex: 2 } as const;
const LONGEST_PATH = 1_000_000;

function pathRank(path: MatchSettings['path']): number {
  if (path === undefined) return 3 * LONGEST_PATH;
  const rank = PATH_KINDS[path.kind] * LONGEST_PATH;
  return path.kind === 'prefix' ? rank + LONGEST_PATH - 1 - bareOf(path.value).length : rank;
}

function pathRule(path: MatchSettings['path']): string {
  if (path?.kind === 'exact') return 'an exact path goes before others';
  return path?.kind === 'prefix'
    ? 'the longest prefix goes before shorter ones and expressions'
    : 'an expression goes before any path';
}

function anyMethod({ methods }: MatchSettings): boolean {
  return methods === undefined || methods.length === 0;
}

function sizeOf(conditions: Readonly<Record<string, string>>): number {
  return Object.keys(conditions).length;
}
