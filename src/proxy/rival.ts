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
import type { Destination } from '../routing/route.ts';
import type { Link, LinkSink } from '../upstream/upstream.ts';
import { failureOf, outcomeOf } from './outcome.ts';
import { type Try, verdictOf } from './try.ts';

/** What a rival asks of the course that sent it. */
export interface Rivalled {
  /** The rival's reply serves: the first try is let go and this one taken, whose next words are for the sink. */
  yieldTo(rival: Rival): LinkSink;
  /** The rival is out of the race. */
  rivalGone(): void;
  /** Monotonic. */
  now(): number;
}

/** Whether there may be a second request now: another member is there, and both shares have one left. */
export function mayRival({ upstream, protection }: Destination, now: number): boolean {
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
    this.try.leave('server_error', verdictOf(head.status), now);
    this.course.rivalGone();
    if (done) link?.release(now);
    else link?.destroy();
    return true;
  }

  onBody(): boolean {
    return true;
  }

  onEnd(): void {}

  onDrain(): void {}

  onFault(reason: Fault): void {
    this.try.leave(outcomeOf(reason), failureOf(reason) ?? 'nothing', this.course.now());
    this.course.rivalGone();
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
