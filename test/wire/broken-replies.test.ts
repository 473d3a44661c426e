/**
 * Origins that break off or say too much: 502 upstream_reset while nothing was sent, else a broken connection; never a byte
 * for the wrong client, and never that origin connection again. Heads that are wrong: refuse-replies.test.ts; bodies:
 * refuse-reply-bodies.test.ts.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corpus } from '../fuzz/corpus.ts';
import { answering, inTurn, ok } from '../support/raw-origin.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const UPGRADE = 'GET /first HTTP/1.1\r\nHost: first\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const NONSENSE = corpus('replies').filter(({ expect }) => expect.is === 'refused');

for (const { name, asked, group, bytes } of NONSENSE) {
  test(
    `a reply with ${name} is 502, and the client's connection goes on`.replace('with no', 'without a'),
    onStage(inTurn(answering(bytes), answering(ok('fine'))), async (stage) => {
      const client = await stage.client();
      await client.send(asked === 'upgrade' ? UPGRADE : FIRST);
      let reply = await client.reply();
      while (group === 'interim' && reply.status < 200) reply = await client.reply();
      assertProblem(reply, 502, 'upstream_protocol');
      // Behind an upgrade that was not met nothing else is served.
      if (asked === 'upgrade') await client.closed();
      else assert.equal((await client.ask(FIRST)).body, 'fine');
      await stage.origin.connections[0].closed();
      assert.equal(stage.origin.connections[0].requests.length, 1);
      assert.ok(!client.inbox.all.includes('EVIL'));
    }),
  );
}

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
