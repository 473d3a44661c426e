/**
 * Limits and their statuses: target 414, head and header count 431, body 413, connections. What is just within a limit
 * passes.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok } from '../support/raw-origin.ts';
import { breathe } from '../support/wait.ts';
import { assertLastProblem, assertProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const limited = (limits: Record<string, unknown>) => ({ internal: { limits } });

/** A target of exactly this many bytes. */
const target = (length: number) => `/${'t'.repeat(length - 1)}`;

const withTarget = (length: number) => `GET ${target(length)} HTTP/1.1\r\nHost: a\r\n\r\n`;

test(
  'a target of the limit passes, one byte more is 414, and nothing of it is sent on',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(withTarget(1024))).status, 200);
      await client.send(withTarget(1025));
      await assertLastProblem(await client.lastReply(), 414, 'target_too_long');
      const cut = await stage.client();
      await cut.send(withTarget(1025).slice(0, 1020), withTarget(1025).slice(1020));
      await assertLastProblem(await cut.lastReply(), 414, 'target_too_long');
      assert.equal(stage.origin.requests.length, 1);
    },
    limited({ target: '1KiB' }),
  ),
);

test(
  'a target without end is refused before it ends',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      await client.send(`GET ${target(3000)}`);
      await assertLastProblem(await client.lastReply(), 414, 'target_too_long');
    },
    limited({ target: '1KiB' }),
  ),
);

test(
  'a method without end is refused before it ends',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send('G'.repeat(100_000));
    const reply = await client.reply();
    assert.ok([400, 414, 431].includes(reply.status), reply.start);
  }),
);

const withHead = (length: number) => {
  const start = 'GET / HTTP/1.1\r\nHost: a\r\nX: ';
  return `${start}${'x'.repeat(length - start.length - 4)}\r\n\r\n`;
};

test(
  'a head within the limit passes, a larger one is 431',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(withHead(4000))).status, 200);
      await client.send(withHead(4200));
      await assertLastProblem(await client.lastReply(), 431, 'head_too_large');
      const second = await stage.client();
      await second.send(FIRST + withHead(4200));
      assert.equal((await second.reply()).status, 200);
      await assertLastProblem(await second.lastReply(), 431, 'head_too_large');
    },
    limited({ head: '4KiB', target: '1KiB' }),
  ),
);

test(
  'a head without end is refused before it ends, in one piece and in many',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      await client.send(withHead(100_000).slice(0, -4));
      await assertLastProblem(await client.lastReply(), 431, 'head_too_large');
      const dripping = await stage.client();
      await dripping.send('GET / HTTP/1.1\r\n');
      for (let i = 0; i < 1000 && dripping.inbox.ending === undefined; i++)
        await dripping.send(`X${i}: abcdefgh\r\n`, '');
      assertProblem(await dripping.reply(), 431, 'head_too_large');
      assert.equal(stage.origin.requests.length, 0);
    },
    limited({ head: '4KiB', target: '1KiB', headers: 10_000 }),
  ),
);

const withFields = (count: number) =>
  `GET / HTTP/1.1\r\nHost: a\r\n${Array.from({ length: count - 1 }, (_, i) => `X-${i}: y\r\n`).join('')}\r\n`;

test(
  'as many headers as the limit pass, one more is 431',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(withFields(20))).status, 200);
      await client.send(withFields(21));
      await assertLastProblem(await client.lastReply(), 431, 'head_too_large');
    },
    limited({ headers: 20 }),
  ),
);

const post = (length: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

test(
  'a body of the limit passes, a longer one is 413 before any of it is asked for or sent on',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(post(1024) + 'b'.repeat(1024))).status, 200);
      await client.send(post(1025));
      await assertLastProblem(await client.lastReply(), 413, 'body_too_large');
      const whole = await stage.client();
      await whole.send(post(1025) + 'b'.repeat(1025));
      assertProblem(await whole.reply(), 413, 'body_too_large');
      const expecting = await stage.client();
      await expecting.send(post(5000).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
      assertProblem(await expecting.reply(), 413, 'body_too_large');
      await stage.fence();
      assert.equal(stage.origin.requests.length, 2);
    },
    limited({ body: '1KiB' }),
  ),
);

test(
  'a chunked body that crosses the limit is 413 and never complete at the origin',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const head = 'POST /crossing HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
      const chunk = `200\r\n${'c'.repeat(512)}\r\n`;
      const within = await stage.client();
      assert.equal((await within.ask(`${head}200\r\n${'c'.repeat(512)}\r\n0\r\n\r\n`)).status, 200);
      for (const pieces of [[head + chunk.repeat(3)], [head, chunk, chunk, chunk]]) {
        const client = await stage.client();
        await client.send(...pieces);
        await assertLastProblem(await client.lastReply(), 413, 'body_too_large');
      }
      const announced = await stage.client();
      await announced.send(`${head}7fffffff\r\n${'c'.repeat(2000)}`);
      assertProblem(await announced.reply(), 413, 'body_too_large');
      for (const connection of stage.origin.connections.slice(1)) await connection.closed();
      assert.equal(stage.origin.requests.length, 1);
    },
    limited({ body: '1KiB' }),
  ),
);

test(
  'more connections than the limit are turned away, and one that leaves makes room',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const first = await stage.client();
      const second = await stage.client();
      assert.equal((await first.ask(FIRST)).status, 200);
      assert.equal((await second.ask(FIRST)).status, 200);
      const third = await stage.client();
      await third.send(FIRST);
      const { text } = await third.untilClose();
      assert.ok(text === '' || text.startsWith('HTTP/1.1 503 '), text);
      assert.equal((await first.ask(FIRST)).status, 200, 'those within the limit go on');
      first.close();
      await breathe(4);
      assert.equal((await (await stage.client()).ask(FIRST)).status, 200);
    },
    limited({ connections: 2 }),
  ),
);
