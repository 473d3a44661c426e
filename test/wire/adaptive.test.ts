/**
 * `concurrency: adaptive` on the way of real requests: how long attempts take reaches the limit, and the limit decides who has
 * to wait. How it is found is asked in unit tests; here time is the test's, so that latencies are exact.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawClient } from '../support/raw-client.ts';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { plain } from './failing.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

const CLIENTS = 40;
const START = 20;
const DONE = ok('done');

/** Connections whose request waits for its reply. */
const open = new Set<OriginConnection>();

async function holding(connection: OriginConnection): Promise<void> {
  for (;;) {
    await connection.request();
    open.add(connection);
  }
}

/** Every client asks once; each attempt takes so many milliseconds. How many of them had a place at once. */
async function round(stage: TimedStage, clients: readonly RawClient[], milliseconds: number): Promise<number> {
  for (const client of clients) await client.send(plain('GET', '/'));
  await until('everyone to be asked or to wait', () => open.size + stage.waiting() === clients.length);
  const taken = open.size;
  for (let answered = 0; answered < clients.length; ) {
    await until('somebody with a place', () => open.size > 0);
    await stage.pass(milliseconds);
    answered += open.size;
    for (const connection of open) connection.send(DONE);
    open.clear();
  }
  for (const client of clients) assert.equal((await client.reply()).body, 'done');
  return taken;
}

test(
  'an adaptive limit grows while replies take as long as ever, and shrinks where they take longer, with nobody lost',
  onTimedStage(
    holding,
    async (stage) => {
      const clients: RawClient[] = [];
      for (let i = 0; i < CLIENTS; i++) clients.push(await stage.client());
      const fast: number[] = [];
      for (let i = 0; i < 30; i++) fast.push(await round(stage, clients, 25));
      const slow: number[] = [];
      for (let i = 0; i < 12; i++) slow.push(await round(stage, clients, 250));
      assert.equal(fast[0], START);
      const grown = fast[fast.length - 1];
      assert.ok(grown > START + 5, `from ${START} to ${grown}`);
      const shrunk = slow[slow.length - 1];
      assert.ok(shrunk < START / 2, `from ${grown} to ${shrunk}`);
      assert.deepEqual(stage.counts(), { success: CLIENTS * 42 });
    },
    {
      upstream: { limits: { concurrency: 'adaptive', queue: CLIENTS, queueTimeout: '1h' }, timeout: { total: 'off' } },
    },
  ),
);
