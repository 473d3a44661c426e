/**
 * A second request beside a slow first one: when it is sent, which of the two serves, and what becomes of the other.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { bearing, failing, hanging, plain, RETRY, resetting, serving } from './failing.ts';
import { at, HEDGED, OK, raced } from './racing.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
  test(
    `a slow ${method} goes to another member too, whose reply serves, and the first request is cancelled`,
    onTimedStage(
      [hanging, serving],
      async (stage) => {
        const client = await raced(stage, bearing(method, '/x', 'body'));
        assert.equal((await client.reply(method)).status, 200);
        assert.equal(await (await at(stage, 0)).closed(), 'fin');
        const [second] = stage.origins[1].requests;
        assert.equal(second.body, 'body');
        assert.match(second.head, /\r\nx-signalbox-attempt: 2\r\n/);
        assert.match(second.head, /\r\nx-signalbox-deadline-ms: 97[6-9]\d|9800\r\n/);
        const record = await stage.logged('/x');
        assert.deepEqual([record.status, record.attempts, record.code], [200, 2, undefined]);
        assert.equal(record.member, `http://127.0.0.1:${stage.origins[1].port}`);
        assert.deepEqual(stage.counts(), { success: 1, cancelled: 1, 'hedge sent': 1, 'hedge won': 1 });
      },
      { upstream: HEDGED },
    ),
  );
}

test(
  'the first request may still be the faster one: the second is cancelled and its connection closed',
  onTimedStage(
    [hanging, hanging],
    async (stage) => {
      const client = await raced(stage, plain('GET', '/x'));
      (await at(stage, 0)).send(OK);
      assert.equal((await client.reply()).body, 'late');
      await (await at(stage, 1)).closed();
      assert.equal((await stage.logged('/x')).member, `http://127.0.0.1:${stage.origin.port}`);
      assert.deepEqual(stage.counts(), { success: 1, cancelled: 1, 'hedge sent': 1 });
    },
    { upstream: HEDGED },
  ),
);

test(
  'a winner’s body goes to the client whole, however long it takes',
  onTimedStage(
    [hanging, hanging],
    async (stage) => {
      const client = await raced(stage, plain('GET', '/x'));
      const winner = await at(stage, 1);
      winner.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
      await (await at(stage, 0)).closed();
      await stage.pass(30_000);
      winner.send('4\r\nhalf\r\n0\r\nX-Sum: 1\r\n\r\n');
      const reply = await client.reply();
      assert.deepEqual([reply.body, reply.trailers], ['halfhalf', [['X-Sum', '1']]]);
    },
    { upstream: HEDGED },
  ),
);

test(
  'a client of HTTP/1.0 gets the data alone of a winner’s chunks',
  onTimedStage(
    [hanging, hanging],
    async (stage) => {
      const client = await raced(stage, 'GET /x HTTP/1.0\r\n\r\n');
      (await at(stage, 1)).send(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n4\r\nhalf\r\n0\r\n\r\n',
      );
      assert.match((await client.untilClose()).text, /\r\n\r\nhalfhalf$/);
    },
    { upstream: HEDGED },
  ),
);

test(
  'a winner that breaks off in its body breaks the client’s connection',
  onTimedStage(
    [hanging, hanging],
    async (stage) => {
      const client = await raced(stage, plain('GET', '/x'));
      const winner = await at(stage, 1);
      winner.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
      await until('the head', () => client.inbox.all.endsWith('half'));
      winner.reset();
      assert.equal(await client.closed(), 'rst');
      assert.deepEqual(stage.counts(), { reset: 1, cancelled: 1, 'hedge sent': 1, 'hedge won': 1 });
    },
    { upstream: HEDGED },
  ),
);

const NEVER: readonly [what: string, request: string][] = [
  ['a POST', bearing('POST', '/x', 'body')],
  ['a method of one’s own', plain('FETCH', '/x')],
  ['an upgrade', plain('GET', '/x', 'Connection: upgrade', 'Upgrade: echo')],
  ['a body longer than bodyLimit', bearing('PUT', '/x', 'b'.repeat(70_000))],
];

for (const [what, request] of NEVER) {
  test(
    `${what} is never sent twice for being slow`,
    onTimedStage(
      [hanging, serving],
      async (stage) => {
        const client = await stage.client();
        await client.send(request);
        await until('the request', () => stage.origin.requests.length === 1);
        await stage.pass(2_900);
        assert.equal(stage.origins[1].connections.length, 0);
        client.close();
        assert.equal((await stage.logged('/x')).attempts, 1);
      },
      { upstream: HEDGED },
    ),
  );
}

test(
  'a request whose body is still coming is not sent twice; the time counts from its last byte',
  onTimedStage(
    [hanging, serving],
    async (stage) => {
      const client = await stage.client();
      await client.send('PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n', 'half');
      await stage.pass(1_000);
      assert.equal(stage.origins[1].connections.length, 0);
      await client.send('half');
      await until('the first request', () => stage.origin.requests.length === 1);
      await stage.passNearly(200);
      assert.equal(stage.origins[1].connections.length, 0);
      await stage.passRest();
      assert.equal((await client.reply()).status, 200);
      assert.equal(stage.origins[1].requests[0].body, 'halfhalf');
    },
    { upstream: HEDGED },
  ),
);

test(
  'with one member alone nothing is sent twice',
  onTimedStage(
    hanging,
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await until('the request', () => stage.asked('/x') === 1);
      await stage.pass(2_000);
      assert.equal(stage.origin.connections.length, 1);
      client.close();
    },
    { upstream: HEDGED },
  ),
);

/** So many slow requests; how many of them were sent twice. */
async function twice(stage: TimedStage, count: number): Promise<number> {
  const clients = [];
  for (let i = 0; i < count; i++) {
    const client = await stage.client();
    clients.push(client);
    await client.send(plain('GET', `/${i}`));
  }
  await until('all of them', () => stage.origins.flatMap(({ requests }) => requests).length === count);
  await stage.pass(1_000);
  for (const client of clients) client.close();
  return stage.counts()['hedge sent'] ?? 0;
}

