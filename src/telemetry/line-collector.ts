/**
 * Brings the access log lines of all data threads to one destination.
 *
 * Rule: the control thread is the only writer, so lines never interleave; each thread has a ring, which outlives it, so
 * what a dying thread wrote is not lost. While lines come the rings are looked through a few times a second: what a thread
 * writes between two looks must fit into its ring, and is dropped and counted by the thread where it does not. While none
 * come nothing wakes this thread; the first one rings a bell.
 */

import { Ring, ringMemory } from '../core/ring.ts';
import type { Destination } from './destination.ts';

/** Room for about 13,000 lines: at 60 MB of lines a second this thread may be busy for 130 ms before any is lost. */
export const RING_BYTES = 8_388_608;
/** Milliseconds between two looks. */
const LOOK_EVERY = 50;

interface Lines {
  readonly memory: SharedArrayBuffer;
  readonly ring: Ring;
  /** This thread hears of the next line. */
  listening: boolean;
}

export class LineCollector {
  private readonly destination: Destination;
  private readonly rings = new Map<number, Lines>();
  /** Undefined while nothing comes. */
  private timer: NodeJS.Timeout | undefined = undefined;
  private stopped = false;

  constructor(destination: Destination) {
    this.destination = destination;
  }

  /** Whether the rings are looked through by the clock now, and not only when one rings. */
  get looking(): boolean {
    return this.timer !== undefined;
  }

  /** The memory of a lane's ring, made at the first call. */
  memory(lane: number): SharedArrayBuffer {
    const known = this.rings.get(lane);
    if (known !== undefined) return known.memory;
    const memory = ringMemory(RING_BYTES);
    const lines = { memory, ring: new Ring(memory), listening: false };
    this.rings.set(lane, lines);
    this.listen(lines);
    return memory;
  }

  /** Writes down what the threads have written so far. */
  collect(): void {
    for (const { ring } of this.rings.values()) this.destination.pull(ring);
  }

  private look(): void {
    const nothing = [...this.rings.values()].every(({ ring }) => ring.held === 0);
    this.collect();
    if (!nothing) return;
    clearInterval(this.timer);
    this.timer = undefined;
    for (const lines of this.rings.values()) this.listen(lines);
  }

  /** One waiting at a time for each ring: a ring that stays silent must not gather them. */
  private listen(lines: Lines): void {
    if (lines.listening) return;
    const bell = lines.ring.bell();
    if (bell === undefined) {
      this.wake();
      return;
    }
    lines.listening = true;
    void bell.then(() => {
      lines.listening = false;
      this.wake();
    });
  }

  private wake(): void {
    if (this.stopped || this.timer !== undefined) return;
    this.timer = setInterval(() => this.look(), LOOK_EVERY).unref();
    this.collect();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    this.timer = undefined;
    this.collect();
    for (const { ring } of this.rings.values()) ring.ring();
  }
}
