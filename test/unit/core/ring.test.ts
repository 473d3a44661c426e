/**
 * The ring of bytes between two threads: what is written is read, whole, in order and once, across any wrap.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ring, ringMemory } from '../../../src/core/ring.ts';

test('what is written on one side is read on the other, whole and in order', () => {
  const memory = ringMemory(16);
  const writer = new Ring(memory);
  const reader = new Ring(memory);
  assert.equal(reader.read(), undefined);
  assert.equal(writer.write('one '), true);
  assert.equal(writer.write('two'), true);
  assert.equal(reader.read()?.toString('latin1'), 'one two');
  assert.equal(reader.read(), undefined);
});

test('a text that does not fit is refused and leaves no trace; it fits once the reader has read', () => {
  const ring = new Ring(ringMemory(8));
  assert.equal(ring.write('12345'), true);
  assert.equal(ring.write('6789'), false);
  assert.equal(ring.write('678'), true, 'to the last byte');
  assert.equal(ring.write('x'), false);
  assert.equal(ring.read()?.toString('latin1'), '12345678');
  assert.equal(ring.write('123456789'), false, 'longer than the ring');
});

test('whatever is written and read in turn, the reader gets what the writer got in', () => {
  const step = fc.oneof(fc.string({ maxLength: 40, unit: 'grapheme-ascii' }), fc.constant(undefined));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = ringMemory(64);
      const writer = new Ring(memory);
      const reader = new Ring(memory);
      let wrote = '';
      let got = '';
      for (const text of [...steps, undefined]) {
        if (text === undefined) got += reader.read()?.toString('latin1') ?? '';
        else if (writer.write(text)) wrote += text;
      }
      assert.equal(got, wrote);
    }),
  );
});

test('positions that pass 2^32 go on as if nothing were', () => {
  const memory = ringMemory(16);
  new Int32Array(memory, 0, 2).fill(-5);
  const ring = new Ring(memory);
  for (let i = 0; i < 5; i++) {
    assert.equal(ring.write(`number ${i}`), true);
    assert.equal(ring.read()?.toString('latin1'), `number ${i}`);
  }
});

test('what a writer wrote outlives it', () => {
  const memory = ringMemory(16);
  new Ring(memory).write('last words');
  assert.equal(new Ring(memory).read()?.toString('latin1'), 'last words');
});

test('only a power of two of bytes makes a ring', () => {
  assert.throws(() => ringMemory(100), /power of two/);
});
