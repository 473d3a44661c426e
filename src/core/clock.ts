/**
 * The only file that reads the clock. `now` is monotonic milliseconds with fraction, for durations and deadlines;
 * `wall` is milliseconds since the epoch, for people. Tests hand in a clock of their own.
 */

import { performance } from 'node:perf_hooks';

export interface Clock {
  /** Monotonic milliseconds with fraction, the same on all threads of the process; only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  wall(): number;
}

/**
 * `performance` counts from the start of its thread. Times that threads share need one beginning, which the system's
 * monotonic clock has: read once, because a reading of it costs a bigint.
 */
const BEGINNING = Number(process.hrtime.bigint() / 1000n) / 1000 - performance.now();

/** What `now` says while time is held; below 0 it goes on. */
let held = -1;

/** Whatever is worked off together has one time, which is read once (measured: 60 ns a reading, two in an exchange). */
export function holdTime(): void {
  held = BEGINNING + performance.now();
}

export function letTimeGoOn(): void {
  held = -1;
}

/** `performance` is imported: as a global it is a getter, looked up at every call (measured on the hot path). */
export const systemClock: Clock = {
  now: () => (held < 0 ? BEGINNING + performance.now() : held),
  wall: () => Date.now(),
};
