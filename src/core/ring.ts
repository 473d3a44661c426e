/**
 * A ring of bytes in shared memory: one thread writes, one reads, nobody waits.
 *
 * Rule: a text is written whole or not at all. Memory is a head of two 32-bit positions (bytes written and bytes read,
 * both counting on without end, modulo 2^32) and a power of two of bytes. Measured against posting each batch as a
 * message: a message wakes the other thread and costs both sides some 50 us, a write here costs the copy.
 */

const WRITTEN = 0;
const READ = 1;
const HEAD_BYTES = 8;

export class Ring {
  private readonly positions: Int32Array;
  private readonly bytes: Buffer;
  private readonly capacity: number;

  /** `memory` as `ringMemory` makes it, on both sides the same. */
  constructor(memory: SharedArrayBuffer) {
    this.positions = new Int32Array(memory, 0, 2);
    this.bytes = Buffer.from(memory, HEAD_BYTES);
    this.capacity = this.bytes.length;
  }

  /** Writes a latin1 text; false where it does not fit now. */
  write(text: string): boolean {
    const written = Atomics.load(this.positions, WRITTEN);
    const kept = (written - Atomics.load(this.positions, READ)) >>> 0;
    if (text.length > this.capacity - kept) return false;
    const at = (written >>> 0) % this.capacity;
    const first = Math.min(text.length, this.capacity - at);
    this.bytes.write(first === text.length ? text : text.slice(0, first), at, 'latin1');
    if (first < text.length) this.bytes.write(text.slice(first), 0, 'latin1');
    Atomics.store(this.positions, WRITTEN, (written + text.length) | 0);
    return true;
  }

  /** Takes all that was written, as a copy; undefined where nothing was. */
  read(): Buffer | undefined {
    const read = Atomics.load(this.positions, READ);
    const kept = (Atomics.load(this.positions, WRITTEN) - read) >>> 0;
    if (kept === 0) return undefined;
    const at = (read >>> 0) % this.capacity;
    const first = Math.min(kept, this.capacity - at);
    const copy = Buffer.allocUnsafe(kept);
    this.bytes.copy(copy, 0, at, at + first);
    this.bytes.copy(copy, first, 0, kept - first);
    Atomics.store(this.positions, READ, (read + kept) | 0);
    return copy;
  }
}

/** Memory for a ring that holds `capacity` bytes, a power of two. */
export function ringMemory(capacity: number): SharedArrayBuffer {
  if (!Number.isInteger(Math.log2(capacity))) throw new Error(`a ring holds a power of two of bytes, not ${capacity}`);
  return new SharedArrayBuffer(HEAD_BYTES + capacity);
}
