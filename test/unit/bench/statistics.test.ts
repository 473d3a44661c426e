/**
 * Medians, quartiles and ratios, as the bench reports them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile, ratios, spread } from '../../../bench/figures/statistics.ts';

test('a quantile lies between its neighbours, whatever the order of the values', () => {
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.equal(quantile([4, 1, 3, 2], 0), 1);
  assert.equal(quantile([4, 1, 3, 2], 1), 4);
  assert.equal(quantile([10, 20], 0.25), 12.5);
  assert.equal(quantile([7], 0.999), 7);
});

test('peers are compared rotation by rotation, so a machine that slows down halfway changes nothing', () => {
  const own = [10, 12, 30, 33];
  const other = [5, 6, 15, 16.5];
  assert.deepEqual(ratios(own, other), [2, 2, 2, 2]);
  assert.deepEqual(spread(ratios(own, other)), { low: 2, middle: 2, high: 2 });
});
