/**
 * An upstream that hangs with thousands of requests in flight: other routes go on as before, memory is bounded, and every
 * one of the requests comes to an end.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ActingOrigin, startActing, well } from '../support/acting-origin.ts';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { type Answer, Caller, callers, quantile } from '../support/caller.ts';
import { scrape, sumOf } from '../support/chaos/books.ts';
import { settled, watchHandles } from '../support/leaks.ts';
import { storyDocument } from '../support/story-document.ts';
import { until } from '../support/wait.ts';

const HANGING = 3_000;
const BESIDE = 2_000;
const WIDTH = 8;
/** Memory of the whole process, origins and clients too, for each request that hangs, bytes. */
const MOST_EACH = 64 * 1024;

interface Stage {
  readonly router: RouterWithApp;
  readonly hanging: ActingOrigin;
  /** Answers of those that hang, as they come. */
  readonly ends: Answer[];
  /** Begins so many requests to the upstream that hangs. */
  begin(count: number): void;
  /** So many requests to the other route; their latencies, all of them answered well. */
  beside(count: number): Promise<number[]>;
  inFlight(): Promise<number>;
}

async function onStage(upstream: object, body: (stage: Stage) => Promise<void>): Promise<void> {
  const closed = watchHandles();
  const hanging = await startActing(() => {});
  const other = await startActing(well);
  const router = await startRouterWithApp(
    storyDocument({ stuck: { endpoints: [hanging.url], ...upstream }, other: { endpoints: [other.url] } }),
    { workers: 2 },
  );
  const waiting: Caller[] = [];
  const ends: Answer[] = [];
  try {
    await body({
      router,
      hanging,
      ends,
      begin: (count) => {
        for (let i = 0; i < count; i++) {
          const caller = new Caller(router.port());
          waiting.push(caller);
          void caller.ask('GET', `/stuck/${i}`).then((answer) => ends.push(answer));
        }
      },
      beside: (count) => beside(router.port(), count),
      inFlight: async () => sumOf(await scrape(router.adminUrl), 'signalbox_upstream_in_flight'),
    });
    for (const caller of waiting) caller.close();
    await settled(router, 20_000);
  } finally {
    for (const caller of waiting) caller.close();
    await router.stop();
    await hanging.kill();
    await other.kill();
  }
  await closed();
}

async function beside(port: number, count: number): Promise<number[]> {
  const took: number[] = [];
  let left = count;
  await callers(port, WIDTH, (caller) => {
    if (left === 0) return undefined;
    left -= 1;
    const target = `/other/${left}`;
    return caller.ask('GET', target).then((answer) => {
      assert.equal(answer.status, 200);
      assert.equal(answer.body, target);
      took.push(answer.took);
    });
  });
  return took;
}

function compare(context: TestContext, before: readonly number[], during: readonly number[]): void {
  const ms = (values: readonly number[], share: number) => `${quantile(values, share).toFixed(2)} ms`;
  context.diagnostic(
    `the other route, median and p99: before ${ms(before, 0.5)}, ${ms(before, 0.99)}; ` +
      `while the upstream hangs ${ms(during, 0.5)}, ${ms(during, 0.99)}`,
  );
}

test('3,000 requests that hang leave another route alone and all end as 504 by their attempt time', async (context) => {
  const upstream = {
    limits: { concurrency: HANGING, queue: 0 },
    timeout: { attempt: '8s', total: '9s' },
    retry: 'off',
    circuitBreaker: 'off',
    outliers: 'off',
  };
  await onStage(upstream, async ({ hanging, ends, begin, beside: others, inFlight }) => {
    await others(BESIDE);
    const before = await others(BESIDE);
    const memory = process.memoryUsage.rss();
    begin(HANGING);
    await until('all of them to be upstream', () => hanging.received === HANGING, 20_000);
    const peak = await inFlight();
    assert.ok(peak > (HANGING * 2) / 3, `${peak} in flight`);
    const during = await others(BESIDE);
    const each = Math.round((process.memoryUsage.rss() - memory) / HANGING);
    compare(context, before, during);
    context.diagnostic(`${each} bytes of memory for each, client, router and origin together`);
    assert.ok(each < MOST_EACH, `${each} bytes each`);
    await until('all of them to end', () => ends.length === HANGING, 30_000);
    assert.ok(
      ends.every(({ status, body }) => status === 504 && body.includes('"upstream_timeout"')),
      `they end as 504: ${[...new Set(ends.map(({ status }) => status))].join(', ')}`,
    );
    await until('nothing to be in flight', async () => (await inFlight()) === 0);
    await until('their connections to be closed', () => hanging.connections === 0);
  });
});

test('at the default limits 1,024 of 3,000 are upstream, 1,024 wait a second, the others are refused at once', async (context) => {
  const upstream = { timeout: { attempt: '8s', total: '9s' }, circuitBreaker: 'off', outliers: 'off' };
  await onStage(upstream, async ({ hanging, ends, begin, beside: others, router }) => {
    const before = await others(BESIDE);
    begin(HANGING);
    await until('all who find no room to be refused', () => ends.length >= HANGING - 1_024, 20_000);
    const during = await others(BESIDE);
    compare(context, before, during);
    const shed = ends.slice(0, HANGING - 1_024);
    assert.ok(
      shed.every(
        ({ status, head, body }) =>
          status === 503 && body.includes('"overloaded"') && /\r\nretry-after: [1-9]\d*\r\n/.test(head),
      ),
      'each is told when to come again',
    );
    assert.equal(hanging.received, 1_024, 'no more than concurrency are upstream');
    const samples = await scrape(router.adminUrl);
    const causes = ['queue_full', 'displaced', 'queue_timeout'].map((cause) => ({
      cause,
      count: samples.get(`signalbox_upstream_refused_total{upstream="stuck",cause="${cause}"}`) ?? 0,
    }));
    context.diagnostic(causes.map(({ cause, count }) => `${cause} ${count}`).join(', '));
    assert.equal(
      causes.reduce((sum, { count }) => sum + count, 0),
      shed.length,
    );
    const lines = (await router.accessLog(BESIDE * 2 + ends.length)).filter(({ code }) => code === 'overloaded');
    const full = lines.filter(({ detail }) => String(detail).endsWith('may wait (limits.queue)'));
    for (const { durations } of full) {
      assert.equal((durations as { queue?: number }).queue, undefined, 'whom a full queue refuses did not wait in it');
    }
  });
});
