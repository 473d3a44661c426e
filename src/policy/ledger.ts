/**
 * What protects the upstreams of one thread: written settings in, living breakers, queues and budgets out.
 *
 * Rule: what must outlive tables lives here by the upstream's id, or in shared words by its block; the same id under a new
 * table goes on where it was. A breaker that is `off` still stands there, because operators may hold it open.
 */

import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneEvents } from '../core/events.ts';
import type { Lane } from '../core/lanes.ts';
import type { Timers } from '../core/timers.ts';
import type { Words } from '../core/words.ts';
import { SharedCircuit } from './circuit.ts';
import { Latencies, SharedHedge } from './hedge.ts';
import { TableLimiter } from './limiter.ts';
import { Places } from './places.ts';
import type { LimitsSettings, Protection, ProtectionSettings } from './policy.ts';
import { BudgetedRetry } from './retry.ts';

export interface ProtectionNeeds {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly draw: Draw;
  readonly lane: Lane;
  readonly words: Words;
  readonly tell: PlaneEvents;
}

/** What is off lets in who waits for a place of the table before. */
const UNLIMITED: LimitsSettings = {
  concurrency: Number.POSITIVE_INFINITY,
  queue: Number.POSITIVE_INFINITY,
  queueTimeout: Number.POSITIVE_INFINITY,
};

/** What goes on across tables. */
interface Living {
  readonly places: Places;
  readonly latencies: Latencies;
}

export class ProtectionLedger {
  private readonly needs: ProtectionNeeds;
  private readonly living = new Map<string, Living>();
  /** The limits of each protection, where they are off too. */
  private readonly limiters = new WeakMap<Protection, TableLimiter>();
  private tables = 0;

  constructor(needs: ProtectionNeeds) {
    this.needs = needs;
  }

  /** The protection of an upstream for a new table. */
  protection(id: string, settings: ProtectionSettings, block: number): Protection {
    const { circuitBreaker, limits, retry, hedge } = settings;
    const words = this.needs.words.block(block);
    const { places, latencies } = this.live(id, words, block);
    const limited = limits !== 'off' && limits.concurrency !== Number.POSITIVE_INFINITY;
    this.tables += 1;
    const limiter = new TableLimiter(places, limited ? limits : UNLIMITED, this.tables);
    const protection: Protection = {
      circuit: new SharedCircuit(this.needs, id, circuitBreaker, words, block),
      limiter: limited ? limiter : undefined,
      retry: retry === 'off' ? undefined : new BudgetedRetry(retry, words, this.needs.draw),
      hedge: hedge === 'off' ? undefined : new SharedHedge(hedge, words, latencies),
    };
    this.limiters.set(protection, limiter);
    return protection;
  }

  /** Called once a table is in, with its protections by upstream: what it does not name is forgotten, its limits count. */
  keepOnly(protections: ReadonlyMap<string, Protection>): void {
    for (const id of this.living.keys()) if (!protections.has(id)) this.living.delete(id);
    for (const protection of protections.values()) this.limiters.get(protection)?.count();
  }

  /** No thread waits for another any more. */
  stop(): void {
    for (const { places } of this.living.values()) places.stop();
    this.living.clear();
  }

  private live(id: string, words: Int32Array, block: number): Living {
    const known = this.living.get(id);
    // Another block is another upstream of the same name: the first was gone for long.
    if (known !== undefined && known.places.block === block) return known;
    const living = { places: new Places(this.needs, id, words, block), latencies: new Latencies() };
    this.living.set(id, living);
    return living;
  }
}
