/**
 * Time limits towards upstreams, with a clock that the test moves: just below a limit nothing happens, just above it the
 * exchange ends with the contract's status or a reset, the origin is let go, and the log names the limit. connect: see
 * early.test.ts.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, inTurn, type OriginConnection, ok, silent } from '../support/raw-origin.ts';
import { breathe, until } from '../support/wait.ts';
import { assertProblem, FIRST } from './refusing.ts';
import { documentFor } from './stage.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

const heard = (connection: OriginConnection) => until('the head', () => connection.heads.length > 0);

/** The end of what the log says of an upstream that was late. */
async function detailOf(stage: TimedStage, path: string, code = 'upstream_timeout'): Promise<string> {
  const record = await stage.logged(path);
  assert.equal(record.code, code);
  return String(record.detail).replace(`${record.member} of main `, '');
}

const LIMITS = {
  'timeout.attempt': [
    { attempt: '2s', total: '10s' },
    'did not reply within the attempt time of 2000 ms (timeout.attempt)',
  ],
  'timeout.total': [{ attempt: '10s', total: '2s' }, 'did not reply within the total time of 2000 ms (timeout.total)'],
  'timeout.attempt, total off,': [
    { attempt: '2s', total: 'off' },
    'did not reply within the attempt time of 2000 ms (timeout.attempt)',
  ],
  'timeout.total, attempt off,': [
    { attempt: 'off', total: '2s' },
    'did not reply within the total time of 2000 ms (timeout.total)',
  ],
} as const;

for (const [limit, [timeout, detail]] of Object.entries(LIMITS)) {
  for (const listener of ['internal', 'edge']) {
    test(
      `an upstream without a reply is 504 after ${limit} and let go (${listener})`,
      onTimedStage(
        silent,
        async (stage) => {
          const client = await stage.client(listener);
          await client.send(FIRST);
          const connection = await stage.origin.connection();
          await heard(connection);
          await stage.passNearly(2_000);
          assert.equal(connection.ending, undefined);
          await stage.passRest();
          assertProblem(await client.reply(), 504, 'upstream_timeout');
          await connection.closed();
          assert.equal(await detailOf(stage, '/first'), detail);
        },
        { upstream: { timeout } },
      ),
    );
  }

  test(
    `an upload may take its time: ${limit} counts from its last byte`,
    onTimedStage(
      silent,
      async (stage) => {
        const client = await stage.client();
        await client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n');
        const connection = await stage.origin.connection();
        for (let i = 0; i < 6; i++) {
          await stage.pass(1_500);
          await client.send('b');
        }
        await stage.passNearly(2_000);
        assert.equal(connection.ending, undefined);
        await stage.passRest();
        assertProblem(await client.reply(), 504, 'upstream_timeout');
        await connection.closed();
        assert.equal(await detailOf(stage, '/upload'), detail);
      },
      { upstream: { timeout } },
    ),
  );
}

/** Serves one request; on the second it says nothing and, when told, dies. */
const dying = async (connection: OriginConnection) => {
  await connection.request();
  connection.send(ok('fine'));
  await connection.request();
  await until('the word', () => connection.heads.length > 0, 60_000);
  connection.reset();
};

for (const [kind, rest] of [
  ['without a body', ''],
  ['with a small body', 'Content-Length: 5\r\n\r\nhello'],
]) {
  test(
    `a second attempt ${kind} does not begin the total anew, and is told the time that is left`,
    onTimedStage(
      inTurn(dying, silent),
      async (stage) => {
        const client = await stage.client();
        await client.ask(FIRST);
        await client.send(`PUT /twice HTTP/1.1\r\nHost: a\r\n${rest === '' ? '\r\n' : rest}`);
        const [first] = stage.origin.connections;
        await until('the request', () => first.requests.length === 2);
        await stage.pass(1_500);
        first.heads.push('now');
        const second = await stage.origin.connection(1);
        await heard(second);
        assert.match(second.heads[0], /\r\nx-signalbox-attempt: 2\r\nx-signalbox-deadline-ms: 500\r\n/i);
        await stage.passNearly(500);
        assert.equal(second.ending, undefined);
        await stage.passRest();
        assertProblem(await client.reply(), 504, 'upstream_timeout');
        assert.equal(await detailOf(stage, '/twice'), LIMITS['timeout.total'][1]);
      },
      { upstream: { timeout: { attempt: '2s', total: '2s' } } },
    ),
  );
}

