/**
 * Counts finished exchanges by the caller that their client says it is, while somebody watches.
 *
 * Rule: unwatched it is no listener at all. Names are a client's word, so everything is bounded: MOST_CALLERS names of at most
 * 64 visible characters, MOST_PAIRS callers and blocks; whatever goes beyond counts as `_other`, or in its caller's sum alone.
 * Every digest begins anew, so that names which come no more take no place.
 */

import {
  type CallerDigest,
  isErrorStatus,
  MOST_CALLERS,
  OTHER_CALLERS,
  PAIR,
  TALLY,
  UNKNOWN_CALLER,
} from '../core/callers.ts';
import type { Exchange } from '../core/exchange.ts';
import { bucketOf } from '../core/lanes.ts';

/** Callers and blocks of counters that are kept apart: some thousand routes may each be asked by some callers. */
const MOST_PAIRS = 4096;
/** Places of the two names that are always there, and of all. */
const UNKNOWN = 0;
const OTHER = 1;
const PLACES = 2 + MOST_CALLERS;

const VALID = /^[!-~]{1,64}$/;

export class Callers {
  private places = firstPlaces();
  private readonly tallies = new Uint32Array(PLACES * TALLY.size);
  /** Block and caller in one number -> where their numbers stand. */
  private readonly paired = new Map<number, number>();
  private readonly pairs = new Uint32Array(MOST_PAIRS * PAIR.size);

  /** Hears of every exchange, on the data path. */
  readonly settled = (exchange: Exchange): void => {
    const { tallies, pairs } = this;
    const caller = this.placeOf(exchange.caller);
    const errors = isErrorStatus(exchange.status) ? 1 : 0;
    const start = caller * TALLY.size;
    // A tunnel counts with the time to its 101, as in the lane.
    const ms = exchange.tunnel ? exchange.firstByteTime : exchange.totalTime;
    tallies[start + TALLY.errors] += errors;
    tallies[start + TALLY.buckets + bucketOf(ms)] += 1;
    const pair = this.pairOf(caller, exchange.block);
    if (pair < 0) return;
    pairs[pair + PAIR.count] += 1;
    pairs[pair + PAIR.errors] += errors;
  };

  /** What was counted since the last time. */
  take(): CallerDigest {
    const names = [...this.places.keys()];
    const digest = {
      names,
      tallies: this.tallies.slice(0, names.length * TALLY.size),
      pairs: this.pairs.slice(0, this.paired.size * PAIR.size),
    };
    this.tallies.fill(0, 0, digest.tallies.length);
    this.pairs.fill(0, 0, digest.pairs.length);
    this.places = firstPlaces();
    this.paired.clear();
    return digest;
  }

  private placeOf(name: string | undefined): number {
    if (name === undefined || name === '') return UNKNOWN;
    const known = this.places.get(name);
    if (known !== undefined) return known;
    const place = this.places.size;
    if (place === PLACES || !VALID.test(name)) return OTHER;
    this.places.set(name, place);
    return place;
  }

  private pairOf(caller: number, block: number): number {
    const key = block * PLACES + caller;
    const known = this.paired.get(key);
    if (known !== undefined) return known;
    if (this.paired.size === MOST_PAIRS) return -1;
    const start = this.paired.size * PAIR.size;
    this.paired.set(key, start);
    this.pairs[start + PAIR.caller] = caller;
    this.pairs[start + PAIR.block] = block;
    return start;
  }
}

function firstPlaces(): Map<string, number> {
  return new Map([
    [UNKNOWN_CALLER, UNKNOWN],
    [OTHER_CALLERS, OTHER],
  ]);
}
