/**
 * From counts of a stretch of time to rate, share of errors and percentiles.
 *
 * Rule: durations are counted in buckets that end at 1 to 9 times powers of ten (core/lanes.ts), and inside a bucket they are
 * taken as evenly spread. A percentile so lies in the same bucket as the true one and is off by less than the bucket is
 * wide: 0.1 ms below 1 ms, 1 ms up to 10 ms, 10 ms up to 100 ms; at worst by the true one again, mostly by a few percent.
 * Above the last bound it is that bound.
 */

import { BOUNDS, BUCKETS } from '../core/lanes.ts';
import type { Flow } from './live-frame.ts';

// Names of this file's own: what is imported is no constant to the compiler (see docs/architecture.md).
const SIZE = BUCKETS;
const LAST = BOUNDS[BOUNDS.length - 1];
const UPPER = Float64Array.from(BOUNDS);

/** What was counted of something. */
export class Tally {
  count = 0;
  errors = 0;
  readonly buckets = new Float64Array(SIZE);

  add(other: Tally): void {
    this.count += other.count;
    this.errors += other.errors;
    const { buckets } = this;
    const more = other.buckets;
    for (let i = 0; i < SIZE; i++) buckets[i] += more[i];
  }

  clear(): void {
    if (this.count === 0 && this.errors === 0) return;
    this.count = 0;
    this.errors = 0;
    this.buckets.fill(0);
  }
}

export function flowOf({ count, errors, buckets }: Tally, seconds: number): Flow {
  const rate = rateOf(count, seconds);
  const errorShare = shareOf(errors, count);
  if (count === 0) return { rate, errorShare, p50: null, p95: null, p99: null };
  walk.begin(buckets);
  const p50 = rounded(walk.to(count * 0.5), 3);
  const p95 = rounded(walk.to(count * 0.95), 3);
  const p99 = rounded(walk.to(count * 0.99), 3);
  return { rate, errorShare, p50, p95, p99 };
}

export function rateOf(count: number, seconds: number): number {
  return rounded(count / seconds, 2);
}

/** A thread may be seen between its count of an error and that of the exchange. */
export function shareOf(errors: number, count: number): number {
  return count === 0 ? 0 : rounded(Math.min(1, errors / count), 4);
}

/** Goes through a histogram once, from the fastest to the slowest. */
class Walk {
  private buckets: Float64Array = UPPER;
  private at = 0;
  private below = 0;

  begin(buckets: Float64Array): void {
    this.buckets = buckets;
    this.at = 0;
    this.below = 0;
  }

  /** The duration that so many do not exceed: above 0, at most as many as there are, and no fewer than asked for before. */
  to(rank: number): number {
    const { buckets } = this;
    let { at, below } = this;
    while (at < UPPER.length && below + buckets[at] < rank) {
      below += buckets[at];
      at += 1;
    }
    this.at = at;
    this.below = below;
    if (at === UPPER.length) return LAST;
    const from = at === 0 ? 0 : UPPER[at - 1];
    return from + ((UPPER[at] - from) * (rank - below)) / buckets[at];
  }
}

const walk = new Walk();

/** Short numbers make short frames. */
function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
