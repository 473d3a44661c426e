/**
 * Time limits of the client's side, with short values: what stalls is let go with the contract's status, and what merely
 * takes its time is not. Bounds of these tests are far above the limits: they mark a hang.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawClient } from '../support/raw-client.ts';
import { answering, ok, silent } from '../support/raw-origin.ts';
import { assertLastProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const post = (path: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n`;

/** Sends a byte now and then until the other side closes. */
async function drip(client: RawClient, bytes: string): Promise<void> {
  for (const byte of bytes) {
    if (client.inbox.ending !== undefined) return;
    await client.send(byte);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const short = { internal: { timeout: { head: '300ms', body: '300ms', keepAlive: '300ms' } } };

test(
  'a head that stops in the middle is let go in time',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      for (const bytes of ['G', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n']) {
        const client = await stage.client();
        await client.send(bytes);
        await assertLastProblem(await client.lastReply(), 408, 'request_timeout');
      }
    },
    { internal: { timeout: { head: '300ms', body: '10s', keepAlive: '60s' } } },
  ),
);

test(
  'a head that drips is let go, however alive its client looks',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      await drip(client, `GET / HTTP/1.1\r\nX: ${'y'.repeat(400)}`);
      assert.notEqual(client.inbox.ending, undefined);
      const second = await stage.client();
      await second.ask(FIRST);
      await drip(second, `GET / HTTP/1.1\r\nX: ${'y'.repeat(400)}`);
      assert.notEqual(second.inbox.ending, undefined, 'the second request of a connection too');
      assert.equal(stage.origin.requests.length, 1);
    },
    short,
  ),
);

test(
  'a connection that says nothing is let go without a word',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      const { text, ending } = await client.untilClose();
      assert.ok(text === '' || text.startsWith('HTTP/1.1 408 '), text);
      assert.equal(ending, 'fin');
    },
    short,
  ),
);

test(
  'an idle keep-alive connection is closed in time without a word',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      await client.ask(FIRST);
      assert.deepEqual(await client.untilClose(), { text: '', ending: 'fin' });
    },
    { internal: { timeout: { head: '60s', body: '60s', keepAlive: '300ms' } } },
  ),
);

test(
  'a client that waits long for its reply is neither idle nor stalled',
  onStage(
    async (connection) => {
      await connection.request();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      connection.send(ok('at last'));
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(FIRST)).body, 'at last');
    },
    short,
  ),
);

test(
  'a request body that stalls is let go, and the origin with it',
  onStage(
    silent,
    async (stage) => {
      const client = await stage.client();
      await client.send(`${post('/upload')}some`);
      await assertLastProblem(await client.lastReply(), 408, 'client_stalled');
      await stage.origin.connections[0].closed();
      assert.equal((await stage.logged('/upload')).code, 'client_stalled');
    },
    { internal: { timeout: { head: '60s', body: '300ms', keepAlive: '60s' } } },
  ),
);

test(
  'a request body that never begins is the client’s stall, not the upstream’s silence',
  onStage(
    silent,
    async (stage) => {
      const client = await stage.client();
      await client.send(post('/upload'));
      await assertLastProblem(await client.lastReply(), 408, 'client_stalled');
    },
    {
      internal: { timeout: { head: '60s', body: '600ms', keepAlive: '60s' } },
      upstream: { timeout: { attempt: '300ms', total: '60s' } },
    },
  ),
);

test(
  'a client that waits for 100 does not stall: the upstream owes it an answer within the attempt',
  onStage(
    silent,
    async (stage) => {
      const client = await stage.client();
      await client.send(post('/upload').replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
      await assertLastProblem(await client.lastReply(), 504, 'upstream_timeout');
    },
    {
      internal: { timeout: { head: '60s', body: '300ms', keepAlive: '60s' } },
      upstream: { timeout: { attempt: '600ms', total: '60s' } },
    },
  ),
);

test(
  'a request body that drips below the least rate is let go at the edge',
  onStage(
    async (connection) => {
      await connection.head();
      await connection.closed(60_000);
    },
    async (stage) => {
      const client = await stage.client('edge');
      await client.send(post('/upload'));
      await drip(client, 'b'.repeat(400));
      assert.notEqual(client.inbox.ending, undefined, 'it was let drip');
      await stage.origin.connections[0].closed();
    },
    { edge: { timeout: { head: '60s', body: '300ms', keepAlive: '60s' }, minBodyRate: '10KiB' } },
  ),
);

test(
  'a request body that comes slowly but steadily passes in zone internal',
  onStage(
    answering((request) => ok(String(request.body.length))),
    async (stage) => {
      const client = await stage.client();
      await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n');
      await drip(client, 'b'.repeat(40));
      assert.equal((await client.reply()).body, '40');
    },
    { internal: { timeout: { head: '60s', body: '500ms', keepAlive: '60s' } } },
  ),
);

test(
  'a client that does not read its reply is let go, and the origin with it',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
      connection.send(Buffer.alloc(50_000_000));
      await connection.closed(20_000);
    },
    async (stage) => {
      const client = await stage.client('internal', { paused: true });
      await client.send(FIRST);
      const connection = await stage.origin.connection();
      await connection.closed(20_000);
      const record = await stage.logged('/first');
      assert.ok(record.code === 'client_stalled' || record.code === 'client_gone', String(record.code));
    },
    {
      internal: { timeout: { head: '60s', body: '300ms', keepAlive: '60s' } },
      upstream: { timeout: { idle: '300ms' } },
    },
  ),
);
