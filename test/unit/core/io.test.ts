/**
 * Buffers of connections: shared for the usual read, owned while a connection streams in bulk, and never lent to two.
 */

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import {
  BULK_BYTES,
  borrowBuffer,
  put,
  putTogether,
  READ_BYTES,
  ReadBuffer,
  returnBuffer,
  SHARED,
} from '../../../src/core/io.ts';

/** What `put` asks of a socket: takes notes of writes, and keeps `left` bytes of them waiting. */
function notingSocket(left: number): { socket: Socket; writes: (string | Buffer)[]; encodings: unknown[] } {
  const writes: (string | Buffer)[] = [];
  const encodings: unknown[] = [];
  const write = (data: string | Buffer, encoding: unknown): boolean => {
    writes.push(data);
    encodings.push(encoding);
    return true;
  };
  // Only these two are asked for; a socket of the system would need a peer.
  return { socket: { write, writableLength: left } as unknown as Socket, writes, encodings };
}

function filled(bytes: Buffer): Buffer {
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 7;
  return bytes;
}

for (const length of [0, 1, 16_383, 16_384]) {
  test(`a write of ${length} bytes goes as text, byte for byte, and refers to no buffer`, () => {
    const { socket, writes, encodings } = notingSocket(0);
    const bytes = filled(Buffer.alloc(20_000));
    assert.equal(put(socket, bytes, 3, 3 + length, true), true);
    assert.deepEqual(encodings, ['latin1']);
    const [text] = writes;
    assert.ok(typeof text === 'string');
    assert.ok(Buffer.from(text, 'latin1').equals(bytes.subarray(3, 3 + length)));
  });
}

test('a longer write from the shared buffer is copied', () => {
  const { socket, writes } = notingSocket(0);
  const bytes = filled(Buffer.alloc(30_000));
  put(socket, bytes, 5, 5 + 16_385, false);
  const [copy] = writes;
  assert.ok(Buffer.isBuffer(copy) && copy.equals(bytes.subarray(5, 5 + 16_385)));
  bytes.fill(0);
  assert.notEqual(copy[1], 0);
});

test('a longer write from an owned buffer refers to it', () => {
  const { socket, writes } = notingSocket(0);
  const bytes = filled(Buffer.alloc(30_000));
  put(socket, bytes, 5, 5 + 16_385, true);
  const [view] = writes;
  assert.ok(Buffer.isBuffer(view) && view.length === 16_385);
  bytes[5] = 99;
  assert.equal(view[0], 99);
});

for (const [left, taken] of [
  [0, true],
  [1, false],
] as const) {
  test(`a write that leaves ${left} bytes in the socket was ${taken ? '' : 'not '}taken`, () => {
    const bytes = Buffer.alloc(40_000);
    for (const end of [10, 40_000]) assert.equal(put(notingSocket(left).socket, bytes, 0, end, false), taken);
  });
}

const HEAD = 'HTTP/1.1 200 OK\r\nX: caf\xe9\r\n\r\n';

/** What was written, as one text. */
function written(writes: readonly (string | Buffer)[]): string {
  return writes.map((one) => (typeof one === 'string' ? one : one.toString('latin1'))).join('');
}

for (const length of [1, 1_024, 40_000, READ_BYTES - HEAD.length]) {
  test(`a head and ${length} bytes of a body go out in one write, byte for byte`, () => {
    const { socket, writes } = notingSocket(0);
    const bytes = filled(Buffer.alloc(READ_BYTES));
    assert.equal(putTogether(socket, HEAD, bytes, 3, 3 + length), true);
    assert.equal(writes.length, 1);
    assert.equal(written(writes), HEAD + bytes.toString('latin1', 3, 3 + length));
  });
}

test('a head with no body or one that is too long for one write goes out all the same', () => {
  const bytes = filled(Buffer.alloc(READ_BYTES));
  for (const length of [0, READ_BYTES - HEAD.length + 1, READ_BYTES]) {
    for (const left of [0, 1]) {
      const { socket, writes } = notingSocket(left);
      assert.equal(putTogether(socket, HEAD, bytes, 0, length), left === 0);
      assert.equal(written(writes), HEAD + bytes.toString('latin1', 0, length));
    }
  }
});

test('what the kernel did not take stays as it is while others write', () => {
  const bytes = filled(Buffer.alloc(100));
  const slow = notingSocket(100);
  assert.equal(putTogether(slow.socket, HEAD, bytes, 0, 100), false);
  const before = written(slow.writes);
  for (const left of [0, 1]) putTogether(notingSocket(left).socket, 'x'.repeat(500), bytes, 0, 100);
  assert.equal(written(slow.writes), before);
});

test('small reads stay in the shared buffer', () => {
  const reading = new ReadBuffer();
  for (const taken of [true, false]) {
    reading.settle(BULK_BYTES - 1, taken);
    assert.equal(reading.current, SHARED);
    assert.equal(reading.owned, false);
  }
});

test('a bulk read earns a buffer of its own, kept until a small read was taken', () => {
  const reading = new ReadBuffer();
  reading.settle(BULK_BYTES, true);
  const own = reading.current;
  assert.notEqual(own, SHARED);
  assert.equal(own.length, READ_BYTES);
  assert.equal(reading.owned, true);
  reading.settle(READ_BYTES, false);
  reading.settle(100, false);
  assert.equal(reading.current, own);
  reading.settle(100, true);
  assert.equal(reading.current, SHARED);
});

test('two connections that stream in bulk never read into the same bytes', () => {
  const all = Array.from({ length: 100 }, () => new ReadBuffer());
  for (let round = 0; round < 3; round++) {
    for (const reading of all) reading.settle(BULK_BYTES, true);
    assert.equal(new Set(all.map((reading) => reading.current.buffer)).size, all.length);
    for (const reading of all) {
      reading.settle(1, true);
      reading.giveBack(true);
    }
  }
});

test('a buffer given back is lent again, one that something refers to is not', () => {
  const reading = new ReadBuffer();
  reading.settle(BULK_BYTES, true);
  const own = reading.current;
  reading.giveBack(true);
  assert.equal(borrowBuffer(), own);
  returnBuffer(own);
  reading.settle(BULK_BYTES, true);
  assert.equal(reading.current, own);
  reading.giveBack(false);
  assert.equal(reading.current, SHARED);
  const others = Array.from({ length: 80 }, borrowBuffer);
  assert.ok(!others.includes(own));
  for (const buffer of others) returnBuffer(buffer);
});

test('the shared buffer is never lent, and spare ones are kept in a bounded number', () => {
  returnBuffer(SHARED);
  const lent = Array.from({ length: 200 }, borrowBuffer);
  assert.ok(!lent.includes(SHARED));
  const known = new Set(lent);
  for (const buffer of lent) returnBuffer(buffer);
  const again = Array.from({ length: 200 }, borrowBuffer).filter((buffer) => known.has(buffer));
  assert.equal(again.length, 64);
});
