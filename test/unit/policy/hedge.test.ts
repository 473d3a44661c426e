/**
 * Second requests: when, and how many.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latencies, SharedHedge } from '../../../src/policy/hedge.ts';
import type { HedgeSettings } from '../../../src/policy/policy.ts';

const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(1024));

function hedge(settings: Partial<HedgeSettings> = {}, shared = words()): SharedHedge {
  return new SharedHedge({ after: 'p95', percent: 5, ...settings }, shared, new Latencies());
}

test('a fixed time is waited from the first request on', () => {
  assert.equal(hedge({ after: 50 }).delay(), 50);
});

test('nothing is sent twice before a hundred replies are known', () => {
  const one = hedge();
  for (let i = 0; i < 99; i++) one.learn(10);
  assert.equal(one.delay(), Number.POSITIVE_INFINITY);
  one.learn(10);
  assert.ok(one.delay() <= 10);
});

test('the time waited is that of the share of replies that was written', () => {
  for (const [after, expected] of [
    ['p50', 50],
    ['p90', 90],
    ['p99', 99],
  ] as const) {
    const one = hedge({ after });
    for (let i = 0; i < 1_000; i++) one.learn((i * 37) % 100);
    assert.ok(Math.abs(one.delay() - expected) <= 10, `${after}: ${one.delay()}`);
  }
});

test('what replies took long ago is forgotten', () => {
  const one = hedge({ after: 'p50' });
  for (let i = 0; i < 2_000; i++) one.learn(5);
  for (let i = 0; i < 1_700; i++) one.learn(400);
  assert.ok(one.delay() > 300, `${one.delay()}`);
});

test('no more are sent twice than their share of all threads, and few requests allow none', () => {
  const shared = words();
  const [one, other] = [hedge({}, shared), hedge({}, shared)];
  for (let i = 0; i < 19; i++) one.earn(0);
  assert.ok(!one.spend(0));
  for (let i = 0; i < 81; i++) other.earn(0);
  const spent = Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? one : other).spend(100)).filter(Boolean);
  assert.equal(spent.length, 5);
  assert.ok(!one.spend(10_100), 'ten seconds later there is nothing left of the share');
});
