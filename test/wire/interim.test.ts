/**
 * Interim replies: Expect: 100-continue passes and its 100 comes back, 103 and others are relayed in order, a 1.0 client
 * gets none.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valuesOf } from '../support/bytes.ts';
import { pump } from '../support/flood.ts';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const EXPECTING = 'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';

test(
  'Expect: 100-continue passes, the 100 comes back before the body, and the body follows',
  onStage(
    async (connection) => {
      const head = await connection.head();
      assert.match(head, /\r\nExpect: 100-continue\r\n/);
      connection.send('HTTP/1.1 100 Continue\r\n\r\n');
      connection.send(ok(`got ${await connection.inbox.exactly(5, 'the body')}`));
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(EXPECTING);
      assert.equal((await client.reply()).start, 'HTTP/1.1 100 Continue');
      await client.send('hello');
      assert.equal((await client.reply()).body, 'got hello');
    },
  ),
);

test(
  'the router does not say 100 in the place of the origin',
  onStage(
    async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(EXPECTING);
      const reply = await client.reply();
      assert.equal(reply.status, 417);
      assert.equal(reply.body, 'no');
    },
  ),
);

test(
  'what follows a refused expectation is never taken for the body of another request',
  onStage(
    async (connection) => {
      await connection.head();
      connection.send(connection.index === 0 ? 'HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n' : ok('fine'));
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(EXPECTING);
      assert.equal((await client.reply()).status, 417);
      // The client may send the body or not; the router cannot know, and must not guess a request out of it.
      await client.send('GET /guess HTTP/1.1\r\nHost: a\r\n\r\n');
      client.end();
      await client.untilClose();
      await stage.fence();
      assert.ok(!stage.origin.received.includes('/guess HTTP'), stage.origin.received);
      assert.equal((await stage.origin.connections[0].closed()).length > 0, true);
    },
  ),
);

test(
  'a body sent without waiting for the 100 passes',
  onStage(
    async (connection) => {
      const request = await connection.request();
      connection.send(`HTTP/1.1 100 Continue\r\n\r\n${ok(`got ${request.body}`)}`);
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(`${EXPECTING}hello`);
      assert.equal((await client.reply()).status, 100);
      assert.equal((await client.reply()).body, 'got hello');
    },
  ),
);

async function hinting(connection: OriginConnection): Promise<void> {
  for (;;) {
    await connection.request();
    connection.send(
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: </b.js>\r\nKeep-Alive: x\r\n\r\n',
    );
    connection.send('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 199 \r\nX: y\r\n\r\n');
    connection.send(ok('fine'));
  }
}

test(
  'several interim replies are relayed in order with their headers, and the connection goes on',
  onStage(hinting, async (stage) => {
    const client = await stage.client();
    for (let i = 0; i < 2; i++) {
      await client.send(FIRST);
      const hints = await client.reply();
      assert.equal(hints.start, 'HTTP/1.1 103 Early Hints');
      assert.deepEqual(valuesOf(hints.fields, 'link'), ['</a.css>; rel=preload', '</b.js>']);
      assert.equal(hints.field('keep-alive'), undefined);
      assert.equal((await client.reply()).status, 102);
      assert.equal((await client.reply()).field('x'), 'y');
      assert.equal((await client.reply()).body, 'fine');
    }
    assert.equal(stage.origin.connections.length, 1);
  }),
);

test(
  'an interim reply leaves at once, before the final one is there',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      assert.equal((await client.reply()).status, 103);
      (await stage.origin.connection()).send(ok('fine'));
      assert.equal((await client.reply()).body, 'fine');
    },
  ),
);

test(
  'a 1.0 client gets no interim reply',
  onStage(hinting, async (stage) => {
    const client = await stage.client();
    await client.send('GET /old HTTP/1.0\r\n\r\n');
    assert.equal((await client.lastReply()).body, 'fine');
  }),
);

test(
  'an interim reply is not the reply’s head: the attempt’s time goes on',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      assert.equal((await client.reply()).status, 103);
      assertProblem(await client.reply(), 504, 'upstream_timeout');
    },
    { upstream: { timeout: { attempt: '300ms', total: '60s' } } },
  ),
);

test(
  'interim replies without end do not hold the router: the total’s time is over',
  onStage(
    async (connection) => {
      await connection.request();
      while (connection.ending === undefined) {
        connection.send('HTTP/1.1 102 Processing\r\n\r\n');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      let reply = await client.reply();
      while (reply.status === 102) reply = await client.reply();
      assertProblem(reply, 504, 'upstream_timeout');
    },
    { upstream: { timeout: { attempt: '60s', total: '300ms' } } },
  ),
);

test(
  'interim replies at full speed do not pile up in the router for a client that does not read',
  onStage(
    async (connection) => {
      await connection.request();
      const hints = Buffer.from(`HTTP/1.1 103 Early Hints\r\nX: ${'y'.repeat(900)}\r\n\r\n`.repeat(100), 'latin1');
      const pumping = pump(connection.socket, hints, 640 * hints.length);
      await connection.closed(20_000);
      connection.heads.push(String(pumping.sent));
    },
    async (stage) => {
      const client = await stage.client('internal', { paused: true });
      await client.send(FIRST);
      const connection = await stage.origin.connection();
      const sent = Number(await until('the attempt to be over', () => connection.heads[0], 20_000));
      assert.ok(sent < 32 << 20, `${sent >> 20} MiB of interim replies were taken for a client that reads nothing`);
    },
    { upstream: { timeout: { attempt: '60s', total: '1s' } } },
  ),
);
