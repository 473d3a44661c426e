/**
 * Rounds of a property over random inputs: a fixed seed that always says the same, and a fresh one that is printed. A
 * failure prints what is needed to play it again.
 */

import type { TestContext } from 'node:test';
import { Chance, freshSeed } from './chance.ts';
import { readable } from './corpus.ts';

/** FUZZ_SEED=n plays the rounds of a run that failed again, in place of the fresh ones. */
const FRESH = Number(process.env.FUZZ_SEED ?? freshSeed());

const FIXED = 20_261_124;

/** The same for a check that waits. */
export async function inRoundsOnTheWire(
  context: TestContext,
  count: number,
  make: (chance: Chance) => string,
  check: (text: string, chance: Chance) => Promise<void>,
): Promise<void> {
  context.diagnostic(`FUZZ_SEED=${FRESH}`);
  for (const first of [FIXED, FRESH]) {
    for (let round = 0; round < count; round++) {
      const chance = new Chance(first + round);
      const text = make(chance);
      await check(text, chance).catch((error: unknown) => fail(first + round, text, error));
    }
  }
}

/** Calls `check` with inputs of `make`, `count` times for each of the two seeds. */
export function inRounds(
  context: TestContext,
  count: number,
  make: (chance: Chance) => string,
  check: (text: string, chance: Chance) => void,
): void {
  context.diagnostic(`FUZZ_SEED=${FRESH}`);
  for (const first of [FIXED, FRESH]) {
    for (let round = 0; round < count; round++) {
      const chance = new Chance(first + round);
      const text = make(chance);
      try {
        check(text, chance);
      } catch (error) {
        fail(first + round, text, error);
      }
    }
  }
}

function fail(seed: number, text: string, error: unknown): never {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  throw new Error(`FUZZ_SEED=${seed} fails for\n${readable(text)}\n${told}`);
}
