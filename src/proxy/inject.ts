/**
 * Faults that a route makes itself, so that its users can rehearse real ones: a delay, or a reply in place of the upstream's.
 *
 * Rule: only where the document says so, and only for internal listeners; a reply says itself, and in the log, that it was
 * made; a delay shows in the durations alone, like a real one.
 */

import type { Draw } from '../core/draw.ts';
import { type Fault, fault } from '../core/fault.ts';
import type { InjectionSettings } from '../policy/policy.ts';

/** What is made to happen to this exchange: a fault with its status, or so many milliseconds of delay (0: nothing). */
export function injected(
  settings: InjectionSettings,
  draw: Draw,
): number | { readonly fault: Fault; readonly status: number } {
  const { abort, delay } = settings;
  if (abort !== undefined && draw.chance() * 100 < abort.percent) {
    const reason = fault('injected', `the route answers ${abort.percent} % of its requests so (faults.abort)`);
    return { fault: reason, status: abort.status };
  }
  return delay !== undefined && draw.chance() * 100 < delay.percent ? delay.time : 0;
}
