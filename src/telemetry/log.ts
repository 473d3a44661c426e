/**
 * The operational log: what the router says about itself, through pino, one JSON line each.
 *
 * Rule: it goes to standard error, the access log to standard output, so that either can be read, kept or lost without
 * the other. Fields first, then one plain sentence. Lines of data threads arrive here through the control thread.
 */

import pino from 'pino';
import type { Clock } from '../core/clock.ts';
import type { PlaneLog } from '../core/events.ts';
import type { Destination } from './destination.ts';

export type LogThreshold = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export const LOG_THRESHOLDS: readonly LogThreshold[] = ['debug', 'info', 'warn', 'error', 'silent'];

export function operationalLog(destination: Destination, threshold: LogThreshold): PlaneLog {
  const logger = pino({ level: threshold }, { write: (line: string) => destination.write(Buffer.from(line)) });
  return (level, fields, message) => logger[level](fields, message);
}

/** Lines a thread may log in a row before the limit holds, and how many a second it allows on. */
const BURST = 100;
const PER_SECOND = 20;

/**
 * The same log for a data thread, limited: a failing upstream must not turn into a flood of messages between threads.
 * What was left out is told with the next line that passes.
 */
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
