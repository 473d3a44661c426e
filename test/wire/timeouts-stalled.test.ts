/**
 * A thread that stood still for a while (a pause of the collector, a large document, a machine put to sleep) finds all its
 * timers due at once. What arrived meanwhile counts first.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { breathe } from '../support/wait.ts';
import { onStage } from './stage.ts';

/** Long enough for what is done beside the standing still, on a busy machine too. */
const LIMIT = 1_000;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Stops this thread, and with it router, client and origin; the kernel goes on. */
function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

async function answer(connection: OriginConnection): Promise<void> {
  for (;;) {
    await connection.request();
    connection.send(ok('fine'));
  }
}

test(
  'a request that came while the thread stood still is answered, though the connection was idle for too long',
  onStage(
    answer,
    async (stage) => {
      const client = await stage.client();
      await client.ask(GET);
      await breathe();
      client.socket.write(GET);
      standStill(LIMIT + 500);
      assert.equal((await client.reply()).body, 'fine');
    },
    { internal: { timeout: { keepAlive: `${LIMIT}ms` } } },
  ),
);

test(
  'a reply that came while the thread stood still is passed on, though its time was over',
  onStage(
    async (connection) => {
      await connection.request();
      connection.send(ok('fine'));
      standStill(LIMIT + 500);
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(GET)).body, 'fine');
    },
    { upstream: { timeout: { attempt: `${LIMIT}ms` } } },
  ),
);
