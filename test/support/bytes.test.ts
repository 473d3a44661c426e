/**
 * The tests' own reader and origin, held to account without a router between them: what they accept, what they refuse, and
 * how they tell FIN from a reset.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Broken } from './bytes.ts';
import { Checker, checkBody, pump, randomSource } from './flood.ts';
import { watchHandles } from './leaks.ts';
import { connectRaw, type RawClient } from './raw-client.ts';
import { answering, type OriginConnection, ok, type Script, startRawOrigin } from './raw-origin.ts';
import { until } from './wait.ts';

function face(script: Script, body: (client: RawClient, origin: () => Promise<OriginConnection>) => Promise<void>) {
  return async () => {
    const handlesBack = watchHandles();
    const origin = await startRawOrigin(script);
    const client = await connectRaw(origin.port);
    try {
      await body(client, () => origin.connection());
    } finally {
      client.close();
      await origin.stop();
    }
    await handlesBack();
  };
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

const GOOD: readonly (readonly [bytes: string, framing: string, body: string])[] = [
  [ok('hello', 'X: y'), 'length', 'hello'],
  ['HTTP/1.1 204 No Content\r\n\r\n', 'none', ''],
  [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b;\\""\r\nhello\r\n0\r\nX: y\r\n\r\n',
    'chunked',
    'hello',
  ],
];

for (const [bytes, framing, body] of GOOD) {
  test(
    `${JSON.stringify(bytes.slice(0, 50))} is read, twice on one connection`,
    face(answering(bytes), async (client) => {
      for (let i = 0; i < 2; i++) {
        const reply = await client.ask(GET);
        assert.equal(reply.framing, framing);
        assert.equal(reply.body, body);
        assert.ok(bytes.endsWith(reply.raw));
      }
    }),
  );
}

const BAD = [
  'HTTP/1.1 20 OK\r\n\r\n',
  'HTTP/1.1 200 OK\nX: y\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX : y\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
  'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n',
];

for (const bytes of BAD) {
  test(
    `${JSON.stringify(bytes)} is not taken for a reply`,
    face(answering(bytes), async (client) => {
      await assert.rejects(client.ask(GET), /^Error: (not a|bad|framing|a chunk)/);
    }),
  );
}

for (const how of ['end', 'reset'] as const) {
  test(
    `a reply that breaks off by ${how} is broken, and says how`,
    face(
      async (connection) => {
        await connection.request();
        connection.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort');
        await connection.head().catch(() => {});
      },
      async (client, origin) => {
        await client.send(GET);
        await until('the beginning', () => client.inbox.all.endsWith('short'));
        (await origin())[how]();
        const ending = how === 'end' ? 'fin' : 'rst';
        await assert.rejects(client.reply(), (error: unknown) => error instanceof Broken && error.ending === ending);
      },
    ),
  );
}

test(
  'pieces arrive one by one',
  face(
    async (connection) => {
      const sizes: number[] = [];
      connection.socket.on('data', (bytes: Buffer) => sizes.push(bytes.length));
      await connection.request();
      connection.send(ok(sizes.join()));
      await connection.closed();
    },
    async (client) => {
      await client.send(...GET);
      assert.equal((await client.reply()).body, [...GET].map(() => 1).join());
    },
  ),
);

test(
  'a wrong byte in a flood is found with its place',
  face(
    async (connection) => {
      await connection.head();
      const source = randomSource(1);
      connection.send('HTTP/1.1 200 OK\r\n\r\n');
      pump(connection.socket, Buffer.concat([source.subarray(0, 5000), Buffer.from([source[5000] ^ 1])]), 5001);
      await connection.closed();
    },
    async (client) => {
      const checker = new Checker(randomSource(1), 5001);
      client.socket.removeAllListeners('data');
      checkBody(client.socket, checker);
      await client.send(GET);
      await until('all of it', () => checker.received === 5001);
      assert.ok(checker.wrongAt >= 0 && checker.wrongAt <= 5000);
    },
  ),
);
