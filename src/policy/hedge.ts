/**
 * When a request is sent a second time: after a fixed time, or after the time that most recent replies took.
 *
 * Rule: latencies are this thread's own, a histogram that forgets by halves; below LEAST_KNOWN replies nothing is sent twice.
 * How many are, is a share of the requests of the last ten seconds of all threads; the retry budget is spent by the caller.
 * After Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013: hedged requests.
 */

import { BOUNDS, BUCKETS, bucketOf } from '../core/lanes.ts';
import { UPSTREAM_WORDS } from '../core/words.ts';
import { Budget } from './budget.ts';
import type { Hedge, HedgeSettings } from './policy.ts';

const LEAST_KNOWN = 100;
/** From here on older replies weigh half. */
const MOST_KNOWN = 2_000;
/** Replies between two readings of the quantile. */
const READ_EVERY = 64;

/** How long recent replies took, on one thread. */
export class Latencies {
  /** Goes up when quantiles are worth reading anew; 0 while too little is known. */
  reading = 0;
  private readonly counts = new Float64Array(BUCKETS);
  private total = 0;
  private untilReading = LEAST_KNOWN;

  learn(ms: number): void {
    this.counts[bucketOf(ms)] += 1;
    this.total += 1;
    this.untilReading -= 1;
    if (this.untilReading > 0) return;
    this.untilReading = READ_EVERY;
    this.reading += 1;
    if (this.total < MOST_KNOWN) return;
    this.total = 0;
    for (let i = 0; i < BUCKETS; i++) {
      this.counts[i] = Math.floor(this.counts[i] / 2);
      this.total += this.counts[i];
    }
  }

  /** The time that a share of the replies did not take longer than, read between the bounds of its bucket. */
  quantile(share: number): number {
    let left = this.total * share;
    for (let i = 0; i < BOUNDS.length; i++) {
      const count = this.counts[i];
      if (count >= left && count > 0) {
        const lower = i === 0 ? 0 : BOUNDS[i - 1];
        return lower + ((BOUNDS[i] - lower) * left) / count;
      }
      left -= count;
    }
    return BOUNDS[BOUNDS.length - 1];
  }
}

const SHARES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

export class SharedHedge implements Hedge {
  private readonly latencies: Latencies;
  private readonly budget: Budget;
  private readonly share: number;
  private reading = 0;
  private known: number;

  constructor(settings: HedgeSettings, words: Int32Array, latencies: Latencies) {
    const { after, percent } = settings;
    this.latencies = latencies;
    this.budget = new Budget(words, UPSTREAM_WORDS.hedgeable, UPSTREAM_WORDS.hedged, percent, 0);
    this.share = typeof after === 'number' ? Number.NaN : SHARES[after];
    this.known = typeof after === 'number' ? after : Number.POSITIVE_INFINITY;
  }

  delay(): number {
    const { latencies, share } = this;
    if (this.reading !== latencies.reading && !Number.isNaN(share)) {
      this.reading = latencies.reading;
      this.known = latencies.quantile(share);
    }
    return this.known;
  }

  learn(ms: number): void {
    if (!Number.isNaN(this.share)) this.latencies.learn(ms);
  }

  earn(now: number): void {
    this.budget.earn(now);
  }

  spend(now: number): boolean {
    return this.budget.spend(now);
  }
}
