/**
 * Trailers pass both ways, announced or not; a reply whose trailers are malformed never ends cleanly.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valuesOf } from '../support/bytes.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const TRAILERS = 'X-Sum: abc\r\nx-sum: \xe9\r\nGrpc-Status: 0\r\nX-Empty:\r\n';
const FIELDS = [
  ['X-Sum', 'abc'],
  ['x-sum', '\xe9'],
  ['Grpc-Status', '0'],
  ['X-Empty', ''],
];

test(
  'trailers of a request pass, announced or not',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    for (const lines of ['', 'Trailer: X-Sum\r\nTE: trailers\r\n']) {
      await client.ask(`POST / HTTP/1.1\r\nHost: a\r\n${lines}${CHUNKED}\r\n\r\n2\r\nhi\r\n0\r\n${TRAILERS}\r\n`);
    }
    const [plain, announced] = stage.origin.requests;
    assert.deepEqual(plain.trailers, FIELDS);
    assert.deepEqual(announced.trailers, FIELDS);
    assert.deepEqual(valuesOf(announced.fields, 'trailer'), ['X-Sum']);
  }),
);

test(
  'trailers of a reply pass, announced or not, and the connection goes on',
  onStage(
    answering((request) => {
      const lines = request.start.includes('/first') ? '' : 'Trailer: X-Sum\r\n';
      return `HTTP/1.1 200 OK\r\n${lines}${CHUNKED}\r\n\r\n2\r\nhi\r\n0\r\n${TRAILERS}\r\n`;
    }),
    async (stage) => {
      const client = await stage.client();
      assert.deepEqual((await client.ask(FIRST)).trailers, FIELDS);
      const announced = await client.ask('GET /second HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.deepEqual(announced.trailers, FIELDS);
      assert.equal(announced.field('trailer'), 'X-Sum');
      assert.equal(stage.origin.connections.length, 1);
    },
  ),
);

test(
  'trailers that come long after the last chunk pass',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n2\r\nhi\r\n0\r\n`);
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      await client.inbox.until('hi\r\n', 'the only chunk');
      (await stage.origin.connection()).send('X-Sum: abc\r\n\r\n');
      assert.equal(await client.inbox.until('\r\n\r\n', 'the trailers'), '0\r\nX-Sum: abc\r\n\r\n');
    },
  ),
);

test(
  'trailers of one message after another are measured each for itself',
  onStage(
    answering((request) => `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n${request.raw}`),
    async (stage) => {
      const client = await stage.client();
      const body = `2\r\nhi\r\n0\r\nX-Large: ${'t'.repeat(2000)}\r\n\r\n`;
      for (let i = 0; i < 100; i++) {
        const reply = await client.ask(`POST / HTTP/1.1\r\nHost: a\r\n${CHUNKED}\r\n\r\n${body}`);
        assert.equal(reply.raw, body);
      }
    },
  ),
);

const BAD: readonly (readonly [name: string, bytes: string])[] = [
  ['a bare LF', 'X: a\nEVIL: b\r\n\r\n'],
  ['a bare CR', 'X: a\rEVIL: b\r\n\r\n'],
  ['NUL', 'X: \x00EVIL\r\n\r\n'],
  ['a folded line', 'X: a\r\n EVIL\r\n\r\n'],
  ['a line without a colon', 'EVIL\r\n\r\n'],
  ['a space before the colon', 'EVIL : x\r\n\r\n'],
  ['Content-Length', 'Content-Length: 5\r\n\r\nEVIL'],
  ['Transfer-Encoding', 'Transfer-Encoding: chunked\r\n\r\nEVIL'],
];

for (const [name, bytes] of BAD) {
  test(
    `a reply with ${name} in its trailers breaks the client's connection`,
    onStage(
      async (connection) => {
        await connection.request();
        connection.send(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n2\r\nhi\r\n`);
        await connection.closed();
      },
      async (stage) => {
        const client = await stage.client();
        await client.send(FIRST);
        await client.inbox.until('hi\r\n', 'the only chunk');
        const connection = await stage.origin.connection();
        connection.send(`0\r\n${bytes}`);
        const { text } = await client.untilClose();
        assert.ok(!text.includes('EVIL') && !text.includes('\r\n\r\n'), `it ended cleanly: ${JSON.stringify(text)}`);
        await connection.closed();
      },
    ),
  );
}
