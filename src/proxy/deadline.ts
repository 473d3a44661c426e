/**
 * x-signalbox-deadline-ms: how much time the caller still has for this request.
 *
 * Rule: read from internal callers only; it can shorten the time an exchange has, never lengthen it. What cannot be read as
 * a number of milliseconds counts as not said: a caller's slip must not fail its request.
 */

import { fault } from '../core/fault.ts';
import { NAME } from '../core/names.ts';
import type { RequestHead } from '../http1/request.ts';

export const NO_TIME = fault('upstream_timeout', 'the caller left no time for it (x-signalbox-deadline-ms)');

/** When the caller gives up, monotonic; undefined where it does not say. */
export function deadlineOf(request: RequestHead, now: number): number | undefined {
  const value = request.field(NAME['x-signalbox-deadline-ms']);
  if (value === undefined || !/^\d{1,12}$/.test(value)) return undefined;
  return now + Number(value);
}
