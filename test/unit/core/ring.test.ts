/**
 * The ring of bytes between two threads: what is written is read, whole, in order and once, across any wrap.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ring, ringMemory } from '../../../src/core/ring.ts';
import { latin1 } from '../http1/feed.ts';

/** All that waits, piece by piece. */
function readAll(ring: Ring): string {
  let text = '';
  for (let bytes = ring.peek(1_000); bytes !== undefined; bytes = ring.peek(1_000)) {
    text += bytes.toString('latin1');
    ring.advance(bytes.length);
  }
  return text;
}

test('what is written on one side is read on the other, whole and in order', () => {
  const memory = ringMemory(16);
  const writer = new Ring(memory);
  const reader = new Ring(memory);
  assert.equal(readAll(reader), '');
  assert.equal(writer.write(latin1('one ')), true);
  assert.equal(writer.write(latin1('two')), true);
  assert.equal(readAll(reader), 'one two');
  assert.equal(readAll(reader), '');
});

test('a text that does not fit is refused and leaves no trace; it fits once the reader has read', () => {
  const ring = new Ring(ringMemory(8));
  assert.equal(ring.write(latin1('12345')), true);
  assert.equal(ring.write(latin1('6789')), false);
  assert.equal(ring.write(latin1('678')), true, 'to the last byte');
  assert.equal(ring.write(latin1('x')), false);
  assert.equal(readAll(ring), '12345678');
  assert.equal(ring.write(latin1('123456789')), false, 'longer than the ring');
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
        if (text === undefined) got += readAll(reader);
        else if (writer.write(latin1(text))) wrote += text;
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
    assert.equal(ring.write(latin1(`number ${i}`)), true);
    assert.equal(readAll(ring), `number ${i}`);
  }
});

test('what was peeked at stays in place, as much as was asked for, until it is given back', () => {
  const ring = new Ring(ringMemory(8));
  ring.write(latin1('12345678'));
  assert.equal(ring.held, 8);
  assert.equal(ring.peek(3)?.toString('latin1'), '123');
  assert.equal(ring.write(latin1('x')), false);
  ring.advance(3);
  assert.equal(ring.write(latin1('abc')), true);
  assert.equal(ring.peek(100)?.toString('latin1'), '45678', 'to the end of the memory');
  assert.equal(readAll(ring), '45678abc');
});

test('what a writer wrote outlives it', () => {
  const memory = ringMemory(16);
  new Ring(memory).write(latin1('last words'));
  assert.equal(readAll(new Ring(memory)), 'last words');
});

test('only a power of two of bytes makes a ring', () => {
  assert.throws(() => ringMemory(100), /power of two/);
});
