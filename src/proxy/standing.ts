/**
 * An exchange's stand in the queue before an upstream.
 *
 * Rule: it leaves the queue once: with a place, pushed out, late, or because its client left; and it is told which. How long
 * it stood there is measured here.
 */

import { type Fault, fault } from '../core/fault.ts';
import type { Limiter, Waiter } from '../policy/policy.ts';

/** Who stands there. */
export interface Queued {
  /** A place was taken for it, after so many milliseconds. */
  placed(waited: number, now: number): void;
  shed(reason: Fault, waited: number, now: number): void;
  /** Something went wrong with it while it was told: a defect of the router. */
  onDefect(error: unknown): void;
  /** Monotonic. */
  now(): number;
}

export class Standing implements Waiter {
  ahead: Waiter | undefined = undefined;
  behind: Waiter | undefined = undefined;
  private readonly exchange: Queued;
  private readonly limiter: Limiter;
  private readonly since: number;

  constructor(exchange: Queued, limiter: Limiter, now: number) {
    this.exchange = exchange;
    this.limiter = limiter;
    this.since = now;
  }

  onPlace(now: number): void {
    this.tell(() => this.exchange.placed(now - this.since, now));
  }

  onShed(reason: Fault): void {
    const now = this.exchange.now();
    this.tell(() => this.exchange.shed(reason, now - this.since, now));
  }

  /** From a turn of the queue's own, or within another exchange: a defect here must cost neither that nor the thread. */
  private tell(word: () => void): void {
    try {
      word();
    } catch (error) {
      this.exchange.onDefect(error);
    }
  }

  /** Its time in the queue is over; `over`: because all of its time is. */
  late(now: number, over: Fault | undefined): void {
    const late = this.limiter.withdraw(this, true);
    const reason = over ?? late ?? fault('overloaded', 'waited too long for a place');
    this.exchange.shed(reason, now - this.since, now);
  }

  /** It does not wait any more. */
  quit(): void {
    this.limiter.withdraw(this, false);
  }
}
