/**
 * Weighted shares by draw and by key, and the promise that keys only ever move towards a side that grows.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WeightedSettings } from '../../../src/release/release.ts';
import { buildSplit, type Split } from '../../../src/release/split.ts';

const SIDES = ['a', 'b', 'c', 'd'];

function splitOf(weights: readonly number[], salt = 'route'): Split {
  const weighted = weights.map((weight, i): WeightedSettings => ({ upstream: SIDES[i], weight }));
  return buildSplit(weighted, SIDES, salt);
}

function shares(count: number, pick: (i: number) => number): number[] {
  const hits = SIDES.map(() => 0);
  for (let i = 0; i < count; i++) hits[pick(i)] += 1;
  return hits.map((hit) => hit / count);
}

/** Four standard deviations of a binomial share. */
function near(actual: number, expected: number, count: number): void {
  const bound = 4 * Math.sqrt((expected * (1 - expected)) / count);
  assert.ok(Math.abs(actual - expected) <= bound, `${actual} is not within ${bound} of ${expected}`);
}

test('draws fall on sides exactly by weight, in order', () => {
  const split = splitOf([95, 0, 5]);
  const at = (draw: number): string => SIDES[split.byDraw(draw)];
  assert.deepEqual([0, 0.9499, 0.9501, 0.999_999_999_9].map(at), ['a', 'a', 'c', 'c']);
});

test('an even walk of draws gives each side its weight', () => {
  const found = shares(10_000, (i) => splitOf([50, 30, 15, 5]).byDraw((i + 0.5) / 10_000));
  assert.deepEqual(found, [0.5, 0.3, 0.15, 0.05]);
});

test('sums of fractions that do not add up exactly still pick a side', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 4 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (weights, draw) => {
        const side = splitOf(weights).byDraw(draw);
        if (weights.every((weight) => weight === 0)) assert.equal(side, -1);
        else assert.ok(weights[side] > 0);
      },
    ),
  );
});

test('a side of weight 0 gets nothing, whatever the draw or the key', () => {
  const split = splitOf([0, 100, 0]);
  for (const draw of [0, 0.5, 0.999]) assert.equal(split.byDraw(draw), 1);
  for (const key of ['', 'ann', 'bob']) assert.equal(split.byKey(key), 1);
});

test('a split in which no side has weight picks none', () => {
  assert.deepEqual([splitOf([0, 0]).byDraw(0.3), splitOf([0, 0]).byKey('x'), splitOf([]).byDraw(0)], [-1, -1, -1]);
});

test('keys spread over the sides by weight', () => {
  const count = 40_000;
  for (const weights of [
    [95, 5],
    [1, 99],
    [60, 30, 10],
    [25, 25, 25, 25],
  ]) {
    const split = splitOf(weights);
    const total = weights.reduce((sum, weight) => sum + weight);
    for (const key of [(i: number) => `user-${i}`, (i: number) => String(i), (i: number) => `${i}@example.com`]) {
      const found = shares(count, (i) => split.byKey(key(i)));
      for (const [i, weight] of weights.entries()) near(found[i], weight / total, count);
    }
  }
});

test('the same key stays on its side', () => {
  assert.equal(splitOf([50, 50]).byKey('ann'), splitOf([50, 50]).byKey('ann'));
});

test('a key stays on its side whatever the order in which the sides are written', () => {
  const sides = [
    { upstream: 'v1', weight: 3 },
    { upstream: 'v2', weight: 1 },
    { upstream: 'v3', weight: 2 },
  ];
  const ids = sides.map(({ upstream }) => upstream);
  const [one, other] = [sides, sides.toReversed()].map((written) => buildSplit(written, ids, 'route'));
  for (let i = 0; i < 1000; i++) assert.equal(one.byKey(`user-${i}`), other.byKey(`user-${i}`));
});

test('two routes do not send the same users to their new sides', () => {
  const one = splitOf([50, 50], 'one');
  const other = splitOf([50, 50], 'other');
  const count = 10_000;
  const both = shares(count, (i) => (one.byKey(`u${i}`) === other.byKey(`u${i}`) ? 0 : 1));
  near(both[0], 0.5, count);
});

test('as one weight grows, keys move only to that side, with any number of sides', () => {
  const weights = fc.array(fc.nat(100), { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(weights, fc.nat(3), fc.integer({ min: 1, max: 100 }), fc.string(), (old, at, growth, prefix) => {
      const side = at % old.length;
      const grown = old.map((weight, i) => (i === side ? weight + growth : weight));
      const before = splitOf(old);
      const after = splitOf(grown);
      for (let i = 0; i < 20; i++) {
        const key = `${prefix}${i}`;
        const now = after.byKey(key);
        assert.ok(now === before.byKey(key) || now === side);
      }
    }),
    { numRuns: 500 },
  );
});

test('a canary that takes its share from the others keeps every user it has', () => {
  const steps = [
    [99, 1],
    [90, 10],
    [50, 50],
    [0, 100],
  ];
  for (let i = 0; i < 5000; i++) {
    const key = `user-${i}`;
    const path = steps.map((weights) => splitOf(weights).byKey(key));
    assert.deepEqual(path, path.toSorted(), key);
  }
});
