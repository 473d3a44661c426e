/**
 * Who listens: the plane tells, telemetry writes down. A list of functions, called in order; an empty list costs one
 * length check. Listeners are called on the data path: they must not throw and must not wait.
 */

import type { Exchange } from './exchange.ts';

/** Hears of every exchange once, when all its facts are known; its request's head may be gone by then. */
export type Settled = (exchange: Exchange) => void;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Operational log of the data plane: fields first, then one plain sentence. */
export type PlaneLog = (level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The same at level debug; undefined where nobody reads it, so that `debug?.(...)` does not even make the fields. */
export type PlaneDebug = ((fields: Readonly<Record<string, unknown>>, message: string) => void) | undefined;
