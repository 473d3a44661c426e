/**
 * A body that goes out a second time: byte for byte the first one, however it came, and not at all beyond retry.bodyLimit.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, type OriginConnection, ok, silent } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { bearing, failing, IN_ORDER, plain, RETRY, resetting, serving } from './failing.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

/** Hears a head and resets the connection, whatever is still to come. */
async function hasty(connection: OriginConnection): Promise<void> {
  await connection.head();
  connection.reset();
}

/** Hears a head and answers 503 at once, whatever is still to come. */
async function unwilling(connection: OriginConnection): Promise<void> {
  await connection.head();
  connection.send('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n');
  await connection.closed();
}

const LINES = 'PUT /x HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = `${LINES}Transfer-Encoding: chunked\r\n\r\n`;
const BYTES = Array.from({ length: 30_000 }, (_, i) => String.fromCharCode((i * 7 + (i >> 8)) & 255)).join('');

/** Asks, lets the pause go by, and checks what came to the second member. */
async function arrives(stage: TimedStage, pieces: readonly string[], body: string, outcome: string): Promise<void> {
  stage.chance = 0.5;
  const client = await stage.client();
  await client.send(...pieces);
  await stage.counted(outcome);
  await stage.pass(550);
  assert.equal((await client.reply()).status, 200);
  const [sent] = stage.origins[1].requests;
  assert.equal(sent.raw, body);
  const record = await stage.logged('/x');
  assert.deepEqual([record.attempts, record.bytesIn], [2, body.length]);
}

function cut(text: string, pieces: number): string[] {
  const size = Math.ceil(text.length / pieces);
  return Array.from({ length: pieces }, (_, i) => text.slice(i * size, (i + 1) * size));
}

const chunks = 'a;x=1\r\n0123456789\r\n5\r\nabc\r\n\r\n0\r\nX-Sum: 12\r\nX-Other: b\r\n\r\n';
const bodies: Readonly<Record<string, readonly [pieces: readonly string[], body: string]>> = {
  'of known length': [[bearing('PUT', '/x', 'body')], 'body'],
  'of known length in many pieces': [cut(bearing('PUT', '/x', BYTES), 12), BYTES],
  'of chunks, with extensions and trailers': [[CHUNKED + chunks], chunks],
  'of chunks, byte by byte': [[...(CHUNKED + chunks)], chunks],
};

for (const [what, [pieces, body]] of Object.entries(bodies)) {
  test(
    `a body ${what} is the same the second time (reset behind it)`,
    onTimedStage([resetting, serving], (stage) => arrives(stage, pieces, body, 'reset'), { upstream: IN_ORDER }),
  );
  test(
    `a body ${what} is the same the second time (503 behind it)`,
    onTimedStage([failing(503), serving], (stage) => arrives(stage, pieces, body, 'server_error'), {
      upstream: IN_ORDER,
    }),
  );
}

for (const [what, script, outcome] of [
  ['reset', hasty, 'reset'],
  ['503', unwilling, 'server_error'],
] as const) {
  for (const framing of ['length', 'chunks']) {
    test(
      `a body that is still coming (${framing}) when its try fails (${what}) is whole at the second one`,
      onTimedStage(
        [script, serving],
        async (stage) => {
          stage.chance = 0.5;
          const client = await stage.client();
          const half = framing === 'length' ? 'half' : '4\r\nhalf\r\n';
          const head = framing === 'length' ? `${LINES}Content-Length: 12\r\n\r\n` : CHUNKED;
          await client.send(head, half);
          await stage.counted(outcome);
          // Sent in the pause, and after it.
          await client.send(half);
          await stage.pass(550);
          const second = await stage.origins[1].connection();
          await until('the first half', () => second.received.endsWith(half + half));
          await client.send(framing === 'length' ? half : `${half}0\r\n\r\n`);
          assert.equal((await client.reply()).status, 200);
          assert.equal(second.requests[0].body, 'halfhalfhalf');
          // In the middle of a request it serves no other.
          await stage.origin.connections[0].closed();
        },
        { upstream: IN_ORDER },
      ),
    );
  }
}

test(
  'a body that comes whole in the pause is whole at the second try, with the request behind it',
  onTimedStage(
    inTurn(hasty, serving),
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(`${LINES}Content-Length: 8\r\n\r\n`, 'half');
      await stage.counted('reset');
      await client.send(`half${plain('GET', '/next')}`);
      await stage.pass(550);
      assert.equal((await client.reply()).status, 200);
      assert.equal((await client.reply()).status, 200);
      assert.equal(stage.origin.requests[0].body, 'halfhalf');
      assert.equal(stage.asked('/next'), 1);
    },
    { upstream: IN_ORDER },
  ),
);

for (const method of ['GET', 'POST']) {
  test(
    `a ${method} with a body whose connection is refused is sent whole to the next, in pieces or not`,
    onTimedStage(
      [serving, serving],
      async (stage) => {
        stage.origin.server.close();
        const client = await stage.client();
        await client.send(...cut(bearing(method, '/x', BYTES), 5));
        assert.equal((await client.reply()).status, 200);
        assert.equal(stage.origins[1].requests[0].body, BYTES);
      },
      { upstream: IN_ORDER },
    ),
  );
}

