/**
 * Chance that a test owns: the same seed draws the same numbers.
 */

import type { Draw } from '../../src/core/draw.ts';

/** A Draw from a small generator (mulberry32): good enough for shares, the same on every machine. */
export function seededDraw(seed: number): Draw {
  let state = seed >>> 0;
  const chance = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const draw = {
    chance,
    digits: new Int32Array(),
    reserve(words: number): number {
      const bytes = Array.from({ length: words * 4 }, () => '0123456789abcdef'.charCodeAt(Math.floor(chance() * 16)));
      draw.digits = new Int32Array(Uint8Array.from(bytes).buffer);
      return 0;
    },
  };
  return draw;
}
