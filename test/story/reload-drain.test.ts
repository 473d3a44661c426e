/**
 * Stopping: what is under way is finished within the drain limit and told to close; what takes longer is cut; nothing new
 * is begun.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRaw } from '../support/raw-client.ts';
import { answering, type OriginConnection, ok } from '../support/raw-origin.ts';
import { breathe, steady, until } from '../support/wait.ts';
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

const LARGE = 8_192;
const REPLIES = answering(ok('x'.repeat(LARGE)));

test('a client that is slow to take its last reply gets all of it, though the router stops meanwhile', async () => {
  const stage = await openStage(REPLIES, { document: { drain: { notice: '0s', limit: '10s' } } });
  const served = () => stage.origin.requests.length;
  // How many replies system and router keep for a client that reads nothing, before its next request waits.
  const first = await stage.client('internal', { paused: true });
  await first.send(GET.repeat(5_000));
  const most = await steady('a client that reads nothing', served);
  first.close();
  const clients = [];
  for (let fewer = 1; fewer <= 6; fewer++) {
    const client = await stage.client('internal', { paused: true });
    const before = served();
    await client.send(GET.repeat(most - fewer));
    // How many that is differs a little from one connection to the next.
    clients.push({ client, count: (await steady('its replies', served)) - before });
  }
  const drained = stage.drain();
  await breathe(20);
  for (const { client } of clients) client.resume();
  for (const { client, count } of clients) {
    const { text, ending } = await client.untilClose();
    const whole = text.match(/x{8192}/g)?.length ?? 0;
    assert.deepEqual([text.match(/HTTP\/1\.1 200 OK/g)?.length, ending], [whole, 'fin']);
    assert.ok(whole >= count, `${whole} of ${count} replies`);
  }
  await drained;
  await stage.close();
});

test('a client that never takes its last reply is reset when the drain limit is over', async () => {
  const stage = await openStage(REPLIES, { document: { drain: { notice: '0s', limit: '200ms' } } });
  const client = await stage.client('internal', { paused: true });
  await client.send(GET.repeat(5_000));
  await steady('the replies', () => stage.origin.requests.length);
  await stage.drain();
  client.resume();
  assert.equal((await client.untilClose()).ending, 'rst');
  await stage.close();
});