test(
  'a body of just bodyLimit is sent again, and one a byte longer is not',
  onTimedStage(
    [failing(503), serving],
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(bearing('PUT', '/x', BYTES.slice(0, 20_480)));
      await stage.counted('server_error');
      await stage.pass(550);
      assert.equal((await client.reply()).status, 200);
      assert.equal(stage.origins[1].requests[0].body, BYTES.slice(0, 20_480));
    },
    { upstream: { ...IN_ORDER, retry: { ...RETRY, bodyLimit: '20KiB' } } },
  ),
);

for (const pieces of [1, 4]) {
  test(
    `a body longer than bodyLimit is streamed and not sent again (${pieces} pieces)`,
    onTimedStage(
      [resetting, serving],
      async (stage) => {
        const client = await stage.client();
        await client.send(...cut(bearing('PUT', '/x', BYTES.slice(0, 20_481)), pieces));
        assert.equal((await client.reply()).status, 502);
        await stage.pass(10_000);
        assert.equal(stage.origin.requests[0].body, BYTES.slice(0, 20_481));
        assert.equal(stage.origins[1].connections.length, 0);
      },
      { upstream: { ...IN_ORDER, retry: { ...RETRY, bodyLimit: '20KiB' } } },
    ),
  );
}

test(
  'a client that waits for 100 is told to go on by the second try alone, and sends its body there',
  onTimedStage(
    [
      unwilling,
      async (connection) => {
        await connection.head();
        connection.send('HTTP/1.1 100 Continue\r\n\r\n');
        connection.send(ok(await connection.inbox.exactly(4, 'the body')));
        await connection.closed();
      },
    ],
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(`${LINES}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n`);
      await stage.counted('server_error');
      await stage.pass(550);
      assert.equal((await client.reply()).status, 100);
      await client.send('body');
      assert.equal((await client.reply()).body, 'body');
      assert.match(stage.origins[1].connections[0].received, /\r\nExpect: 100-continue\r\n/);
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'a client that waits for 100 gets the last failure where all tries fail, and its connection closes',
  onTimedStage(
    [hasty, hasty, hasty],
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(`${LINES}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n`);
      await stage.counted('reset');
      await stage.pass(550);
      await stage.counted('reset', 2);
      await stage.pass(1_050);
      assert.equal((await client.lastReply()).status, 502);
      assert.equal((await stage.logged('/x')).attempts, 3);
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'a slow upload may take longer than the total, and is sent again behind it',
  onTimedStage(
    inTurn(async (connection) => {
      await connection.inbox.until('bbbbb', 'most of the body');
      connection.reset();
    }, serving),
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(`${LINES}Content-Length: 6\r\n\r\n`);
      for (let i = 0; i < 5; i++) {
        await stage.pass(5_000);
        await client.send('b');
      }
      await stage.counted('reset');
      await stage.pass(550);
      await client.send('b');
      assert.equal((await client.reply()).status, 200);
      const [sent] = stage.origin.requests;
      assert.equal(sent.body, 'bbbbbb');
      assert.doesNotMatch(sent.head, /deadline/i, 'the total counts from a byte that had not come');
    },
    { upstream: IN_ORDER },
  ),
);

test(
  'an upgrade that failed is asked for again, and its tunnel stands',
  onTimedStage(
    [
      resetting,
      async (connection) => {
        await connection.head();
        connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
        connection.send(await connection.inbox.exactly(4, 'the tunnel’s bytes'));
        connection.end();
        await connection.closed();
      },
    ],
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(plain('GET', '/x', 'Connection: upgrade', 'Upgrade: echo'));
      await stage.counted('reset');
      await client.send('ping');
      await stage.pass(550);
      assert.equal((await client.reply()).status, 101);
      assert.equal(await client.inbox.exactly(4, 'the echo'), 'ping');
      client.end();
      assert.equal((await stage.logged('/x')).status, 101);
      assert.deepEqual(stage.counts(), { reset: 1, success: 1, 'again: reset': 1 });
    },
    { upstream: IN_ORDER },
  ),
);

for (const waiting of ['before its body is whole', 'with its body whole']) {
  test(
    `a client that leaves in the pause (${waiting}) leaves nothing behind, and nothing more is sent`,
    onTimedStage(
      [hasty, silent],
      async (stage) => {
        stage.chance = 0.5;
        const client = await stage.client();
        await client.send(`${LINES}Content-Length: ${waiting.startsWith('before') ? 8 : 4}\r\n\r\nhalf`);
        await stage.counted('reset');
        client.close();
        const record = await stage.logged('/x');
        assert.deepEqual([record.status, record.code, record.attempts], [499, 'client_gone', 1]);
        await stage.pass(5_000);
        assert.equal(stage.origins[1].connections.length, 0);
      },
      { upstream: IN_ORDER },
    ),
  );
}
