/**
 * One try at one member: what it holds (a place before the upstream, a pass of its circuit, a connection) and how all of it
 * is given back.
 *
 * Rule: a try that was admitted is left exactly once, with the word it has about the upstream: it did well, it failed in
 * some way, or it says nothing (the client left, another try was faster). A probe is judged as soon as the reply's head is
 * here: its body may take hours. What follows from a try is the attempt's affair.
 */

import type { Exchange } from '../core/exchange.ts';
import { type Fault, fault } from '../core/fault.ts';
import type { Slab } from '../core/io.ts';
import {
  type Lane,
  OUTCOME_NUMBER,
  type Outcome,
  REFUSAL_CAUSES,
  RETRY_REASONS,
  UPSTREAM_BLOCK,
} from '../core/lanes.ts';
import type { NameSet } from '../core/names.ts';
import { SHEET } from '../core/sheet.ts';
import { REFUSED } from '../policy/policy.ts';
import type { Destination } from '../routing/route.ts';
import type { Link, LinkSink, Member } from '../upstream/upstream.ts';
import { type Onward, requestHead } from './heads.ts';
import type { Verdict } from './outcome.ts';

const { inFlight, outcomes, refused, retries } = UPSTREAM_BLOCK;
const NO_MEMBER = refused + REFUSAL_CAUSES.indexOf('no_member');
const REUSED = retries + RETRY_REASONS.indexOf('reused');

/** The verdict of a status: one of an error names it, though not everybody counts it as a failure. */
export function verdictOf(status: number): Verdict {
  return status < 400 ? 'well' : status;
}

/**
 * Steps 7 and 8: asks the circuit and picks a member, none of `tried` while another is free. The place before the upstream
 * is taken already and goes with the try; where a fault comes back it is the caller's still. Only who asked nobody here before
 * counts as refused: a further try that is not made is a retry denied, and a second request not sent is nothing.
 */
export function aim(
  destination: Destination,
  exchange: Exchange,
  tried: readonly Member[],
  lane: Lane,
  now: number,
): Try | Fault {
  const { upstream, protection } = destination;
  const { circuit } = protection;
  const pass = circuit === undefined ? 0 : circuit.enter(now, exchange);
  const unasked = tried.length === 0;
  if (circuit !== undefined && pass === REFUSED) return circuit.refusal(now, unasked);
  const member = upstream.aim(exchange, tried, now);
  if (member !== undefined) return new Try(destination, member, pass, lane, now);
  circuit?.forgive(pass, now);
  if (unasked) lane.add(upstream.block, NO_MEMBER, 1);
  return fault('no_member', `upstream ${upstream.id} has no member that can serve`);
}

/** Limiter, circuit and balancer in turn: a try, a refusal, or undefined where no place is free. */
export function gate(
  destination: Destination,
  exchange: Exchange,
  tried: readonly Member[],
  lane: Lane,
  now: number,
): Try | Fault | undefined {
  const { limiter } = destination.protection;
  if (limiter !== undefined && !limiter.enter()) return undefined;
  const next = aim(destination, exchange, tried, lane, now);
  if (limiter !== undefined && !(next instanceof Try)) limiter.leave(now, -1, false);
  return next;
}

export class Try {
  readonly destination: Destination;
  readonly member: Member;
  /** Monotonic time when it was sent, last. */
  begun: number;
  link: Link | undefined = undefined;
  private readonly pass: number;
  private readonly lane: Lane;
  /** Milliseconds until the reply's head was here, for a limiter that learns from it. */
  private headAfter: number | undefined = undefined;
  private circuitKnows = false;
  private memberKnows = false;

  constructor(destination: Destination, member: Member, pass: number, lane: Lane, now: number) {
    this.destination = destination;
    this.member = member;
    this.begun = now;
    this.pass = pass;
    this.lane = lane;
    member.inFlight++;
    lane.add(destination.upstream.block, inFlight, 1);
  }

  /**
   * Takes a connection (`fresh`: not one that was used before) and sends the head, with body bytes behind it; `left`:
   * milliseconds that the exchange has. False where the connection has not taken all of it, see `Link.send`.
   */
  send(
    sink: LinkSink,
    onward: Onward,
    names: NameSet,
    left: number,
    fresh: boolean,
    now: number,
    bytes: Buffer,
    start: number,
    end: number,
    slab: Slab | undefined,
  ): boolean {
    const { request, exchange, rules } = onward;
    const { connect } = this.destination.upstream.settings.timeout;
    const link = this.member.link(sink, connect, fresh, now);
    this.link = link;
    this.begun = now;
    exchange.attempts++;
    exchange.member = this.member.id;
    // Of the try before, whose connection was another one, this says nothing any more.
    exchange.connectTime = link.connected ? 0 : -1;
    if (request.upgrade !== '' || request.connection.upgrade) link.keepOut();
    SHEET.begin();
    requestHead(SHEET, onward, this.member.authority, left);
    link.expect(names, exchange.method === 'HEAD', request.minor === 0, rules.replyGuarded);
    return link.send(bytes, start, end, slab);
  }

  /** The pooled connection had died before it was used: that says nothing, and the try goes on with another one. */
  countLost(outcome: Outcome): void {
    this.link = undefined;
    const { block } = this.destination.upstream;
    this.lane.add(block, outcomes + OUTCOME_NUMBER[outcome], 1);
    this.lane.add(block, REUSED, 1);
  }

  /** The head of the final reply is here, with this status. */
  answered(status: number, now: number): void {
    const { circuit, hedge, limiter } = this.destination.protection;
    hedge?.learn(now - this.begun);
    if (limiter?.learns === true) this.headAfter = now - this.begun;
    if (circuit?.isProbe(this.pass) === true) this.tellCircuit(verdictOf(status), now);
    if (this.member.probing) this.tellMember(verdictOf(status), now);
  }

  /** It is over: everything it held is given back. What becomes of the connection is the caller's to say. */
  leave(outcome: Outcome | 'unsent', verdict: Verdict, now: number): void {
    const { upstream, protection } = this.destination;
    this.member.inFlight--;
    if (outcome === 'unsent') this.lane.add(upstream.block, inFlight, -1);
    else this.lane.countEnd(upstream.block, OUTCOME_NUMBER[outcome]);
    if (!this.circuitKnows) this.tellCircuit(verdict, now);
    if (!this.memberKnows) this.tellMember(verdict, now);
    protection.limiter?.leave(now, this.headAfter ?? -1, verdict === 'timeout');
  }

  private tellCircuit(verdict: Verdict, now: number): void {
    const { circuit } = this.destination.protection;
    this.circuitKnows = true;
    if (circuit === undefined) return;
    // One member that dies takes all that is under way at it along. Once it is ejected, the rest of that says nothing about
    // the upstream: a row of such failures must not close the others to everybody.
    const known = verdict !== 'well' && this.member.out && !circuit.isProbe(this.pass);
    if (verdict === 'nothing' || known) circuit.forgive(this.pass, now);
    else circuit.judge(this.pass, verdict === 'well' ? undefined : verdict, now);
  }

  private tellMember(verdict: Verdict, now: number): void {
    this.memberKnows = true;
    if (verdict === 'nothing') this.member.forgive(now);
    else this.member.judge(isMembersFault(verdict), now);
  }
}

/** A gateway's statuses speak of the member; any other one may be about the request alone, and every member's. */
function isMembersFault(verdict: Verdict): boolean {
  if (typeof verdict === 'number') return verdict >= 502 && verdict <= 504;
  return verdict !== 'well';
}
