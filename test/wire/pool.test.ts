/**
 * The pool of connections to a member: last in, first out; closed in time; a pooled connection that dies is forgiven
 * where the request provably may be sent again, and nowhere else.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, inTurn, type OriginConnection, ok, type Script } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const POST = 'POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';

test(
  'one client after another uses one connection',
  onStage(answering(ok('fine')), async (stage) => {
    for (let i = 0; i < 5; i++) await stage.fence();
    assert.equal(stage.origin.connections.length, 1);
    assert.equal(stage.origin.connections[0].requests.length, 5);
  }),
);

test(
  'the connection used last is used next',
  onStage(
    async (connection) => {
      for (;;) {
        await connection.request();
        if (connection.requests.length > 1) connection.send(ok('fine'));
      }
    },
    async (stage) => {
      const clients = await Promise.all([stage.client(), stage.client(), stage.client()]);
      for (const [index, client] of clients.entries()) {
        await client.send(FIRST);
        await stage.origin.connection(index);
      }
      for (const index of [1, 0, 2]) {
        const connection = await stage.origin.connection(index);
        await until('its request', () => connection.requests.length === 1);
        connection.send(ok('fine'));
        await clients[index].reply();
      }
      for (const expected of [2, 2, 2]) {
        const before = stage.origin.connections[expected].requests.length;
        await clients[0].ask(FIRST);
        assert.equal(stage.origin.connections[expected].requests.length, before + 1);
      }
      stage.origin.connections[2].end();
      await stage.origin.connections[2].closed();
      await clients[0].ask(FIRST);
      assert.equal(stage.origin.connections[0].requests.length, 2, 'the one given back last but one is next');
      assert.equal(stage.origin.connections.length, 3);
    },
  ),
);

test(
  'an idle connection is closed before the usual server would, and sooner where its Keep-Alive header says so',
  onStage(
    answering((request) => (request.start.includes('/soon') ? ok('fine', 'Keep-Alive: timeout=2') : ok('fine'))),
    async (stage) => {
      const [soon, later] = await Promise.all([stage.client(), stage.client()]);
      await Promise.all([soon.send('GET /soon HTTP/1.1\r\nHost: a\r\n\r\n'), later.send(FIRST)]);
      await Promise.all([soon.reply(), later.reply()]);
      const hasSoon = (connection: OriginConnection) => connection.received.includes('/soon');
      const [first] = stage.origin.connections.filter(hasSoon);
      const [second] = stage.origin.connections.filter((connection) => !hasSoon(connection));
      await first.closed(6000);
      assert.equal(second.ending, undefined, 'the other one has more time');
      assert.equal(await second.closed(6000), 'fin');
    },
  ),
);

for (const line of ['Connection: close', 'Connection: x, Close']) {
  test(
    `a connection whose reply says ${line} is not pooled`,
    onStage(answering(ok('fine', line)), async (stage) => {
      const client = await stage.client();
      for (let i = 0; i < 2; i++) {
        const reply = await client.ask(FIRST);
        assert.equal(reply.body, 'fine');
        assert.ok(!/close/i.test(reply.field('connection') ?? ''), 'the client’s connection goes on');
      }
      assert.equal(stage.origin.connections.length, 2);
      await stage.origin.connections[0].closed();
    }),
  );
}

test(
  'a connection the origin closed while it was idle is not used, by a POST either',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send(ok('fine'));
      connection.end();
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      for (let i = 0; i < 3; i++) {
        assert.equal((await client.ask(POST)).body, 'fine');
        await stage.origin.connections[i].closed();
      }
      assert.equal(stage.origin.connections.length, 3);
    },
  ),
);

/** Serves one request, then dies on the second before one byte of reply. */
function dyingReused(how: 'end' | 'reset'): Script {
  return async (connection) => {
    await connection.request();
    connection.send(ok('fine'));
    const request = await connection.request();
    connection[how]();
    if (request.start.startsWith('GET')) await connection.closed().catch(() => {});
  };
}

for (const how of ['end', 'reset'] as const) {
  const dying = inTurn(dyingReused(how), answering(ok('fresh')));
  const manner = how === 'end' ? 'FIN' : 'a reset';

  test(
    `a GET on a pooled connection that dies by ${manner} before a reply byte goes out on a fresh one`,
    onStage(
      dying,
      async (stage) => {
        const client = await stage.client();
        assert.equal((await client.ask(FIRST)).body, 'fine');
        assert.equal((await client.ask('GET /again HTTP/1.1\r\nHost: a\r\n\r\n')).body, 'fresh');
        assert.equal(stage.origin.connections.length, 2);
        assert.equal(stage.origin.received.split('/again').length - 1, 2);
      },
      { upstream: { retry: undefined } },
    ),
  );

  test(
    `a POST on a pooled connection that dies by ${manner} is 502 and was delivered at most once`,
    onStage(
      dying,
      async (stage) => {
        const client = await stage.client();
        assert.equal((await client.ask(FIRST)).body, 'fine');
        assertProblem(await client.ask(POST), 502, 'upstream_reset');
        await stage.fence();
        assert.equal(stage.origin.received.split('/order').length - 1, 1);
      },
      { upstream: { retry: undefined } },
    ),
  );

  test(
    `a POST with an empty body on a pooled connection that dies by ${manner} is not sent again either`,
    onStage(
      dying,
      async (stage) => {
        const client = await stage.client();
        assert.equal((await client.ask(FIRST)).body, 'fine');
        assertProblem(await client.ask('POST /order HTTP/1.1\r\nHost: a\r\n\r\n'), 502, 'upstream_reset');
        await stage.fence();
        assert.equal(stage.origin.received.split('/order').length - 1, 1);
      },
      { upstream: { retry: undefined } },
    ),
  );
}

test(
  'a pooled connection that dies after a reply byte is 502, a GET too',
  onStage(
    inTurn(
      async (connection) => {
        await connection.request();
        connection.send(ok('fine'));
        await connection.request();
        connection.send('HTTP/1.1 200 OK\r\nCont');
        connection.end();
      },
      answering(ok('fresh')),
    ),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(FIRST)).body, 'fine');
      assertProblem(await client.ask('GET /again HTTP/1.1\r\nHost: a\r\n\r\n'), 502, 'upstream_reset');
      assert.equal(stage.origin.received.split('/again').length - 1, 1);
    },
  ),
);

test(
  'where every pooled connection is dead the request goes straight to a fresh one',
  onStage(
    async (connection) => {
      await connection.request();
      if (connection.index >= 3) connection.send(ok('fresh'));
      await connection.request();
      connection.reset();
    },
    async (stage) => {
      const clients = await Promise.all([stage.client(), stage.client(), stage.client()]);
      for (const client of clients) await client.send(FIRST);
      await until('three requests', () => stage.origin.requests.length === 3);
      for (const connection of stage.origin.connections) connection.send(ok('fine'));
      for (const client of clients) assert.equal((await client.reply()).body, 'fine');
      assert.equal((await clients[0].ask('GET /again HTTP/1.1\r\nHost: a\r\n\r\n')).body, 'fresh');
      assert.equal(stage.origin.received.split('/again').length - 1, 2, 'one dead, then at once a fresh one');
    },
    { upstream: { retry: undefined } },
  ),
);
