/**
 * The one reference to the table in use, and who still travels under which table.
 *
 * Rule: an exchange boards once, keeps that table to its end, and leaves once. A table that was replaced retires when its
 * last passenger leaves. Boarding and leaving the current table is one comparison and one addition; those who leave an
 * older one pay for a look through the few that are still on their way out. How long to wait for them is the caller's.
 */

import type { Table } from './route.ts';

interface Ride {
  readonly table: Table;
  passengers: number;
  onRetired: (table: Table) => void;
}

const nobody = (): void => {};

export class Current {
  private ride: Ride | undefined = undefined;
  private leaving: Ride[] = [];

  /** The table in use, with one passenger more. Throws before the first swap: nothing may listen without a table. */
  board(): Table {
    const ride = this.ride;
    if (ride === undefined) throw new Error('no table is current: swap one in before exchanges board');
    ride.passengers += 1;
    return ride.table;
  }

  /** The table in use, without boarding; undefined before the first swap. */
  get table(): Table | undefined {
    return this.ride?.table;
  }

  /** Ends one boarding of this table. Throws where nobody is aboard: someone left twice. */
  leave(table: Table): void {
    const ride = this.ride;
    if (ride !== undefined && ride.table === table && ride.passengers > 0) ride.passengers -= 1;
    else this.leaveOld(table);
  }

  /** Puts a table in place; `onRetired` hears of the one it replaces once nobody is aboard, at once if nobody is now. */
  swap(table: Table, onRetired: (retired: Table) => void = nobody): void {
    const old = this.ride;
    if (old?.table === table) return;
    this.ride = { table, passengers: 0, onRetired: nobody };
    if (old === undefined) return;
    old.onRetired = onRetired;
    if (old.passengers === 0) onRetired(old.table);
    else this.leaving.push(old);
  }

  /** How many exchanges are aboard, replaced tables included. */
  get passengers(): number {
    return this.leaving.reduce((sum, ride) => sum + ride.passengers, this.ride?.passengers ?? 0);
  }

  /** Tables that were replaced and still carry somebody. */
  get retiring(): readonly Table[] {
    return this.leaving.map((ride) => ride.table);
  }

  private leaveOld(table: Table): void {
    const at = this.leaving.findIndex((ride) => ride.table === table);
    if (at === -1) throw new Error(`nobody is aboard the table of revision ${table.revision}: an exchange left twice`);
    const ride = this.leaving[at];
    ride.passengers -= 1;
    if (ride.passengers > 0) return;
    this.leaving.splice(at, 1);
    ride.onRetired(ride.table);
  }
}
