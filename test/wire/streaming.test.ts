/**
 * Streaming in small: events and chunks leave at once and one by one, both ways; a reader that stops stops the source; what
 * waits for a slow reader is never overwritten.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checker, checkBody, chunkedSource, pump, randomSource } from '../support/flood.ts';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { breathe, steady, until } from '../support/wait.ts';
import { FIRST } from './refusing.ts';
import { onStage } from './stage.ts';

const MIB = 1 << 20;

/** Reads the head and leaves the rest to the test. */
async function standing(connection: OriginConnection): Promise<void> {
  await connection.head();
  await new Promise((resolve) => connection.socket.once('close', resolve));
}

const HEADS = {
  'a chunked reply': 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
  'a reply of known length': 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n',
  'a reply delimited by close': 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n',
};

for (const [name, head] of Object.entries(HEADS)) {
  test(
    `${name} leaves head first, then event by event, at once`,
    onStage(standing, async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      const origin = await stage.origin.connection();
      origin.send(head);
      await client.inbox.until('\r\n\r\n', 'the head alone');
      for (let i = 0; i < 20; i++) {
        const event = `data: ${i}\n\n`;
        const sent = head.includes('chunked') ? `${event.length.toString(16)}\r\n${event}\r\n` : event;
        origin.send(sent);
        assert.equal(await client.inbox.exactly(sent.length, `event ${i}`), sent);
      }
      client.reset();
      await origin.closed();
    }),
  );
}

test(
  'a chunk that is not complete leaves as far as it is there',
  onStage(standing, async (stage) => {
    const client = await stage.client();
    await client.send(FIRST);
    const origin = await stage.origin.connection();
    origin.send(`${HEADS['a chunked reply']}64\r\n`);
    await client.inbox.until('64\r\n', 'the chunk line');
    for (const word of ['one ', 'two ']) {
      origin.send(word);
      assert.equal(await client.inbox.exactly(4, 'a part of the chunk'), word);
    }
    client.reset();
    await origin.closed();
  }),
);

for (const framing of ['Content-Length: 40', 'Transfer-Encoding: chunked']) {
  test(
    `an upload with ${framing} goes out piece by piece, at once`,
    onStage(standing, async (stage) => {
      const client = await stage.client();
      await client.send(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
      const origin = await stage.origin.connection();
      await until('the head alone', () => origin.heads.length === 1);
      for (let i = 0; i < 8; i++) {
        const piece = framing.includes('chunked') ? `5\r\nhell${i}\r\n` : `hell${i}`;
        await client.send(piece);
        assert.equal(await origin.inbox.exactly(piece.length, `piece ${i}`), piece);
      }
      if (framing.includes('chunked')) await client.send('0\r\n\r\n');
      origin.send(ok('thanks'));
      assert.equal((await client.reply()).body, 'thanks');
    }),
  );
}

/** A body in both framings: its head line, its source, what ends it. */
const BODIES = {
  'of known length': (total: number) => ({ line: `Content-Length: ${total}`, source: randomSource(1), tail: '' }),
  'of chunks': () => ({ line: 'Transfer-Encoding: chunked', source: chunkedSource(2), tail: '0\r\n\r\n' }),
};

for (const [name, body] of Object.entries(BODIES)) {
  test(
    `a download ${name} stops while its reader does, and is whole when it reads again`,
    onStage(standing, async (stage) => {
      const { source } = body(0);
      const total = Math.floor((40 * MIB) / source.length) * source.length;
      const { line, tail } = body(total);
      const client = await stage.client();
      const checker = new Checker(source, total);
      client.socket.removeAllListeners('data');
      checkBody(client.socket, checker);
      await client.send(FIRST);
      client.pause();
      const origin = await stage.origin.connection();
      origin.send(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`);
      const pumping = pump(origin.socket, source, total, tail);
      await steady('the source', () => pumping.sent);
      assert.ok(
        pumping.sent < total && pumping.held,
        `${pumping.sent} of ${total} went to a reader that does not read`,
      );
      client.resume();
      await until('the whole body', () => checker.received === total && checker.tail === tail, 20_000);
      assert.equal(checker.wrongAt, -1);
    }),
  );

  test(
    `an upload ${name} stops while the origin does not read, and is whole when it reads again`,
    onStage(
      async (connection) => {
        connection.socket.pause();
        await new Promise((resolve) => connection.socket.once('close', resolve));
      },
      async (stage) => {
        const { source } = body(0);
        const total = Math.floor((40 * MIB) / source.length) * source.length;
        const { line, tail } = body(total);
        const client = await stage.client();
        await client.send(`POST / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`);
        const pumping = pump(client.socket, source, total, tail);
        const origin = await stage.origin.connection();
        await steady('the source', () => pumping.sent);
        assert.ok(
          pumping.sent < total && pumping.held,
          `${pumping.sent} of ${total} went to an origin that reads nothing`,
        );
        const checker = new Checker(source, total);
        origin.socket.removeAllListeners('data');
        checkBody(origin.socket, checker);
        origin.socket.resume();
        await until('the whole body', () => checker.received === total && checker.tail === tail, 20_000);
        assert.equal(checker.wrongAt, -1);
        origin.send(ok('thanks'));
        assert.equal((await client.reply()).body, 'thanks');
      },
    ),
  );
}

test(
  'many replies at once to readers that stumble reach each reader whole',
  onStage(
    async (connection) => {
      for (;;) {
        const seed = Number(/\/(\d+) /.exec(await connection.head())?.[1]);
        const size = 200_000 + seed * 90_001;
        connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        pump(connection.socket, randomSource(seed, 50_021), size);
      }
    },
    async (stage) => {
      const checkers = await Promise.all(
        Array.from({ length: 24 }, async (_, seed) => {
          const client = await stage.client();
          const checker = new Checker(randomSource(seed, 50_021), 200_000 + seed * 90_001);
          client.socket.removeAllListeners('data');
          checkBody(client.socket, checker);
          client.socket.on('data', () => {
            client.pause();
            void breathe((checker.received >> 8) % 7).then(() => client.resume());
          });
          await client.send(`GET /${seed} HTTP/1.1\r\nHost: a\r\n\r\n`);
          return checker;
        }),
      );
      const done = (checker: Checker, seed: number) => checker.received === 200_000 + seed * 90_001;
      await until('every body', () => checkers.every(done), 20_000);
      assert.deepEqual(
        checkers.map((checker) => checker.wrongAt),
        checkers.map(() => -1),
      );
    },
  ),
);
