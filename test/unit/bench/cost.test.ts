/**
 * Reading processor time and cores from /proc.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreList } from '../../../bench/stage/cores.ts';
import { CostMeter, onCore } from '../../../bench/stage/cost.ts';

test('the first field of schedstat is the time on a core', () => {
  assert.equal(onCore('4592743 9290814 3\n'), 4_592_743);
  assert.equal(onCore(''), 0);
});

test('a thread that has ended keeps what it had used', () => {
  const meter = new CostMeter(-1);
  meter.learn('one', 5_000);
  meter.learn('two', 7_000);
  assert.equal(meter.read(), 12);
  // What was read of a thread that is gone is an empty file.
  meter.learn('two', 0);
  meter.learn('one', 6_000);
  assert.equal(meter.read(), 13);
});

test('cores are read as the kernel writes them', () => {
  assert.deepEqual(coreList('0-2,5\n'), [0, 1, 2, 5]);
  assert.deepEqual(coreList('3'), [3]);
  assert.deepEqual(coreList(''), []);
});
