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

/**
 * A change of state that operators and programs want to hear of. `until`: epoch milliseconds when it ends by itself, where
 * it does. Whoever makes the change tells of it, once for the process.
 */
export type PlaneEvent =
  | {
      readonly is: 'circuit';
      readonly upstream: string;
      readonly state: 'closed' | 'open' | 'half-open' | 'isolated';
      /** What led to it, in words with numbers. */
      readonly cause: string;
      readonly until: number | undefined;
    }
  | {
      readonly is: 'member';
      readonly upstream: string;
      readonly member: string;
      readonly state: 'up' | 'ejected' | 'probation' | 'unhealthy' | 'joined' | 'left';
      readonly cause: string;
      readonly until: number | undefined;
    }
  | { readonly is: 'panic'; readonly upstream: string; readonly on: boolean; readonly cause: string };

export type PlaneEvents = (event: PlaneEvent) => void;

/** The same at level debug; undefined where nobody reads it, so that `debug?.(...)` does not even make the fields. */
export type PlaneDebug = ((fields: Readonly<Record<string, unknown>>, message: string) => void) | undefined;
