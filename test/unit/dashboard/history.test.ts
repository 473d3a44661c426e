/**
 * The two minutes that the dashboard remembers.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endsOf, History, link, SECONDS } from '../../../src/dashboard/logic/history.ts';
import { type FlowLine, frameOf } from '../../support/frames.ts';

const CART: FlowLine = ['web', 'cart', 'cart-v1', 10, 0.1];

test('figures come back oldest first, two minutes of them at most', () => {
  const history = new History();
  for (let second = 0; second < SECONDS + 5; second++) history.push(frameOf(second, [['web', 'cart', 'c', second, 0]]));
  const line = history.line('route:cart', 'rate');
  assert.equal(line.length, SECONDS);
  assert.deepEqual([line[0], line.at(-1)], [5, SECONDS + 4]);
});

test('a second without traffic is a zero, and one that was missed a gap', () => {
  const history = new History();
  history.push(frameOf(0, [CART]));
  history.push(frameOf(1, []));
  history.push(frameOf(4, [CART]));
  assert.deepEqual(history.line('route:cart', 'rate'), [10, 0, Number.NaN, Number.NaN, 10]);
});

test('a frame that is late by a fraction of a second misses none', () => {
  const history = new History();
  history.push(frameOf(0, [CART]));
  history.push(frameOf(1.6, [CART]));
  assert.equal(history.line('total', 'rate').length, 2);
});

test('what is read at a glance is a mean of some seconds, errors weighed by their requests', () => {
  const history = new History();
  history.push(frameOf(0, [['web', 'cart', 'c', 90, 0]]));
  history.push(frameOf(1, [['web', 'cart', 'c', 10, 1]]));
  assert.deepEqual(history.recent('route:cart', 5), { rate: 50, errorShare: 0.1 });
  assert.deepEqual(history.recent('route:unknown'), { rate: 0, errorShare: 0 });
});

test('latencies outlive a quiet second, and are forgotten after ten', () => {
  const history = new History();
  history.push(frameOf(0, [CART]));
  history.push(frameOf(1, []));
  assert.equal(history.last('route:cart').p99, 40);
  for (let second = 2; second < 14; second++) history.push(frameOf(second, []));
  assert.equal(history.last('route:cart').p99, undefined);
});

test('what was silent for two minutes takes no memory', () => {
  const history = new History();
  history.push(frameOf(0, [CART]));
  for (let second = 1; second <= SECONDS + 1; second++) history.push(frameOf(second, []));
  assert.deepEqual(history.names('route:'), []);
});

test('links are told from what they link, whatever a caller calls himself', () => {
  const history = new History();
  history.push(frameOf(0, [['a>b', 'cart', 'c', 1, 0]]));
  assert.deepEqual(endsOf(link('caller:a>b', 'route:cart')), ['caller:a>b', 'route:cart']);
  assert.equal(endsOf('caller:a>b'), undefined);
  assert.deepEqual(history.names('caller:'), ['caller:a>b', link('caller:a>b', 'route:cart')]);
});
