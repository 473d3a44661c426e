/**
 * A circuit as an operator sees it while nobody asks for its upstream, and long after something happened to it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { circuitStateOf, forceClosed, isolate } from '../../../src/policy/circuit-control.ts';
import { REFUSED } from '../../../src/policy/policy.ts';
import { Threads } from '../../support/protect.ts';

const DAY = 86_400_000;

for (const order of [isolate, forceClosed]) {
  test(`an order whose time is over is no more told of, though no request has ended it yet (${order.name})`, () => {
    const threads = new Threads();
    order(threads.words, threads.now, 'the cart moves house', 5_000);
    const end = threads.now + 5_000;
    threads.clock.advance(60_000);
    assert.deepEqual(circuitStateOf(threads.words, threads.now), {
      state: 'closed',
      forced: false,
      reason: '',
      until: undefined,
      since: end,
      failures: 0,
    });
  });
}

test('a ramp that is over has no end any more, though no request has ended it yet', () => {
  const threads = new Threads();
  const circuit = threads.circuit({ consecutiveFailures: 1, recovery: { ramp: 10_000 } });
  circuit.judge(circuit.enter(threads.now), 'timeout', threads.now);
  threads.clock.advance(30_000);
  circuit.judge(circuit.enter(threads.now), undefined, threads.now);
  assert.equal(circuitStateOf(threads.words, threads.now).until, threads.now + 10_000);
  threads.clock.advance(20_000);
  const { state, until, since } = circuitStateOf(threads.words, threads.now);
  assert.deepEqual([state, until, since], ['closed', undefined, threads.now - 20_000]);
});

test('months later it is still told since when a circuit is as it is', () => {
  const threads = new Threads();
  threads.clock.advance(40 * DAY);
  const since = threads.now;
  isolate(threads.words, since, '', undefined);
  for (const days of [24, 25, 49, 50, 400]) {
    threads.clock.advance(since + days * DAY - threads.now);
    assert.equal(circuitStateOf(threads.words, threads.now).since, since, `after ${days} days`);
  }
});

for (const order of [isolate, forceClosed]) {
  test(`an order that is over stays over, however long nobody asks for the upstream (${order.name})`, () => {
    for (const days of [10, 24, 25, 40, 49, 50, 75, 400]) {
      const threads = new Threads();
      const circuit = threads.circuit();
      threads.clock.advance(49 * DAY);
      order(threads.words, threads.now, 'the cart moves house', 5 * DAY);
      const end = threads.now + 5 * DAY;
      threads.clock.advance(5 * DAY - 1);
      const { until } = circuitStateOf(threads.words, threads.now);
      assert.deepEqual([until, circuit.enter(threads.now) !== REFUSED], [end, order === forceClosed]);
      threads.clock.advance(days * DAY);
      const { state, forced, since } = circuitStateOf(threads.words, threads.now);
      assert.deepEqual([state, forced, since], ['closed', false, end], `after ${days} days`);
      assert.notEqual(circuit.enter(threads.now), REFUSED, `after ${days} days`);
      assert.deepEqual(threads.story, ['closed: the time that an operator gave is over'], `after ${days} days`);
    }
  });
}
