/**
 * A clock that stands still until a test moves it, and a way to move it with a wheel of timers.
 *
 * Rule: nothing here waits; an hour of a test costs as long as what happens in it.
 */

import type { Alarms } from '../../src/core/alarm.ts';
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

/** Alarms that ring when a test moves time on, in the order in which they are due. */
export class FakeAlarms implements Alarms {
  private readonly clock: FakeClock;
  private readonly set: { readonly due: number; readonly ring: () => void }[] = [];

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  after(milliseconds: number, ring: () => void): () => void {
    const alarm = { due: this.clock.now() + milliseconds, ring };
    this.set.push(alarm);
    return () => {
      const at = this.set.indexOf(alarm);
      if (at !== -1) this.set.splice(at, 1);
    };
  }

  /** How many are set. */
  get pending(): number {
    return this.set.length;
  }

  /** Moves time on from alarm to alarm, and lets what each sets off come to rest in between. */
  async run(milliseconds: number): Promise<void> {
    const until = this.clock.now() + milliseconds;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.set.filter(({ due }) => due <= until).sort((one, other) => one.due - other.due)[0];
      if (next === undefined) break;
      this.set.splice(this.set.indexOf(next), 1);
      this.clock.advance(Math.max(0, next.due - this.clock.now()));
      next.ring();
    }
    this.clock.advance(until - this.clock.now());
  }
}
