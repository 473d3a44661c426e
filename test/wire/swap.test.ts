/**
 * A document that is swapped in while an exchange is under way: the exchange goes on under the one it boarded.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
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
