/**
 * Buffers of a thread: slabs with room for a longer head, never lent to two, and the place where heads and small bodies meet.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assembled, borrowSlab, mayRest, READ_BYTES, replaceAssembly, returnSlab, Slab } from '../../../src/core/io.ts';

function filled(bytes: Buffer): Buffer {
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 7;
  return bytes;
}

test('a head is put right before the body that was read, longer or shorter than the one before it', () => {
  const slab = new Slab();
  filled(slab.bytes);
  for (const length of [1, 99, 100, 101, 3_000]) {
    const head = '\xe9'.repeat(length);
    const whole = slab.before(head, 100, 40_000);
    assert.ok(whole !== undefined);
    assert.equal(whole.toString('latin1', 0, length), head);
    assert.ok(whole.subarray(length).equals(slab.bytes.subarray(100, 40_000)));
  }
});

test('a head for which there is no room before the body is refused, and nothing is written', () => {
  const slab = new Slab();
  filled(slab.bytes);
  const before = Buffer.from(slab.bytes);
  assert.equal(slab.before('h'.repeat(5_000), 100, 200), undefined);
  assert.ok(slab.bytes.equals(before));
});

test('no slab is lent to two connections, and one that a write refers to is lent to nobody', () => {
  const one = borrowSlab();
  const two = borrowSlab();
  assert.notEqual(one, two);
  returnSlab(one, false);
  const three = borrowSlab();
  assert.notEqual(three, one);
  returnSlab(two, true);
  assert.equal(borrowSlab(), two);
  returnSlab(two, true);
  returnSlab(three, true);
});

test('connections may rest with their slabs only while few are lent', () => {
  const slabs: Slab[] = [];
  while (mayRest() && slabs.length < 1_000) slabs.push(borrowSlab());
  assert.ok(slabs.length > 10 && slabs.length < 1_000, `${slabs.length} were lent`);
  for (const slab of slabs) returnSlab(slab, true);
  assert.equal(mayRest(), true);
});

test('a head and a small body are put together byte for byte, of the same or another length', () => {
  const bytes = filled(Buffer.alloc(4_000));
  for (const [head, start, end] of [
    ['head \xff\r\n', 3, 1_003],
    ['HEAD \xfe\r\n', 4, 1_004],
    ['h', 0, 1],
  ] as const) {
    const whole = assembled(head, bytes, start, end);
    assert.ok(whole?.equals(Buffer.concat([Buffer.from(head, 'latin1'), bytes.subarray(start, end)])));
  }
});

test('what waits to be written stays as it is once the place was replaced', () => {
  const bytes = filled(Buffer.alloc(2_000));
  const waiting = assembled('first', bytes, 0, 1_000);
  assert.ok(waiting !== undefined);
  const copy = Buffer.from(waiting);
  replaceAssembly();
  assembled('second', bytes, 500, 1_499);
  assert.ok(waiting.equals(copy));
});

test('a head and body longer than the place are left apart', () => {
  assert.equal(assembled('h', Buffer.alloc(READ_BYTES), 0, READ_BYTES), undefined);
  assert.notEqual(assembled('h', Buffer.alloc(READ_BYTES), 0, READ_BYTES - 1), undefined);
});
