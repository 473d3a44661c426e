/**
 * One circuit for all threads: failures in a row count wherever they happen, and of a herd on every thread one request is
 * the probe.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndableThread } from '../../src/worker/protocol.ts';
import { type RemoteNeeds, startWorker } from '../../src/worker/remote.ts';
import { type ActingOrigin, type Asked, startActing } from '../support/acting-origin.ts';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { type Answer, Caller } from '../support/caller.ts';
import { metricOf } from '../support/process.ts';
import { storyDocument } from '../support/story-document.ts';
import { until } from '../support/wait.ts';

const THREADS = 4;
/** So that a thread without one is a chance of one in thousands of millions. */
const CALLERS = 96;

interface Stage {
  readonly router: RouterWithApp;
  readonly origin: ActingOrigin;
  /** Connections by the thread that has them. */
  readonly callers: readonly (readonly Caller[])[];
}

async function onStage(circuitBreaker: object, body: (stage: Stage) => Promise<void>): Promise<void> {
  const origin = await startActing((asked) => asked.reply(503, 'no'));
  const threads: EndableThread[] = [];
  const upstream = { endpoints: [origin.url], retry: 'off', outliers: 'off', circuitBreaker };
  const quiet = { endpoints: [origin.url], circuitBreaker: 'off', retry: 'off', outliers: 'off' };
  const router = await startRouterWithApp(storyDocument({ cart: upstream, quiet }), {
    workers: THREADS,
    startWorker: (needs: RemoteNeeds) => {
      const thread = startWorker(needs);
      threads[needs.lane] = thread;
      return thread;
    },
  });
  const callers = Array.from({ length: THREADS }, (): Caller[] => []);
  try {
    for (let i = 0; i < CALLERS; i++) {
      const caller = new Caller(router.port());
      const before = await connectionsOf(threads);
      await caller.ask('GET', '/quiet');
      const after = await connectionsOf(threads);
      callers[after.findIndex((count, lane) => count > before[lane])].push(caller);
    }
    origin.received = 0;
    await body({ router, origin, callers });
  } finally {
    for (const caller of callers.flat()) caller.close();
    await router.stop();
    await origin.kill();
  }
}

async function connectionsOf(threads: readonly EndableThread[]): Promise<number[]> {
  return Promise.all(
    threads.map(async (thread) => {
      const answer = await thread.status();
      return answer.ok ? answer.value.connections : 0;
    }),
  );
}

function refused({ status, head, body }: Answer): boolean {
  return status === 503 && body.includes('"circuit_open"') && /\r\nretry-after: \d+\r\n/.test(head);
}

test('with 4 threads the 11th request after 10 failures in a row in total is refused, whichever thread it lands on', () =>
  onStage({}, async ({ origin, callers, router }) => {
    assert.ok(
      callers.every(({ length }) => length >= 4),
      'every thread has connections',
    );
    for (let i = 0; i < 10; i++) {
      const lane = i % THREADS;
      const answer = await callers[lane][0].ask('GET', '/cart');
      assert.equal(answer.body, 'no', `failure ${i + 1}, on thread ${lane}, is the upstream's own`);
    }
    const answers = await Promise.all(callers.flat().map((caller) => caller.ask('GET', '/cart')));
    assert.ok(answers.every(refused), 'every thread refuses');
    assert.equal(origin.received, 10);
    const opened = router.logs.filter(({ state, upstream }) => state === 'open' && upstream === 'cart');
    assert.equal(opened.length, 1, 'it is told of once');
    assert.match(String(opened[0].cause), /^10 failures in a row/);
    const series = 'signalbox_circuit_opened_total{upstream="cart",cause="consecutive_failures"}';
    assert.equal(await metricOf(router.adminUrl, series), 1);
  }));

test('one success, on whichever thread, begins the row of failures anew', () =>
  onStage({}, async ({ origin, callers }) => {
    for (let i = 0; i < 9; i++) await callers[i % THREADS][0].ask('GET', '/cart');
    origin.act = (asked) => asked.reply(200, 'yes');
    assert.equal((await callers[3][0].ask('GET', '/cart')).status, 200);
    origin.act = (asked) => asked.reply(503, 'no');
    for (let i = 0; i < 10; i++) assert.equal((await callers[i % THREADS][0].ask('GET', '/cart')).body, 'no');
    assert.ok(refused(await callers[2][0].ask('GET', '/cart')));
  }));

test('of a herd on 4 threads exactly one request is the probe when the open time is over, period after period', () =>
  onStage({ openFor: '60ms', maxOpenFor: '60ms', recovery: { ramp: 0 } }, async ({ origin, callers, router }) => {
    const all = callers.flat();
    for (let i = 0; i < 10; i++) await callers[i % THREADS][0].ask('GET', '/cart');
    let probe: Asked | undefined;
    origin.act = (asked) => {
      probe = asked;
    };
    for (let period = 1; period <= 8; period++) {
      probe = undefined;
      origin.received = 0;
      await herd(all, () => probe !== undefined);
      // While the probe is under way a whole herd more is refused.
      const waiting = all.filter((caller) => !caller.waiting);
      assert.equal(waiting.length, all.length - 1, 'only the probe is not answered');
      const answers = await Promise.all(waiting.map((caller) => caller.ask('GET', '/cart')));
      assert.ok(answers.every(refused));
      assert.equal(origin.received, 1, `probes in period ${period}`);
      const last = period === 8;
      (probe as Asked | undefined)?.reply(last ? 200 : 503, last ? 'yes' : 'no');
      await until('the probe to be answered', () => all.every((caller) => !caller.waiting));
    }
    origin.act = (asked) => asked.reply(200, 'yes');
    const answers = await Promise.all(all.map((caller) => caller.ask('GET', '/cart')));
    assert.ok(
      answers.every(({ status }) => status === 200),
      'all pass after the one probe that succeeded',
    );
    const told = router.logs.filter(({ upstream }) => upstream === 'cart').map(({ state }) => state);
    assert.deepEqual(told, [
      'open',
      ...Array.from({ length: 7 }, () => ['half-open', 'open']).flat(),
      'half-open',
      'closed',
    ]);
  }));

/** All callers ask at once, again and again, until one of their requests arrived. */
async function herd(all: readonly Caller[], arrived: () => boolean): Promise<void> {
  let answered = 0;
  const ask = (caller: Caller): void => {
    void caller.ask('GET', '/cart').then((answer) => {
      answered += 1;
      if (!refused(answer)) return;
      if (!arrived()) ask(caller);
    });
  };
  for (const caller of all) ask(caller);
  await until('a request to arrive', arrived, 20_000);
  await until('the others to be answered', () => all.filter((caller) => caller.waiting).length <= 1);
  assert.ok(answered > 0);
}
