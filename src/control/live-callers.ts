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

interface Counts {
  count: number;
  errors: number;
}

interface Caller {
  readonly id: string;
  readonly tally: Tally;
  /** By block of counters. */
  readonly blocks: Map<number, Counts>;
}

/** `routeOf`: the route that a block of counters belongs to. */
export function callersOf(
  digests: readonly CallerDigest[],
  seconds: number,
  routeOf: (block: number) => string | undefined,
): LiveCaller[] {
  const callers = new Map<string, Caller>();
  for (const digest of digests) addDigest(callers, digest);
  const ranked = [...callers.values()].filter(({ tally }) => tally.count > 0).sort(byCount);
  return bounded(ranked).map(({ id, tally, blocks }) => ({
    id,
    ...flowOf(tally, seconds),
    to: Array.from(byRoute(blocks, routeOf), ([route, { count, errors }]) => ({
      route,
      rate: rateOf(count, seconds),
      errorShare: shareOf(errors, count),
    })),
  }));
}

function addDigest(callers: Map<string, Caller>, { names, tallies, pairs }: CallerDigest): void {
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
    const { blocks } = places[pairs[at + PAIR.caller]];
    add(blocks, pairs[at + PAIR.block], pairs[at + PAIR.count], pairs[at + PAIR.errors]);
  }
}

function callerOf(callers: Map<string, Caller>, id: string): Caller {
  const caller = callers.get(id) ?? { id, tally: new Tally(), blocks: new Map() };
  callers.set(id, caller);
  return caller;
}

function add<K>(to: Map<K, Counts>, key: K, count: number, errors: number): void {
  const known = to.get(key);
  if (known === undefined) {
    to.set(key, { count, errors });
    return;
  }
  known.count += count;
  known.errors += errors;
}

function byRoute(
  blocks: ReadonlyMap<number, Counts>,
  routeOf: (block: number) => string | undefined,
): Map<string, Counts> {
  const routes = new Map<string, Counts>();
  for (const [block, { count, errors }] of blocks) {
    const route = routeOf(block);
    if (route !== undefined) add(routes, route, count, errors);
  }
  return routes;
}

/** `ranked`: the busiest first. */
function bounded(ranked: readonly Caller[]): Caller[] {
  const named = ranked.filter(({ id }) => id !== UNKNOWN_CALLER && id !== OTHER_CALLERS);
  if (named.length <= MOST_CALLERS) return [...ranked];
  const rest = new Set(named.slice(MOST_CALLERS));
  const kept = new Map(ranked.flatMap((caller) => (rest.has(caller) ? [] : [[caller.id, caller]])));
  const other = callerOf(kept, OTHER_CALLERS);
  for (const { tally, blocks } of rest) {
    other.tally.add(tally);
    for (const [block, { count, errors }] of blocks) add(other.blocks, block, count, errors);
  }
  return [...kept.values()].sort(byCount);
}

function byCount(one: Caller, other: Caller): number {
  return other.tally.count - one.tally.count;
}
