/**
 * Buffers of a thread: slabs with room for a longer head, never lent to two.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { borrowSlab, mayRest, returnSlab, Slab } from '../../../src/core/io.ts';
import { filled, sheetOf } from './bytes.ts';

test('a head is put right before the body that was read, longer or shorter than the one before it', () => {
  const slab = new Slab();
  filled(slab.bytes);
  for (const length of [1, 99, 100, 101, 3_000]) {
    const head = '\xe9'.repeat(length);
    const whole = slab.before(sheetOf(head), 100, 40_000);
    assert.ok(whole !== undefined);
    assert.equal(whole.toString('latin1', 0, length), head);
    assert.ok(whole.subarray(length).equals(slab.bytes.subarray(100, 40_000)));
  }
});

test('a head for which there is no room before the body is refused, and nothing is written', () => {
  const slab = new Slab();
  filled(slab.bytes);
  const before = Buffer.from(slab.bytes);
  assert.equal(slab.before(sheetOf('h'.repeat(5_000)), 100, 200), undefined);
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
