/**
 * How long an exchange may go on whose route is gone.
 *
 * Rule: the first word counts: reloads that follow do not put the end off, and a route that comes back lifts it. Made for
 * the few connections that need one; it is the connection's, and each exchange begins without.
 */

import type { Fault } from '../core/fault.ts';
import { Timer, type Timers } from '../core/timers.ts';
import type { Passage } from './parts.ts';

interface Reprieved {
  readonly passage: Passage | undefined;
  readonly door: { readonly timers: Timers };
}

export class Reprieve {
  private readonly of: Reprieved;
  private readonly timer: Timer;
  private reason: Fault | undefined = undefined;

  constructor(of: Reprieved) {
    this.of = of;
    this.timer = new Timer(() => {
      if (this.reason !== undefined) this.of.passage?.onCut(this.reason);
    });
  }

  /** The exchange under way ends for this reason at `due`, where it was not to end before. */
  until(due: number, reason: Fault): void {
    if (this.timer.due <= due) return;
    this.reason = reason;
    this.of.door.timers.arm(this.timer, due);
  }

  /** The exchange is over, or may go on. */
  lift(): void {
    this.of.door.timers.disarm(this.timer);
  }

  /** The connection is gone. */
  stop(): void {
    this.of.door.timers.remove(this.timer);
  }
}
