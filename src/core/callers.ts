/**
 * Exchanges by caller: what one data thread counted since it was last asked, and the names that stand for many.
 *
 * Rule: names come from clients, so their number and length are bounded where they are counted (telemetry/callers.ts), and
 * they never become labels of a metric. Numbers lie flat in typed arrays: a digest crosses threads once a second.
 */

import { BUCKETS } from './lanes.ts';

/** Said no name, or came in where names are not believed. */
export const UNKNOWN_CALLER = '_unknown';
/** Said a name that is none, or one more than are kept apart. */
export const OTHER_CALLERS = '_other';

/** Names that are kept apart beside those two. */
export const MOST_CALLERS = 200;

/** Layout of a caller's numbers: exchanges that ended in an error, then a histogram as in a block of a route. */
export const TALLY = { errors: 0, buckets: 1, size: 1 + BUCKETS } as const;
/** Layout of the numbers of a caller and a block of counters (route and upstream): place of the name, then these. */
export const PAIR = { caller: 0, block: 1, count: 2, errors: 3, size: 4 } as const;

export interface CallerDigest {
  readonly names: readonly string[];
  /** `TALLY.size` numbers for each name. */
  readonly tallies: Uint32Array;
  /** `PAIR.size` numbers for each caller and block. */
  readonly pairs: Uint32Array;
}

/** Answered 5xx, or not at all; a client that left (499) made no error of the router's side. */
export function isErrorStatus(status: number): boolean {
  return status >= 500 || status < 100;
}
