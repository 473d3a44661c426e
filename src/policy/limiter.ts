/**
 * The limits of one table before an upstream's places.
 *
 * Rule: the places outlive tables, the limits do not. Those of a newer table count once that is in force, for whoever waits
 * as well, and not before an exchange could come under it: a table that was compiled and dropped changes nothing.
 */

import type { Fault } from '../core/fault.ts';
import type { Places } from './places.ts';
import type { Limiter, LimitsSettings, Waiter } from './policy.ts';

export class TableLimiter implements Limiter {
  readonly queueTimeout: number;
  readonly learns: boolean;
  private readonly places: Places;
  private readonly limits: LimitsSettings;
  private readonly table: number;

  /** `table`: a number that is higher for a newer table. */
  constructor(places: Places, limits: LimitsSettings, table: number) {
    this.places = places;
    this.limits = limits;
    this.table = table;
    this.queueTimeout = limits.queueTimeout;
    this.learns = limits.concurrency === 'adaptive';
  }

  enter(): boolean {
    this.count();
    return this.places.enter();
  }

  leave(now: number, ms: number, failed: boolean): void {
    this.places.leave(now, ms, failed);
  }

  wait(waiter: Waiter, now: number): Fault | undefined {
    this.count();
    return this.places.wait(waiter, now);
  }

  withdraw(waiter: Waiter, late: boolean): Fault | undefined {
    return this.places.withdraw(waiter, late ? this.queueTimeout : undefined);
  }

  /** Its table is in force. */
  count(): void {
    const { places } = this;
    if (places.table < this.table) places.adopt(this.table, this.limits);
  }
}
