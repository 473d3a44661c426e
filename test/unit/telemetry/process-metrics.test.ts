/**
 * The process's own metrics: they cost nothing before somebody asks for them, and are sound from the first answer on.
 */

import assert from 'node:assert/strict';
import perfHooks from 'node:perf_hooks';
import { test } from 'node:test';
import { buildMetrics } from '../../../src/telemetry/metrics.ts';

test('the loop’s delay is sampled from the first scrape on, once a process, and has samples in it', async (t) => {
  const sampled = t.mock.method(perfHooks, 'monitorEventLoopDelay');
  const build = () =>
    buildMetrics({
      shown: () => [],
      sum: () => 0,
      scraped: () => {},
      words: () => new Int32Array(),
      up: () => true,
      circuit: () => 'closed',
      limit: () => undefined,
      names: () => [],
      lastReload: () => ({ successful: true, at: 0 }),
      revision: () => 'abc123',
      threads: () => ({ running: 1, restarts: 0 }),
      droppedLines: () => 0,
    });
  const [one, two] = [build(), build()];
  assert.equal(sampled.mock.callCount(), 0);
  const texts = await Promise.all([one.scrape(), two.scrape()]);
  assert.equal(sampled.mock.callCount(), 1);
  for (const text of texts) assert.match(text, /^process_cpu_seconds_total /m);
  const least = Number(/^nodejs_eventloop_lag_min_seconds (.*)$/m.exec(texts[0])?.[1]);
  assert.ok(least > 0 && least < 60, `the least delay is ${least} s`);
});
