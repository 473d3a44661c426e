/**
 * The line of a request: the one straight way every exchange takes, in numbered steps.
 *
 * Rule: each step that can finish now returns a value; the only thing that waits is the attempt. Whatever ends an exchange
 * early ends it through `settle`, the only exit. Steps 8 to 10 go on in attempt.ts when the upstream speaks.
 */

import { Exchange, type RequestFacts } from '../core/exchange.ts';
import { type Fault, fault } from '../core/fault.ts';
import { ownText } from '../core/text.ts';
import type { RequestHead } from '../http1/request.ts';
import type { Reply } from '../policy/policy.ts';
import { blockOf, type Matched, type Plan } from '../routing/route.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { Attempt } from './attempt.ts';
import { deadlineOf, NO_TIME } from './deadline.ts';
import { hopsOf, lastHop } from './hops.ts';
import { forwardedLines, forwardedThrough, identify } from './identify.ts';
import { injected } from './inject.ts';
import type { Client, Line } from './parts.ts';

export const line: Line = { follow, refuse };

function follow(client: Client, bytes: Buffer, start: number, end: number, done: boolean): void {
  const { door, request } = client;
  const { listener } = door;

  // 1 arrive: the head is read; its facts go into one exchange, with one draw for all its choices
  // 2 board: one read of the current table; the exchange lives under this revision to its end
  const table = door.current.board();
  const exchange = arrived(client, request, door.draw.chance(), table.revision);
  exchange.bytesIn = end - start;
  identify(exchange, request, table.correlation, listener.internal, door.draw);
  const forwarded = forwardedFor(client, exchange);
  const attempt = new Attempt(client, exchange, table);
  client.passage = attempt;
  if (!persists(client)) client.closing = true;
  client.last = request.connection.close && request.minor === 1;

  // 3 match: none is 404, two readings that lead to different routes are 400
  const matched = listener.match(request);
  exchange.path = matched.path;
  if (matched.is !== 'route') return void attempt.relay.refuse(unmatched(matched, request));
  const { route } = matched;
  const { plan } = route;
  exchange.route = route.id;
  exchange.block = route.block;
  attempt.route = route;

  // 4 admit: route gates; a refusal ends here
  const refusal = admit(attempt, plan, exchange, client);
  if (refusal !== undefined) return void attempt.relay.refuse(refusal);

  // 5 answer: a reply in place of an upstream
  const answer = plan.answers.length === 0 ? undefined : answerOf(plan, exchange);
  if (answer !== undefined) return void attempt.relay.answer(answer);
  const hops = hopsOf(request);
  if (hops === 0) return void attempt.relay.answer(lastHop(request));
  if (hops === -1) return void attempt.relay.refuse(fault('bad_request', 'a malformed Max-Forwards'));

  // 6 choose: the client's version first, then the weighted split inside it
  const chosen = plan.release.choose(exchange, request, listener.internal);
  if ('fault' in chosen) return void attempt.relay.refuse(chosen.fault, chosen.status);
  const destination = plan.destinations[chosen.index];
  const { upstream } = destination;
  exchange.version = chosen.version;
  exchange.upstream = upstream.id;
  exchange.block = blockOf(route, chosen.index);
  if (plan.settings.release.mode === 'redirect') return void redirect(attempt, upstream, exchange);

  // 7 aim and 8 attempt: a member from the balancer, head and body go out; 9 judge, 10 relay and 11 settle follow in
  // attempt.ts, when the upstream speaks
  attempt.rewrite = plan.rewrite;
  attempt.forwarded = forwarded;
  if (hops !== undefined) attempt.hops = hops - 1;
  const deadline = listener.internal ? deadlineOf(request, exchange.arrived) : undefined;
  if (deadline !== undefined && deadline <= exchange.arrived) return void attempt.relay.refuse(NO_TIME);
  attempt.deadline = deadline;
  const rehearsed = plan.faults === undefined || !listener.internal ? 0 : injected(plan.faults, door.draw);
  if (typeof rehearsed !== 'number') return void attempt.relay.refuse(rehearsed.fault, rehearsed.status);
  attempt.begin(destination, bytes, start, end, done, rehearsed);
}

