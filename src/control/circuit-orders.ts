/**
 * Orders about circuits that are in force, kept in the state folder so that a restart does not undo them.
 *
 * Rule: an order ends when it would have ended, by the wall's clock, however long the router was away; and with its upstream.
 * The file is written when an order is given or dropped, and what it holds is put back before anything listens. What an
 * order does is for circuits.ts.
 */

import type { PlaneLog } from '../core/events.ts';
import { type CircuitOrder, type CircuitParts, causeOf, give } from './circuits.ts';
import type { Claimed } from './claim.ts';
import { ListFile } from './list-file.ts';

/** An order in force. */
export interface StoredOrder {
  readonly upstream: string;
  readonly state: 'isolated' | 'closed';
  readonly reason: string;
  readonly author: string;
  /** Epoch milliseconds; undefined: until the next order. */
  readonly until?: number | undefined;
}

export interface OrderParts extends CircuitParts {
  readonly log: PlaneLog;
  readonly store: Pick<ListFile<StoredOrder>, 'load' | 'save'>;
}

/** Those of a document. */
type Upstreams = Readonly<Record<string, unknown>>;

export class CircuitOrders {
  private readonly parts: OrderParts;
  private readonly orders = new Map<string, StoredOrder>();

  constructor(parts: OrderParts) {
    this.parts = parts;
  }

  /** Puts back in force what was saved, as far as its time is not over and its upstream is there. */
  async restore(upstreams: Upstreams): Promise<void> {
    const { store, clock, log } = this.parts;
    const stored = await store.load();
    for (const order of stored) {
      const { upstream, state, author, reason, until } = order;
      const fields = { upstream, state, author, reason };
      if (until !== undefined && until <= clock.wall()) {
        log('info', { ...fields, until: new Date(until).toISOString() }, 'an order about a circuit ended meanwhile');
      } else if (!Object.hasOwn(upstreams, upstream) || !this.again(order)) {
        log('warn', fields, GONE);
      }
    }
    if (this.orders.size < stored.length) await this.save();
  }

  /** Resolves when it is on the disk, or is known not to get there. */
  async keep(upstream: string, order: CircuitOrder, until: number | undefined): Promise<void> {
    const { state, reason, author } = order;
    if (state !== 'auto') this.orders.set(upstream, { upstream, state, reason, author, until });
    else if (!this.orders.delete(upstream)) return;
    await this.save();
  }

  /** Another document runs: an order goes with its upstream, so that one of the same name begins without. */
  async settle(upstreams: Upstreams): Promise<void> {
    const gone = [...this.orders.values()].filter(({ upstream }) => !Object.hasOwn(upstreams, upstream));
    if (gone.length === 0) return;
    const { clock, log } = this.parts;
    for (const { upstream, state, author, reason } of gone) {
      this.orders.delete(upstream);
      const words = this.wordsOf(upstream);
      if (words !== undefined) give(words, clock.now(), { state: 'auto', author, reason });
      log('warn', { upstream, state, author, reason }, GONE);
    }
    await this.save();
  }

  private again(order: StoredOrder): boolean {
    const { clock, tell } = this.parts;
    const { upstream, state, until } = order;
    const words = this.wordsOf(upstream);
    if (words === undefined) return false;
    const given = { ...order, for: until === undefined ? undefined : until - clock.wall() };
    give(words, clock.now(), given);
    this.orders.set(upstream, order);
    tell({ is: 'circuit', upstream, state, cause: `${causeOf(given)} (before the restart)`, until });
    return true;
  }

  private wordsOf(upstream: string): Int32Array | undefined {
    const { ledger, lanes } = this.parts;
    const block = ledger.blockOf(`upstream:${upstream}`);
    return block === undefined ? undefined : lanes.words.block(block);
  }

  private save(): Promise<void> {
    const now = this.parts.clock.wall();
    for (const [upstream, { until }] of this.orders) {
      if (until !== undefined && until <= now) this.orders.delete(upstream);
    }
    return this.parts.store.save([...this.orders.values()]);
  }
}

const GONE = 'an order about a circuit is dropped: the document does not name its upstream any more';

export function orderStore(path: string, log: PlaneLog, claim?: Claimed): ListFile<StoredOrder> {
  return new ListFile(path, { key: 'orders', name: 'orders about circuits', isEntry: isStored }, log, claim);
}

function isStored(value: unknown): value is StoredOrder {
  if (typeof value !== 'object' || value === null) return false;
  const { upstream, state, reason, author, until } = value as Readonly<Record<string, unknown>>;
  const texts = [upstream, reason, author].every((text) => typeof text === 'string');
  const ends = until === undefined || (typeof until === 'number' && Math.abs(until) <= LATEST);
  return texts && ends && (state === 'isolated' || state === 'closed');
}

/** The furthest time that a Date can say. */
const LATEST = 8.64e15;
