/**
 * Stopping: what is under way is finished within the drain limit and told to close; what takes longer is cut; nothing new
 * is begun.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRaw } from '../support/raw-client.ts';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { openStage, type Stage } from '../wire/stage.ts';

const GET = 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n';

async function waiting(connection: OriginConnection): Promise<void> {
  for (;;) {
    const { start } = await connection.request();
    if (!start.includes('/slow')) connection.send(ok('fine'));
  }
}

/** A request that is under way at the origin. */
async function underway(stage: Stage) {
  const client = await stage.client();
  await client.send(GET);
  const connection = await stage.origin.connection();
  await until('the request', () => connection.requests.length === 1);
  return { client, connection };
}

test('a request under way is finished, its reply says Connection: close, and idle connections close', async () => {
  const stage = await openStage(waiting, { document: { drain: { notice: '0s', limit: '10s' } } });
  const { client, connection } = await underway(stage);
  const idle = await stage.client();
  await idle.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const drained = stage.drain();
  assert.deepEqual(await idle.untilClose(), { text: '', ending: 'fin' });
  connection.send(ok('late'));
  const reply = await client.lastReply();
  assert.equal(reply.body, 'late');
  assert.equal(reply.field('connection')?.toLowerCase(), 'close');
  await drained;
  await connection.closed();
  await stage.close();
});

test('a request that takes longer than the drain limit is cut, and the origin let go', async () => {
  const stage = await openStage(waiting, { document: { drain: { notice: '0s', limit: '300ms' } } });
  const { client, connection } = await underway(stage);
  const port = stage.router.port();
  await stage.drain();
  await client.closed();
  await connection.closed();
  await assert.rejects(connectRaw(port), /ECONNREFUSED/);
  const [{ status, code, detail }] = await stage.router.accessLog(1);
  assert.deepEqual([status, code], [503, 'draining']);
  assert.equal(detail, 'the router stops, and what was under way had 300 ms (drain.limit)');
  await stage.close();
});

test('a body under way longer than the drain limit never ends cleanly', async () => {
  const stage = await openStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\n\r\nhalf of ');
      await connection.closed();
    },
    { document: { drain: { notice: '0s', limit: '300ms' } } },
  );
  const client = await stage.client();
  await client.send(GET);
  await client.inbox.until('half of ', 'the beginning');
  await stage.drain();
  assert.equal(await client.closed(), 'rst', 'FIN would look like the end of a body delimited by close');
  await stage.close();
});
