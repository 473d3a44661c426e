/**
 * Time limits of the upstream's side, with short values: attempt, total, idle; connect is in early.test.ts. Bounds of these tests are far above
 * the limits: they mark a hang.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, type OriginConnection, ok } from '../support/raw-origin.ts';
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
