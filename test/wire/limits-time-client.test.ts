/**
 * Time limits of a client's connection, with a clock that the test moves: just below a limit nothing happens, just above it
 * the connection ends with the contract's status, and log or counter say which limit it was.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawClient } from '../support/raw-client.ts';
import { answering, ok, silent } from '../support/raw-origin.ts';
import { breathe, until } from '../support/wait.ts';
import { assertLastProblem, FIRST } from './refusing.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

const fine = answering(ok('fine'));

function assertOpen(client: RawClient): void {
  assert.equal(client.inbox.ending, undefined, 'it was cut before its time');
}

/** The one line at level debug, as far as it is the same on every machine. */
function told(stage: TimedStage): unknown {
  const lines = stage.said.filter(({ level }) => level === 'debug').map(({ fields }) => fields);
  return lines.map(({ client, ...rest }) => (client === '127.0.0.1' ? rest : { client, ...rest }));
}

for (const listener of ['internal', 'edge']) {
  test(
    `a client that connects and sends nothing is let go after timeout.head, counted and told at level debug (${listener})`,
    onTimedStage(fine, async (stage) => {
      const client = await stage.client(listener);
      await stage.passNearly(10_000);
      assertOpen(client);
      assert.deepEqual(stage.cuts, {});
      await stage.passRest();
      assert.deepEqual(await client.untilClose(), { text: '', ending: 'fin' });
      assert.deepEqual(stage.cuts, { silent: 1 });
      assert.deepEqual(told(stage), [{ listener, reason: 'silent', setting: 'timeout.head', limit: 10_000 }]);
    }),
  );
}

test(
  'half a head is 408 after timeout.head, however it drips, and the log says so',
  onTimedStage(
    fine,
    async (stage) => {
      const client = await stage.client();
      await client.send('GET / HTTP/1.1\r\n');
      for (let i = 0; i < 4; i++) {
        await stage.pass(500);
        await client.send('X: y\r\n');
      }
      await stage.passNearly(500);
      assertOpen(client);
      await stage.passRest();
      await assertLastProblem(await client.lastReply(), 408, 'request_timeout');
      const record = await stage.logged('-');
      assert.deepEqual([record.status, record.code], [408, 'request_timeout']);
      assert.equal(record.detail, 'the head was not complete after 2500 ms (timeout.head)');
    },
    { internal: { timeout: { head: '2500ms' } } },
  ),
);

test(
  'the head of a second request has its time from its own first byte, also where that came behind the first request',
  onTimedStage(
    async (connection) => {
      await connection.request();
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(`${FIRST}GET /second HTTP/1.1\r\n`);
      await stage.pass(2_000);
      (await stage.origin.connection()).send(ok('fine'));
      assert.equal((await client.reply()).body, 'fine');
      await stage.passNearly(1_000);
      assertOpen(client);
      await stage.passRest();
      await assertLastProblem(await client.lastReply(), 408, 'request_timeout');
    },
    { internal: { timeout: { head: '1s' } } },
  ),
);

test(
  'a connection between two requests is let go after timeout.keepAlive, counted and told at level debug',
  onTimedStage(fine, async (stage) => {
    const client = await stage.client();
    await client.ask(FIRST);
    await stage.passNearly(75_000);
    assertOpen(client);
    await client.ask(FIRST);
    await stage.passNearly(75_000);
    assertOpen(client);
    await stage.passRest();
    assert.deepEqual(await client.untilClose(), { text: '', ending: 'fin' });
    assert.deepEqual(stage.cuts, { idle: 1 });
    const limit = 75_000;
    assert.deepEqual(told(stage), [{ listener: 'internal', reason: 'idle', setting: 'timeout.keepAlive', limit }]);
  }),
);

const BODIES = {
  'of known length': ['Content-Length: 100', 'some', 'more'],
  'of chunks': ['Transfer-Encoding: chunked', '64\r\nsome', 'more'],
} as const;

for (const [kind, [line, some, more]] of Object.entries(BODIES)) {
  for (const listener of ['internal', 'edge']) {
    test(
      `a body ${kind} that stalls is 408 after timeout.body, and the log says so (${listener})`,
      onTimedStage(
        silent,
        async (stage) => {
          const client = await stage.client(listener);
          await client.send(`POST /stalling HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n${some}`);
          await stage.passNearly(2_000);
          await client.send(more);
          await stage.passNearly(2_000);
          assertOpen(client);
          await stage.passRest();
          await assertLastProblem(await client.lastReply(), 408, 'client_stalled');
          const record = await stage.logged('/stalling');
          assert.deepEqual([record.status, record.code], [408, 'client_stalled']);
          assert.equal(record.detail, 'no byte of the request body for 2000 ms (timeout.body)');
          await stage.origin.connections[0].closed();
        },
        { internal: { timeout: { body: '2s' } }, edge: { timeout: { body: '2s' } } },
      ),
    );
  }

  test(
    `a body ${kind} below minBodyRate is let go once timeout.body has passed, one just above it is not`,
    onTimedStage(
      silent,
      async (stage) => {
        const head = `Host: a\r\n${line.replace('100', '10000')}\r\n\r\n${kind === 'of chunks' ? '2710\r\n' : ''}`;
        const steady = await stage.client('edge');
        const slow = await stage.client('edge');
        await steady.send(`POST /steady HTTP/1.1\r\n${head}`);
        await slow.send(`POST /slow HTTP/1.1\r\n${head}`);
        for (let second = 1; second <= 3; second++) {
          await stage.pass(990);
          await steady.send('b'.repeat(101));
          await slow.send('b'.repeat(second < 3 ? 98 : 90));
          await breathe(4);
          if (second < 3) assertOpen(slow);
        }
        await assertLastProblem(await slow.lastReply(), 408, 'client_stalled');
        const { detail } = await stage.logged('/slow');
        assert.equal(detail, 'the body came at less than 100 bytes a second (minBodyRate)');
        assertOpen(steady);
        steady.reset();
        assert.equal((await stage.logged('/steady')).code, 'client_gone');
      },
      { edge: { timeout: { body: '2500ms' }, minBodyRate: '100B' } },
    ),
  );
}

