/**
 * Replies that are taken back because another try is worth more: when they ask to be spared, what becomes of their bytes and
 * connections, and of the requests behind.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, inTurn, type OriginConnection, ok, silent } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { bearing, failing, IN_ORDER, plain, serving } from './failing.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

/** Sends a request and waits until its first try failed in this way, so that its pause begins now. */
async function failed(stage: TimedStage, request: string, outcome: string) {
  const client = await stage.client();
  await client.send(request);
  await stage.counted(outcome);
  return client;
}

test(
  'a reply taken back whole leaves its connection in the pool',
  onTimedStage(
    inTurn(
      answering((request) =>
        /attempt: 1/.test(request.head) ? 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n' : ok('ok'),
      ),
    ),
    async (stage) => {
      stage.chance = 0;
      const client = await failed(stage, plain('GET', '/x'), 'server_error');
      await stage.passRest();
      assert.equal((await client.reply()).body, 'ok');
      assert.equal(stage.origin.connections.length, 1);
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'a reply taken back whose body is still coming costs its connection, and none of it reaches the client',
  onTimedStage(
    [
      async (connection: OriginConnection) => {
        await connection.request();
        connection.send('HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\nhalf');
        await connection.closed();
      },
      serving,
    ],
    async (stage) => {
      stage.chance = 0;
      const client = await failed(stage, plain('GET', '/x'), 'server_error');
      await stage.passRest();
      assert.equal((await client.reply()).body, 'served');
      await stage.origin.connections[0].closed();
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'requests behind one that is sent again wait for it and are answered in order',
  onTimedStage(
    answering(({ start, head }) => {
      if (start.startsWith('GET /1') && head.includes('attempt: 1'))
        return 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n';
      return ok(start);
    }),
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(plain('GET', '/1') + plain('GET', '/2') + bearing('PUT', '/3', 'body') + plain('GET', '/4'));
      await stage.counted('server_error');
      assert.equal(stage.asked('/2'), 0);
      await stage.pass(550);
      for (const line of ['GET /1', 'GET /2', 'PUT /3', 'GET /4']) {
        assert.equal((await client.reply()).body, `${line} HTTP/1.1`);
      }
      assert.equal(stage.origin.requests[3].body, 'body');
    },
    { upstream: IN_ORDER },
  ),
);

const AFTER: readonly [what: string, value: (stage: TimedStage) => string, pause: number][] = [
  ['as seconds', () => '3', 3_000],
  ['as a date', (stage) => new Date(stage.clock.wall() + 4_000).toUTCString(), 3_500],
  ['that is shorter than the pause', () => '0', 500],
  ['that cannot be read', () => 'later', 500],
  ['of a date that is over', () => 'Fri, 31 Dec 1999 23:59:59 GMT', 500],
];

for (const [what, value, pause] of AFTER) {
  test(
    `a Retry-After ${what} makes the pause as long as that or its own`,
    onTimedStage(
      [silent, serving],
      async (stage) => {
        stage.chance = 0.5;
        const client = await stage.client();
        await client.send(plain('GET', '/x'));
        const first = await stage.origin.connection();
        await until('the head', () => first.heads.length === 1);
        first.send(`HTTP/1.1 503 No\r\nRETRY-AFTER: ${value(stage)} \r\nContent-Length: 0\r\n\r\n`);
        await stage.counted('server_error');
        await stage.passNearly(pause);
        assert.equal(stage.origins[1].connections.length, 0);
        // A date has whole seconds.
        await stage.pass(what === 'as a date' ? 1_060 : 60);
        assert.equal((await client.reply()).status, 200);
      },
      { upstream: IN_ORDER },
    ),
  );
}

for (const seconds of ['10', '3600', '99999999999999999999']) {
  test(
    `a reply that asks to be spared for longer than there is time goes to the client as it came (${seconds} s)`,
    onTimedStage(
      [failing(503, `Retry-After: ${seconds}`), serving],
      async (stage) => {
        const reply = await (await stage.client()).ask(plain('GET', '/x'));
        assert.deepEqual([reply.status, reply.body, reply.field('retry-after')], [503, 'sorry', seconds]);
        assert.equal(stage.origins[1].connections.length, 0);
        assert.equal((await stage.logged('/x')).code, undefined);
        assert.deepEqual(stage.counts(), { server_error: 1, 'denied: deadline': 1 });
      },
      { upstream: IN_ORDER },
    ),
  );
}
