/**
 * How a race of two requests ends where one of them, or both, fail, are late, or lose their client.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, type OriginConnection } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { hanging, plain, RETRY, serving } from './failing.ts';
import { at, HEDGED, OK, raced } from './racing.ts';
import { assertProblem } from './refusing.ts';
import { onTimedStage } from './timed.ts';

const ENDS: readonly [what: string, end: (connection: OriginConnection) => void, outcome: string][] = [
  ['is reset', (connection) => connection.reset(), 'reset'],
  ['answers 503', (connection) => connection.send('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'), 'server_error'],
  [
    'answers half a 503',
    (connection) => connection.send('HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\n'),
    'server_error',
  ],
  ['answers nonsense', (connection) => connection.send('SSH-2.0\r\n\r\n'), 'protocol'],
];

for (const [what, end, outcome] of ENDS) {
  test(
    `where the first ${what} while the second is under way, the second one serves`,
    onTimedStage(
      [hanging, hanging],
      async (stage) => {
        const client = await raced(stage, plain('GET', '/x'));
        end(await at(stage, 0));
        await stage.counted(outcome);
        assert.equal(client.inbox.all, '');
        (await at(stage, 1)).send(OK);
        assert.equal((await client.reply()).body, 'late');
        assert.deepEqual(stage.counts(), { success: 1, [outcome]: 1, 'hedge sent': 1 });
      },
      { upstream: HEDGED },
    ),
  );

  test(
    `where the second ${what}, the first one serves`,
    onTimedStage(
      [hanging, hanging],
      async (stage) => {
        const client = await raced(stage, plain('GET', '/x'));
        end(await at(stage, 1));
        await stage.counted(outcome);
        assert.equal(client.inbox.all, '');
        (await at(stage, 0)).send(OK);
        assert.equal((await client.reply()).body, 'late');
        assert.equal((await stage.logged('/x')).member, `http://127.0.0.1:${stage.origin.port}`);
        assert.deepEqual(stage.counts(), { success: 1, [outcome]: 1, 'hedge sent': 1 });
      },
      { upstream: HEDGED },
    ),
  );
}

for (const order of [
  [0, 1],
  [1, 0],
]) {
  test(
    `where both fail a further try goes to the member that had none yet (${order})`,
    onTimedStage(
      [hanging, hanging, serving],
      async (stage) => {
        stage.chance = 0.1;
        const client = await raced(stage, plain('GET', '/x'));
        for (const [i, member] of order.entries()) {
          (await at(stage, member)).reset();
          await stage.counted('reset', i + 1);
        }
        await stage.pass(150);
        assert.equal((await client.reply()).body, 'served');
        assert.equal(stage.origins[2].requests.length, 1);
        assert.equal((await stage.logged('/x')).attempts, 3);
        assert.deepEqual(stage.counts(), { success: 1, reset: 2, 'hedge sent': 1, 'again: reset': 1 });
      },
      { upstream: HEDGED },
    ),
  );

  test(
    `where both fail without a further try the failure of the last one is answered (${order})`,
    onTimedStage(
      [hanging, hanging],
      async (stage) => {
        const client = await raced(stage, plain('GET', '/x'));
        for (const [i, member] of order.entries()) {
          (await at(stage, member)).reset();
          await stage.counted('reset', i + 1);
        }
        assertProblem(await client.reply(), 502, 'upstream_reset');
        assert.equal((await stage.logged('/x')).attempts, 2);
      },
      { upstream: { ...HEDGED, retry: { ...RETRY, attempts: 0 } } },
    ),
  );
}

test(
  'a hedged request whose members both may have had it gets no fallback',
  onTimedStage(
    [hanging, inTurn(hanging)],
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await until('the first request', () => stage.asked('/x') === 1);
      stage.origins[1].server.close();
      await stage.pass(250);
      await stage.counted('connect');
      (await at(stage, 0)).reset();
      assertProblem(await client.reply(), 502, 'upstream_reset');
      assert.deepEqual(stage.counts(), { connect: 1, reset: 1, 'hedge sent': 1 });
    },
    {
      upstream: { ...HEDGED, retry: { ...RETRY, on: ['connect'] } },
      route: { fallback: { status: 200, body: 'stale' } },
    },
  ),
);

test(
  'a first request that fails before a rival that nobody takes gets no fallback either',
  onTimedStage(
    [hanging, serving],
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await until('the first request', () => stage.asked('/x') === 1);
      stage.origins[1].server.close();
      // Both in one turn of the loop: the first is reset while the second has no connection yet.
      (await at(stage, 0)).reset();
      await stage.pass(250);
      const reply = await client.reply();
      assert.equal(reply.status, 502);
    },
    {
      upstream: { ...HEDGED, retry: 'off' },
      route: { fallback: { status: 200, body: 'stale' } },
    },
  ),
);

test(
  'each of the two has its own time: the first is let go, then the second',
  onTimedStage(
    [hanging, hanging],
    async (stage) => {
      const client = await raced(stage, plain('GET', '/x'));
      await stage.pass(2_800);
      await stage.counted('timeout');
      await (await at(stage, 0)).closed();
      assert.equal((await at(stage, 1)).ending, undefined);
      await stage.pass(250);
      assertProblem(await client.reply(), 504, 'upstream_timeout');
      await (await at(stage, 1)).closed();
      assert.deepEqual(stage.counts(), { timeout: 2, 'hedge sent': 1 });
    },
    { upstream: { ...HEDGED, retry: 'off' } },
  ),
);

test(
  'the total ends both at once',
  onTimedStage(
    [hanging, hanging],
    async (stage) => {
      const client = await raced(stage, plain('GET', '/x', 'x-signalbox-deadline-ms: 900'));
      await stage.pass(750);
      assertProblem(await client.reply(), 504, 'upstream_timeout');
      for (const member of [0, 1]) await (await at(stage, member)).closed();
      assert.deepEqual(stage.counts(), { timeout: 1, cancelled: 1, 'hedge sent': 1 });
    },
    { upstream: HEDGED },
  ),
);

test(
  'a client that leaves takes both with it',
  onTimedStage(
    [hanging, hanging],
    async (stage) => {
      const client = await raced(stage, plain('GET', '/x'));
      client.close();
      for (const member of [0, 1]) await (await at(stage, member)).closed();
      assert.equal((await stage.logged('/x')).status, 499);
      assert.deepEqual(stage.counts(), { client_gone: 1, cancelled: 1, 'hedge sent': 1 });
    },
    { upstream: HEDGED },
  ),
);

test(
  'the losers say nothing about the upstream: its circuit stays closed',
  onTimedStage(
    [hanging, serving],
    async (stage) => {
      const client = await raced(stage, plain('GET', '/x'));
      assert.equal((await client.reply()).status, 200);
      assert.deepEqual(stage.events, []);
    },
    { upstream: { ...HEDGED, circuitBreaker: { consecutiveFailures: 1 }, outliers: { consecutiveFailures: 1 } } },
  ),
);
