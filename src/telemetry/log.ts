/**
 * The operational log: what the router says about itself, through pino, one JSON line each.
 *
 * Rule: it goes to standard error, the access log to standard output, so that either can be read, kept or lost without
 * the other. Fields first, then one plain sentence. Lines of data threads arrive here through the control thread, and
 * are limited over there (limited-log.ts).
 */

import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import type { LogLevel, PlaneLog } from '../core/events.ts';
import { later } from '../core/later.ts';
import type { Destination } from './destination.ts';

export type LogThreshold = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export const LOG_THRESHOLDS: readonly LogThreshold[] = ['debug', 'info', 'warn', 'error', 'silent'];

const pino = later<typeof import('pino')>('pino');

export interface OperationalLog {
  readonly log: PlaneLog;
  /** Writes what waits; from now on nothing does. */
  open(): void;
}

interface Line {
  readonly at: number;
  readonly level: LogLevel;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Until it is opened, lines wait, each with its time, so that pino is loaded when traffic flows; what is wrong opens it. */
export function operationalLog(destination: Destination, threshold: LogThreshold, clock: Clock): OperationalLog {
  const waiting: Line[] = [];
  let at = 0;
  let logger: Logger | undefined;
  const open = (): Logger => {
    if (logger !== undefined) return logger;
    const write = (line: string) => destination.write(Buffer.from(line));
    logger = pino().pino({ level: threshold, timestamp: () => `,"time":${at}` }, { write });
    for (const line of waiting.splice(0)) {
      at = line.at;
      logger[line.level](line.fields, line.message);
    }
    return logger;
  };
  const log: PlaneLog = (level, fields, message) => {
    const now = clock.wall();
    if (logger === undefined && level !== 'warn' && level !== 'error') {
      waiting.push({ at: now, level, fields, message });
      return;
    }
    const opened = open();
    at = now;
    opened[level](fields, message);
  };
  return { log, open: () => void open() };
}
