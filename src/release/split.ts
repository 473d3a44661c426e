/**
 * The weighted split: which side serves, by the exchange's draw or by a sticky key.
 *
 * Rule: a side of weight 0 is never picked. With a key, sides compete by weighted rendezvous hashing: each side scores
 * -ln(u) / weight with a u of its own for that key, and the lowest score wins. Scores of other sides do not depend on a
 * side's weight, so as one weight grows keys move to that side and never away from it, with any number of sides.
 * Thresholds over one hash keep that promise for two sides only.
 */

import { hashText, spread, toUnit } from '../core/hash.ts';
import type { WeightedSettings } from './release.ts';

export interface Split {
  /** Index of the side into the route's choices, by the draw in [0, 1); -1 where no side has weight. */
  byDraw(draw: number): number;
  /** The same by a key. */
  byKey(key: string): number;
}

interface Side {
  readonly index: number;
  readonly weight: number;
  /** Seed of this side's own u. */
  readonly seed: number;
}

/** Compiles a split. `choices`: upstream ids in the order of the route's choices; `salt`: keeps routes independent. */
export function buildSplit(weighted: readonly WeightedSettings[], choices: readonly string[], salt: string): Split {
  const sides: Side[] = weighted
    .filter(({ weight }) => weight > 0)
    .map(({ upstream, weight }) => ({ index: choices.indexOf(upstream), weight, seed: hashText(upstream, 1) }));
  if (sides.length < 2) {
    const only = sides.length === 0 ? -1 : sides[0].index;
    return { byDraw: () => only, byKey: () => only };
  }
  const total = sides.reduce((sum, side) => sum + side.weight, 0);
  const saltSeed = hashText(salt, 0);
  return {
    byDraw: (draw) => drawn(sides, draw * total),
    byKey: (key) => rendezvous(sides, hashText(key, saltSeed)),
  };
}

function drawn(sides: readonly Side[], at: number): number {
  let left = at;
  for (const side of sides) {
    left -= side.weight;
    if (left < 0) return side.index;
  }
  // Rounding of sums of fractions may leave a crumb at the very end.
  return sides[sides.length - 1].index;
}

function rendezvous(sides: readonly Side[], key: number): number {
  let best = Number.POSITIVE_INFINITY;
  let winner = -1;
  for (const side of sides) {
    const score = -Math.log(toUnit(spread(key ^ side.seed))) / side.weight;
    if (score < best) {
      best = score;
      winner = side.index;
    }
  }
  return winner;
}
