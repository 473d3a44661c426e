/**
 * Who waits for a place on this thread, in a ring that takes no memory of its own.
 *
 * Rule: first come, first served, until the queue was not empty once for STANDING milliseconds. From then on a place goes to
 * the newest, because the oldest are the likeliest to be given up by their clients, and serving everyone late serves nobody.
 * After Ben Maurer, "Fail at Scale", ACM Queue 13(8), 2015: adaptive LIFO, with CoDel's measure of a standing queue.
 */

import type { Waiter } from './policy.ts';

/** A queue that stands for so long is no burst any more. */
export const STANDING = 100;

export class WaitingLine {
  size = 0;
  /** Ahead of the head stands the newest, behind it the oldest. */
  private readonly head: Waiter = { ahead: undefined, behind: undefined, onPlace: () => {}, onShed: () => {} };
  /** Since when somebody waits. */
  private since = 0;

  constructor() {
    this.head.ahead = this.head;
    this.head.behind = this.head;
  }

  push(waiter: Waiter, now: number): void {
    if (this.size === 0) this.since = now;
    this.size += 1;
    const { head } = this;
    waiter.ahead = head.ahead;
    waiter.behind = head;
    if (head.ahead !== undefined) head.ahead.behind = waiter;
    head.ahead = waiter;
  }

  /** False where it does not wait here. */
  remove(waiter: Waiter): boolean {
    const { ahead, behind } = waiter;
    if (ahead === undefined || behind === undefined) return false;
    ahead.behind = behind;
    behind.ahead = ahead;
    waiter.ahead = undefined;
    waiter.behind = undefined;
    this.size -= 1;
    return true;
  }

  /** Whether the newest come first. */
  stands(now: number): boolean {
    return this.size > 0 && now - this.since >= STANDING;
  }

  get oldest(): Waiter | undefined {
    return this.size === 0 ? undefined : this.head.behind;
  }

  /** Whose turn it is; it waits no more. */
  shift(now: number): Waiter | undefined {
    const waiter = this.stands(now) ? this.head.ahead : this.oldest;
    if (waiter === undefined || !this.remove(waiter)) return undefined;
    return waiter;
  }
}
