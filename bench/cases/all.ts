/**
 * Every case, in the order in which they run, and sets of them by name.
 */

import { ADMIN } from './admin.ts';
import type { Case } from './case.ts';
import { COLD } from './cold.ts';
import { FLOODS } from './floods.ts';
import { HANG } from './hang.ts';
import { IDLE } from './idle.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { LATENCY } from './latency.ts';
import { RELOAD } from './reload.ts';
import { ROUTES } from './routes.ts';
import { SLOW_READER } from './slow-reader.ts';
import { SSE } from './sse.ts';
import { THREADS } from './threads.ts';

const TIMED: readonly Case[] = [...FLOODS, LATENCY, SSE, ROUTES, RELOAD, ADMIN, HANG, THREADS, IDLE, COLD, SLOW_READER];

/** Those that count instead of timing come last: they are asked for by name. */
export const CASES: readonly Case[] = [...TIMED, INSTRUCTIONS];

/** Names for several cases. */
export const SETS: Readonly<Record<string, readonly string[]>> = {
  bars: ['1k', 'latency', 'routes', 'reload', 'idle', 'slow-reader'],
  all: TIMED.map(({ id }) => id),
};
