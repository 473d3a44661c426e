/**
 * Circuit and places under four real threads that share words: whatever is true for the process is true in a race.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { OPENING_CAUSES, UPSTREAM_BLOCK } from '../../../src/core/lanes.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { UPSTREAM_WORDS } from '../../../src/core/words.ts';
import { BLOCK, BREAKER } from '../../support/protect.ts';
import type { Answer, Call, ThreadData } from '../../support/protected-thread.ts';
import { within } from '../../support/wait.ts';

const COUNT = 4;
const LIMIT = 3;
const PERIODS = 3_000;
const shared = new SharedLanes(COUNT);
shared.grow(BLOCK + 1);
const words = shared.words.block(BLOCK);
const gate = new Int32Array(new SharedArrayBuffer(8));
const threads = Array.from({ length: COUNT }, (_, thread) => {
  const data: ThreadData = {
    common: shared.commonSegments,
    lane: shared.segments(thread),
    gate,
    threads: COUNT,
    block: BLOCK,
    breaker: { ...BREAKER, openFor: 1_000, maxOpenFor: 1_000 },
    limits: { concurrency: LIMIT, queue: 100_000, queueTimeout: 1_000 },
  };
  return new Worker(new URL('../../support/protected-thread.ts', import.meta.url), { workerData: data });
});
after(() => Promise.all(threads.map((thread) => thread.terminate())));

/** All threads do the same at once. */
async function all(call: Call): Promise<{ passed: number; told: string[]; most: number }> {
  const answers = await Promise.all(
    threads.map(async (thread) => {
      const answer = once(thread, 'message');
      thread.postMessage(call);
      return (await within(`${call.is}`, answer, 60_000))[0] as Answer;
    }),
  );
  return {
    passed: answers.reduce((sum, answer) => sum + answer.passed, 0),
    told: answers.flatMap((answer) => answer.told),
    most: Math.max(...answers.map((answer) => answer.most)),
  };
}

test('ten failures in a row of four threads open the circuit once, and one request a period probes it', async () => {
  // Two of each thread are eight; the ninth and tenth fail in the race, and at most three others are under way then.
  const first = await all({ is: 'race', times: 2, now: 1_000 });
  assert.deepEqual([first.passed, first.told], [8, []]);
  const second = await all({ is: 'race', times: 1_000, now: 1_000 });
  assert.ok(second.passed >= 2 && second.passed <= 2 + COUNT - 1, `${second.passed} passed`);
  assert.deepEqual(second.told, ['open']);
  assert.equal((await all({ is: 'race', times: 1, now: 1_001 })).passed, 0, 'refused on whichever thread');
  const { passed, told } = await all({ is: 'periods', times: PERIODS, now: 2_000 });
  assert.equal(passed, PERIODS, 'one probe a period');
  assert.deepEqual(
    ['open', 'half-open', 'closed'].map((state) => told.filter((each) => each === state).length),
    [PERIODS, PERIODS, 0],
  );
  assert.equal(shared.sum(BLOCK, UPSTREAM_BLOCK.opened + OPENING_CAUSES.indexOf('probe')), PERIODS);
});

test('no more than the limit hold a place at once while four threads come and go', async () => {
  const { passed, most } = await all({ is: 'pass', times: 100_000, now: 1_000 });
  assert.ok(passed >= 100_000 && most <= LIMIT, `${most} were inside, ${passed} passed`);
  assert.equal(words[UPSTREAM_WORDS.inFlight], 0);
  assert.equal(shared.sum(BLOCK, UPSTREAM_BLOCK.places), 0);
});

test('no more than the limit are inside at once over four threads, and everyone who waits is served', async () => {
  const { passed, most } = await all({ is: 'visit', times: 3_000, now: 1_000 });
  assert.equal(passed, COUNT * 3_000);
  assert.ok(most <= LIMIT && most >= 2, `${most} were inside`);
  assert.deepEqual([words[UPSTREAM_WORDS.inFlight], words[UPSTREAM_WORDS.queued]], [0, 0]);
  assert.deepEqual([shared.sum(BLOCK, UPSTREAM_BLOCK.places), shared.sum(BLOCK, UPSTREAM_BLOCK.queued)], [0, 0]);
});
