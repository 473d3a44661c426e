/**
 * A data thread dies under load: its own connections end visibly, those of the other thread do not miss one exchange, and
 * the books agree when all is over.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BroadcastChannel } from 'node:worker_threads';
import type { EndableThread } from '../../src/worker/protocol.ts';
import { type RemoteNeeds, startWorker } from '../../src/worker/remote.ts';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { Broken } from '../support/bytes.ts';
import { scrape, sumOf } from '../support/chaos/books.ts';
import { CRASH_CHANNEL, CRASHING, documentOf } from '../support/dying-threads.ts';
import { settled } from '../support/leaks.ts';
import { startOrigin } from '../support/origin.ts';
import { statusOf } from '../support/process.ts';
import { connectRaw, type RawClient } from '../support/raw-client.ts';
import { until } from '../support/wait.ts';

const LOOPS = 48;
const STREAMS = 12;

/** One connection that asks again and again, until its thread dies or it is told to stop. */
class Loop {
  readonly client: RawClient;
  exchanges = 0;
  /** How it ended before its time. */
  broken: string | undefined = undefined;
  stopping = false;
  readonly over: Promise<void>;

  constructor(client: RawClient, number: number) {
    this.client = client;
    this.over = this.run(number).catch((error: unknown) => {
      this.broken = error instanceof Broken ? 'broken' : String(error);
    });
  }

  private async run(number: number): Promise<void> {
    while (!this.stopping) {
      const path = `/${number}/${this.exchanges}`;
      const reply = await this.client.ask(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      if (reply.status === 500 && reply.body.includes('the data thread that carried the exchange died')) {
        throw new Broken('fin', '', 'service');
      }
      assert.equal(reply.status, 200);
      assert.equal(reply.body, path);
      this.exchanges += 1;
    }
    this.client.close();
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

async function onStage(body: (router: RouterWithApp, threads: EndableThread[][]) => Promise<void>): Promise<void> {
  const origin = await startOrigin((request, response) => {
    if (request.url !== '/stream') return void response.end(request.url);
    // Ends with its connection: nothing but a reset tells that it broke off.
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { connection: 'close' }).write('the beginning');
  });
  const threads: EndableThread[][] = [[], []];
  const router = await startRouterWithApp(documentOf(origin.port), {
    workers: 2,
    startWorker: (needs: RemoteNeeds) => {
      const thread = startWorker(needs, CRASHING);
      threads[needs.lane].push(thread);
      return thread;
    },
  });
  try {
    await body(router, threads);
  } finally {
    await router.stop();
    await origin.stop();
  }
}

async function startStream(router: RouterWithApp): Promise<RawClient> {
  const client = await connectRaw(router.port());
  await client.send('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the stream to begin', () => client.inbox.all.endsWith('the beginning'));
  return client;
}

test('a thread killed under load costs only its own connections', async (context) => {
  await onStage(async (router, threads) => {
    const streams = await Promise.all(Array.from({ length: STREAMS }, () => startStream(router)));
    const clients = await Promise.all(Array.from({ length: LOOPS }, () => connectRaw(router.port())));
    const loops = clients.map((client, i) => new Loop(client, i));
    await until('every connection to be in use', () => loops.every(({ exchanges }) => exchanges >= 10), 20_000);
    const [alive, doomed] = await connectionsOf(threads);
    assert.equal(alive + doomed, LOOPS + STREAMS);
    assert.ok(alive > 0 && doomed > 0);

    const channel = new BroadcastChannel(CRASH_CHANNEL);
    channel.postMessage({ thread: 'data 1', message: 'a bug in the data plane' });
    const lost = () => [...loops.filter(({ broken }) => broken), ...streams.filter(({ inbox }) => inbox.ending)].length;
    await until('the connections of the dead thread to end', () => lost() === doomed, 20_000);
    channel.close();
    const marks = new Map(loops.filter(({ broken }) => !broken).map((loop) => [loop, loop.exchanges]));
    await until(
      'the others to go on',
      () => [...marks].every(([{ exchanges }, mark]) => exchanges >= mark + 20),
      20_000,
    );
    assert.equal(lost(), doomed);
    for (const { broken } of loops) assert.ok(broken === undefined || broken === 'broken', `ended by ${broken}`);
    for (const { inbox } of streams) assert.notEqual(inbox.ending, 'fin', 'a stream that broke off looks whole');

    await until('the new thread to serve', async () => (await statusOf(router.adminUrl)) === 200, 20_000);
    const newcomers = await Promise.all(Array.from({ length: 32 }, () => connectRaw(router.port())));
    for (const client of newcomers)
      assert.equal((await client.ask('GET /new HTTP/1.1\r\nHost: a\r\n\r\n')).status, 200);
    assert.ok((await connectionsOf(threads))[1] > 0, 'the new thread has its share');
    assert.equal(lost(), doomed);

    for (const loop of loops) loop.stopping = true;
    await Promise.all(loops.map(({ over }) => over));
    for (const client of [...newcomers, ...streams]) client.close();
    await settled(router);
    const samples = await until('the gauges to come down', async () => {
      const now = await scrape(router.adminUrl);
      const held = sumOf(now, 'signalbox_connections') + sumOf(now, 'signalbox_upstream_in_flight');
      return held === 0 && now;
    });
    const counted = sumOf(samples, 'signalbox_requests_total');
    const answered = loops.reduce((sum, { exchanges }) => sum + exchanges, 0) + newcomers.length;
    context.diagnostic(
      `${answered} exchanges answered, ${counted} counted; ${doomed} of ${alive + doomed} connections lost`,
    );
    assert.ok(counted >= answered && counted <= answered + LOOPS + STREAMS, `${counted} counted, ${answered} answered`);
    const lines = await router.accessLog(counted);
    assert.equal(lines.length, counted, 'one line for every exchange that was counted');
    const died = lines.filter(({ code }) => code === 'internal_error');
    assert.ok(died.length > 0 && died.length <= doomed, `${died.length} exchanges died with the thread`);
    for (const { detail } of died) assert.equal(detail, 'the data thread that carried the exchange died');
  });
});
