/**
 * Brings the access log lines of all data threads to one destination.
 *
 * Rule: the control thread is the only writer, so lines never interleave; each thread has a ring, which outlives it, so
 * what a dying thread wrote is not lost. The rings are looked through a few times a second: what a thread writes between
 * two looks must fit into its ring, and is dropped and counted by the thread where it does not.
 */

import { Ring, ringMemory } from '../core/ring.ts';
import type { Destination } from './destination.ts';

/** Room for about 13,000 lines: at 60 MB of lines a second this thread may be busy for 130 ms before any is lost. */
export const RING_BYTES = 8_388_608;
/** Milliseconds between two looks. */
const LOOK_EVERY = 50;

export class LineCollector {
  private readonly destination: Destination;
  private readonly rings = new Map<number, { readonly memory: SharedArrayBuffer; readonly ring: Ring }>();
  private readonly timer: NodeJS.Timeout;

  constructor(destination: Destination) {
    this.destination = destination;
    this.timer = setInterval(() => this.collect(), LOOK_EVERY).unref();
  }

  /** The memory of a lane's ring, made at the first call. */
  memory(lane: number): SharedArrayBuffer {
    const known = this.rings.get(lane);
    if (known !== undefined) return known.memory;
    const memory = ringMemory(RING_BYTES);
    this.rings.set(lane, { memory, ring: new Ring(memory) });
    return memory;
  }

  /** Writes down what the threads have written so far. */
  collect(): void {
    for (const { ring } of this.rings.values()) this.destination.pull(ring);
  }

  stop(): void {
    clearInterval(this.timer);
    this.collect();
  }
}
