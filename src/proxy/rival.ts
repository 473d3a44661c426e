/**
 * A second request beside a slow first one (hedging; Dean and Barroso, The Tail at Scale, 2013): whichever is answered first
 * serves, the other one is cancelled.
 *
 * Rule: only where twice does no harm, with the whole body at hand, and within the shares that the retry budget and the
 * hedge's own percent leave. A rival is heard only until it has a head that serves; from then on its link is the attempt's.
 */

import type { Fault } from '../core/fault.ts';
import type { Slab } from '../core/io.ts';
import { HEDGE_ENDS, type Lane, UPSTREAM_BLOCK } from '../core/lanes.ts';
import type { ReplyHead } from '../http1/reply.ts';
import type { Failure } from '../policy/policy.ts';
import type { Destination } from '../routing/route.ts';
import type { Link, LinkSink } from '../upstream/upstream.ts';
import { failureOf, outcomeOf } from './outcome.ts';
import type { Traveller } from './traveller.ts';
import { gate, Try, verdictOf } from './try.ts';

/** What a rival asks of the course that sent it. */
export interface Rivalled {
  /** The rival's reply serves: the first try is let go and this one taken, whose next words are for the sink. */
  yieldTo(rival: Rival): LinkSink;
  /** The rival is out of the race, for this reason; undefined where nobody is to blame. */
  rivalGone(rival: Rival, failure: Failure | undefined): void;
  /** Monotonic. */
  now(): number;
}

/** Sends a second request beside the first, where another member is free and the shares allow it. */
export function sendRival(attempt: Traveller, course: Rivalled, now: number): Rival | undefined {
  const { current, destination, lane, upload, exchange } = attempt;
  const { kept } = upload;
  if (current === undefined || destination === undefined || kept === undefined) return undefined;
  const second = mayRival(destination, now) ? gate(destination, exchange, [current.member], lane, now) : undefined;
  if (!(second instanceof Try)) return undefined;
  if (second.member === current.member) {
    // The others cannot serve now: twice at the same member would only make it slower.
    second.leave('unsent', 'nothing', now);
    return undefined;
  }
  const { member, connectTime } = exchange;
  const rival = new Rival(course, second, lane);
  second.send(rival, attempt, attempt.table.names, attempt.left(now), false, now, kept, 0, kept.length, undefined);
  // Until it has won, the exchange is with its first member.
  exchange.member = member;
  exchange.connectTime = connectTime;
  return rival;
}

/** Whether there may be a second request now: another member is there, and both shares have one left. */
function mayRival({ upstream, protection }: Destination, now: number): boolean {
  if (upstream.members.length < 2 || protection.hedge?.spend(now) !== true) return false;
  return protection.retry?.spend(now) !== false;
}

export class Rival implements LinkSink {
  readonly try: Try;
  private readonly course: Rivalled;
  private readonly lane: Lane;

  constructor(course: Rivalled, second: Try, lane: Lane) {
    this.course = course;
    this.try = second;
    this.lane = lane;
    this.count('sent');
  }

  get link(): Link | undefined {
    return this.try.link;
  }

  /** Whether its first answer is one that the route would rather not pass on. */
  private fails(status: number): boolean {
    return status >= 400 && this.try.destination.protection.retry?.retriesOn(status) === true;
  }

  onConnected(): void {}

  onInterim(): boolean {
    return true;
  }

  onReply(head: ReplyHead, bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean {
    const { link } = this;
    const now = this.course.now();
    if (!this.fails(head.status) && head.status !== 101 && link !== undefined) {
      this.count('won');
      const sink = this.course.yieldTo(this);
      link.handTo(sink);
      return sink.onReply(head, bytes, start, end, done, slab);
    }
    const { status } = head;
    // Whoever waits for the place finds the connection in the pool.
    if (done) link?.release(now);
    else link?.destroy();
    this.try.leave('server_error', verdictOf(status), now);
    this.course.rivalGone(this, status);
    return true;
  }

  onBody(): boolean {
    return true;
  }

  onEnd(): void {}

  onDrain(): void {}

  onFault(reason: Fault): void {
    const failure = failureOf(reason);
    // A pooled connection that was closed as the request came says nothing about its member.
    const stale = this.link?.reused === true && !this.link.heard && reason.kind.retryable === 'if-reused';
    this.try.leave(outcomeOf(reason), stale ? 'nothing' : (failure ?? 'nothing'), this.course.now());
    this.course.rivalGone(this, failure);
  }

  /** The first try was faster, or the exchange is over. */
  cancel(now: number): void {
    this.try.leave('cancelled', 'nothing', now);
    this.link?.destroy();
  }

  private count(end: (typeof HEDGE_ENDS)[number]): void {
    const { block } = this.try.destination.upstream;
    this.lane.add(block, UPSTREAM_BLOCK.hedges + HEDGE_ENDS.indexOf(end), 1);
  }
}
