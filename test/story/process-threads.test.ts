/**
 * One process, several data threads: they share the ports and the traffic; one that dies costs its connections and
 * nothing else.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BroadcastChannel } from 'node:worker_threads';
import type { EndableThread } from '../../src/worker/protocol.ts';
import { type RemoteNeeds, startWorker } from '../../src/worker/remote.ts';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { CRASHING, documentOf } from '../support/dying-threads.ts';
import { type HttpOrigin, startOrigin } from '../support/origin.ts';
import { metricOf, statusOf } from '../support/process.ts';
import { connectRaw, type RawClient } from '../support/raw-client.ts';
import { until } from '../support/wait.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const SERIES = 'signalbox_requests_total{route="all",upstream="origin",code="200"}';

interface Stage {
  readonly router: RouterWithApp;
  readonly origin: HttpOrigin;
  /** Every thread that was started, by lane: the last one is the living one. */
  readonly threads: EndableThread[][];
  /** Threads that start from now on get no document until the returned function is called. */
  hold(): () => void;
  /** One request over a connection of its own. */
  ask(): Promise<number>;
  /** Keeps `count` connections open, until one is on every thread. */
  spread(count: number): Promise<RawClient[]>;
}

async function onThreads(count: number, body: (stage: Stage) => Promise<void>): Promise<void> {
  const origin = await startOrigin((request, response) => request.resume().on('end', () => response.end('ok')));
  const threads: EndableThread[][] = Array.from({ length: count }, () => []);
  let gate: Promise<void> = Promise.resolve();
  const router = await startRouterWithApp(documentOf(origin.port), {
    workers: count,
    startWorker: (needs: RemoteNeeds) => {
      const thread = startWorker(needs, CRASHING);
      threads[needs.lane].push(thread);
      const held = gate;
      const prepare: EndableThread['prepare'] = (call) => held.then(() => thread.prepare(call));
      return { ...thread, prepare, end: () => thread.end() };
    },
  });
  try {
    await body({
      router,
      origin,
      threads,
      hold: () => {
        let release = () => {};
        gate = new Promise((resolve) => {
          release = resolve;
        });
        return () => release();
      },
      ask: async () => {
        const client = await connectRaw(router.port());
        const { status } = await client.ask(GET);
        client.close();
        return status;
      },
      spread: (connections) => spread(router.port(), threads, connections),
    });
  } finally {
    await router.stop();
    await origin.stop();
  }
}

async function connectionsOf(threads: EndableThread[][]): Promise<number[]> {
  return Promise.all(
    threads.map(async (lane) => {
      const answer = await lane.at(-1)?.status();
      return answer?.ok ? answer.value.connections : 0;
    }),
  );
}

async function spread(port: number, threads: EndableThread[][], count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await connectRaw(port);
    assert.equal((await client.ask(GET)).status, 200);
    clients.push(client);
  }
  const each = await connectionsOf(threads);
  assert.ok(
    each.every((connections) => connections > 0),
    `connections by thread: ${each.join(', ')}`,
  );
  return clients;
}

test('all threads answer on one port, and their counts add up', async () => {
  await onThreads(2, async ({ router, spread: open }) => {
    const clients = await open(64);
    assert.equal(await metricOf(router.adminUrl, SERIES), 64);
    assert.equal(await metricOf(router.adminUrl, 'signalbox_connections{listener="internal"}'), 64);
    assert.equal(await metricOf(router.adminUrl, 'signalbox_threads'), 2);
    for (const client of clients) client.close();
    await until('the gauge to come down', async () => {
      return (await metricOf(router.adminUrl, 'signalbox_connections{listener="internal"}')) === 0;
    });
  });
});

test('a thread that is ended is missed, service goes on, and a new one takes its place with its counts', async () => {
  await onThreads(2, async ({ router, threads, ask, spread: open, hold }) => {
    const clients = await open(64);
    const release = hold();
    await threads[0][0].end();
    assert.equal(await statusOf(router.adminUrl), 503, 'a missing thread makes it unready');
    for (let i = 0; i < 20; i++) assert.equal(await ask(), 200);
    release();
    await until('the new thread to serve', async () => (await statusOf(router.adminUrl)) === 200);
    assert.equal(threads[0].length, 2);
    assert.equal(await metricOf(router.adminUrl, 'signalbox_thread_restarts_total'), 1);
    const more = await open(64);
    const requests = await metricOf(router.adminUrl, SERIES);
    assert.equal(requests, 64 + 20 + 64, 'no count was lost with the thread');
    for (const client of [...clients, ...more]) client.close();
    await until('the gauge to come down', async () => {
      return (await metricOf(router.adminUrl, 'signalbox_connections{listener="internal"}')) === 0;
    });
  });
});

test('a thread that dies of a bug is logged with its stack, its last lines are kept, and it is replaced', async () => {
  await onThreads(2, async ({ router, threads, ask, spread: open }) => {
    const clients = await open(64);
    const channel = new BroadcastChannel('signalbox-test-crash');
    channel.postMessage({ thread: 'data 1', message: 'a bug in the data plane' });
    await until('the new thread', () => threads[1].length === 2);
    channel.close();
    const death = router.logs.find(({ msg }) => String(msg).startsWith('data thread died')) ?? assert.fail();
    assert.equal(death.thread, 1);
    assert.equal(death.level, 50);
    assert.match(String(death.stack), /a bug in the data plane\n.*crashing-entry\.ts/);
    await until('the new thread to serve', async () => (await statusOf(router.adminUrl)) === 200);
    assert.equal(await ask(), 200);
    const lines = await router.accessLog(65);
    assert.equal(lines.length, 65, 'every finished exchange has its line, also those of the dead thread');
    for (const client of clients) client.close();
  });
});

test('a document that comes while a thread is missing reaches it too', async () => {
  await onThreads(2, async ({ router, threads, origin, ask, hold }) => {
    const release = hold();
    await threads[0][0].end();
    const outcome = await router.reload(documentOf(origin.port, '/moved'));
    assert.deepEqual(outcome.problems, undefined);
    release();
    await until('the new thread to serve', async () => (await statusOf(router.adminUrl)) === 200);
    for (let i = 0; i < 40; i++) assert.equal(await ask(), 404, 'no thread serves the old document');
  });
});
