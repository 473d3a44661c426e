/**
 * Sliding counts against a list of times, and by several writers at once.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SLOTS, Window } from '../../../src/policy/window.ts';

const fresh = (): Int32Array => new Int32Array(new SharedArrayBuffer((SLOTS + 2) * 4));

test('a count is what happened in the current slot and the whole ones before it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 41 }),
      fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 60 }),
      (start, pauses) => {
        const words = fresh();
        const window = new Window(words, 1, 10_000, 10);
        const times: number[] = [];
        let now = start;
        for (const pause of pauses) {
          now += pause;
          window.add(now);
          times.push(Math.floor(now / 1000));
          const tick = Math.floor(now / 1000);
          assert.equal(window.count(now), times.filter((time) => time > tick - 10).length);
        }
        assert.deepEqual([words[0], words[SLOTS + 1]], [0, 0], 'its neighbours stay untouched');
      },
    ),
  );
});

test('a fresh window counts from any time on, also where stamps are about to come round', () => {
  for (const turn of [0, 1, 1022, 1023, 1024]) {
    const window = new Window(fresh(), 0, 16_000);
    window.add(turn * 16_000);
    assert.equal(window.count(turn * 16_000), 1, `turn ${turn}`);
  }
});

test('what is taken back was never there, unless its slot is over', () => {
  const window = new Window(fresh(), 0, 10_000, 10);
  window.add(500);
  window.add(600);
  window.takeBack(600);
  assert.equal(window.count(700), 1);
  window.add(16_500);
  window.takeBack(600);
  assert.equal(window.count(16_600), 1, 'the word went on to a later slot and keeps its count');
});

test('a clock that is a little behind counts neither into a later slot nor over it', () => {
  const window = new Window(fresh(), 0, 16_000);
  window.add(16_000);
  window.add(15);
  assert.equal(window.count(16_000), 1);
});

test('a window of another length starts anew in the same words', () => {
  const words = fresh();
  for (let i = 0; i < 5_000; i++) new Window(words, 0, 10_000).add(i * 97);
  const longer = new Window(words, 0, 600_000);
  for (let i = 0; i < 3; i++) longer.add(485_000);
  assert.ok(longer.count(485_000) >= 3);
});

test('a slot that is full stays full and keeps its stamp', () => {
  const words = fresh();
  const window = new Window(words, 0, 16_000);
  window.add(0);
  words[0] |= (1 << 22) - 1;
  const full = window.count(0);
  window.add(0);
  assert.equal(window.count(0), full);
});
