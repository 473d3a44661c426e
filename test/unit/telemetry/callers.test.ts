/**
 * Exchanges are counted under the caller their client names, by what they reached; names that are none, or too many, share one.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TALLY } from '../../../src/core/callers.ts';
import { bucketOf } from '../../../src/core/lanes.ts';
import { NameSet } from '../../../src/core/names.ts';
import { Callers } from '../../../src/telemetry/callers.ts';
import { countedIn } from '../../support/digests.ts';
import { exchangeOf, factsOf } from '../../support/facts.ts';

interface Told {
  readonly caller?: string;
  readonly block?: number;
  readonly status?: number;
  readonly totalTime?: number;
  readonly firstByteTime?: number;
  readonly tunnel?: boolean;
}

function settle(callers: Callers, told: Told): void {
  callers.settled(Object.assign(exchangeOf(factsOf({}, new NameSet())), { block: 3, status: 200, totalTime: 1 }, told));
}

test('each caller has its exchanges and errors, and the same by what they reached', () => {
  const callers = new Callers();
  settle(callers, { caller: 'web' });
  settle(callers, { caller: 'web', block: 4, status: 503 });
  settle(callers, { caller: 'web', block: 4 });
  settle(callers, { caller: 'batch', status: 404 });
  assert.deepEqual(countedIn(callers.take()), {
    web: { count: 3, errors: 1, to: { 3: [1, 0], 4: [2, 1] } },
    batch: { count: 1, errors: 0, to: { 3: [1, 0] } },
  });
});

test('what was answered 5xx, beyond it or not at all is an error; a client that left made none', () => {
  const callers = new Callers();
  for (const status of [200, 302, 404, 499, 500, 599, 700, 0]) settle(callers, { caller: 'web', status });
  assert.deepEqual(countedIn(callers.take()), { web: { count: 8, errors: 4, to: { 3: [8, 4] } } });
});

test('whoever says no name is unknown, whoever says one that is none is one of the others', () => {
  const callers = new Callers();
  settle(callers, {});
  settle(callers, { caller: '' });
  for (const caller of ['two words', 'caf\xe9', 'x'.repeat(65), 'a\tb', '\x7f']) settle(callers, { caller });
  settle(callers, { caller: 'x'.repeat(64) });
  const counted = countedIn(callers.take());
  assert.deepEqual(
    Object.entries(counted).map(([name, { count }]) => [name, count]),
    [
      ['_unknown', 2],
      ['_other', 5],
      ['x'.repeat(64), 1],
    ],
  );
});

test('two hundred names are kept apart, further ones share one, and the next digest begins anew', () => {
  const callers = new Callers();
  for (let i = 0; i < 300; i++) settle(callers, { caller: `c${i}`, status: 500 });
  settle(callers, { caller: 'c7' });
  const first = countedIn(callers.take());
  assert.equal(Object.keys(first).length, 201);
  assert.equal(first._other.count, 100);
  assert.deepEqual(first.c7, { count: 2, errors: 1, to: { 3: [2, 1] } });
  settle(callers, { caller: 'c299' });
  assert.deepEqual(countedIn(callers.take()), { c299: { count: 1, errors: 0, to: { 3: [1, 0] } } });
  assert.deepEqual(countedIn(callers.take()), {});
});

test('callers that reach more than is kept apart lose what they reached, not their counts', () => {
  const callers = new Callers();
  for (let block = 0; block < 5000; block++) settle(callers, { caller: 'crawler', block });
  settle(callers, { caller: 'crawler', block: 0 });
  const digest = callers.take();
  const { crawler } = countedIn(digest);
  assert.equal(crawler.count, 5001);
  assert.equal(Object.keys(crawler.to).length, 4096);
  assert.deepEqual(crawler.to[0], [2, 0]);
});

test('a tunnel counts with the time to its 101', () => {
  const callers = new Callers();
  settle(callers, { caller: 'web', status: 101, tunnel: true, firstByteTime: 4, totalTime: 7_200_000 });
  const { names, tallies } = callers.take();
  assert.equal(tallies[names.indexOf('web') * TALLY.size + TALLY.buckets + bucketOf(4)], 1);
});
