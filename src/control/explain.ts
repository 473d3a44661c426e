/**
 * Why a request goes where: what the router would do with it, and a short story of how it comes to that.
 *
 * Rule: nothing is sent, drawn or counted. The matcher, the release and the redirect of the compiled document give the
 * answer, the very code that traffic meets, so an explanation cannot disagree with it. How circuits and members are is
 * handed in, as of this moment. Wording is left to the files beside this one.
 */

import { exchangeOf, keyOf, sharesOf } from '../config/ask.ts';
import type { Document } from '../config/document.ts';
import type { Exchange } from '../core/exchange.ts';
import { FAULTS, type Fault, fault } from '../core/fault.ts';
import { percentOf } from '../core/percent.ts';
import { RequestHead } from '../http1/request.ts';
import { deadlineOf, NO_TIME } from '../proxy/deadline.ts';
import { hopsOf } from '../proxy/hops.ts';
import type { ListenerTable, Matched, Route, Table } from '../routing/route.ts';
import type { Finding } from './cold.ts';
import { type Other, othersOf } from './explain-others.ts';
import { type Policy, policiesOf } from './explain-policies.ts';
import { type ExplainRequest, onTheWire, readRequest, type Spoken } from './explain-request.ts';
import type { Compilable, DryTable } from './explain-table.ts';
import { arrivalWords, locationOf, matchWords, type State, sideWords, stateWords } from './explain-words.ts';
import type { AskedStanding } from './standing.ts';

export interface Destined {
  readonly id: string;
  /** Of requests like this one, above 0 to 1. */
  readonly share: number;
  /** `closed`, `open`, `half-open` or `isolated`. */
  readonly circuit: string;
  /** Those that are asked: of weight 0 and on its way out there may be more. */
  readonly members: number;
  readonly up: number;
}

export interface Explanation {
  readonly outcome: 'proxied' | 'redirected' | 'refused';
  /** Where the router answers by itself. */
  readonly status?: number;
  readonly code?: string;
  readonly listener: string;
  readonly route?: string;
  readonly upstreams: readonly Destined[];
  readonly policies: readonly Policy[];
  readonly others: readonly Other[];
  readonly words: readonly string[];
}

export interface CircuitNow {
  /** As `Destined` has it. */
  readonly state: string;
  /** An operator's, or what opened it; '' where nothing did. */
  readonly reason: string;
  /** Epoch milliseconds; undefined where it does not end by itself. */
  readonly until: number | undefined;
}

export interface ExplainParts {
  readonly table: DryTable;
  /** What runs; undefined until the first document is in. */
  running(): Compilable | undefined;
  circuit(upstream: string): CircuitNow;
  members(upstream: string): AskedStanding;
}

/** A request on its way through the explanation. */
interface Asking {
  readonly parts: ExplainParts;
  readonly document: Document;
  readonly table: Table;
  readonly listener: ListenerTable;
  readonly request: RequestHead;
  readonly words: string[];
}

/** The reply to an OPTIONS or TRACE that may go no further. */
const LAST_HOP = 200;

type Ending = Pick<Explanation, 'outcome' | 'status' | 'code'>;

export function explain(parts: ExplainParts, asked: ExplainRequest): Explanation | { readonly problem: Finding } {
  const running = parts.running();
  if (running === undefined)
    return { problem: { pointer: '', reason: 'no document runs yet', advice: 'ask again once the router is ready' } };
  const read = readRequest(asked);
  if ('problem' in read) return read;
  const table = parts.table.of(running);
  const listeners = [...table.listeners.values()].filter(({ id }) => id === (asked.listener ?? id));
  if (listeners.length === 0) return { problem: unknownListener(asked.listener, table) };
  const { listener, request, end, without } = meet(listeners, read, table);
  const words = arrivalWords(asked, listener, without);
  return settle({ parts, document: running.document, table, listener, request, words }, end);
}

function unknownListener(id: string | undefined, { listeners }: Table): Finding {
  const advice = `there are: ${[...listeners.keys()].join(', ') || 'none'}`;
  return { pointer: '/listener', reason: `there is no listener ${id ?? 'at all'}`, advice };
}

type Met = { readonly is: 'wire'; readonly fault: Fault } | Matched;

