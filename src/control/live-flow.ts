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

/** What was counted of something. */
export class Tally {
  count = 0;
  errors = 0;
  readonly buckets = new Float64Array(BUCKETS);

  add({ count, errors, buckets }: Tally): void {
    this.count += count;
    this.errors += errors;
    for (let i = 0; i < BUCKETS; i++) this.buckets[i] += buckets[i];
  }

  clear(): void {
    if (this.count === 0 && this.errors === 0) return;
    this.count = 0;
    this.errors = 0;
    this.buckets.fill(0);
  }
}

export function flowOf({ count, errors, buckets }: Tally, seconds: number): Flow {
  const percentile = (share: number) => (count === 0 ? null : rounded(quantile(buckets, count * share), 3));
  return {
    rate: rateOf(count, seconds),
    errorShare: shareOf(errors, count),
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
  };
}

export function rateOf(count: number, seconds: number): number {
  return rounded(count / seconds, 2);
}

/** A thread may be seen between its count of an error and that of the exchange. */
export function shareOf(errors: number, count: number): number {
  return count === 0 ? 0 : rounded(Math.min(1, errors / count), 4);
}

/** The duration that `rank` of the counted ones do not exceed; `rank` above 0 and at most their number. */
export function quantile(buckets: Float64Array, rank: number): number {
  let below = 0;
  for (let i = 0; i < BOUNDS.length; i++) {
    const inside = buckets[i];
    if (inside > 0 && below + inside >= rank) {
      const from = i === 0 ? 0 : BOUNDS[i - 1];
      return from + ((BOUNDS[i] - from) * (rank - below)) / inside;
    }
    below += inside;
  }
  return BOUNDS[BOUNDS.length - 1];
}

/** Short numbers make short frames. */
function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