/** A head or body that cannot be understood. */
function refuse(client: Client, reason: Fault): void {
  const { door, request } = client;
  const known = { method: request.method || '-', target: '-', host: '', minor: request.minor, field: () => undefined };
  const table = door.current.board();
  const exchange = arrived(client, known, 0, table.revision);
  exchange.drawIds(door.draw);
  const attempt = new Attempt(client, exchange, table);
  client.passage = attempt;
  client.closing = true;
  client.last = false;
  attempt.relay.refuse(reason);
}

function arrived(client: Client, request: RequestFacts, draw: number, revision: string): Exchange {
  const { door, wire } = client;
  return new Exchange(door.clock.now(), draw, request, door.id, wire.address, revision);
}

function unmatched(matched: Exclude<Matched, { is: 'route' }>, request: RequestHead): Fault {
  if (matched.is === 'ambiguous') return fault('bad_request', matched.detail);
  return fault('no_route', `no route for ${request.method} ${matched.path} on host ${request.host || '(none)'}`);
}

function answerOf(plan: Plan, exchange: Exchange): Reply | undefined {
  for (const answer of plan.answers) {
    const reply = answer.reply(exchange);
    if (reply !== undefined) return reply;
  }
  return undefined;
}

/** Gates in order; those entered before a refusal are left again when the exchange settles. */
function admit(attempt: Attempt, plan: Plan, exchange: Exchange, client: Client): Fault | undefined {
  for (const gate of plan.gates) {
    const refusal = gate.enter(exchange);
    if (refusal !== undefined) return refusal;
    attempt.relay.gates ??= [];
    attempt.relay.gates.push(gate);
  }
  const { body } = client.door.settings.limits;
  const size = Math.max(client.request.length, client.body.dataBytes);
  return size > body
    ? fault('body_too_large', `a body of ${size} bytes, the limit is ${body} (limits.body)`)
    : undefined;
}

/** RFC 9112 section 9.3: whether the connection outlives this exchange as far as the request goes. */
function persists(client: Client): boolean {
  const { connection, minor, upgrade } = client.request;
  // A connection that saw an upgrade attempt serves nothing else: what follows might be meant for the other protocol.
  if (client.door.draining || connection.close || connection.upgrade || upgrade !== '') return false;
  return minor === 1 || connection.keepAlive;
}

/** X-Forwarded-* and Forwarded; the same client naming the same host costs one comparison. */
function forwardedFor(client: Client, exchange: Exchange): string {
  const { door, request } = client;
  const { address } = client.wire;
  if (door.listener.trusts(address)) {
    const through = forwardedThrough(request, address, door.listener);
    exchange.client = through.client;
    return through.lines;
  }
  if (client.forwardedHost !== request.rawHost) {
    client.forwardedHost = request.rawHost;
    client.forwarded = ownText(forwardedLines(address, request.rawHost));
  }
  return client.forwarded;
}

/** `mode: redirect`: 307 to the cluster itself, for clients that ask once. */
function redirect(attempt: Attempt, upstream: Upstream, exchange: Exchange): void {
  const member = upstream.aim(exchange, [], exchange.arrived);
  if (member === undefined) {
    attempt.relay.refuse(fault('no_member', `upstream ${upstream.id} has no member that can serve`));
    return;
  }
  // Nothing is sent to it, so nothing becomes known of it.
  member.forgive(exchange.arrived);
  const { target } = exchange;
  const location = `http://${member.authority}${target === '*' ? '/' : target}`;
  const headers: Reply['headers'] = [
    ['Location', location],
    ['Cache-Control', 'no-store'],
  ];
  attempt.relay.answer({ status: 307, headers, body: '' });
}
