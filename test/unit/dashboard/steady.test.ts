/**
 * What keeps its place while figures move.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { held, settled, steadyOrder } from '../../../src/dashboard/logic/steady.ts';

test('at first the order is that of the weights, and names decide between equals', () => {
  const weights = new Map(Object.entries({ b: 1, a: 1, c: 9 }));
  assert.deepEqual(steadyOrder([], weights), ['c', 'a', 'b']);
});

test('nobody passes for a little more, somebody new goes where they belong, and who is gone leaves no gap', () => {
  const weights = (a: number, b: number, c: number) => new Map(Object.entries({ a, b, c }));
  assert.deepEqual(steadyOrder(['a', 'b', 'c'], weights(10, 14, 15)), ['a', 'b', 'c']);
  assert.deepEqual(steadyOrder(['a', 'b', 'c'], weights(10, 14, 16)), ['c', 'a', 'b']);
  assert.deepEqual(steadyOrder(['a', 'gone', 'b'], weights(10, 9, 99)), ['c', 'a', 'b']);
});

test('whatever the weights were, of any two the lower one is never clearly heavier', () => {
  const weighed = fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.double({ min: 0, max: 100, noNaN: true })));
  fc.assert(
    fc.property(weighed, weighed, (before, now) => {
      const named = (some: readonly (readonly [number, number])[]) => new Map(some.map(([i, w]) => [`k${i}`, w]));
      const weights = named(now);
      const order = steadyOrder(steadyOrder([], named(before)), weights);
      assert.deepEqual(order.toSorted(), [...weights.keys()].toSorted());
      const weight = (key: string): number => weights.get(key) ?? 0;
      for (const [i, key] of order.entries())
        for (const below of order.slice(i + 1)) assert.ok(weight(below) <= weight(key) * 1.5);
    }),
  );
});

test('a value is held until the new one is further away than the slack', () => {
  assert.deepEqual([held(undefined, 3, 1), held(3, 3.9, 1), held(3, 4.1, 1)], [3, 3, 4.1]);
});

test('everybody stands where they want to, or around it where several want the same', () => {
  assert.deepEqual(settled([0, 4, 7], 8), [0, 4, 7]);
  assert.deepEqual(settled([3, 3, 3], 8), [2, 3, 4]);
  assert.deepEqual(settled([9, 9], 8), [6, 7]);
  assert.deepEqual(settled([0, 0], 8, 2), [0, 2]);
});

test('rows are in order, apart and inside, whatever is wanted', () => {
  const wanted = fc.array(fc.double({ min: -5, max: 30, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(wanted, fc.nat(10), (some, spare) => {
      const rows = some.length + spare;
      const at = settled(some, rows);
      for (const [i, row] of at.entries()) {
        assert.ok(row >= 0 && row <= rows - 1 + 1e-9);
        assert.ok(i === 0 || row - at[i - 1] >= 1 - 1e-9);
      }
    }),
  );
});
