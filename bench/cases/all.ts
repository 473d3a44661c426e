/**
 * Every case, in the order in which they run, and sets of them by name.
 */

import type { Case } from './case.ts';
import { FLOODS } from './floods.ts';

export const CASES: readonly Case[] = [...FLOODS];

/** Names for several cases. */
export const SETS: Readonly<Record<string, readonly string[]>> = {
  all: CASES.map(({ id }) => id),
};
