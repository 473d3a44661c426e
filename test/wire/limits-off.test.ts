/**
 * Limits that are switched off end nothing, the longest ones are waited for, and those that keep the router safe cannot be
 * switched off.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../../src/config/read.ts';
import { answering, type OriginConnection, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { FIRST } from './refusing.ts';
import { documentFor } from './stage.ts';
import { onTimedStage } from './timed.ts';

const HOURS = 3 * 3_600_000;

async function silent(connection: OriginConnection): Promise<void> {
  await connection.head();
  await connection.closed(60_000);
}

test(
  'an upstream without attempt, total and idle time is told no deadline, and may take hours for head and body',
  onTimedStage(
    silent,
    async (stage) => {
      const client = await stage.client();
      await client.send(FIRST);
      const connection = await stage.origin.connection();
      await until('the request', () => connection.heads.length > 0);
      assert.ok(!/x-signalbox-deadline-ms/i.test(connection.heads[0]), connection.heads[0]);
      await stage.pass(HOURS);
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nla');
      await client.inbox.until('la', 'half of it');
      await stage.pass(HOURS);
      connection.send('te');
      await client.inbox.until('te', 'the rest');
    },
    { upstream: { timeout: { attempt: 'off', total: 'off', idle: 'off' } } },
  ),
);

const OFF = {
  limits: { body: 'off', connections: 'off' },
  timeout: { body: 'off', keepAlive: 'off' },
  minBodyRate: 'off',
};

for (const listener of ['internal', 'edge']) {
  test(
    `a client may rest for hours between requests and in a body where the listener's limits are off (${listener})`,
    onTimedStage(
      answering((request) => ok(String(request.body.length))),
      async (stage) => {
        const client = await stage.client(listener);
        assert.equal((await client.ask(FIRST)).status, 200);
        await stage.pass(HOURS);
        await client.send('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2000001\r\n\r\nb');
        await stage.pass(HOURS);
        client.socket.write(Buffer.alloc(2_000_000));
        assert.equal((await client.reply()).body, '2000001');
        assert.deepEqual(stage.cuts, {});
      },
      { [listener]: OFF },
    ),
  );
}

const LONGEST = 2 ** 31 - 1;

test(
  'the longest durations are waited for: nothing overflows',
  onTimedStage(
    silent,
    async (stage) => {
      const idle = await stage.client();
      const waiting = await stage.client();
      await waiting.send(FIRST);
      const connection = await stage.origin.connection();
      await until('the request', () => connection.heads.length > 0);
      stage.clock.advance(LONGEST - 100);
      stage.timers.turn();
      await stage.pass(0);
      assert.deepEqual([idle.inbox.ending, connection.ending], [undefined, undefined]);
      await stage.pass(200);
      assert.equal(await idle.closed(), 'fin');
      assert.equal((await waiting.reply()).status, 504);
    },
    {
      internal: { timeout: { head: '596h31m23s647ms', body: '596h31m23s647ms', keepAlive: '596h31m23s647ms' } },
      upstream: { timeout: { attempt: '596h31m23s647ms', total: '596h31m23s647ms' } },
    },
  ),
);

const readable = (changes: Parameters<typeof documentFor>[1]) => readDocument(documentFor(1, changes), 'x', {}).ok;

test('what keeps the router safe cannot be off, and no time can be 0 but those of the drain', () => {
  for (const key of ['target', 'head', 'headers'])
    assert.ok(!readable({ internal: { limits: { [key]: 'off' } } }), key);
  assert.ok(!readable({ internal: { timeout: { head: 'off' } } }));
  assert.ok(!readable({ upstream: { timeout: { connect: 'off' } } }));
  for (const key of ['head', 'body', 'keepAlive'])
    assert.ok(!readable({ internal: { timeout: { [key]: '0s' } } }), key);
  for (const key of ['connect', 'attempt', 'total', 'idle']) {
    assert.ok(!readable({ upstream: { timeout: { [key]: '0s' } } }), key);
  }
  assert.ok(readable({ document: { drain: { notice: '0s', limit: '0s' } } }));
  assert.ok(readable({ internal: OFF, upstream: { timeout: { attempt: 'off', total: 'off', idle: 'off' } } }));
});
