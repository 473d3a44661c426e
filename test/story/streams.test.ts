/**
 * Streams too large to hold: hundreds of megabytes go through, up and down, past readers that dawdle, and the router's
 * memory does not notice; every byte arrives where it belongs.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { startRouter } from '../support/app.ts';
import { Checker, checkBody, chunkedSource, pump, randomSource } from '../support/flood.ts';
import { startOrigin } from '../support/origin.ts';
import type { OriginConnection } from '../support/raw-origin.ts';
import { ok } from '../support/raw-origin.ts';
import { steady, until } from '../support/wait.ts';
import { documentFor, onStage } from '../wire/stage.ts';

const MIB = 1 << 20;
const SIZE = 192 * MIB;
/** Far below SIZE, far above what kernel and runtime need to move it. */
const MEMORY = 96 * MIB;

/** The most memory this process held beyond what it held at the start, sampled at every chunk. */
class Watermark {
  private readonly start = process.memoryUsage.rss();
  highest = 0;

  sample(): void {
    this.highest = Math.max(this.highest, process.memoryUsage.rss() - this.start);
  }
}

/** Reads a few hundred kilobytes, rests, reads on. */
function dawdle(socket: Socket, watermark: Watermark): void {
  let taken = 0;
  socket.on('data', (bytes: Buffer) => {
    taken += bytes.length;
    if (taken < 400_000) return;
    taken = 0;
    watermark.sample();
    socket.pause();
    setImmediate(() => setImmediate(() => socket.resume()));
  });
}

async function standing(connection: OriginConnection): Promise<void> {
  if (connection.index > 0) return;
  connection.socket.pause();
  await new Promise((resolve) => connection.socket.once('close', resolve));
}

const FRAMINGS = {
  'of known length': (source: Buffer, total: number) => ({ line: `Content-Length: ${total}`, source, tail: '' }),
  'of chunks': (source: Buffer) => ({ line: 'Transfer-Encoding: chunked', source, tail: '0\r\n\r\n' }),
};

for (const [name, framing] of Object.entries(FRAMINGS)) {
  const source = name === 'of chunks' ? chunkedSource(3) : randomSource(4);
  const total = Math.floor(SIZE / source.length) * source.length;
  const { line, tail } = framing(source, total);
  const whole = (checker: Checker) => checker.received === total && checker.tail.startsWith(tail);

  test(
    `a download ${name} of ${SIZE / MIB} MiB to a slow reader holds a bounded buffer`,
    onStage(standing, async (stage) => {
      const client = await stage.client();
      const checker = new Checker(source, total);
      const watermark = new Watermark();
      client.socket.removeAllListeners('data');
      checkBody(client.socket, checker);
      await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      client.pause();
      const origin = await stage.origin.connection();
      origin.send(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`);
      const pumping = pump(origin.socket, source, total, tail);
      await steady('the origin', () => pumping.sent);
      assert.ok(pumping.held && pumping.sent < total / 2, `${pumping.sent} bytes went to a reader that stands still`);
      watermark.sample();
      dawdle(client.socket, watermark);
      client.resume();
      await until('the whole body', () => whole(checker), 60_000);
      assert.equal(checker.wrongAt, -1);
      assert.ok(watermark.highest < MEMORY, `${watermark.highest / MIB} MiB more than at the start`);
    }),
  );

  test(
    `an upload ${name} of ${SIZE / MIB} MiB to a slow origin holds a bounded buffer`,
    onStage(standing, async (stage) => {
      const client = await stage.client();
      const checker = new Checker(source, total);
      const watermark = new Watermark();
      await client.send(`POST / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`);
      const origin = await stage.origin.connection();
      origin.socket.removeAllListeners('data');
      checkBody(origin.socket, checker);
      origin.socket.pause();
      const pumping = pump(client.socket, source, total, tail);
      await steady('the client', () => pumping.sent);
      assert.ok(pumping.held && pumping.sent < total / 2, `${pumping.sent} bytes went to an origin that stands still`);
      watermark.sample();
      dawdle(origin.socket, watermark);
      origin.socket.resume();
      await until('the whole body', () => whole(checker), 60_000);
      assert.equal(checker.wrongAt, -1);
      assert.ok(watermark.highest < MEMORY, `${watermark.highest / MIB} MiB more than at the start`);
      origin.send(ok('thanks'));
      assert.equal((await client.reply()).body, 'thanks');
    }),
  );
}

test(
  'ordinary requests are served at once while a slow reader holds a large download',
  onStage(
    async (connection) => {
      for (;;) {
        if ((await connection.head()).includes('/large')) break;
        connection.send(ok('fine'));
      }
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
      pump(connection.socket, randomSource(5), SIZE);
      await new Promise((resolve) => connection.socket.once('close', resolve));
    },
    async (stage) => {
      const slow = await stage.client('internal', { paused: true });
      await slow.send('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
      await stage.origin.connection();
      for (let i = 0; i < 20; i++) {
        const client = await stage.client();
        assert.equal((await client.ask('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).body, 'fine');
      }
      slow.reset();
      await stage.origin.connections[0].closed();
    },
  ),
);

/** Sends a body through node:http and gives back the reply. */
function upload(port: number, length: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', method: 'PUT', path: '/file', agent: false }, resolve);
    request.on('error', reject);
    const block = randomSource(6);
    let left = length;
    const more = () => {
      while (left > 0) {
        const piece = block.subarray(0, Math.min(left, block.length));
        left -= piece.length;
        if (!request.write(piece) && left > 0) return void request.once('drain', more);
      }
      request.end();
    };
    more();
  });
}

test('an ordinary client and an ordinary server agree on the hash of a large file', async () => {
  const origin = await startOrigin((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (bytes: Buffer) => hash.update(bytes));
    request.on('end', () => response.end(hash.digest('hex')));
  });
  const router = await startRouter(documentFor(origin.port), { workers: 0 });
  try {
    const length = 24 * MIB + 17;
    const hash = createHash('sha256');
    const block = randomSource(6);
    for (let left = length; left > 0; left -= block.length)
      hash.update(block.subarray(0, Math.min(left, block.length)));
    const reply = await upload(router.port(), length);
    const body = (await reply.setEncoding('latin1').toArray()).join('');
    assert.equal(body, hash.digest('hex'));
  } finally {
    await router.stop();
    await origin.stop();
  }
});
