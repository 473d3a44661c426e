/**
 * Bodies of awkward sizes, around every buffer the data path has: both framings, both directions, several in one
 * connection, in one piece with what follows them. Heads that fill a buffer too.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomSource } from '../support/flood.ts';
import { answering, type OriginConnection } from '../support/raw-origin.ts';
import { FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const SIZES = [0, 1, 2, 1023, 4096, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537, 131_071, 131_073, 300_001];
const content = (size: number) => randomSource(size, size).toString('latin1');

/** One chunk of everything, or chunks of this size. */
function chunked(body: string, size = body.length): string {
  let out = '';
  for (let at = 0; at < body.length; at += size) {
    const piece = body.slice(at, at + size);
    out += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return `${out}0\r\n\r\n`;
}

const FRAMED = {
  'a length': (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}`,
  'one chunk': (body: string) => `Transfer-Encoding: chunked\r\n\r\n${chunked(body)}`,
  'many chunks': (body: string) => `Transfer-Encoding: chunked\r\n\r\n${chunked(body, 1000)}`,
};

for (const [name, framed] of Object.entries(FRAMED)) {
  test(
    `bodies with ${name} of every awkward size come back as they went, one behind the other`,
    onStage(
      async (connection: OriginConnection) => {
        for (;;) connection.send(`HTTP/1.1 200 OK\r\n${framed((await connection.request()).body)}`);
      },
      async (stage) => {
        const client = await stage.client();
        const requests = SIZES.map((size) => `POST /${size} HTTP/1.1\r\nHost: a\r\n${framed(content(size))}`);
        await client.send(requests.join(''));
        for (const size of SIZES) assert.ok((await client.reply()).body === content(size), `${size} bytes`);
        for (const [i, size] of SIZES.entries()) {
          assert.ok((await client.ask(requests[i])).body === content(size), `${size} bytes, asked one by one`);
        }
      },
    ),
  );
}

test(
  'a body of every awkward size reaches a 1.0 client, decoded',
  onStage(
    answering((request) => {
      const size = Number(/\/(\d+) /.exec(request.start)?.[1]);
      return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(content(size), 1000)}`;
    }),
    async (stage) => {
      for (const size of SIZES) {
        const client = await stage.client();
        await client.send(`GET /${size} HTTP/1.0\r\n\r\n`);
        assert.ok((await client.lastReply()).body === content(size), `${size} bytes`);
        client.close();
      }
    },
  ),
);

test(
  'a body of every awkward size that ends by close is whole',
  onStage(
    async (connection) => {
      const { start } = await connection.request();
      connection.send(`HTTP/1.1 200 OK\r\n\r\n${content(Number(/\/(\d+) /.exec(start)?.[1]))}`);
      connection.end();
    },
    async (stage) => {
      for (const size of SIZES) {
        const client = await stage.client();
        await client.send(`GET /${size} HTTP/1.1\r\nHost: a\r\n\r\n`);
        assert.ok((await client.lastReply()).body === content(size), `${size} bytes`);
        client.close();
      }
    },
  ),
);

const HEADS = [4000, 16_000, 32_000, 60_000];
/** Field lines of about this many bytes in all. */
const lines = (size: number) => `X-Large: ${'l'.repeat(7900)}\r\n`.repeat(Math.ceil(size / 7911));

test(
  'large heads within the limit pass both ways, bodies right behind them',
  onStage(
    answering((request) => `HTTP/1.1 200 OK\r\n${lines(request.body.length)}Content-Length: 2\r\n\r\nok`),
    async (stage) => {
      const client = await stage.client();
      for (const size of HEADS) {
        const body = content(size);
        const request = `POST / HTTP/1.1\r\nHost: a\r\n${lines(size)}Content-Length: ${size}\r\n\r\n${body}${FIRST}`;
        await client.send(request.slice(0, 5000), request.slice(5000));
        const reply = await client.reply();
        assert.equal(reply.body, 'ok');
        assert.equal(reply.all('x-large').length, Math.ceil(size / 7911));
        assert.equal((await client.reply()).body, 'ok');
        const sent = stage.origin.requests.at(-2);
        assert.ok(sent?.body === body);
      }
    },
  ),
);

test(
  'a large echo passes both ways at once while neither side waits for the other',
  onStage(
    async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n');
      connection.send(connection.inbox.unread);
      connection.socket.on('data', (bytes: Buffer) => {
        if (!connection.socket.write(bytes)) connection.socket.pause();
      });
      connection.socket.on('drain', () => connection.socket.resume());
      await connection.closed(60_000);
    },
    async (stage) => {
      const client = await stage.client();
      await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n');
      const body = randomSource(9, 20_000_000);
      for (let at = 0; at < body.length; at += 1_000_000) {
        if (!client.socket.write(body.subarray(at, at + 1_000_000))) {
          await new Promise((resolve) => client.socket.once('drain', resolve));
        }
      }
      const reply = await client.reply();
      assert.ok(Buffer.from(reply.body, 'latin1').equals(body));
    },
  ),
);
