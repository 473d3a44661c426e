/**
 * One alarm for many times that may move on: it rings when the first may be over, and is told when to ring again.
 *
 * Rule: time in which the thread stood still is held against nobody. An alarm that rings far too late rings once more a
 * moment later: whatever was said meanwhile waits to be heard.
 */

import type { Alarms } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';

/** It rings so often at most, milliseconds. */
const LEAST_PAUSE = 20;
/** So late is far too late, and so long is the moment. Milliseconds. */
const STALL = 1_000;

export class Expiry {
  private readonly clock: Clock;
  private readonly alarms: Alarms;
  private readonly look: (now: number) => number;
  private due = Number.POSITIVE_INFINITY;
  private cancel: () => void = () => {};

  /** `look` ends what is over, and says when it is to be called next: Infinity where nothing is left. */
  constructor(clock: Clock, alarms: Alarms, look: (now: number) => number) {
    this.clock = clock;
    this.alarms = alarms;
    this.look = look;
  }

  /** Something may be over at this time, monotonic. */
  at(time: number): void {
    if (time >= this.due) return;
    this.cancel();
    this.due = time;
    this.cancel = this.alarms.after(time - this.clock.now(), () => this.ring());
  }

  /** Nothing is left that could be over. */
  rest(): void {
    this.cancel();
    this.due = Number.POSITIVE_INFINITY;
  }

  stop(): void {
    this.cancel();
    this.due = Number.NEGATIVE_INFINITY;
  }

  private ring(): void {
    const now = this.clock.now();
    const late = now - this.due;
    this.due = Number.POSITIVE_INFINITY;
    this.at(late > STALL ? now + STALL : Math.max(this.look(now), now + LEAST_PAUSE));
  }
}
