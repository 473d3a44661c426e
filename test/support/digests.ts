/**
 * What a data thread counted by caller, made of plain facts and read back into them.
 */

import { type CallerDigest, PAIR, TALLY } from '../../src/core/callers.ts';
import { bucketOf } from '../../src/core/lanes.ts';

export interface Called {
  readonly caller: string;
  readonly block: number;
  /** Durations of what went well, and of what did not, milliseconds. */
  readonly good?: readonly number[];
  readonly bad?: readonly number[];
}

export function digestOf(...all: readonly Called[]): CallerDigest {
  const names = [...new Set(all.map(({ caller }) => caller))];
  const tallies = new Uint32Array(names.length * TALLY.size);
  const pairs: number[] = [];
  for (const { caller, block, good = [], bad = [] } of all) {
    const place = names.indexOf(caller);
    tallies[place * TALLY.size + TALLY.errors] += bad.length;
    for (const ms of [...good, ...bad]) tallies[place * TALLY.size + TALLY.buckets + bucketOf(ms)] += 1;
    pairs.push(place, block, good.length + bad.length, bad.length);
  }
  return { names, tallies, pairs: Uint32Array.from(pairs) };
}

export interface CountedCaller {
  readonly count: number;
  readonly errors: number;
  /** By block: exchanges and errors. */
  readonly to: Readonly<Record<number, readonly [count: number, errors: number]>>;
}

/** Callers that were counted at all, by name. */
export function countedIn({ names, tallies, pairs }: CallerDigest): Record<string, CountedCaller> {
  const counted: Record<string, CountedCaller> = {};
  for (const [place, name] of names.entries()) {
    const own = tallies.subarray(place * TALLY.size, (place + 1) * TALLY.size);
    const count = own.subarray(TALLY.buckets).reduce((sum, one) => sum + one, 0);
    const to: Record<number, [number, number]> = {};
    for (let at = 0; at < pairs.length; at += PAIR.size)
      if (pairs[at + PAIR.caller] === place)
        to[pairs[at + PAIR.block]] = [pairs[at + PAIR.count], pairs[at + PAIR.errors]];
    if (count > 0) counted[name] = { count, errors: own[TALLY.errors], to };
  }
  return counted;
}
