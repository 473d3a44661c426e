/**
 * Every case, in the order in which they run, and sets of them by name.
 */

import type { Case } from './case.ts';
import { FLOODS } from './floods.ts';
import { LATENCY } from './latency.ts';
import { ROUTES } from './routes.ts';
import { THREADS } from './threads.ts';

export const CASES: readonly Case[] = [...FLOODS, LATENCY, ROUTES, THREADS];

/** Names for several cases. */
export const SETS: Readonly<Record<string, readonly string[]>> = {
  all: CASES.map(({ id }) => id),
};
