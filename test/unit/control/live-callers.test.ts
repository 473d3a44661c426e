/**
 * Callers of all threads are added up by name and route, the busiest first, and bounded whatever clients call themselves.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callersOf } from '../../../src/control/live-callers.ts';
import { digestOf } from '../../support/digests.ts';

const ROUTES = new Map([
  [2, 'cart'],
  [3, 'cart'],
  [4, 'tax'],
]);
const routeOf = (block: number) => ROUTES.get(block);

test('a caller has what all threads counted of it, and a route what came to any of its blocks', () => {
  const one = digestOf(
    { caller: 'web', block: 2, good: [1, 1] },
    { caller: 'web', block: 3, bad: [1] },
    { caller: 'batch', block: 4, good: [1] },
  );
  const other = digestOf({ caller: 'web', block: 4, good: [1] });
  const told = callersOf([one, other], 2, routeOf);
  assert.deepEqual(
    told.map(({ id, rate, errorShare, to }) => ({ id, rate, errorShare, to })),
    [
      {
        id: 'web',
        rate: 2,
        errorShare: 0.25,
        to: [
          { route: 'cart', rate: 1.5, errorShare: 0.3333 },
          { route: 'tax', rate: 0.5, errorShare: 0 },
        ],
      },
      { id: 'batch', rate: 0.5, errorShare: 0, to: [{ route: 'tax', rate: 0.5, errorShare: 0 }] },
    ],
  );
});

test('percentiles of a caller are over all threads', () => {
  const [{ p50, p99 }] = callersOf(
    [digestOf({ caller: 'web', block: 2, good: [0.95] }), digestOf({ caller: 'web', block: 2, bad: [950] })],
    1,
    routeOf,
  );
  assert.deepEqual([p50, p99], [1, 998]);
});

test('names that did not come, and blocks that no route has, are left out', () => {
  const digest = digestOf({ caller: '_unknown', block: 9, good: [1] }, { caller: '_other', block: 2 });
  assert.deepEqual(
    callersOf([digest], 1, routeOf).map(({ id, rate, to }) => ({ id, rate, to })),
    [{ id: '_unknown', rate: 1, to: [] }],
  );
});

test('of more than two hundred names the busiest stay, the rest share one', () => {
  const digest = (from: number) =>
    digestOf(
      { caller: '_other', block: 2, good: [1] },
      ...Array.from({ length: 150 }, (_, i) => ({
        caller: `c${from + i}`,
        block: 2,
        good: Array<number>(from + i + 1).fill(1),
      })),
    );
  const told = callersOf([digest(0), digest(150)], 1, routeOf);
  assert.equal(told.length, 201);
  const total = told.reduce((sum, { rate }) => sum + rate, 0);
  assert.equal(total, (300 * 301) / 2 + 2, 'nobody is lost');
  const other = told.find(({ id }) => id === '_other');
  assert.equal(other?.rate, (100 * 101) / 2 + 2);
  assert.deepEqual(other?.to, [{ route: 'cart', rate: other?.rate, errorShare: 0 }]);
  assert.deepEqual([told[0].id, told[1].id], ['_other', 'c299']);
});
