/**
 * What a block of counters of a route and upstream has counted since it was last looked at.
 *
 * Rule: a count only goes up. Where one is lower than before the block was cleared in between, and counts from 0. A block
 * that did not move is known by two counters in each lane, since every exchange adds to one of them: to the sum of
 * durations, or, where it took no time, to the lowest bucket. One that moved the last time is read without that question.
 */

import { BUCKETS, ROUTE_BLOCK, STATUS_LABELS } from '../core/lanes.ts';
import type { SharedLanes } from '../core/shared.ts';
import type { Tally } from './live-flow.ts';

/** The part of a block that is read: from the first status that is an error to the end of the histogram. */
const FIRST = ROUTE_BLOCK.statuses + STATUS_LABELS.indexOf('500');
const LENGTH = ROUTE_BLOCK.buckets + BUCKETS - FIRST;
/** Where in it the errors stand, and the histogram. */
const ERRORS = STATUS_LABELS.flatMap((label, i) =>
  label === 'none' || label.startsWith('5') ? [ROUTE_BLOCK.statuses + i - FIRST] : [],
);
const HISTOGRAM = ROUTE_BLOCK.buckets - FIRST;
const SIZE = BUCKETS;

/** The block as it is now; each look fills it anew. */
const now = new Float64Array(LENGTH);

export class Counted {
  readonly block: number;
  private readonly before = new Float64Array(LENGTH);
  /** It counted something before the last look. */
  private moves = false;
  /** Those two counters, all lanes added up, as they were before a look that found nothing. */
  private mark = 0;

  constructor(block: number) {
    this.block = block;
  }

  /** Puts what was counted since the last look into `fresh`; false where nothing was. */
  look(lanes: SharedLanes, fresh: Tally): boolean {
    if (!this.moves) {
      // Read first: what is counted meanwhile moves it, so that the next look sees it.
      const mark = lanes.sum(this.block, ROUTE_BLOCK.sum) + lanes.sum(this.block, ROUTE_BLOCK.buckets);
      if (mark === this.mark) return false;
      this.mark = mark;
    }
    lanes.sumsInto(now, this.block, FIRST);
    const { before } = this;
    const { buckets } = fresh;
    let errors = 0;
    for (let i = 0; i < ERRORS.length; i++) errors += grown(before[ERRORS[i]], now[ERRORS[i]]);
    let count = 0;
    for (let i = 0; i < SIZE; i++) {
      const more = grown(before[HISTOGRAM + i], now[HISTOGRAM + i]);
      buckets[i] = more;
      count += more;
    }
    before.set(now);
    fresh.errors = errors;
    fresh.count = count;
    if (this.moves && count === 0) this.mark = Number.NaN;
    this.moves = count > 0;
    return this.moves;
  }
}

/** How much more a counter has counted. */
export function grown(before: number, now: number): number {
  return now < before ? now : now - before;
}
