/**
 * Bodies too large to keep: written from a repeating source with respect for backpressure, and checked byte by byte as
 * they arrive, so that a wrong byte is found with its place.
 */

import type { Socket } from 'node:net';

/** A length no buffer size divides: bytes that end up in the wrong place differ. */
const PERIOD = 1_000_003;

/** Pseudo-random bytes, the same for the same seed. */
export function randomSource(seed: number, length = PERIOD): Buffer {
  const source = Buffer.allocUnsafe(length);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    source[i] = state >>> 24;
  }
  return source;
}

/** About a megabyte of complete chunks of many sizes; repeated, then ended with `0\r\n\r\n`, it is a chunked body. */
export function chunkedSource(seed: number): Buffer {
  const data = randomSource(seed);
  const parts: Buffer[] = [];
  for (let at = 0, size = 1; at < data.length; at += size, size = ((size * 7) % 40_000) + 1) {
    const piece = data.subarray(at, at + size);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

export interface Pump {
  /** Bytes handed to the socket so far. */
  readonly sent: number;
  /** True while the socket holds bytes the kernel did not take. */
  readonly held: boolean;
}

const BLOCK = 65_536;

/** Writes `total` bytes of the repeated source, then `tail`, as fast as the socket takes them. */
export function pump(socket: Socket, source: Buffer, total: number, tail = ''): Pump {
  let sent = 0;
  const more = (): void => {
    while (sent < total && socket.writable) {
      const at = sent % source.length;
      const block = source.subarray(at, Math.min(at + BLOCK, source.length, at + total - sent));
      sent += block.length;
      if (!socket.write(block)) {
        socket.once('drain', more);
        return;
      }
    }
    if (tail !== '' && socket.writable) socket.write(tail);
  };
  more();
  return {
    get sent() {
      return sent;
    },
    get held() {
      return socket.writableLength > 0;
    },
  };
}

/** Compares what arrives with the repeated source. */
export class Checker {
  received = 0;
  /** Place of the first wrong byte, or -1. */
  wrongAt = -1;
  /** Bytes beyond `total`. */
  tail = '';
  private readonly source: Buffer;
  private readonly total: number;

  constructor(source: Buffer, total: number) {
    this.source = source;
    this.total = total;
  }

  take(bytes: Buffer): void {
    let from = 0;
    while (from < bytes.length) {
      if (this.received === this.total) {
        this.tail += bytes.toString('latin1', from);
        return;
      }
      const at = this.received % this.source.length;
      const length = Math.min(bytes.length - from, this.source.length - at, this.total - this.received);
      if (this.wrongAt < 0 && bytes.compare(this.source, at, at + length, from, from + length) !== 0) {
        this.wrongAt = this.received;
      }
      from += length;
      this.received += length;
    }
  }
}

/** From now on every byte of the body goes to the checker; `head` is called once with the head before it. */
export function checkBody(socket: Socket, checker: Checker, head: (text: string) => void = () => {}): void {
  let before: Buffer | undefined = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    if (before === undefined) return checker.take(bytes);
    before = Buffer.concat([before, bytes]);
    const end = before.indexOf('\r\n\r\n');
    if (end < 0) return;
    head(before.toString('latin1', 0, end + 4));
    const rest = before.subarray(end + 4);
    before = undefined;
    checker.take(rest);
  });
}
