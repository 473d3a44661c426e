/**
 * A document that is swapped in while an exchange is under way: the exchange goes on under the one it boarded.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { documentFor, onStage } from './stage.ts';

const NAMES = ['x-one', 'x-two', 'x-three'];
let swapped = false;

test(
  'a reply keeps its headers where a document with fewer names was swapped in while it was awaited',
  onStage(
    async (connection) => {
      await connection.request();
      await until('the swap', () => swapped);
      connection.send('HTTP/1.1 200 OK\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\nContent-Length: 0\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
      await until('the request', () => stage.origin.received.includes('GET /x'));
      const outcome = await stage.router.reload(documentFor(stage.origin.port, {}));
      assert.ok(outcome.ok, JSON.stringify(outcome));
      swapped = true;
      const reply = await client.reply();
      assert.deepEqual(
        NAMES.map((name) => reply.field(name)),
        ['1', '2', '3'],
      );
    },
    { route: { rewrite: { headers: { request: { remove: NAMES } } } } },
  ),
);

/** Reads requests and answers none until it is told to. */
function holding(): { script: (connection: OriginConnection) => Promise<void>; answer: () => void } {
  let answer = () => {};
  const told = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const script = async (connection: OriginConnection) => {
    await connection.request();
    await told;
    connection.send(ok('done'));
    await connection.closed();
  };
  return { script, answer };
}

for (const limits of ['off', { concurrency: 2, queue: 1 }]) {
  const { script, answer } = holding();
  test(
    `who waits for a place is let in when a document with limits of ${JSON.stringify(limits)} is swapped in`,
    onStage(
      script,
      async (stage) => {
        const first = await stage.client();
        await first.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
        await until('the first request', () => stage.origin.received.includes('GET /first'));
        const second = await stage.client();
        await second.send('GET /second HTTP/1.1\r\nHost: a\r\n\r\n');
        await until('the second to wait', async () => {
          const waiting = await stage.metric('signalbox_upstream_queued');
          return Object.values(waiting)[0] === 1;
        });
        const outcome = await stage.router.reload(documentFor(stage.origin.port, { upstream: { limits } }));
        assert.ok(outcome.ok, JSON.stringify(outcome));
        await until('the second request', () => stage.origin.received.includes('GET /second'));
        answer();
        assert.equal((await first.reply()).body, 'done');
        assert.equal((await second.reply()).body, 'done');
      },
      { upstream: { limits: { concurrency: 1, queue: 1, queueTimeout: '20s' } } },
    ),
  );
}
