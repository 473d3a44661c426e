/**
 * What protects the upstreams of one thread: written settings in, living breakers, queues and budgets out.
 *
 * Rule: what must outlive tables lives here by the upstream's id, or in shared words by its block; the same id under a new
 * table goes on where it was.
 */

import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneEvents } from '../core/events.ts';
import type { Lane } from '../core/lanes.ts';
import type { Words } from '../core/words.ts';
import type { Protection, ProtectionSettings } from './policy.ts';

export interface ProtectionNeeds {
  readonly clock: Clock;
  readonly draw: Draw;
  readonly lane: Lane;
  readonly words: Words;
  readonly tell: PlaneEvents;
}

export class ProtectionLedger {
  private readonly needs: ProtectionNeeds;

  constructor(needs: ProtectionNeeds) {
    this.needs = needs;
  }

  /** The protection of an upstream for a new table. */
  protection(id: string, settings: ProtectionSettings, block: number): Protection {
    void [this.needs, id, settings, block];
    return { circuit: undefined, limiter: undefined, retry: undefined, hedge: undefined };
  }

  /** Called once a table is in: what none of these ids names is forgotten. */
  keepOnly(ids: ReadonlySet<string>): void {
    void ids;
  }

  /** No thread waits for another any more. */
  stop(): void {}
}
