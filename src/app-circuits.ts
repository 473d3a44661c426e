/**
 * An operator's orders about circuits in the running router: given, kept over a restart, and written down.
 *
 * Rule: a router at which nobody ever gave an order looks for one file and loads nothing. An order is answered when it is in
 * force, and stands on the disk as far as the disk takes it.
 */

import type { AuditEntry } from './control/audit.ts';
import type { CircuitOrders } from './control/circuit-orders.ts';
import type { CircuitAnswer, CircuitOrder, CircuitParts } from './control/circuits.ts';
import type { Claimed } from './control/claim.ts';
import type { Running, View } from './control/view.ts';
import type { PlaneLog } from './core/events.ts';

const { existsSync } = process.getBuiltinModule('node:fs');
const { join } = process.getBuiltinModule('node:path');

export interface AppCircuitParts extends CircuitParts {
  /** Where state is kept. */
  readonly folder: string;
  readonly log: PlaneLog;
  readonly claim: Claimed;
  /** Resolves when it stands in the audit log, or is known not to get there now. */
  note(entry: AuditEntry): Promise<void>;
}

export class AppCircuits {
  private readonly parts: AppCircuitParts;
  private readonly path: string;
  private opened: Promise<CircuitOrders> | undefined = undefined;

  constructor(parts: AppCircuitParts) {
    this.parts = parts;
    this.path = join(parts.folder, 'circuits.json');
  }

  /** Orders from before a restart are in force when it resolves. */
  async restore({ document }: Running): Promise<void> {
    if (existsSync(this.path)) await (await this.orders()).restore(document.upstreams);
  }

  /** What runs since a decision; undefined where that changed nothing. */
  async settle(running: Running | undefined): Promise<void> {
    if (running !== undefined) await (await this.opened)?.settle(running.document.upstreams);
  }

  async set(view: () => View, upstream: string, order: CircuitOrder): Promise<CircuitAnswer> {
    const orders = await this.orders();
    const { setCircuit, recordOf } = await import('./control/circuits.ts');
    // From here to `keep` in one go: orders are kept as they were given, and in the light of the same document.
    const now = view();
    const answer = setCircuit(this.parts, now, upstream, order);
    if (!answer.ok) return answer;
    const { clock, note } = this.parts;
    const { until } = answer.circuit;
    const kept = orders.keep(upstream, order, until === undefined ? undefined : clock.wall() + until - clock.now());
    const noted = answer.changed ? note(recordOf(upstream, order, now.running?.revision ?? '')) : undefined;
    await Promise.all([kept, noted]);
    return answer;
  }

  private orders(): Promise<CircuitOrders> {
    this.opened ??= this.open();
    return this.opened;
  }

  private async open(): Promise<CircuitOrders> {
    const { CircuitOrders, orderStore } = await import('./control/circuit-orders.ts');
    return new CircuitOrders({ ...this.parts, store: orderStore(this.path, this.parts.log, this.parts.claim) });
  }
}
