/**
 * Origins that break off or say too much: 502 upstream_reset while nothing was sent, else a broken connection; never a byte
 * for the wrong client, and never that origin connection again. Heads that are wrong: refuse-replies.test.ts; bodies:
 * refuse-reply-bodies.test.ts.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, inTurn, ok } from '../support/raw-origin.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

test(
  'an origin that closes before its reply is 502',
  onStage(
    async (connection) => {
      await connection.request();
      connection.end();
    },
    async (stage) => {
      assertProblem(await (await stage.client()).ask(FIRST), 502, 'upstream_reset');
    },
  ),
);

test(
  'an origin that resets before its reply, or within its head, is 502',
  onStage(
    async (connection) => {
      await connection.request();
      if (connection.index === 1) connection.send('HTTP/1.1 200 OK\r\nContent-');
      if (connection.index === 1) await new Promise((resolve) => setImmediate(resolve));
      connection.reset();
    },
    async (stage) => {
      const client = await stage.client();
      assertProblem(await client.ask(FIRST), 502, 'upstream_reset');
      assertProblem(await client.ask(FIRST), 502, 'upstream_reset');
    },
  ),
);

/** What an origin sends after a head and a good part of the body reached the client; then it may close or reset. */
const BREAKS: readonly (readonly [name: string, head: string, rest: string, how: 'end' | 'reset' | 'stay'])[] = [
  ['a short body and FIN', 'Content-Length: 10', 'hello', 'end'],
  ['a short body and a reset', 'Content-Length: 10', 'hello', 'reset'],
  ['no last chunk and FIN', 'Transfer-Encoding: chunked', '5\r\nhello\r\n', 'end'],
  ['no last chunk and a reset', 'Transfer-Encoding: chunked', '5\r\nhello\r\n', 'reset'],
  ['half a chunk and FIN', 'Transfer-Encoding: chunked', '5\r\nhel', 'end'],
  ['no end of its trailers and FIN', 'Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n', 'end'],
  ['a reset before its end by close', 'X: y', 'hello', 'reset'],
  ['a bad chunk size', 'Transfer-Encoding: chunked', '5\r\nhello\r\nxyz\r\nEVIL\r\n0\r\n\r\n', 'stay'],
  ['a negative chunk size', 'Transfer-Encoding: chunked', '5\r\nhello\r\n-4\r\nEVIL\r\n0\r\n\r\n', 'stay'],
  ['a huge chunk size', 'Transfer-Encoding: chunked', '5\r\nhello\r\nFFFFFFFFFFFFFFFFF\r\nEVIL', 'stay'],
  ['a chunk without its CRLF', 'Transfer-Encoding: chunked', '5\r\nhelloEVIL\r\n0\r\n\r\n', 'stay'],
  ['a chunk line with a bare LF', 'Transfer-Encoding: chunked', '5\r\nhello\r\n4\nEVIL\r\n0\r\n\r\n', 'stay'],
  ['a chunk line with a bad extension', 'Transfer-Encoding: chunked', '5\r\nhello\r\n4;=\r\nEVIL\r\n0\r\n\r\n', 'stay'],
];

for (const [name, line, rest, how] of BREAKS) {
  test(
    `a reply with ${name} breaks the client's connection`.replace('with no', 'without a'),
    onStage(
      async (connection) => {
        await connection.request();
        connection.send(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`);
        await connection.closed();
      },
      async (stage) => {
        const client = await stage.client();
        await client.send(FIRST);
        assert.match(await client.inbox.until('\r\n\r\n', 'the head'), /^HTTP\/1\.1 200 OK\r\n/);
        const connection = await stage.origin.connection();
        connection.send(rest);
        if (how !== 'stay') await client.inbox.until('hel', 'the good part');
        if (how === 'end') connection.end();
        if (how === 'reset') connection.reset();
        const { text, ending } = await client.untilClose();
        assert.ok(!text.includes('EVIL') && !/0\r\n\r\n$/.test(text), `it ended cleanly: ${JSON.stringify(text)}`);
        if (line === 'X: y') assert.equal(ending, 'rst', 'FIN would look like a clean end');
        await connection.closed();
        assert.equal((await stage.logged('/first')).code, how === 'stay' ? 'upstream_protocol' : 'upstream_reset');
      },
    ),
  );
}

for (const extra of ['EXTRA', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL', '\r\n']) {
  test(
    `${JSON.stringify(extra)} behind a complete reply closes that connection and reaches nobody`,
    onStage(inTurn(answering(ok('mine') + extra), answering(ok('fine'))), async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(FIRST)).body, 'mine');
      assert.equal((await client.ask(FIRST)).body, 'fine');
      await stage.origin.connections[0].closed();
      client.end();
      assert.equal((await client.untilClose()).text, '');
    }),
  );

  test(
    `${JSON.stringify(extra)} on an idle connection closes it and reaches nobody`,
    onStage(answering(ok('mine')), async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(FIRST)).body, 'mine');
      const [connection] = stage.origin.connections;
      connection.send(extra);
      await connection.closed();
      assert.equal((await client.ask(FIRST)).body, 'mine');
      assert.equal(stage.origin.connections.length, 2);
    }),
  );
}

test(
  'a reply that is there before any request is nobody’s reply',
  onStage(
    async (connection) => {
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL');
      await answering(ok('fine'))(connection);
    },
    async (stage) => {
      const client = await stage.client();
      const reply = await client.ask(FIRST);
      assert.ok(reply.status === 502 || reply.status === 200, reply.start);
      client.end();
      assert.ok(!(await client.untilClose()).text.includes('fine'), 'two replies to one request');
    },
  ),
);

const BODILESS: readonly (readonly [name: string, request: string, reply: string])[] = [
  ['to HEAD', 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', ok('EVIL')],
  ['of 204', FIRST, 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nEVIL'],
  ['of 304', FIRST, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nEVIL'],
];

for (const [name, request, reply] of BODILESS) {
  test(
    `a body behind a reply ${name} closes that connection and reaches nobody`,
    onStage(inTurn(answering(reply), answering(ok('fine'))), async (stage) => {
      const client = await stage.client();
      await client.send(request);
      const first = await client.inbox.until('\r\n\r\n', 'the head');
      assert.match(first, /^HTTP\/1\.1 (200|204|304) /);
      assert.equal((await client.ask(FIRST)).body, 'fine');
      await stage.origin.connections[0].closed();
      assert.ok(!client.inbox.all.includes('EVIL'));
    }),
  );
}
