/**
 * Blocks of counters without an owner.
 *
 * Rule: one that was used gets a new owner only after LINGER, and never while something is under way there: its end would
 * count at a stranger. An upstream that comes back while that lasts gets its own again.
 */

import type { Clock } from './clock.ts';
import { UPSTREAM_BLOCK } from './lanes.ts';
import type { SharedLanes } from './shared.ts';

/** How long a block rests before it gets a new owner: longer than a stream usually lives, milliseconds. */
export const LINGER = 3_600_000;

interface Free {
  readonly block: number;
  /** Whose it was. */
  readonly key: string;
  /** When it may be used from, monotonic milliseconds. */
  readonly from: number;
  /** Exchanges count there as under way, and still do when they outlive the key. */
  readonly gauges: boolean;
}

export class FreeBlocks {
  private readonly lanes: SharedLanes;
  private readonly clock: Clock;
  /** Those free for longest first. */
  private readonly blocks: Free[] = [];
  /** Those of upstreams, by the key that had them last. */
  private readonly departed = new Map<string, Free>();

  constructor(lanes: SharedLanes, clock: Clock) {
    this.lanes = lanes;
    this.clock = clock;
  }

  /** `gauges`: it is an upstream's. One that was never `used` needs no rest and is taken first. */
  put(block: number, key: string, { gauges, used }: { readonly gauges: boolean; readonly used: boolean }): void {
    const now = this.clock.now();
    if (used) this.lay({ block, key, from: now + LINGER, gauges });
    else this.blocks.unshift({ block, key, from: now, gauges });
  }

  /** One that may be used again; undefined where none has rested. */
  take(): number | undefined {
    const now = this.clock.now();
    for (let first = this.blocks[0]; first !== undefined && first.from <= now; first = this.blocks[0]) {
      this.blocks.shift();
      const { block, key, gauges } = first;
      // A tunnel, say.
      if (gauges && isBusy(this.lanes, block)) this.lay({ ...first, from: now + LINGER });
      else {
        if (this.departed.get(key) === first) this.departed.delete(key);
        return block;
      }
    }
    return undefined;
  }

  /** The block that an upstream had before, where something is under way there; it is free no more. */
  resume(key: string): number | undefined {
    const free = this.departed.get(key);
    if (free === undefined || !isBusy(this.lanes, free.block)) return undefined;
    this.departed.delete(key);
    this.blocks.splice(this.blocks.indexOf(free), 1);
    return free.block;
  }

  /** The block that an upstream had last. */
  lastOf(key: string): number | undefined {
    return this.departed.get(key)?.block;
  }

  /** Blocks where something may still count as under way. */
  withGauges(): number[] {
    return this.blocks.filter(({ gauges }) => gauges).map(({ block }) => block);
  }

  private lay(free: Free): void {
    this.blocks.push(free);
    if (free.gauges) this.departed.set(free.key, free);
  }
}

/** Something is under way, or waits, at the upstream with this block. */
export function isBusy(lanes: SharedLanes, block: number): boolean {
  return lanes.sum(block, UPSTREAM_BLOCK.inFlight) !== 0 || lanes.sum(block, UPSTREAM_BLOCK.queued) !== 0;
}
