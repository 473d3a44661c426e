/**
 * The life of a tunnel: half-close both ways, both error paths, backpressure, idle time; at its end nothing is left.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SMALL_READ } from '../../src/core/io.ts';
import { Wire } from '../../src/core/wire.ts';
import type { RawClient } from '../support/raw-client.ts';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { breathe, steady, until } from '../support/wait.ts';
import { onStage, type Stage } from './stage.ts';

const UPGRADE = 'GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n';

/** Switches and leaves the rest to the test. */
async function switching(connection: OriginConnection): Promise<void> {
  await connection.request();
  connection.send(SWITCH);
  await new Promise((resolve) => connection.socket.once('close', resolve));
}

async function tunnel(stage: Stage): Promise<{ client: RawClient; origin: OriginConnection }> {
  const client = await stage.client();
  await client.send(UPGRADE);
  assert.equal((await client.reply()).status, 101);
  const origin = await stage.origin.connection(stage.origin.connections.length - 1);
  return { client, origin };
}

async function gone(stage: Stage): Promise<void> {
  await until('the tunnel to be over', async () => {
    const { tunnels, exchanges } = await stage.router.status();
    return tunnels === 0 && exchanges === 0;
  });
}

/** A tunnel that both sides ended is no failure of anybody. */
async function assertNoFault(stage: Stage): Promise<void> {
  const { status, code } = await stage.logged('/up');
  assert.deepEqual({ status, code }, { status: 101, code: undefined });
  const outcomes = Object.keys(await stage.metric('signalbox_upstream_attempts_total'));
  assert.equal(outcomes.length, 1);
  assert.match(outcomes[0], /outcome="success"/);
}

test(
  'a client that half-closes still hears the origin to its end',
  onStage(switching, async (stage) => {
    const { client, origin } = await tunnel(stage);
    await client.send('last words');
    client.end();
    assert.equal(await origin.inbox.rest(), 'last words');
    assert.equal(origin.ending, 'fin');
    for (const word of ['still ', 'here']) {
      origin.send(word);
      await client.inbox.until(word, 'what the origin says');
    }
    origin.end();
    assert.deepEqual(await client.untilClose(), { text: '', ending: 'fin' });
    await gone(stage);
    await assertNoFault(stage);
  }),
);

test(
  'an origin that half-closes still hears the client to its end',
  onStage(switching, async (stage) => {
    const { client, origin } = await tunnel(stage);
    origin.send('last words');
    origin.end();
    assert.deepEqual(await client.untilClose(), { text: 'last words', ending: 'fin' });
    for (const word of ['still ', 'here']) {
      await client.send(word);
      await origin.inbox.until(word, 'what the client says');
    }
    client.end();
    assert.equal(await origin.closed(), 'fin');
    await gone(stage);
    await assertNoFault(stage);
  }),
);

test(
  'an origin that resets in mid-tunnel ends the client’s side at once, without a clean end',
  onStage(switching, async (stage) => {
    const { client, origin } = await tunnel(stage);
    origin.send('hello');
    await client.inbox.exactly(5, 'the greeting');
    origin.reset();
    assert.equal(await client.closed(), 'rst');
    await gone(stage);
  }),
);

test(
  'a client that resets in mid-tunnel ends the origin’s side at once, and is not the origin’s failure',
  onStage(switching, async (stage) => {
    const { client, origin } = await tunnel(stage);
    await client.send('hello');
    await origin.inbox.exactly(5, 'the greeting');
    client.reset();
    assert.equal(await origin.closed(), 'rst');
    await gone(stage);
    const { status, code } = await stage.logged('/up');
    assert.equal(status, 101);
    assert.ok(code === undefined || code === 'client_gone', String(code));
  }),
);

test(
  'a client that resets before the 101 frees the origin’s connection',
  onStage(
    async (connection) => {
      await connection.request();
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(UPGRADE);
      const origin = await stage.origin.connection();
      await until('the request at the origin', () => origin.requests.length === 1);
      client.reset();
      await origin.closed();
      await gone(stage);
    },
  ),
);

test(
  'a tunnel in which nobody speaks is over after the idle limit',
  onStage(
    switching,
    async (stage) => {
      const { client, origin } = await tunnel(stage);
      await client.closed();
      await origin.closed();
      await gone(stage);
    },
    { upstream: { timeout: { idle: '300ms' } } },
  ),
);

test(
  'a tunnel in which one side speaks outlives the idle limit',
  onStage(
    switching,
    async (stage) => {
      const { client, origin } = await tunnel(stage);
      for (let i = 0; i < 40; i++) {
        origin.send('.');
        await client.inbox.exactly(1, 'a word');
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      assert.equal(client.inbox.ending, undefined);
    },
    { upstream: { timeout: { idle: '600ms' } } },
  ),
);

for (const side of ['client', 'origin'] as const) {
  test(
    `a ${side} that does not read stops the other side of its tunnel, and gets every byte when it reads again`,
    onStage(switching, async (stage) => {
      const { client, origin } = await tunnel(stage);
      const [reader, writer] = side === 'client' ? [client, origin] : [origin, client];
      reader.socket.pause();
      const block = Buffer.alloc(1 << 20, 'tunnelled');
      let sent = 0;
      const fill = () => {
        while (sent < 48 && writer.socket.writableLength === 0) {
          sent++;
          writer.socket.write(block);
        }
      };
      writer.socket.on('drain', fill);
      fill();
      // What the kernel's buffers on the way hold is a few megabytes a hop; far less than all of it.
      await steady('the writer', () => sent);
      assert.ok(sent < 48, `${sent} MiB went into a tunnel nobody reads`);
      let received = 0;
      reader.socket.removeAllListeners('data');
      reader.socket.on('data', (bytes: Buffer) => {
        received += bytes.length;
      });
      reader.socket.resume();
      await until('every byte', () => received === 48 << 20, 20_000);
      client.reset();
    }),
  );
}

for (const side of ['client', 'origin'] as const) {
  test(
    `the last words of a tunnel reach a ${side} that had ended its half and reads late`,
    onStage(switching, async (stage, context) => {
      const { client, origin } = await tunnel(stage);
      const [reader, writer] = side === 'client' ? [client, origin] : [origin, client];
      reader.socket.pause();
      reader.socket.end();
      // The message that the kernel does not take is the last one, and the end follows at once.
      const { post } = Wire.prototype;
      let waits = false;
      context.mock.method(Wire.prototype, 'post', function (this: Wire, message: Buffer) {
        const taken = post.call(this, message);
        waits ||= !taken;
        return taken;
      });
      const word = Buffer.alloc(SMALL_READ, 'word');
      let sent = 0;
      while (!waits) {
        sent += word.length;
        writer.socket.write(word);
        await breathe();
      }
      writer.socket.end();
      await breathe();
      let received = 0;
      reader.socket.removeAllListeners('data');
      reader.socket.on('data', (bytes: Buffer) => {
        received += bytes.length;
      });
      reader.socket.resume();
      assert.equal(side === 'client' ? await client.closed() : await origin.closed(), 'fin');
      assert.equal(received, sent);
      await gone(stage);
      await assertNoFault(stage);
    }),
  );
}

test(
  'after a tunnel the router serves on',
  onStage(
    async (connection) => {
      const request = await connection.request();
      connection.send(request.start.includes('/up') ? SWITCH : ok('fine'));
      await new Promise((resolve) => connection.socket.once('close', resolve));
    },
    async (stage) => {
      for (let i = 0; i < 5; i++) {
        const { client, origin } = await tunnel(stage);
        client.reset();
        await origin.closed();
      }
      await stage.fence();
      await gone(stage);
    },
  ),
);
