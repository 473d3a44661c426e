/**
 * Chance that comes out the same for the same seed, on every machine: mulberry32, good enough for shares.
 */

import type { Draw } from '../../src/core/draw.ts';

export function seededDraw(seed: number): Draw {
  let state = seed >>> 0;
  return {
    chance(): number {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
    digits: new Int32Array(),
    reserve(): number {
      throw new Error('a simulation draws no identifiers');
    },
  };
}
