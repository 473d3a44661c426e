/**
 * A client that goes away frees its upstream connection at once, whenever it goes, and is never held against the
 * upstream. An upstream that replies early is relayed.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, type OriginConnection, ok } from '../support/raw-origin.ts';
import { breathe, until } from '../support/wait.ts';
import { FIRST } from './refusing.ts';
import { onStage, type Stage } from './stage.ts';

/** Reads the request, and waits to be let go. */
async function silent(connection: OriginConnection): Promise<void> {
  await connection.request();
  await connection.closed();
}

/** What the metrics say about attempts of the upstream, by outcome. */
async function outcomes(stage: Stage): Promise<Record<string, number>> {
  const samples = Object.entries(await stage.metric('signalbox_upstream_attempts_total'));
  return Object.fromEntries(samples.map(([labels, count]) => [/outcome="(\w+)"/.exec(labels)?.[1], count]));
}

for (const way of ['end', 'reset'] as const) {
  test(
    `a client that leaves by ${way === 'end' ? 'FIN' : 'a reset'} while it waits frees the origin's connection at once`,
    onStage(silent, async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      const connection = await stage.origin.connection();
      await until('the request', () => connection.requests.length === 1);
      client[way]();
      await connection.closed();
      const record = await stage.logged('/first');
      assert.equal(record.code, 'client_gone');
      assert.equal(record.status, 499);
      assert.equal(record.upstream, 'main');
      await until('the outcome in the metrics', async () => Object.keys(await outcomes(stage)).length > 0);
      assert.deepEqual(await outcomes(stage), { client_gone: 1 });
    }),
  );

  test(
    `a client that leaves by ${way === 'end' ? 'FIN' : 'a reset'} in mid-reply frees the origin's connection at once`,
    onStage(
      async (connection) => {
        await connection.request();
        connection.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome');
        await connection.closed();
      },
      async (stage) => {
        const client = await stage.client();
        await client.send(FIRST);
        await client.inbox.until('some', 'the beginning of the body');
        client[way]();
        await (await stage.origin.connection()).closed();
        const record = await stage.logged('/first');
        assert.equal(record.code, 'client_gone');
        assert.deepEqual(
          Object.keys(await outcomes(stage)).filter((name) => /reset|protocol|timeout/.test(name)),
          [],
        );
      },
    ),
  );

  test(
    `a client that leaves by ${way === 'end' ? 'FIN' : 'a reset'} in mid-upload frees the origin's connection at once`,
    onStage(
      async (connection) => {
        await connection.head();
        await connection.closed();
      },
      async (stage) => {
        const client = await stage.client();
        await client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome');
        const connection = await stage.origin.connection();
        await until('the beginning of the upload', () => connection.received.endsWith('some'));
        client[way]();
        await connection.closed();
        assert.equal((await stage.logged('/upload')).code, 'client_gone');
        assert.deepEqual(await outcomes(stage), { client_gone: 1 });
      },
    ),
  );
}

test(
  'a client that leaves in the middle of a head leaves nothing behind',
  onStage(answering(ok('fine')), async (stage) => {
    for (const bytes of ['', 'G', 'GET / HTTP/1.1\r\nHost: a\r\n', 'POST / HTTP/1.1\r\n']) {
      for (const way of ['end', 'reset'] as const) {
        const client = await stage.client();
        await client.send(bytes);
        await breathe();
        client[way]();
        if (way === 'end') await client.untilClose();
      }
    }
    await stage.fence();
    assert.equal(stage.origin.requests.length, 1);
  }),
);

test(
  'a client that leaves with requests still in its pipeline takes them with it',
  onStage(
    async (connection) => {
      const { start } = await connection.request();
      if (start.includes('/fence')) connection.send(ok('fine'));
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(`${FIRST}GET /second HTTP/1.1\r\nHost: a\r\n\r\n`);
      const connection = await stage.origin.connection();
      await until('the first request', () => connection.requests.length === 1);
      client.reset();
      await connection.closed();
      await stage.fence();
      assert.ok(!stage.origin.received.includes('/second'));
    },
  ),
);

test(
  'a thousand aborted replies leave no connection behind',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(50_000)}`);
      await connection.closed();
    },
    async (stage) => {
      for (let i = 0; i < 1000; i += 50) {
        const clients = await Promise.all(Array.from({ length: 50 }, () => stage.client()));
        await Promise.all(clients.map((client) => client.send(FIRST)));
        await Promise.all(clients.map((client) => client.inbox.until('\r\n\r\n', 'a head')));
        for (const client of clients) client.reset();
      }
      await until('the origin to be left alone', () => stage.origin.open.length === 0);
    },
  ),
);

test(
  'a reply that comes before the upload ends is relayed at once',
  onStage(
    async (connection) => {
      const head = await connection.head();
      connection.send(head.includes('/upload') ? 'HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\n\r\nstop' : ok('fine'));
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome');
      const reply = await client.reply();
      assert.equal(reply.status, 413);
      assert.equal(reply.body, 'stop');
      await client.send('GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n');
      client.end();
      assert.equal((await client.untilClose()).text, '');
      await stage.origin.connections[0].closed();
      await stage.fence();
      assert.equal(stage.origin.connections.length, 2, 'a connection with half an upload on it is not pooled');
    },
  ),
);

test(
  'a reply that streams while the upload goes on is relayed both ways',
  onStage(
    async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let i = 0; i < 5; i++) connection.send(`2\r\n${await connection.inbox.exactly(2, 'a piece')}\r\n`);
      connection.send('0\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send('POST /both HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n');
      await client.inbox.until('\r\n\r\n', 'the head');
      for (let i = 0; i < 5; i++) {
        await client.send(`p${i}`);
        assert.equal(await client.inbox.until(`p${i}\r\n`, 'its echo'), `2\r\np${i}\r\n`);
      }
      assert.equal(await client.inbox.until('0\r\n\r\n', 'the end'), '0\r\n\r\n');
    },
  ),
);
