/**
 * Pipelining: many requests at once are answered in order, each body with its own request, however they are cut.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok } from '../support/raw-origin.ts';
import { breathe, steady, until } from '../support/wait.ts';
import { assertLastProblem } from './refusing.ts';
import { onStage } from './stage.ts';

const echo = answering((request) => ok(`${request.start.split(' ')[1]} ${request.body}`));

/** A request without body, with a length, and chunked, in turn. */
function request(i: number): string {
  const body = `body-${i}`.repeat((i % 5) + 1);
  if (i % 3 === 0) return `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`;
  if (i % 3 === 1) return `POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  return `POST /${i} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`;
}

const expected = (i: number) => `/${i} ${i % 3 === 0 ? '' : `body-${i}`.repeat((i % 5) + 1)}`;
const TWENTY = Array.from({ length: 20 }, (_, i) => request(i)).join('');

test(
  'twenty requests in one packet are answered in order, with their bodies',
  onStage(echo, async (stage) => {
    const client = await stage.client();
    await client.send(TWENTY);
    for (let i = 0; i < 20; i++) assert.equal((await client.reply()).body, expected(i));
  }),
);

test(
  'twenty requests in pieces that end anywhere are answered in order',
  onStage(echo, async (stage) => {
    for (const size of [1, 7, 50]) {
      const client = await stage.client();
      const pieces = TWENTY.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      await client.send(...pieces);
      for (let i = 0; i < 20; i++) assert.equal((await client.reply()).body, expected(i));
      client.close();
    }
  }),
);

test(
  'replies stay in order where the origin takes longest for the first',
  onStage(
    async (connection) => {
      for (;;) {
        const { start } = await connection.request();
        if (start.includes('/0')) await breathe(50);
        connection.send(ok(`${start.split(' ')[1]} `));
      }
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(request(0) + request(3) + request(6));
      for (const i of [0, 3, 6]) assert.equal((await client.reply()).body, expected(i));
    },
  ),
);

test(
  'an empty line before a request is passed over, as after a POST of an old browser',
  onStage(echo, async (stage) => {
    const client = await stage.client();
    await client.send(`\r\n${request(0)}${request(1)}\r\n${request(3)}`);
    for (const i of [0, 1, 3]) assert.equal((await client.reply()).body, expected(i));
  }),
);

test(
  'empty lines without end are no way to hold a connection',
  onStage(
    echo,
    async (stage) => {
      const client = await stage.client();
      await until(
        'the router to close',
        async () => {
          await client.send('\r\n');
          return client.inbox.ending;
        },
        10_000,
      );
    },
    { internal: { timeout: { head: '300ms', keepAlive: '600ms' } } },
  ),
);

test(
  'requests wait in the kernel, not in the router, while a reply is not there yet',
  onStage(
    async (connection) => {
      await connection.request();
      await connection.closed(60_000);
    },
    async (stage) => {
      const client = await stage.client();
      const many = Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(1000)}\r\n\r\n`.repeat(1000), 'latin1');
      let sent = 0;
      while (sent < 64 && client.socket.writableLength === 0) {
        client.socket.write(many);
        sent++;
        await breathe(10);
      }
      assert.ok(sent < 64, 'sixty megabytes of requests were read while the first was unanswered');
    },
    // The router does not read what waits, so it learns that the client left when it writes to it.
    { upstream: { timeout: { attempt: '300ms' } } },
  ),
);

test(
  'a broken reply in a pipeline breaks the connection: the next is not answered in its place',
  onStage(
    async (connection) => {
      const { start } = await connection.request();
      connection.send(start.includes('/3') ? 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort' : ok(start));
      if (start.includes('/3')) connection.end();
      else await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(request(3) + request(6));
      const { text } = await client.untilClose();
      assert.ok(text.endsWith('\r\n\r\nshort'), text);
      assert.ok(!stage.origin.received.includes('/6'));
    },
  ),
);

test(
  'a refusal in a pipeline comes in its turn, and nothing behind it is served',
  onStage(echo, async (stage) => {
    const client = await stage.client();
    await client.send(`${request(0)}${request(1)}GET /bad HTTP/1.1\r\n\r\n${request(6)}`);
    for (const i of [0, 1]) assert.equal((await client.reply()).body, expected(i));
    await assertLastProblem(await client.lastReply(), 400, 'bad_request');
    await stage.fence();
    assert.ok(!stage.origin.received.includes('/6'));
  }),
);

test(
  'a client that asks on and reads nothing stops the router asking on its behalf',
  onStage(answering(ok('r'.repeat(16_000))), async (stage) => {
    const client = await stage.client('internal', { paused: true });
    const many = 10_000;
    client.socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(many));
    const asked = () => stage.origin.connections.reduce((sum, connection) => sum + connection.requests.length, 0);
    await until('the first requests', () => asked() > 0);
    const stood = await steady('the origin', asked);
    // What the kernel holds on the way to the client is a few megabytes: some hundred replies.
    assert.ok(stood < many / 4, `${stood} of ${many} replies are kept for a client that reads nothing`);
    client.reset();
  }),
);

test(
  'an upgrade behind another request waits for its turn, and then bytes pass',
  onStage(
    async (connection) => {
      for (;;) {
        const { start } = await connection.request();
        if (start.includes('/up')) break;
        await breathe(20);
        connection.send(ok('first'));
      }
      connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n');
      connection.send(`heard ${await connection.inbox.exactly(5, 'the first word')}`);
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      const upgrade = 'GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n';
      await client.send(`${request(0)}${upgrade}hello`);
      assert.equal((await client.reply()).body, 'first');
      assert.equal((await client.reply()).status, 101);
      assert.equal(await client.inbox.exactly(11, 'the answer'), 'heard hello');
      client.reset();
    },
  ),
);

test(
  'twenty thousand requests in a row that the router answers itself are answered, each once',
  onStage(
    echo,
    async (stage) => {
      const client = await stage.client();
      client.socket.write('GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20_000));
      client.socket.write('GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      const { text } = await client.untilClose(20_000);
      assert.equal(text.split('HTTP/1.1 404 ').length - 1, 20_001);
    },
    { route: { match: { path: '/here' } } },
  ),
);
