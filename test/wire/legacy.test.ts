/**
 * HTTP/1.0 on both sides: 1.0 clients are served in what they understand, and 1.0 origins are read for what they say.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valuesOf } from '../support/bytes.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const OLD = 'GET /old HTTP/1.0\r\n\r\n';

test(
  'a 1.0 client without Host is served, and the origin gets an HTTP/1.1 request with one',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send(OLD);
    const reply = await client.lastReply();
    assert.equal(reply.body, 'fine');
    const [request] = stage.origin.requests;
    assert.equal(request.start, 'GET /old HTTP/1.1');
    assert.deepEqual(valuesOf(request.fields, 'host'), [`127.0.0.1:${stage.origin.port}`]);
  }),
);

test(
  'the Host of a 1.0 client passes',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send('GET /old HTTP/1.0\r\nHost: a.example:8080\r\n\r\n');
    await client.lastReply();
    assert.deepEqual(valuesOf(stage.origin.requests[0].fields, 'host'), ['a.example:8080']);
  }),
);

test(
  'a chunked reply reaches a 1.0 client decoded and delimited by close, without trailers',
  onStage(
    answering(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n',
    ),
    async (stage) => {
      const client = await stage.client();
      await client.send(OLD);
      const reply = await client.lastReply();
      assert.equal(reply.framing, 'close');
      assert.equal(reply.body, 'hello world');
      assert.equal(reply.field('transfer-encoding'), undefined);
      assert.equal(reply.field('connection')?.toLowerCase(), 'close');
    },
  ),
);

test(
  'chunks reach a 1.0 client one by one, however they were cut',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(OLD);
      await client.inbox.until('\r\n\r\n', 'the head');
      const connection = await stage.origin.connection();
      for (const piece of ['5', ';x="\\""\r', '\nhe', 'llo', '\r']) connection.send(piece);
      assert.equal(await client.inbox.exactly(5, 'the first chunk'), 'hello');
      connection.send('\n1\r\n!\r\n');
      assert.equal(await client.inbox.exactly(1, 'the second chunk'), '!');
      connection.send('0\r\n\r\n');
      assert.deepEqual(await client.untilClose(), { text: '', ending: 'fin' });
    },
  ),
);

test(
  'a chunked reply that breaks off resets a 1.0 client, which could not tell otherwise',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(OLD);
      await client.inbox.until('hello', 'the first chunk');
      (await stage.origin.connection()).end();
      assert.equal((await client.untilClose()).ending, 'rst');
    },
  ),
);

test(
  'a bad request of a 1.0 client is refused in its turn',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send('GET /bad HTTP/1.0\r\nX Y: z\r\n\r\n');
    assertProblem(await client.lastReply(), 400, 'bad_request');
  }),
);

test(
  'a body of known length from a 1.0 client passes, and what follows is not served',
  onStage(answering(ok('fine')), async (stage) => {
    const client = await stage.client();
    await client.send(`POST /old HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello${FIRST}`);
    await client.lastReply();
    await stage.fence();
    assert.equal(stage.origin.requests[0].body, 'hello');
    assert.ok(!stage.origin.received.includes('/first'));
  }),
);

test(
  'a 1.0 client that asks for keep-alive gets it where the reply has a length, and is told so',
  onStage(
    answering((request) =>
      request.start.includes('/chunked')
        ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
        : ok('fine'),
    ),
    async (stage) => {
      const client = await stage.client();
      const get = (path: string) => `GET ${path} HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n`;
      for (let i = 0; i < 3; i++) {
        const reply = await client.ask(get('/old'));
        assert.equal(reply.body, 'fine');
        assert.equal(reply.field('connection')?.toLowerCase(), 'keep-alive');
      }
      await client.send(get('/chunked'));
      assert.equal((await client.lastReply()).field('connection')?.toLowerCase(), 'close');
    },
  ),
);

test(
  'a 1.0 origin without a length is read until it closes',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.0 200 OK\r\n\r\nold body');
      connection.end();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      const reply = await client.lastReply();
      assert.equal(reply.start, 'HTTP/1.1 200 OK');
      assert.equal(reply.body, 'old body');
    },
  ),
);

test(
  'a 1.0 origin with a length is not pooled, and the client’s connection goes on',
  onStage(answering(ok('fine').replace('HTTP/1.1', 'HTTP/1.0')), async (stage) => {
    const client = await stage.client();
    assert.equal((await client.ask(FIRST)).body, 'fine');
    assert.equal((await client.ask(FIRST)).body, 'fine');
    await stage.origin.connections[0].closed();
    assert.equal(stage.origin.connections.length, 2);
  }),
);
