/**
 * How long to wait before a thread starts again: not at all after a long life, longer and longer after short ones.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restPauses } from '../../../src/worker/pauses.ts';
import { FakeClock } from '../../support/clock.ts';

test('a thread that dies young waits twice as long each time, up to a bound; a long life begins anew', () => {
  const clock = new FakeClock();
  const pauses = restPauses(clock);
  const live = (ms: number): number => {
    pauses.begun(0);
    clock.advance(ms);
    return pauses.after(0, () => {});
  };
  assert.deepEqual(
    Array.from({ length: 9 }, () => live(5)),
    [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000],
  );
  assert.equal(live(60_000), 0);
  assert.equal(live(5), 100);
  pauses.begun(1);
  assert.equal(
    pauses.after(1, () => {}),
    100,
    'each lane for itself',
  );
  pauses.stop();
});

test('after a stop nothing starts again', async () => {
  const pauses = restPauses(new FakeClock());
  let started = false;
  pauses.begun(0);
  pauses.after(0, () => {
    started = true;
  });
  pauses.stop();
  assert.equal(process.getActiveResourcesInfo().includes('Timeout'), false);
  assert.equal(started, false);
});

test('an answer that comes in time is the answer, and one that does not is replaced', async () => {
  const pauses = restPauses(new FakeClock());
  assert.equal(await pauses.within(Promise.resolve('answer'), 60_000, 'none'), 'answer');
  assert.equal(await pauses.within(new Promise<string>(() => {}), 1, 'none'), 'none');
  assert.equal(await pauses.within(Promise.resolve('answer'), Number.POSITIVE_INFINITY, 'none'), 'answer');
  assert.equal(process.getActiveResourcesInfo().includes('Timeout'), false, 'no timer stays behind');
});