const BODIES = {
  'of known length': 'Content-Length: 100\r\n\r\n',
  'of chunks': 'Transfer-Encoding: chunked\r\n\r\n64\r\n',
  'delimited by close': '\r\n',
};

for (const [kind, head] of Object.entries(BODIES)) {
  for (const version of ['HTTP/1.1', 'HTTP/1.0']) {
    test(
      `a body ${kind} may come slowly for hours; where it stalls, timeout.idle resets the client (${version})`,
      onTimedStage(silent, async (stage) => {
        const client = await stage.client();
        await client.send(`GET /slow ${version}\r\nHost: a\r\n\r\n`);
        const connection = await stage.origin.connection();
        await heard(connection);
        connection.send(`HTTP/1.1 200 OK\r\n${head}`);
        for (let i = 0; i < 20; i++) {
          await stage.pass(59_900);
          connection.send('.');
        }
        await stage.passNearly(60_000);
        assert.equal(client.inbox.ending, undefined);
        await stage.passRest();
        const { text, ending } = await client.untilClose();
        assert.equal(ending, 'rst');
        assert.ok(text.endsWith('.'.repeat(20)), text);
        await connection.closed();
        assert.equal(await detailOf(stage, '/slow'), 'sent no byte of the body for 60000 ms (timeout.idle)');
      }),
    );
  }
}

/** Waits until nothing moves any more on this socket. */
async function stuck(bytes: () => number): Promise<void> {
  await until('the way to be full', async () => {
    const before = bytes();
    await breathe(40);
    return before > 0 && before === bytes();
  });
}

test(
  'an upstream that takes nothing of an upload is 504 after timeout.idle',
  onTimedStage(
    async (connection) => {
      connection.socket.pause();
      await new Promise((resolve) => connection.socket.once('close', resolve));
    },
    async (stage) => {
      const client = await stage.client();
      await client.send('POST /full HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\n\r\n');
      const { socket } = client;
      socket.write(Buffer.alloc(60_000_000));
      await stuck(() => socket.bytesWritten - socket.writableLength);
      await stage.passNearly(60_000);
      assert.equal(client.inbox.all, '');
      await stage.passRest();
      assertProblem(await client.reply(), 504, 'upstream_timeout');
      assert.equal(await detailOf(stage, '/full'), 'took no byte of the request body for 60000 ms (timeout.idle)');
      client.reset();
    },
  ),
);

test(
  'a client that takes nothing of a reply is reset after timeout.idle, and the origin is not to blame',
  onTimedStage(
    async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 200 OK\r\n\r\n');
      connection.socket.write(Buffer.alloc(60_000_000));
      await new Promise((resolve) => connection.socket.once('close', resolve));
    },
    async (stage) => {
      const client = await stage.client('internal', { paused: true });
      await client.send(FIRST);
      const { socket } = await stage.origin.connection();
      await stuck(() => socket.bytesWritten - socket.writableLength);
      await stage.passNearly(60_000);
      assert.equal(await stage.connections(), 1);
      await stage.passRest();
      assert.equal(await stage.connections(), 0);
      const detail = await detailOf(stage, '/first', 'client_stalled');
      assert.equal(detail, 'the client took no byte of the reply for 60000 ms (timeout.idle)');
      client.resume();
      assert.equal((await client.untilClose(20_000)).ending, 'rst');
    },
  ),
);

