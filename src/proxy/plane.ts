/**
 * The data plane of one thread: its doors, its current table, its end.
 *
 * Rule: a swap is one assignment per door; what is under way goes on under the table it boarded. Only exchanges of routes
 * that are gone are bounded in time. Whoever makes a plane owns clock, timers and lane.
 */

import { fault } from '../core/fault.ts';
import { THREAD_BLOCK } from '../core/lanes.ts';
import { THREAD_COUNTERS } from '../core/ledger.ts';
import { Current } from '../routing/current.ts';
import type { Table } from '../routing/route.ts';
import { Door } from './door.ts';
import { line } from './line.ts';
import type { PlaneNeeds } from './parts.ts';
import { Reprieve } from './reprieve.ts';

export interface PlaneStatus {
  readonly connections: number;
  /** Exchanges under way, tunnels too. */
  readonly exchanges: number;
  readonly tunnels: number;
}

/** How often a stopping plane looks whether it is empty. */
const LOOK = 10;

export class Plane {
  private readonly needs: PlaneNeeds;
  private readonly doors = new Map<string, Door>();
  private readonly current = new Current();
  private table: Table | undefined = undefined;
  private draining = false;
  /** When each table that still carries somebody was replaced, oldest first. */
  private readonly replaced: number[] = [];

  constructor(needs: PlaneNeeds) {
    this.needs = needs;
  }

  /** Requests that arrive from now on follow this table. The first call gives the plane its first table. */
  swap(table: Table): void {
    this.replace(table);
    for (const door of this.doors.values()) {
      const listener = table.listeners.get(door.id);
      if (listener === undefined) continue;
      door.behind(table, listener);
      this.boundStrays(door, table);
    }
  }

  private replace(table: Table): void {
    const now = this.needs.clock.now();
    if (this.table !== undefined && this.table !== table) this.replaced.push(now);
    this.table = table;
    this.current.swap(table, () => {
      this.replaced.splice(this.replaced.indexOf(now), 1);
      this.tellCarried();
    });
    this.tellCarried();
  }

  /** The control thread shows the counts of what has gone until then. */
  private tellCarried(): void {
    this.needs.lane.set(THREAD_COUNTERS, THREAD_BLOCK.carried, this.replaced[0] ?? 0);
  }

  /** Exchanges of routes that the table no longer has (or no longer at this listener) get the drain limit, once. */
  private boundStrays(door: Door, table: Table): void {
    const { limit } = table.drain;
    const due = this.needs.clock.now() + limit;
    for (const connection of door.connections) {
      const id = connection.passage?.route?.id;
      if (id === undefined) continue;
      if (table.routes.get(id)?.plan.settings.listeners.includes(door.id) === true) {
        connection.reprieve?.lift();
        continue;
      }
      connection.reprieve ??= new Reprieve(connection);
      const words = `route ${id} was removed more than ${limit} ms ago (drain.limit)`;
      connection.reprieve.until(due, fault('route_removed', words));
    }
  }

  /**
   * Opens a listener of the table; resolves with the bound port. Rejects with the system's error where the address is
   * taken or not ours.
   */
  listen(id: string, host: string, port: number, reusePort: boolean): Promise<number> {
    const listener = this.table?.listeners.get(id);
    if (this.table === undefined || listener === undefined) {
      return Promise.reject(new Error(`listener ${id} is not in the table`));
    }
    const door = new Door(id, this.needs, line, this.current, this.table, listener);
    door.draining = this.draining;
    this.doors.set(id, door);
    return door.listen(host, port, reusePort);
  }

  /** From now on replies carry `Connection: close`; new connections are still served. */
  drain(): void {
    this.draining = true;
    for (const door of this.doors.values()) door.draining = true;
  }

  /**
   * Accepts no more, closes idle connections, waits for exchanges under way, and cuts what is left after `limit`
   * milliseconds.
   */
  async stop(limit: number): Promise<void> {
    this.drain();
    for (const door of this.doors.values()) door.shut();
    const until = this.needs.clock.now() + limit;
    while (this.connectionCount() > 0) {
      const late = this.needs.clock.now() >= until;
      for (const door of this.doors.values()) this.closeSome(door, late ? limit : undefined);
      if (this.connectionCount() > 0) await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  }

  /**
   * The thread is about to die. While somebody can still say so, every exchange under way ends as a fault: what has no
   * reply yet gets one, what has breaks off visibly, and each is counted and logged.
   */
  abandon(): void {
    this.drain();
    for (const door of this.doors.values()) {
      for (const connection of door.connections) {
        connection.passage?.onCut(fault('internal_error', 'the data thread that carried the exchange died'));
      }
    }
  }

  /** Idle connections close once their last reply is taken; where the `limit` of milliseconds is over, all of them. */
  private closeSome(door: Door, limit: number | undefined): void {
    // Without any time it was told to stop now: that is nobody's setting.
    const over =
      limit === 0
        ? 'the router was told to stop at once'
        : `the router stops, and what was under way had ${limit} ms (drain.limit)`;
    for (const connection of door.connections) {
      if (limit !== undefined) connection.passage?.onCut(fault('draining', over));
      if (limit !== undefined || connection.over) connection.close();
    }
  }

  private connectionCount(): number {
    let sum = 0;
    for (const door of this.doors.values()) sum += door.connections.size;
    return sum;
  }

  status(): PlaneStatus {
    let exchanges = 0;
    let tunnels = 0;
    for (const door of this.doors.values()) {
      for (const connection of door.connections) {
        if (connection.busy) exchanges++;
        if (connection.inTunnel) tunnels++;
      }
    }
    return { connections: this.connectionCount(), exchanges, tunnels };
  }
}
