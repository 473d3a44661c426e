/**
 * Faults that a route makes on purpose: delays and aborts, for internal listeners alone, and what becomes of those whom they
 * delay.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/wait.ts';
import { bearing, hanging, plain, resetting, serving } from './failing.ts';
import { assertProblem } from './refusing.ts';
import { documentFor } from './stage.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

function rehearsing(faults: Record<string, unknown>, upstream: Record<string, unknown> = {}) {
  return { upstream, route: { faults } };
}

const DELAY = { delay: { time: '500ms', percent: 100 } };

test(
  'an aborted request is answered with the status of the document and says that it was made, and nobody is asked',
  onTimedStage(
    serving,
    async (stage) => {
      const client = await stage.client();
      assertProblem(await client.ask(bearing('POST', '/x', 'body')), 418, 'injected');
      assert.equal((await client.ask(plain('HEAD', '/head'))).status, 418, 'the connection goes on');
      assert.equal(stage.origin.connections.length, 0);
      const record = await stage.logged('/x');
      assert.deepEqual([record.status, record.code, record.attempts], [418, 'injected', 0]);
    },
    rehearsing({ abort: { status: 418, percent: 100 } }),
  ),
);

test(
  'a delayed request goes on unchanged once its delay is over, body and all',
  onTimedStage(
    serving,
    async (stage) => {
      const client = await stage.client();
      await client.send(bearing('POST', '/x', 'body') + plain('GET', '/behind'));
      await stage.passNearly(500);
      assert.equal(stage.origin.connections.length, 0);
      await stage.passRest();
      assert.equal((await client.reply()).body, 'served');
      assert.equal(stage.origin.requests[0].body, 'body');
      assert.match(stage.origin.requests[0].head, /\r\nx-signalbox-deadline-ms: 9(500|4\d\d)\r\n/);
      const record = await stage.logged('/x');
      assert.deepEqual([record.status, record.attempts, record.code], [200, 1, undefined]);
      assert.ok((record.durations as { total: number }).total >= 500);
      await stage.pass(550);
      assert.equal((await client.reply()).body, 'served');
    },
    rehearsing(DELAY),
  ),
);

test(
  'requests from the edge are neither delayed nor aborted',
  onTimedStage(
    serving,
    async (stage) => {
      const client = await stage.client('edge');
      for (let i = 0; i < 5; i++) assert.equal((await client.ask(plain('GET', '/x'))).status, 200);
    },
    rehearsing({ ...DELAY, abort: { status: 503, percent: 100 } }),
  ),
);

for (const chance of [0, 0.5, 0.999999]) {
  test(
    `a percent of 0 hits nobody, one of 100 everybody (draw ${chance})`,
    onTimedStage(
      serving,
      async (stage) => {
        stage.chance = chance;
        assert.equal((await (await stage.client()).ask(plain('GET', '/'))).status, 200);
        await stage.take(documented(stage, { abort: { status: 503, percent: 100 } }));
        assert.equal((await (await stage.client()).ask(plain('GET', '/'))).status, 503);
      },
      rehearsing({ abort: { status: 503, percent: 0 }, delay: { time: '1s', percent: 0 } }),
    ),
  );
}

test(
  'a percent hits that share of the draws',
  onTimedStage(
    serving,
    async (stage) => {
      for (const [chance, status] of [
        [0.2499, 503],
        [0.25, 200],
      ] as const) {
        stage.chance = chance;
        assert.equal((await (await stage.client()).ask(plain('GET', '/'))).status, status);
      }
    },
    rehearsing({ abort: { status: 503, percent: 25 } }),
  ),
);

test(
  'a body that comes in the delay is whole behind it',
  onTimedStage(
    serving,
    async (stage) => {
      const client = await stage.client();
      await client.send('PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n', 'half\r\n');
      await stage.pass(100);
      await client.send('4\r\nhalf\r\n');
      await stage.pass(450);
      const origin = await stage.origin.connection();
      await until('what there is', () => origin.received.includes('half\r\n4\r\nhalf'));
      await client.send('0\r\nX-Sum: 8\r\n\r\n');
      assert.equal((await client.reply()).status, 200);
      const [sent] = stage.origin.requests;
      assert.deepEqual([sent.body, sent.trailers], ['halfhalf', [['X-Sum', '8']]]);
    },
    rehearsing(DELAY),
  ),
);

test(
  'a client that leaves in the delay is gone for good, and nobody is asked',
  onTimedStage(
    serving,
    async (stage) => {
      const client = await stage.client();
      await client.send(bearing('POST', '/x', 'body'));
      await stage.pass(100);
      client.close();
      assert.equal((await stage.logged('/x')).status, 499);
      await stage.pass(2_000);
      assert.equal(stage.origin.connections.length, 0);
    },
    rehearsing(DELAY),
  ),
);

test(
  'a delay that is longer than the time there is ends with it: 504, and nobody is asked',
  onTimedStage(
    serving,
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/x', 'x-signalbox-deadline-ms: 200'));
      await stage.pass(250);
      assertProblem(await client.reply(), 504, 'upstream_timeout');
      assert.equal(stage.origin.connections.length, 0);
      const record = await stage.logged('/x');
      assert.equal(record.attempts, 0);
      assert.match(String(record.detail), /200 ms of x-signalbox-deadline-ms/);
    },
    rehearsing(DELAY),
  ),
);

test(
  'a delay counts against no attempt, and takes no place while it lasts',
  onTimedStage(
    hanging,
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await stage.pass(550);
      await until('the request', () => stage.asked('/x') === 1);
      await stage.passNearly(1_000);
      assert.equal(stage.counts().timeout, undefined);
      const other = await stage.client();
      await other.send(plain('GET', '/y'));
      await stage.passRest();
      assertProblem(await client.reply(), 504, 'upstream_timeout');
      await stage.pass(500);
      await until('the other one', () => stage.asked('/y') === 1);
      other.close();
    },
    rehearsing(DELAY, { timeout: { attempt: '1s' }, limits: { concurrency: 1, queue: 0 } }),
  ),
);

test(
  'behind its delay a request meets the circuit as it is then',
  onTimedStage(
    resetting,
    async (stage) => {
      const clients = [await stage.client(), await stage.client()];
      await clients[0].send(plain('GET', '/first'));
      await stage.pass(100);
      await clients[1].send(plain('GET', '/second'));
      await stage.pass(450);
      assertProblem(await clients[0].reply(), 502, 'upstream_reset');
      await stage.pass(150);
      assertProblem(await clients[1].reply(), 503, 'circuit_open');
    },
    rehearsing(DELAY, { circuitBreaker: { consecutiveFailures: 1 } }),
  ),
);

/** The document with these faults in place of the first ones. */
function documented(stage: TimedStage, faults: Record<string, unknown>): string {
  return documentFor(stage.origin.port, rehearsing(faults));
}