test(
  'no more than hedge.percent of the requests are sent twice',
  onTimedStage([hanging, hanging], async (stage) => assert.equal(await twice(stage, 20), 4), {
    upstream: { ...HEDGED, hedge: { after: '200ms', percent: 20 } },
  }),
);

test(
  'no more are sent twice than the retry budget has left',
  onTimedStage([hanging, hanging], async (stage) => assert.equal(await twice(stage, 20), 2), {
    upstream: { ...HEDGED, retry: { ...RETRY, budget: { percent: 10, minPerSecond: 0 } } },
  }),
);

test(
  'with retries off requests are hedged all the same',
  onTimedStage([hanging, hanging], async (stage) => assert.equal(await twice(stage, 2), 2), {
    upstream: { ...HEDGED, retry: 'off' },
  }),
);

test(
  'a second request takes a place like any other, and is not sent where none is free',
  onTimedStage(
    [hanging, hanging],
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await until('the request', () => stage.asked('/x') === 1);
      await stage.pass(1_000);
      assert.equal(stage.origins[1].connections.length, 0);
      client.close();
    },
    { upstream: { ...HEDGED, limits: { concurrency: 1 } } },
  ),
);

test(
  'the loser gives its place back to whoever waits',
  onTimedStage(
    [hanging, hanging],
    async (stage) => {
      const client = await raced(stage, plain('GET', '/x'));
      const other = await stage.client();
      await other.send(plain('GET', '/y'));
      await until('one to wait', () => stage.waiting() === 1);
      (await at(stage, 1)).send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
      await (await at(stage, 0)).closed();
      await until('the other one to be asked', () => stage.asked('/y') === 1);
      client.close();
      other.close();
    },
    { upstream: { ...HEDGED, limits: { concurrency: 2 } } },
  ),
);

test(
  'a second request on a pooled connection that was closed as it came blames nobody',
  onTimedStage(
    [
      inTurn(hanging),
      inTurn(async (connection) => {
        await connection.request();
        connection.send(ok('first'));
        await connection.request();
        connection.end();
        await connection.closed();
      }),
    ],
    async (stage) => {
      const client = await stage.client();
      // Warms the second member.
      const warm = await stage.client();
      await warm.send(plain('GET', '/warm'));
      await until('the first member', () => stage.origin.requests.length === 1);
      assert.equal((await client.ask(plain('GET', '/pooled'))).body, 'first');
      warm.close();
      await stage.logged('/warm');
      await client.send(plain('GET', '/x'));
      await until('the first request', () => stage.asked('/x') === 1);
      await stage.pass(250);
      await stage.counted('reset');
      const first = stage.origin.connections.at(-1);
      first?.send(OK);
      assert.equal((await client.reply()).body, 'late');
      assert.deepEqual(stage.events, []);
    },
    { upstream: { ...HEDGED, circuitBreaker: { consecutiveFailures: 1 } } },
  ),
);

test(
  'a further try is not hedged',
  onTimedStage(
    [resetting, hanging, hanging],
    async (stage) => {
      stage.chance = 0.1;
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await stage.counted('reset');
      await stage.pass(2_000);
      assert.equal(stage.asked('/x'), 2);
      client.close();
      await stage.logged('/x');
      assert.equal(stage.counts()['hedge sent'], undefined);
    },
    { upstream: HEDGED },
  ),
);

test(
  'a status that is not retried wins the race',
  onTimedStage(
    [hanging, failing(404)],
    async (stage) => {
      const client = await raced(stage, plain('GET', '/x'));
      assert.equal((await client.reply()).status, 404);
      assert.deepEqual(stage.counts(), { success: 1, cancelled: 1, 'hedge sent': 1, 'hedge won': 1 });
    },
    { upstream: HEDGED },
  ),
);
