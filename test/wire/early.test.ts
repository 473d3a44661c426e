/**
 * Replies that come before the request is all there, from origins that then close, reset, or stop reading: the client gets
 * them whole, and no byte of the upload is taken for anything else.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { pump, randomSource } from '../support/flood.ts';
import { settled } from '../support/leaks.ts';
import { connectRaw, type RawClient } from '../support/raw-client.ts';
import { inTurn, type OriginConnection, ok } from '../support/raw-origin.ts';
import { steady, within } from '../support/wait.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { documentFor, onStage, type Stage } from './stage.ts';

const MIB = 1 << 20;
const TOO_MUCH = 'HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\n\r\nstop';

/** Replies to the head alone, then treats the rest of the upload in its own way. */
const hasty = (then: (connection: OriginConnection) => void) => async (connection: OriginConnection) => {
  const head = await connection.head();
  if (!head.includes('/upload')) return connection.send(ok('fine'));
  connection.socket.pause();
  connection.send(TOO_MUCH);
  then(connection);
  await new Promise((resolve) => connection.socket.once('close', resolve));
};

const WAYS = {
  'reads no more': () => {},
  'closes its side': (connection: OriginConnection) => connection.end(),
  resets: (connection: OriginConnection) => connection.reset(),
  'closes with the upload unread': (connection: OriginConnection) => connection.socket.destroySoon(),
};

for (const [way, then] of Object.entries(WAYS)) {
  test(
    `an early reply of an origin that ${way} reaches a client in the middle of a large upload`,
    onStage(hasty(then), async (stage) => {
      const client = await stage.client();
      await client.send(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${40 * MIB}\r\n\r\n`);
      pump(client.socket, randomSource(1), 40 * MIB);
      const reply = await client.reply();
      assert.equal(reply.status, 413);
      assert.equal(reply.body, 'stop');
      await client.closed(20_000);
      assert.equal((await stage.logged('/upload')).status, 413);
      await stage.fence();
    }),
  );
}

test(
  'an origin that resets an upload without a word is 502',
  onStage(
    async (connection) => {
      await connection.head();
      connection.reset();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${40 * MIB}\r\n\r\n`);
      pump(client.socket, randomSource(1), 40 * MIB);
      assertProblem(await client.reply(), 502, 'upstream_reset');
      await client.closed(20_000);
    },
  ),
);

test(
  'a refusal reaches a client that uploads at full speed',
  onStage(
    hasty(() => {}),
    async (stage) => {
      const client = await stage.client();
      await client.send(`POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: ${40 * MIB}\r\n\r\n`);
      pump(client.socket, randomSource(1), 40 * MIB);
      assertProblem(await client.reply(), 404, 'no_route');
      await client.closed(20_000);
    },
    { route: { match: { path: '/upload' } } },
  ),
);

test(
  'a GET whose body is still coming is sent again, byte for byte, where its pooled connection dies',
  onStage(
    inTurn(
      async (connection) => {
        await connection.request();
        connection.send(ok('fine'));
        await connection.head();
        connection.reset();
      },
      async (connection) => {
        await connection.request();
        connection.send(ok('fresh'));
        await connection.closed();
      },
    ),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(FIRST)).body, 'fine');
      await client.send('GET /half HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
      await stage.origin.connection(1);
      await client.send('world');
      assert.equal((await client.reply()).body, 'fresh');
      assert.equal(stage.origin.received.split('/half').length - 1, 2);
      assert.match(stage.origin.received, /\r\n\r\nhelloworld$/);
    },
    { upstream: { retry: undefined } },
  ),
);

/** A listener that never accepts and whose queue is full. */
const BLACKHOLE = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

/** Runs the body while the route leads to an upstream that does not take connections. */
async function withBlackhole(stage: Stage, connect: string, body: () => Promise<void>): Promise<void> {
  const blackhole = new Worker(BLACKHOLE, { eval: true });
  const fillers: RawClient[] = [];
  try {
    const port = await new Promise<number>((resolve) => blackhole.once('message', resolve));
    for (let i = 0; i < 2; i++) fillers.push(await connectRaw(port));
    const timeout = { connect, attempt: '60s', total: '60s' };
    assert.ok((await stage.router.reload(documentFor(port, { upstream: { timeout } }))).ok);
    await body();
  } finally {
    for (const filler of fillers) filler.close();
    await within('the worker to stop', blackhole.terminate());
  }
}

test(
  'an upstream that does not take the connection in time is 502',
  onStage(
    hasty(() => {}),
    (stage) =>
      withBlackhole(stage, '300ms', async () => {
        assertProblem(await (await stage.client()).ask(FIRST), 502, 'upstream_connect');
        const { detail, member } = await stage.logged('/first');
        assert.equal(detail, `${member} did not take the connection within 300 ms (timeout.connect)`);
      }),
  ),
);

test(
  'an upload does not pile up in the router while its upstream takes the connection',
  onStage(
    hasty(() => {}),
    (stage) =>
      withBlackhole(stage, '2s', async () => {
        const client = await stage.client();
        await client.send(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MIB}\r\n\r\n`);
        const pumping = pump(client.socket, randomSource(1), 64 * MIB);
        await steady('the upload', () => pumping.sent);
        assert.ok(pumping.held && pumping.sent < 32 * MIB, `${pumping.sent / MIB} MiB are waiting in the router`);
        assertProblem(await client.reply(), 502, 'upstream_connect');
        await client.closed(20_000);
      }),
  ),
);

test(
  'a client that leaves while its upstream takes the connection is let go at once',
  onStage(
    hasty(() => {}),
    (stage) =>
      withBlackhole(stage, '60s', async () => {
        for (const way of ['end', 'reset'] as const) {
          const client = await stage.client();
          await client.send(`GET /${way} HTTP/1.1\r\nHost: a\r\n\r\n`);
          client[way]();
          assert.equal((await stage.logged(`/${way}`)).code, 'client_gone');
          client.close();
        }
        await settled(stage.router);
      }),
  ),
);