/** The first listener with a route for it, else the one that finds it ambiguous, else the first. `without`: had none. */
function meet(listeners: readonly ListenerTable[], asked: Spoken, { names }: Table) {
  const ends = listeners.map((listener): { listener: ListenerTable; request: RequestHead; end: Met } => {
    const read = onTheWire(asked, names, listener.settings.limits);
    if (read instanceof RequestHead) return { listener, request: read, end: listener.match(read) };
    return { listener, request: new RequestHead(), end: { is: 'wire', fault: read } };
  });
  const order: readonly Met['is'][] = ['route', 'ambiguous', 'none', 'wire'];
  const best = order.map((is) => ends.find(({ end }) => end.is === is)).find((found) => found !== undefined) ?? ends[0];
  return { ...best, without: ends.filter(({ end }) => end.is === 'none').map(({ listener }) => listener.id) };
}

function settle(asking: Asking, end: Met): Explanation {
  const { document, listener, request, table, words } = asking;
  if (end.is === 'wire') return refused(asking, end.fault, end.fault.kind.status);
  const { path } = end;
  if (end.is === 'ambiguous') return refused(asking, fault('bad_request', end.detail), FAULTS.bad_request.status);
  const winner = end.is === 'route' ? end.route.id : undefined;
  const question = { request, path, names: table.names, listener: listener.id, winner };
  const others = othersOf(document.routes, question);
  if (end.is === 'none') {
    const detail = `no route for ${request.method} ${path} on host ${request.host}`;
    return { ...refused(asking, fault('no_route', detail), FAULTS.no_route.status), others };
  }
  words.push(...matchWords(end.route.id, document.routes[end.route.id].match, request.target, path));
  return { ...alongRoute(asking, end.route), others };
}

function refused({ listener, words }: Asking, reason: Fault, status: number, route?: string): Explanation {
  const { code } = reason.kind;
  words.push(`the router refuses it with ${status} ${code}: ${reason.detail}`);
  const where = route === undefined ? {} : { route };
  const nothing = { upstreams: [], policies: [], others: [] };
  return { outcome: 'refused', status, code, listener: listener.id, ...where, ...nothing, words };
}

/** Steps 4 to 8 of the line: a body too large, an answer, the release, circuits and members. */
function alongRoute(asking: Asking, route: Route): Explanation {
  const { document, listener, request, table, words } = asking;
  const { body } = listener.settings.limits;
  if (request.length > body) {
    const detail = `a body of ${request.length} bytes, the limit is ${body} (limits.body)`;
    return refused(asking, fault('body_too_large', detail), FAULTS.body_too_large.status, route.id);
  }
  const exchange = exchangeOf(request, listener, table.revision);
  const answer = route.plan.answers.map((one) => one.reply(exchange)).find((reply) => reply !== undefined);
  const common = { listener: listener.id, route: route.id, upstreams: [], policies: [], others: [], words };
  if (answer !== undefined) {
    const location = answer.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
    words.push(`the route answers ${answer.status} with Location: ${location ?? '(none)'}`);
    return { ...common, outcome: 'redirected', status: answer.status };
  }
  const hops = hopsOf(request);
  if (hops === -1)
    return refused(asking, fault('bad_request', 'a malformed Max-Forwards'), FAULTS.bad_request.status, route.id);
  if (hops === 0) {
    words.push(`the router answers ${LAST_HOP} itself: no hop is left behind it (Max-Forwards)`);
    return { ...common, outcome: 'refused', status: LAST_HOP };
  }
  const sides = sharesOf(table, route, request, listener);
  const { refusal } = sides;
  if (refusal !== undefined) return refused(asking, refusal.fault, refusal.status, route.id);
  words.push(...releaseWords(asking, route, exchange, sides));
  const deadline = listener.internal ? deadlineOf(request, 0) : undefined;
  if (deadline === 0 && document.routes[route.id].release.mode === 'proxy')
    return refused(asking, NO_TIME, NO_TIME.kind.status, route.id);
  const upstreams = [...sides.shares].map(([id, share]): Destined => destined(asking.parts, id, share));
  const settings = document.routes[route.id];
  // Nothing is sent on, so nothing of what is done on the way is done.
  if (settings.release.mode === 'redirect') return { ...common, ...redirectEnding(asking, upstreams), upstreams };
  const written = upstreams.map(({ id }) => [id, document.upstreams[id]] as const);
  const policies = policiesOf(settings, written, request.method, listener.internal);
  return { ...common, ...ending(asking, route, upstreams), upstreams, policies };
}

function destined({ circuit, members }: ExplainParts, id: string, share: number): Destined {
  const { members: all, up } = members(id);
  // Sums of widths are off in the sixteenth place.
  return { id, share: Math.round(share * 1e12) / 1e12, circuit: circuit(id).state, members: all, up };
}

