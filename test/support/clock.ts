/**
 * A clock that stands still until a test moves it, and a way to move it with a wheel of timers.
 *
 * Rule: nothing here waits; an hour of a test costs as long as what happens in it.
 */

import type { Clock } from '../../src/core/clock.ts';
import { TICK, type Timers } from '../../src/core/timers.ts';

export class FakeClock implements Clock {
  private time: number;
  private readonly epoch: number;

  /** `time`: monotonic milliseconds to begin with; `wall`: what the wall says then, milliseconds since 1970. */
  constructor(time = 1_000, wall = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.time = time;
    this.epoch = wall - time;
  }

  now(): number {
    return this.time;
  }

  wall(): number {
    return Math.floor(this.epoch + this.time);
  }

  /** Moves time on; the wheel is not turned. */
  advance(milliseconds: number): void {
    this.time += milliseconds;
  }

  /** Moves time on tick by tick, as a thread that is not busy does, and turns the wheel at each. */
  run(timers: Timers, milliseconds: number): void {
    const until = this.time + milliseconds;
    while (this.time < until) {
      this.time = Math.min(until, this.time + TICK);
      timers.turn();
    }
  }
}
