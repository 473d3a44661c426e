/**
 * The form of a refusal: it reaches the client whole, however much the client goes on sending; it has no body for HEAD;
 * it lets the connection go, even where the client does not; and it is on record.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../support/leaks.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { assertLastProblem, assertProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const BAD = 'POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n';

test(
  'a refusal reaches a client that has sent much more behind it',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send(BAD + 'x'.repeat(1_000_000));
    assertProblem(await client.reply(), 400, 'bad_request');
    await client.closed();
  }),
);

test(
  'a refused client that never closes its side is let go',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send(BAD);
    await assertLastProblem(await client.lastReply(), 400, 'bad_request');
    await settled(stage.router, 10_000);
  }),
);

test(
  'a refused client that never stops sending is let go',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send(BAD);
    await assertLastProblem(await client.lastReply(), 400, 'bad_request');
    await until(
      'the router to let go',
      async () => {
        await client.send('x'.repeat(1000));
        return (await stage.router.status()).connections === 0;
      },
      10_000,
    );
  }),
);

test(
  'a bare CR is refused at the byte behind it, in whatever pieces it comes',
  onStage(answering(ok('fine')), async (stage) => {
    const head = 'GET /bad HTTP/1.1\r\nHost: a\r\n\r';
    for (const pieces of [
      [`${head}X`],
      [head, 'X'],
      [head.slice(0, -1), '\r', 'X'],
      [head.slice(0, -1), '\rX'],
      ['\r', 'X'],
    ]) {
      const client = await stage.client();
      await client.send(...pieces);
      await assertLastProblem(await client.lastReply(), 400, 'bad_request');
    }
  }),
);

test(
  'what follows a refusal in the same packet is not looked at',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send(`${BAD}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    await assertLastProblem(await client.lastReply(), 400, 'bad_request');
    await stage.fence();
    assert.deepEqual(
      stage.origin.requests.map((request) => request.start),
      ['GET /fence HTTP/1.1'],
    );
  }),
);

test(
  'a refusal behind requests that are still served comes after their replies',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send(FIRST + FIRST + FIRST + BAD);
    for (let i = 0; i < 3; i++) assert.equal((await client.reply()).body, 'fine');
    await assertLastProblem(await client.lastReply(), 400, 'bad_request');
  }),
);

test(
  'a reply of the router to HEAD has no body, and the connection goes on',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      await client.send('HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n');
      const reply = await client.reply('HEAD');
      assert.equal(reply.status, 404);
      assert.equal((await client.ask('GET /here HTTP/1.1\r\nHost: a\r\n\r\n')).body, 'fine');
    },
    { route: { match: { path: '/here' } } },
  ),
);

test(
  'no route is 404, and the connection goes on',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      assertProblem(await client.ask('GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n'), 404, 'no_route');
      assert.equal((await client.ask('GET /here HTTP/1.1\r\nHost: a\r\n\r\n')).body, 'fine');
      const record = await stage.logged('/nowhere');
      assert.equal(record.status, 404);
      assert.equal(record.code, 'no_route');
    },
    { route: { match: { path: '/here' } } },
  ),
);

test(
  'the body of a request without a route never becomes a request',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const hidden = 'GET /here/hidden HTTP/1.1\r\nHost: a\r\n\r\n';
      const head = `POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n`;
      for (const pieces of [[head + hidden], [head, hidden]]) {
        const client = await stage.client();
        await client.send(...pieces);
        assertProblem(await client.reply(), 404, 'no_route');
        await client.send('GET /here/next HTTP/1.1\r\nHost: a\r\n\r\n');
        client.end();
        // Served or closed, as the router likes; but the hidden one must not be answered.
        assert.ok((await client.untilClose()).text.split('HTTP/1.1 200').length <= 2);
      }
      const paths = stage.origin.requests.map((request) => request.start);
      assert.ok(!paths.some((path) => path.includes('hidden')), paths.join());
    },
    { route: { match: { path: '/here' } } },
  ),
);

test(
  'a client version that is not served is 426',
  onStage(
    answering(ok('fine')),
    async (stage) => {
      const client = await stage.client();
      const request = (version: string) => `GET / HTTP/1.1\r\nHost: a\r\nX-Client-Version: ${version}\r\n\r\n`;
      assert.equal((await client.ask(request('2.1.0'))).status, 200);
      assertProblem(await client.ask(request('1.0.0')), 426, 'version_not_served');
      assert.equal((await client.ask(request('2.0.0'))).status, 200);
    },
    {
      route: {
        upstream: undefined,
        versions: {
          from: [{ header: 'x-client-version' }],
          serve: [{ range: '>=2.0.0', upstream: 'main' }],
          missing: 'main',
          unmatched: { status: 426 },
        },
      },
    },
  ),
);

test(
  'a refused request is on record with its code and the id its client was told',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    const reply = await client.ask(BAD);
    const record = await until('the line of the refusal', async () => {
      const records = await stage.router.accessLog(0);
      return records.find((one) => one.correlationId === reply.field('x-correlation-id'));
    });
    assert.equal(record.status, 400);
    assert.equal(record.code, 'bad_request');
  }),
);
