/**
 * The limit found from latency, against a service that is a queue with a known width.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UPSTREAM_WORDS } from '../../../src/core/words.ts';
import { AdaptiveLimit, LEAST, MOST, START } from '../../../src/policy/adaptive.ts';

/** Plays `seconds` of a service that serves `width` at a time in `service` ms each; `used`: the share of the limit asked for. */
function play(words: Int32Array, from: number, seconds: number, width: number, service: number, used = 1): number {
  const threads = [new AdaptiveLimit(words), new AdaptiveLimit(words)];
  for (let now = from; now < from + seconds * 1000; now += 20) {
    const taken = Math.max(1, Math.floor(threads[0].limit * used));
    words[UPSTREAM_WORDS.inFlight] = taken;
    for (let i = 0; i < 5; i++) threads[i % 2].learn(now, service * Math.max(1, taken / width), false);
  }
  return threads[0].limit;
}

const fresh = (): Int32Array => new Int32Array(new SharedArrayBuffer(1024));

test('a fresh limit is twenty', () => {
  assert.equal(new AdaptiveLimit(fresh()).limit, START);
});

test('the limit grows to what the service takes, and not far beyond', () => {
  for (const seconds of [30, 90, 630, 3_630]) {
    const limit = play(fresh(), 1_000, seconds, 200, 10);
    assert.ok(limit > 100 && limit < 500, `${limit} after ${seconds} s`);
  }
});

test('the limit shrinks when the service can take less', () => {
  const words = fresh();
  const wide = play(words, 1_000, 30, 200, 10);
  const narrow = play(words, 31_000, 10, 40, 10);
  assert.ok(narrow < wide / 2, `${narrow} after ${wide}`);
});

test('a limit that is not used stays', () => {
  assert.equal(play(fresh(), 1_000, 20, 200, 10, 0.4), START);
});

test('failures shrink the limit to four and no further', () => {
  const words = fresh();
  const one = new AdaptiveLimit(words);
  for (let now = 1_000; now < 20_000; now += 10) {
    words[UPSTREAM_WORDS.inFlight] = one.limit;
    one.learn(now, 3_000, true);
  }
  assert.equal(one.limit, LEAST);
  assert.ok(play(words, 20_000, 3, 200, 10) > 2 * LEAST, 'and it grows from there');
});

test('the limit ends at ten thousand', () => {
  const words = fresh();
  assert.equal(play(words, 1_000, 1_000, 1e9, 5), MOST);
});

test('an end that says nothing about latency changes nothing', () => {
  const words = fresh();
  const one = new AdaptiveLimit(words);
  words[UPSTREAM_WORDS.inFlight] = 20;
  for (let now = 1_000; now < 5_000; now += 10) one.learn(now, -1, false);
  assert.equal(one.limit, START);
});