function releaseWords(
  { listener, request, table, document }: Asking,
  route: Route,
  exchange: Exchange,
  { shares, version }: Pick<ReturnType<typeof sharesOf>, 'shares' | 'version'>,
): string[] {
  const { release } = document.routes[route.id];
  const { sticky, override } = release;
  const forced = override === undefined ? undefined : request.field(table.names.number(override.header));
  const key = sticky === undefined ? undefined : keyOf(sticky, exchange, table.names);
  const overridden = listener.internal && forced !== undefined && shares.has(forced) && shares.size === 1;
  const by = overridden ? override?.header : undefined;
  return sideWords({ release, shares, version, forcedBy: by, key });
}

/** What becomes of it at the upstreams as they are now. */
function ending(asking: Asking, route: Route, upstreams: readonly Destined[]): Ending {
  const { document, listener, request, words } = asking;
  const { fallback, faults } = document.routes[route.id];
  const rewritten = route.plan.rewrite.target?.(request.target) ?? request.target;
  if (rewritten !== request.target) words.push(`it goes on as ${request.method} ${rewritten}`);
  const abort = listener.internal ? faults?.abort : undefined;
  if (abort !== undefined && abort.percent > 0)
    words.push(`the route itself answers ${percentOf(abort.percent / 100)} with ${abort.status} (faults.abort)`);
  if (abort !== undefined && abort.percent >= 100)
    return { outcome: 'refused', status: abort.status, code: 'injected' };
  const reasons = upstreams.map((one) => [one, blockOf(one, document)] as const);
  for (const [one, reason] of reasons) words.push(...stateWords(stateOf(asking, one), reason, fallback));
  const reason = reasons[0]?.[1];
  if (reason === undefined || reasons.some(([, why]) => why === undefined)) return { outcome: 'proxied' };
  if (fallback?.reply !== undefined) return { outcome: 'refused', status: fallback.reply.status, code: reason };
  const second = fallback?.upstream === undefined ? undefined : destined(asking.parts, fallback.upstream, 1);
  const blocked = second === undefined ? reason : blockOf(second, document);
  if (blocked === undefined) return { outcome: 'proxied' };
  if (second !== undefined) words.push(...stateWords(stateOf(asking, second), blocked, undefined));
  return { outcome: 'refused', status: FAULTS[blocked].status, code: blocked };
}

/** With why its circuit is as it is; nothing where that has changed since it was asked for. */
function stateOf({ parts, document }: Asking, one: Destined): State {
  const { state, reason, until } = parts.circuit(one.id);
  const why = state === one.circuit ? { reason, until } : { reason: '', until: undefined };
  return { ...one, ...why, panicPercent: document.upstreams[one.id].panicPercent };
}

export type Blocked = 'circuit_open' | 'circuit_isolated' | 'no_member';

/** Why an upstream takes no request now, in the order in which an attempt is refused. */
function blockOf({ id, circuit, members, up }: Destined, { upstreams }: Document): Blocked | undefined {
  if (circuit === 'open') return 'circuit_open';
  if (circuit === 'isolated') return 'circuit_isolated';
  // Where too few can serve all are used, unless that is off.
  return members === 0 || (up === 0 && upstreams[id].panicPercent === 0) ? 'no_member' : undefined;
}

function redirectEnding(asking: Asking, upstreams: readonly Destined[]): Ending {
  const { parts, document, request, words } = asking;
  // No attempt is made, so no circuit has a say.
  const reasons = upstreams.map((one) => blockOf({ ...one, circuit: 'closed' }, document));
  if (reasons.every((reason) => reason !== undefined)) {
    const { status, code } = FAULTS.no_member;
    words.push(
      `the router refuses it with ${status} ${code}: no member of ${upstreams.map(({ id }) => id).join(' or ')} can serve`,
    );
    return { outcome: 'refused', status, code };
  }
  for (const [i, one] of upstreams.entries()) {
    const { id } = one;
    const reason = reasons[i];
    if (reason !== undefined) {
      words.push(...stateWords(stateOf(asking, one), reason, undefined));
      continue;
    }
    const written = parts.members(id).leased === 0 ? document.upstreams[id].endpoints : [];
    words.push(`the client is sent to ${id} itself: 307 with Location: ${locationOf(written, id, request.target)}`);
  }
  return { outcome: 'redirected', status: 307 };
}
