/**
 * The operational log as a data thread has it: limited, on its way to the control thread that writes it.
 *
 * Rule: a failing upstream must not turn into a flood of messages between threads; what was left out is told with the
 * next line that passes. It stands apart from log.ts because a data thread needs no pino, and would load it at its start.
 */

import type { Clock } from '../core/clock.ts';
import type { PlaneDebug, PlaneLog } from '../core/events.ts';

/** Lines a thread may log in a row before the limit holds, and how many a second it allows on. */
const BURST = 100;
const PER_SECOND = 20;

export function limitedLog(log: PlaneLog, clock: Clock): PlaneLog {
  let allowance = BURST;
  let last = clock.now();
  let omitted = 0;
  return (level, fields, message) => {
    const now = clock.now();
    allowance = Math.min(BURST, allowance + ((now - last) / 1000) * PER_SECOND);
    last = now;
    if (allowance < 1) {
      omitted += 1;
      return;
    }
    allowance -= 1;
    log(level, omitted === 0 ? fields : { ...fields, omitted }, message);
    omitted = 0;
  };
}

/** Level debug of a data thread, with a limit of its own: it must not crowd out what matters more. */
export function limitedDebug(log: PlaneLog, clock: Clock): PlaneDebug {
  const limited = limitedLog(log, clock);
  return (fields, message) => limited('debug', fields, message);
}
