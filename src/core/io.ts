/**
 * Buffers of a thread: what its sockets read into.
 *
 * Rule: every socket reads into one shared buffer, which holds only until the read callback returns; what is small waits
 * behind it for the end of the turn. A connection that reads in bulk borrows a slab of its own, so that what the kernel does
 * not take at once can stay where it is while reading pauses. Measured: a shared read buffer saves about 1 us per request
 * against a fresh chunk per read.
 */

import type { Sheet } from './sheet.ts';

export const READ_BYTES = 65_536;

/** Up to this much is sent as text: the binding sends a text of up to 16 KiB from its stack, and copies what has to wait. */
export const STRING_BYTES = 16_384;

/** From this size of a read on a connection counts as reading in bulk. */
export const BULK_BYTES = 16_384;

/** A slab takes a body of 64 KiB with its head in one read. */
const SLAB_BYTES = 131_072;

/** Room before a slab: a head that leaves may be this much longer than the one that came in. */
const HEAD_ROOM = 4_096;

/** Reads up to this size are gathered, and so many at most (see turn.ts). */
export const SMALL_READ = 4_096;
export const MOST_READS = 32;

/** The thread's shared read buffer (each worker thread has its own instance of this module), and behind it what is gathered. */
export const SHARED = Buffer.allocUnsafeSlow(READ_BYTES + MOST_READS * SMALL_READ);

/** The part of it that sockets read into. */
export const READ = SHARED.subarray(0, READ_BYTES);

/** A read buffer of one connection, with room before it for a head. */
export class Slab {
  /** What is read into. */
  readonly bytes: Buffer;
  private readonly all: Buffer;

  constructor() {
    this.all = Buffer.allocUnsafeSlow(HEAD_ROOM + SLAB_BYTES);
    this.bytes = this.all.subarray(HEAD_ROOM);
  }

  /** Copies a head right before the bytes from `start` on; head and bytes as one, or undefined without room. */
  before(head: Sheet, start: number, end: number): Buffer | undefined {
    const from = HEAD_ROOM + start - (head.at - head.from);
    if (from < 0) return undefined;
    head.bytes.copy(this.all, from, head.from, head.at);
    return this.all.subarray(from, HEAD_ROOM + end);
  }
}

/** Slabs that nobody uses. */
const spare: Slab[] = [];
const MOST_SPARE = 64;
/** Beyond so many at once connections between two messages give theirs back. */
const MOST_RESTING = 64;
let lent = 0;

/** A slab for one connection; give it back with `returnSlab` only when nothing refers to it. */
export function borrowSlab(): Slab {
  lent++;
  return spare.pop() ?? new Slab();
}

/** `clean`: no write refers to its bytes any more; else it is left to the collector. */
export function returnSlab(slab: Slab, clean: boolean): void {
  lent--;
  if (clean && spare.length < MOST_SPARE) spare.push(slab);
}

/** Whether a connection that rests may keep its slab for the next bulk message. */
export function mayRest(): boolean {
  return lent <= MOST_RESTING;
}
