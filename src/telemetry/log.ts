/**
 * The operational log: what the router says about itself, through pino, one JSON line each.
 *
 * Rule: it goes to standard error, the access log to standard output, so that either can be read, kept or lost without
 * the other. Fields first, then one plain sentence. Lines of data threads arrive here through the control thread, and
 * are limited over there (limited-log.ts).
 */

import pino from 'pino';
import type { PlaneLog } from '../core/events.ts';
import type { Destination } from './destination.ts';

export type LogThreshold = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export const LOG_THRESHOLDS: readonly LogThreshold[] = ['debug', 'info', 'warn', 'error', 'silent'];

export function operationalLog(destination: Destination, threshold: LogThreshold): PlaneLog {
  const logger = pino({ level: threshold }, { write: (line: string) => destination.write(Buffer.from(line)) });
  return (level, fields, message) => logger[level](fields, message);
}
