/**
 * Framing is kept: a chunked body stays chunked byte for byte, a length stays that length, what has no body has none, and
 * what is delimited by close stays so. Both directions.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valuesOf } from '../support/bytes.ts';
import { answering, inTurn, ok } from '../support/raw-origin.ts';
import { FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const CHUNKS = '5;a=b\r\nhello\r\nA\r\n0123456789\r\n00001;c="\\""\r\n!\r\n0;end\r\n\r\n';
const chunkedReply = (chunks: string) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`;

test(
  'a chunked request stays chunked byte for byte',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`);
    const [request] = stage.origin.requests;
    assert.equal(request.framing, 'chunked');
    assert.equal(request.raw, CHUNKS);
    assert.deepEqual(valuesOf(request.fields, 'content-length'), []);
  }),
);

for (const coding of ['Chunked', 'CHUNKED', 'chunked \t', '\tchunked']) {
  test(
    `a Transfer-Encoding of ${JSON.stringify(coding)} is chunked`,
    onStage(answering(ok('')), async (stage) => {
      const client = await stage.client();
      await client.ask(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:${coding}\r\n\r\n${CHUNKS}`);
      assert.equal(stage.origin.requests[0].raw, CHUNKS);
    }),
  );
}

for (const method of ['GET', 'DELETE', 'OPTIONS', 'PATCH', 'PURGE']) {
  test(
    `a chunked ${method} stays chunked, and its body never becomes a request`,
    onStage(answering(ok('')), async (stage) => {
      const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
      const chunks = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
      const client = await stage.client();
      await client.ask(`${method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
      await client.ask(FIRST);
      assert.equal(stage.origin.requests.length, 2);
      assert.equal(stage.origin.requests[0].body, hidden);
      assert.equal(stage.origin.requests[0].framing, 'chunked');
    }),
  );
}

test(
  'a request of known length keeps that length',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask('GET /with-body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
    await client.ask('POST /empty HTTP/1.1\r\nHost: a\r\nContent-Length:  0\t\r\n\r\n');
    const [hello, empty] = stage.origin.requests;
    assert.equal(hello.body, 'hello');
    assert.deepEqual(valuesOf(hello.fields, 'content-length'), ['5']);
    assert.deepEqual(valuesOf(hello.fields, 'transfer-encoding'), []);
    assert.deepEqual(valuesOf(empty.fields, 'content-length'), ['0']);
  }),
);

test(
  'a request without a body gets no framing',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    await client.ask('POST / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(stage.origin.requests[0].framing, 'none');
  }),
);

test(
  'a chunked reply stays chunked byte for byte, and the connection goes on',
  onStage(answering(chunkedReply(CHUNKS)), async (stage) => {
    const client = await stage.client();
    for (let i = 0; i < 2; i++) {
      const reply = await client.ask(FIRST);
      assert.equal(reply.framing, 'chunked');
      assert.equal(reply.raw, CHUNKS);
      assert.equal(reply.field('content-length'), undefined);
    }
    assert.equal(stage.origin.connections.length, 1);
  }),
);

test(
  'a reply of known length keeps that length',
  onStage(answering(ok('\x00\r\n\r\nHTTP/1.1 200 OK\r\n\xff')), async (stage) => {
    const client = await stage.client();
    const reply = await client.ask(FIRST);
    assert.equal(reply.body, '\x00\r\n\r\nHTTP/1.1 200 OK\r\n\xff');
    assert.equal(reply.field('content-length'), String(reply.body.length));
    assert.equal((await client.ask(FIRST)).body, reply.body);
  }),
);

test(
  'a reply to HEAD keeps its Content-Length and has no body',
  onStage(
    answering((request) =>
      request.start.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n' : ok('x'),
    ),
    async (stage) => {
      const client = await stage.client();
      await client.send(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${FIRST}`);
      assert.equal((await client.reply('HEAD')).field('content-length'), '1000');
      assert.equal((await client.reply()).body, 'x');
      assert.equal(stage.origin.connections.length, 1);
    },
  ),
);

test(
  'a chunked reply to HEAD has no body',
  onStage(
    answering((request) =>
      request.start.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' : ok('x'),
    ),
    async (stage) => {
      const client = await stage.client();
      await client.send(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${FIRST}`);
      assert.equal((await client.reply('HEAD')).status, 200);
      assert.equal((await client.reply()).body, 'x');
    },
  ),
);

for (const start of ['204 No Content', '304 Not Modified']) {
  test(
    `${start.slice(0, 3)} has no body, whatever its head says of one`,
    onStage(
      inTurn(async (connection) => {
        await connection.request();
        connection.send(`HTTP/1.1 ${start}\r\nETag: "x"\r\n\r\n`);
        await connection.request();
        connection.send(ok('next'));
        await connection.closed();
      }),
      async (stage) => {
        const client = await stage.client();
        await client.send(FIRST + FIRST);
        const reply = await client.reply();
        assert.equal(reply.start, `HTTP/1.1 ${start}`);
        assert.equal(reply.field('etag'), '"x"');
        assert.equal(reply.field('transfer-encoding'), undefined);
        assert.equal((await client.reply()).body, 'next');
      },
    ),
  );
}

test(
  '304 keeps the Content-Length of what it stands for',
  onStage(answering('HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n'), async (stage) => {
    const client = await stage.client();
    await client.send(FIRST + FIRST);
    assert.equal((await client.reply()).field('content-length'), '1000');
    assert.equal((await client.reply()).status, 304);
  }),
);

test(
  'a reply delimited by close stays so, and says Connection: close',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\n\r\nall of ');
      connection.send('it');
      connection.end();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      const reply = await client.lastReply();
      assert.equal(reply.framing, 'close');
      assert.equal(reply.body, 'all of it');
      assert.equal(reply.field('connection')?.toLowerCase(), 'close');
    },
  ),
);

test(
  'a status line keeps its code and its words, foreign letters too',
  onStage(
    answering((request) =>
      request.start.includes('/first')
        ? 'HTTP/1.1 299 Tr\xe8s bien\t!\r\nContent-Length: 0\r\n\r\n'
        : 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
    ),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(FIRST)).start, 'HTTP/1.1 299 Tr\xe8s bien\t!');
      assert.equal((await client.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).start, 'HTTP/1.1 200 ');
    },
  ),
);
