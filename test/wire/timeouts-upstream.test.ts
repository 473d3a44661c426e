/**
 * Time limits of the upstream's side, with short values: attempt, total, idle; connect is in early.test.ts. Bounds of these tests are far above
 * the limits: they mark a hang.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checker, checkBody, pump, randomSource } from '../support/flood.ts';
import { answering, type OriginConnection, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

async function mute(connection: OriginConnection): Promise<void> {
  await connection.request();
  await connection.closed(60_000);
}

test(
  'no reply head within the attempt is 504, and the connection is not pooled',
  onStage(
    mute,
    async (stage) => {
      const client = await stage.client();
      assertProblem(await client.ask(FIRST), 504, 'upstream_timeout');
      assert.equal((await stage.logged('/first')).code, 'upstream_timeout');
      await stage.origin.connections[0].closed();
    },
    { upstream: { timeout: { attempt: '300ms', total: '60s' } } },
  ),
);

test(
  'half a reply head within the attempt is 504',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-');
      await connection.closed();
    },
    async (stage) => {
      assertProblem(await (await stage.client()).ask(FIRST), 504, 'upstream_timeout');
    },
    { upstream: { timeout: { attempt: '300ms', total: '60s' } } },
  ),
);

test(
  'no reply head within the total is 504',
  onStage(
    mute,
    async (stage) => {
      assertProblem(await (await stage.client()).ask(FIRST), 504, 'upstream_timeout');
    },
    { upstream: { timeout: { attempt: '60s', total: '300ms' } } },
  ),
);

test(
  'a reply body may take longer than attempt and total',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n');
      for (let i = 0; i < 20; i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        connection.send('.');
      }
      await connection.closed();
    },
    async (stage) => {
      assert.equal((await (await stage.client()).ask(FIRST)).body.length, 20);
    },
    { upstream: { timeout: { attempt: '300ms', total: '400ms', idle: '2s' } } },
  ),
);

test(
  'a reply body that stalls breaks the client’s connection after the idle limit',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      const { text } = await client.untilClose();
      assert.ok(text.endsWith('\r\n\r\nhalf'), text);
      await stage.origin.connections[0].closed();
      assert.equal((await stage.logged('/first')).code, 'upstream_timeout');
    },
    { upstream: { timeout: { idle: '300ms' } } },
  ),
);

test(
  'an upstream where nobody listens is 502',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    stage.origin.server.close();
    assertProblem(await client.ask(FIRST), 502, 'upstream_connect');
    assertProblem(await client.ask(FIRST), 502, 'upstream_connect');
  }),
);

test(
  'an upload may take longer than the attempt: its time runs while the upstream could reply',
  onStage(
    answering((request) => ok(String(request.body.length))),
    async (stage) => {
      const client = await stage.client();
      await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n');
      for (let i = 0; i < 40; i++) {
        await client.send('b');
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      assert.equal((await client.reply()).body, '40');
    },
    { upstream: { timeout: { attempt: '300ms', total: '60s' } } },
  ),
);

test(
  'a reply that has begun and waits for an upload under way is not idle',
  onStage(
    async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      await connection.inbox.exactly(40, 'the upload');
      connection.send('2\r\nok\r\n0\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n');
      await until('the reply’s head', () => client.inbox.all.includes('\r\n\r\n'));
      for (let i = 0; i < 40; i++) {
        await client.send('b');
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      assert.equal((await client.reply()).body, 'ok');
    },
    { upstream: { timeout: { idle: '500ms' } } },
  ),
);

const MIB = 1 << 20;

async function pouring(connection: OriginConnection): Promise<void> {
  await connection.request();
  connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${40 * MIB}\r\n\r\n`);
  pump(connection.socket, randomSource(1), 40 * MIB);
  await new Promise((resolve) => connection.socket.once('close', resolve));
}

test(
  'an upload that waits for its origin is no stalled client',
  onStage(
    async (connection) => {
      connection.socket.pause();
      await new Promise((resolve) => connection.socket.once('close', resolve));
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${40 * MIB}\r\n\r\n`);
      const source = randomSource(1);
      pump(client.socket, source, 40 * MIB);
      const origin = await stage.origin.connection();
      await new Promise((resolve) => setTimeout(resolve, 1200));
      const checker = new Checker(source, 40 * MIB);
      origin.socket.removeAllListeners('data');
      checkBody(origin.socket, checker);
      origin.socket.resume();
      await until('the whole body', () => checker.received === 40 * MIB, 20_000);
      origin.send(ok('thanks'));
      assert.equal((await client.reply()).body, 'thanks');
    },
    { internal: { timeout: { head: '60s', body: '400ms', keepAlive: '60s' } } },
  ),
);

test(
  'a reply that waits for its client longer than the idle limit is cut, and is the client’s fault, not the upstream’s',
  onStage(
    pouring,
    async (stage) => {
      const client = await stage.client('internal', { paused: true });
      await client.send(FIRST);
      assert.equal((await stage.logged('/first')).code, 'client_stalled');
      await stage.origin.connections[0].closed();
    },
    { upstream: { timeout: { idle: '400ms' } } },
  ),
);

test(
  'a reply that waits for its client within the idle limit is whole in the end',
  onStage(
    pouring,
    async (stage) => {
      const client = await stage.client();
      const checker = new Checker(randomSource(1), 40 * MIB);
      client.socket.removeAllListeners('data');
      checkBody(client.socket, checker);
      await client.send(FIRST);
      client.pause();
      await new Promise((resolve) => setTimeout(resolve, 1200));
      client.resume();
      await until('the whole body', () => checker.received === 40 * MIB, 20_000);
      assert.equal(checker.wrongAt, -1);
    },
    { internal: { timeout: { head: '400ms', body: '400ms', keepAlive: '400ms' } } },
  ),
);
