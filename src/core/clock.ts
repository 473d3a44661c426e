/**
 * The only file that reads the clock. `now` is monotonic milliseconds with fraction, for durations and deadlines;
 * `wall` is milliseconds since the epoch, for people. Tests hand in a clock of their own.
 */

import { performance } from 'node:perf_hooks';

export interface Clock {
  /** Monotonic milliseconds with fraction; only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  wall(): number;
}

/** What `now` says while time is held; below 0 it goes on. */
let held = -1;

/** Whatever is worked off together has one time, which is read once (measured: 60 ns a reading, two in an exchange). */
export function holdTime(): void {
  held = performance.now();
}

export function letTimeGoOn(): void {
  held = -1;
}

/** `performance` is imported: as a global it is a getter, looked up at every call (measured on the hot path). */
export const systemClock: Clock = {
  now: () => (held < 0 ? performance.now() : held),
  wall: () => Date.now(),
};