test(
  'what an upstream does not take is not held against the client’s rate, nor is waiting for 100',
  onTimedStage(
    async (connection) => {
      await connection.head();
      if (connection.received.startsWith('POST /blocked')) connection.socket.pause();
      await new Promise((resolve) => connection.socket.once('close', resolve));
    },
    async (stage) => {
      const blocked = await stage.client('edge');
      await blocked.send('POST /blocked HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n');
      const blockedOrigin = await stage.origin.connection(0);
      await until('the head', () => blockedOrigin.heads.length === 1);
      blocked.socket.write(Buffer.alloc(30_000_000));
      await until('the way to be full', async () => {
        const before = blocked.socket.bytesWritten - blocked.socket.writableLength;
        await breathe(20);
        return before > 0 && before === blocked.socket.bytesWritten - blocked.socket.writableLength;
      });
      await stage.pass(50_000);
      blockedOrigin.socket.resume();
      await until('all of it', () => blocked.socket.writableLength === 0, 20_000);
      await blocked.send('on');
      await breathe(10);
      assertOpen(blocked);

      const expecting = await stage.client('edge');
      await expecting.send('POST /expecting HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n');
      const other = await stage.origin.connection(1);
      await until('the head', () => other.heads.length === 1);
      await stage.pass(20_000);
      other.send('HTTP/1.1 100 Continue\r\n\r\n');
      assert.equal((await expecting.reply()).status, 100);
      await expecting.send('b');
      await breathe(10);
      assertOpen(expecting);
      blocked.reset();
      expecting.reset();
    },
    {
      edge: { timeout: { body: '2s' }, minBodyRate: '1MiB' },
      upstream: { timeout: { attempt: '60s', total: '60s' } },
    },
  ),
);

/** The router ends the connection behind the reply; the client did not say that it sends no more. */
const LAST = 'GET /last HTTP/1.0\r\nHost: a\r\n\r\n';

test(
  'a client that says its request is the last is not waited for',
  onTimedStage(fine, async (stage) => {
    const client = await stage.client();
    assert.equal((await client.ask('GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).body, 'fine');
    assert.equal(await client.closed(), 'fin');
    assert.equal(await stage.connections(), 0);
    assert.deepEqual(stage.cuts, {});
  }),
);

test(
  'a client that keeps its side open behind the last reply and says nothing is let go after 2 s',
  onTimedStage(fine, async (stage) => {
    const client = await stage.client();
    assert.equal((await client.ask(LAST)).body, 'fine');
    assert.equal(await client.closed(), 'fin');
    await stage.passNearly(2_000);
    assert.equal(await stage.connections(), 1);
    await stage.passRest();
    assert.equal(await stage.connections(), 0);
    assert.deepEqual(stage.cuts, { lingering: 1 });
    assert.deepEqual(told(stage), [{ listener: 'internal', reason: 'lingering', limit: 5_000 }]);
  }),
);

test(
  'a client that sends on behind the last reply is let go after 5 s, and what it sends reaches nobody',
  onTimedStage(fine, async (stage) => {
    const client = await stage.client();
    assert.equal((await client.ask(LAST)).body, 'fine');
    assert.equal(await client.closed(), 'fin');
    for (let i = 0; i < 4; i++) {
      await stage.pass(1_200);
      await client.send(FIRST);
    }
    await stage.pass(180);
    assert.equal(await stage.connections(), 1);
    await stage.passRest();
    assert.equal(await stage.connections(), 0);
    assert.deepEqual(stage.cuts, { lingering: 1 });
    assert.equal(stage.origin.requests.length, 1);
  }),
);

const big = answering(ok('r'.repeat(60_000)));

test(
  'a client that asks on and takes no reply is reset after timeout.keepAlive, counted and told at level debug',
  onTimedStage(
    big,
    async (stage) => {
      const client = await stage.client('internal', { paused: true });
      client.socket.write(FIRST.repeat(2_000));
      const asked = () => stage.origin.requests.length;
      await until('the router to stop asking', async () => {
        const before = asked();
        await breathe(50);
        return before > 0 && before === asked();
      });
      await stage.passNearly(30_000);
      assert.equal(await stage.connections(), 1);
      await stage.passRest();
      assert.equal(await stage.connections(), 0);
      assert.deepEqual(stage.cuts, { unread: 1 });
      const limit = 30_000;
      assert.deepEqual(told(stage), [{ listener: 'internal', reason: 'unread', setting: 'timeout.keepAlive', limit }]);
      client.resume();
      assert.equal((await client.untilClose()).ending, 'rst', 'FIN would look like a clean end');
    },
    { internal: { timeout: { keepAlive: '30s' } } },
  ),
);
