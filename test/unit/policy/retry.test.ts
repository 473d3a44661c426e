/**
 * Retries: pauses, methods, and the budget that all threads share.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../../../src/policy/budget.ts';
import type { RetrySettings } from '../../../src/policy/policy.ts';
import { BudgetedRetry } from '../../../src/policy/retry.ts';
import { seededDraw } from '../../support/draw.ts';

const SETTINGS: RetrySettings = {
  attempts: 2,
  on: ['connect', 503],
  backoff: { initial: 25, max: 1_000 },
  budget: { percent: 20, minPerSecond: 10 },
  methods: ['GET', 'PUT'],
  bodyLimit: 65_536,
};
const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(1024));

function retry(settings: Partial<RetrySettings> = {}, shared = words()): BudgetedRetry {
  return new BudgetedRetry({ ...SETTINGS, ...settings }, shared, seededDraw(3));
}

test('a pause is drawn between nothing and a step that doubles up to the longest', () => {
  const draw = seededDraw(3);
  const one = retry();
  for (const [n, step] of [25, 50, 100, 200, 400, 800, 1_000, 1_000].entries()) {
    // Each step of the backoff draws; the last is the pause.
    let chance = 0;
    for (let i = 0; i <= n; i++) chance = draw.chance();
    assert.equal(one.pause(n + 1), chance * step);
  }
});

test('pauses fill their step evenly', () => {
  const one = retry();
  const pauses = Array.from({ length: 4_000 }, () => one.pause(3));
  assert.ok(Math.min(...pauses) < 2 && Math.max(...pauses) > 98 && Math.max(...pauses) < 100);
  const mean = pauses.reduce((sum, pause) => sum + pause) / pauses.length;
  assert.ok(Math.abs(mean - 50) < 2, `mean ${mean}`);
});

test('only the methods and failures that were written are retried', () => {
  const one = retry();
  assert.deepEqual(
    ['GET', 'PUT', 'POST', 'get'].filter((method) => one.retriesMethod(method)),
    ['GET', 'PUT'],
  );
  assert.deepEqual(
    [503, 502, 200].filter((status) => one.retriesOn(status)),
    [503],
  );
  assert.deepEqual([one.retriesOn('connect'), one.retriesOn('reset')], [true, false]);
  assert.deepEqual([one.attempts, one.bodyLimit], [2, 65_536]);
});

for (const [requests, tries] of [
  [0, 100],
  [400, 100],
  [1_000, 200],
]) {
  test(`after ${requests} requests in ten seconds there are ${tries} further tries: a share, or so many a second`, () => {
    const shared = words();
    const threads = [retry({}, shared), retry({}, shared)];
    for (let i = 0; i < requests; i++) threads[i % 2].earn(5_000);
    let made = 0;
    for (let i = 0; i < 1_000; i++) if (threads[i % 2].spend(5_500)) made += 1;
    assert.equal(made, tries);
  });
}

test('ten seconds later requests and tries are forgotten', () => {
  const shared = words();
  const threads = [retry({}, shared), retry({}, shared)];
  for (let i = 0; i < 100; i++) assert.equal(threads[i % 2].spend(5_500), true);
  assert.equal(threads[0].spend(14_999), false);
  assert.equal(threads[0].spend(15_000), true, 'ten seconds later all is forgotten');
});

test('a refused try leaves no trace in the budget', () => {
  const budget = new Budget(words(), 0, 16, 10, 0);
  for (let i = 0; i < 20; i++) budget.earn(0);
  assert.deepEqual([budget.spend(0), budget.spend(0), budget.spend(0), budget.spend(0)], [true, true, false, false]);
  for (let i = 0; i < 10; i++) budget.earn(0);
  assert.deepEqual([budget.spend(0), budget.spend(0)], [true, false]);
});

test('without a budget every try is paid for', () => {
  const one = retry({ budget: 'off' });
  one.earn(0);
  assert.ok(Array.from({ length: 100 }, () => one.spend(0)).every(Boolean));
});
