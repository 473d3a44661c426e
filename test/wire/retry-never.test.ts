/**
 * What is never sent again: a request that is not idempotent and may have been processed, in whatever way it failed, and
 * anything at all once a byte of a reply went to the client.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, type OriginConnection, ok, type Script } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { bearing, closing, failing, garbling, hanging, IN_ORDER, plain, RETRY, resetting, serving } from './failing.ts';
import { onTimedStage } from './timed.ts';

/** Everything is retried that can be. */
const ALL = {
  ...IN_ORDER,
  retry: { ...RETRY, attempts: 5, on: ['connect', 'reset', 'timeout', 'protocol', 500, 502, 503, 504], budget: 'off' },
};

async function halfHead(connection: OriginConnection): Promise<void> {
  await connection.request();
  connection.send('HTTP/1.1 200 OK\r\nContent-');
  connection.reset();
}

async function halfBody(connection: OriginConnection): Promise<void> {
  await connection.request();
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
  connection.reset();
}

const FAULTS: readonly [what: string, script: Script, status: number][] = [
  ['is reset before the reply', resetting, 502],
  ['is closed before the reply', closing, 502],
  ['is reset in the reply’s head', halfHead, 502],
  ['gets no reply in time', hanging, 504],
  ['gets nonsense', garbling, 502],
  ['is answered 500', failing(500), 500],
  ['is answered 502', failing(502), 502],
  ['is answered 503', failing(503), 503],
  ['is answered 504', failing(504), 504],
];

for (const [what, script, status] of FAULTS) {
  for (const method of ['POST', 'PATCH', 'STORE']) {
    test(
      `a ${method} that ${what} is delivered once`,
      onTimedStage(
        [script, serving],
        async (stage) => {
          const client = await stage.client();
          await client.send(bearing(method, '/x', 'body'));
          await until('the request', () => stage.asked('/x') === 1);
          if (script === hanging) await stage.pass(3_050);
          assert.equal((await client.reply()).status, status);
          await stage.pass(10_000);
          assert.equal(stage.asked('/x'), 1);
          assert.equal(stage.origins[1].connections.length, 0);
          const record = await stage.logged('/x');
          assert.deepEqual([record.status, record.attempts], [status, 1]);
        },
        { upstream: ALL },
      ),
    );
  }
}

test(
  'a POST on a pooled connection that is closed as it comes is not sent again',
  onTimedStage(
    inTurn(async (connection) => {
      await connection.request();
      connection.send(ok('first'));
      await connection.request();
      connection.end();
      await connection.closed();
    }, serving),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(plain('GET', '/first'))).body, 'first');
      assert.equal((await client.ask(bearing('POST', '/x', 'body'))).status, 502);
      await stage.pass(5_000);
      assert.equal(stage.asked('/x'), 1);
      assert.equal(stage.origin.connections.length, 1);
    },
    { upstream: ALL },
  ),
);

test(
  'a GET on a pooled connection that is closed as it comes goes again at once on a fresh one, with retries off too',
  onTimedStage(
    inTurn(async (connection) => {
      await connection.request();
      connection.send(ok('first'));
      await connection.request();
      connection.end();
      await connection.closed();
    }, serving),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(plain('GET', '/first'))).body, 'first');
      assert.equal((await client.ask(plain('GET', '/x'))).body, 'served');
      assert.equal((await stage.logged('/x')).attempts, 2);
      assert.deepEqual(stage.counts(), { success: 2, reset: 1, 'again: reused': 1 });
    },
  ),
);

test(
  'nothing is sent again once the head of a reply went to the client: its body that breaks off breaks the client',
  onTimedStage(
    [halfBody, serving],
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      const { text, ending } = await client.untilClose();
      assert.equal(ending, 'rst');
      assert.ok(text.endsWith('half') || text === '', text);
      await stage.pass(10_000);
      assert.equal(stage.origins[1].connections.length, 0);
      assert.equal((await stage.logged('/x')).attempts, 1);
    },
    { upstream: ALL },
  ),
);

for (const [what, end] of [
  ['reset', (connection: OriginConnection) => connection.reset()],
  ['503', (connection: OriginConnection) => connection.send('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n')],
] as const) {
  test(
    `nothing is sent again once an interim reply went to the client (${what})`,
    onTimedStage(
      [
        async (connection) => {
          await connection.request();
          connection.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
          await connection.inbox.until('go', 'the word to go on').catch(() => {});
        },
        serving,
      ],
      async (stage) => {
        const client = await stage.client();
        await client.send(plain('GET', '/x'));
        assert.equal((await client.reply()).status, 103);
        end(stage.origin.connections[0]);
        assert.equal((await client.reply()).status, what === 'reset' ? 502 : 503);
        await stage.pass(10_000);
        assert.equal(stage.origins[1].connections.length, 0);
        assert.equal((await stage.logged('/x')).attempts, 1);
      },
      { upstream: ALL },
    ),
  );
}

test(
  'an interim reply that a client of HTTP/1.0 never saw does not stand in the way of a further try',
  onTimedStage(
    [
      async (connection) => {
        await connection.request();
        connection.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
        connection.reset();
      },
      serving,
    ],
    async (stage) => {
      stage.chance = 0;
      const client = await stage.client();
      await client.send('GET /x HTTP/1.0\r\n\r\n');
      assert.match((await client.untilClose()).text, /served$/);
      assert.equal((await stage.logged('/x')).attempts, 2);
    },
    { upstream: ALL },
  ),
);