test(
  'a tunnel in which anyone speaks stays, one at rest is reset after timeout.idle, on both sides',
  onTimedStage(
    async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      const lines = 'Connection: Upgrade\r\nUpgrade: talk\r\n';
      const reply = await client.ask(`GET /tunnel HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
      assert.equal(reply.status, 101);
      const [connection] = stage.origin.connections;
      for (let i = 0; i < 10; i++) {
        await stage.pass(59_900);
        if (i % 2 === 0) await client.send('ping');
        else connection.send('pong');
      }
      await stage.passNearly(60_000);
      assert.equal(client.inbox.ending, undefined);
      await stage.passRest();
      assert.equal(await client.closed(), 'rst');
      assert.equal(await connection.closed(), 'rst');
      const detail = await detailOf(stage, '/tunnel');
      assert.equal(detail, 'and the client left the tunnel idle for 60000 ms (timeout.idle)');
    },
  ),
);

test(
  'a tunnel whose origin closed while its client takes nothing ends in a reset too',
  onTimedStage(
    async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n');
      await connection.inbox.until('go', 'the word');
      connection.socket.write(Buffer.alloc(60_000));
      connection.end();
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      const lines = 'Connection: Upgrade\r\nUpgrade: talk\r\n';
      await client.ask(`GET /tunnel HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
      client.pause();
      await client.send('go');
      const [connection] = stage.origin.connections;
      await breathe(50);
      await stage.passNearly(60_000);
      assert.equal(await stage.connections(), 1);
      await stage.passRest();
      assert.equal(await stage.connections(), 0);
      assert.equal(await connection.closed(), 'rst');
      client.resume();
      await client.closed();
    },
  ),
);

for (const [promise, limit] of [
  ['', 4_000],
  ['Keep-Alive: timeout=20', 19_000],
  ['Keep-Alive: timeout=1', 500],
  ['Keep-Alive: timeout=nonsense', 4_000],
  ['Keep-Alive: max=5, timeout = "3"', 2_000],
] as const) {
  test(
    `an idle connection to an origin that says ${promise || 'nothing'} is kept for ${limit} ms`,
    onTimedStage(answering(promise === '' ? ok('fine') : ok('fine', promise)), async (stage) => {
      const client = await stage.client();
      await client.ask(FIRST);
      await stage.passNearly(limit);
      await client.ask(FIRST);
      assert.equal(stage.origin.connections.length, 1);
      await stage.passNearly(limit);
      assert.equal(stage.origin.connections[0].ending, undefined);
      await stage.passRest();
      assert.equal(await stage.origin.connections[0].closed(), 'fin');
    }),
  );
}

test(
  'an idle connection whose time is over is not used, though nobody closed it yet',
  onTimedStage(answering(ok('fine', 'Keep-Alive: timeout=0')), async (stage) => {
    const client = await stage.client();
    await client.ask(FIRST);
    await client.ask(FIRST);
    assert.equal(stage.origin.connections.length, 2);
  }),
);

test(
  'an exchange of a removed route is cut after drain.limit: 503 before its reply, a reset in its body',
  onTimedStage(silent, async (stage) => {
    const waiting = await stage.client();
    await waiting.send(FIRST);
    await heard(await stage.origin.connection(0));
    const reading = await stage.client();
    await reading.send('GET /reading HTTP/1.1\r\nHost: a\r\n\r\n');
    const second = await stage.origin.connection(1);
    await heard(second);
    second.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    await reading.inbox.until('half', 'half of it');
    await stage.take(
      documentFor(stage.origin.port, { route: { match: { path: '/elsewhere' } } }).replace(
        '"routes":{"main"',
        '"routes":{"other"',
      ),
    );
    await stage.passNearly(1_000);
    for (const client of [waiting, reading]) assert.equal(client.inbox.ending, undefined);
    await stage.passRest();
    const reply = await waiting.reply();
    assertProblem(reply, 503, 'route_removed');
    assert.equal(reply.field('retry-after'), '1');
    assert.equal(await reading.closed(), 'rst');
    const words = 'route main was removed more than 1000 ms ago (drain.limit)';
    for (const path of ['/first', '/reading']) assert.equal(await detailOf(stage, path, 'route_removed'), words);
  }),
);
