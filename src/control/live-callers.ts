/**
 * What the data threads counted by caller, added up for a frame.
 *
 * Rule: names are a client's word, and each thread keeps its own: of more than MOST_CALLERS the busiest keep theirs, the
 * rest are `_other`. Busiest first. A block that no route has any more is left out of what a caller reached.
 */

import { type CallerDigest, MOST_CALLERS, OTHER_CALLERS, PAIR, TALLY, UNKNOWN_CALLER } from '../core/callers.ts';
import { BUCKETS } from '../core/lanes.ts';
import { flowOf, rateOf, shareOf, Tally } from './live-flow.ts';
import type { LiveCaller } from './live-frame.ts';

interface Caller {
  readonly id: string;
  readonly tally: Tally;
  readonly to: Map<string, { count: number; errors: number }>;
}

/** `routeOf`: the route that a block of counters belongs to. */
export function callersOf(
  digests: readonly CallerDigest[],
  seconds: number,
  routeOf: (block: number) => string | undefined,
): LiveCaller[] {
  const callers = new Map<string, Caller>();
  for (const digest of digests) addDigest(callers, digest, routeOf);
  const ranked = [...callers.values()].filter(({ tally }) => tally.count > 0).sort(byCount);
  return bounded(ranked).map(({ id, tally, to }) => ({
    id,
    ...flowOf(tally, seconds),
    to: Array.from(to, ([route, { count, errors }]) => ({
      route,
      rate: rateOf(count, seconds),
      errorShare: shareOf(errors, count),
    })),
  }));
}

function addDigest(
  callers: Map<string, Caller>,
  { names, tallies, pairs }: CallerDigest,
  routeOf: (block: number) => string | undefined,
): void {
  const places = names.map((name) => callerOf(callers, name));
  for (const [place, { tally }] of places.entries()) {
    const start = place * TALLY.size;
    tally.errors += tallies[start + TALLY.errors];
    for (let i = 0; i < BUCKETS; i++) {
      const more = tallies[start + TALLY.buckets + i];
      tally.buckets[i] += more;
      tally.count += more;
    }
  }
  for (let at = 0; at < pairs.length; at += PAIR.size) {
    const route = routeOf(pairs[at + PAIR.block]);
    if (route !== undefined)
      reach(places[pairs[at + PAIR.caller]], route, pairs[at + PAIR.count], pairs[at + PAIR.errors]);
  }
}

function callerOf(callers: Map<string, Caller>, id: string): Caller {
  const caller = callers.get(id) ?? { id, tally: new Tally(), to: new Map() };
  callers.set(id, caller);
  return caller;
}

function reach({ to }: Caller, route: string, count: number, errors: number): void {
  const reached = to.get(route) ?? { count: 0, errors: 0 };
  reached.count += count;
  reached.errors += errors;
  to.set(route, reached);
}

/** `ranked`: the busiest first. */
function bounded(ranked: readonly Caller[]): Caller[] {
  const named = ranked.filter(({ id }) => id !== UNKNOWN_CALLER && id !== OTHER_CALLERS);
  if (named.length <= MOST_CALLERS) return [...ranked];
  const rest = new Set(named.slice(MOST_CALLERS));
  const kept = new Map(ranked.flatMap((caller) => (rest.has(caller) ? [] : [[caller.id, caller]])));
  const other = callerOf(kept, OTHER_CALLERS);
  for (const { tally, to } of rest) {
    other.tally.add(tally);
    for (const [route, { count, errors }] of to) reach(other, route, count, errors);
  }
  return [...kept.values()].sort(byCount);
}

function byCount(one: Caller, other: Caller): number {
  return other.tally.count - one.tally.count;
}
