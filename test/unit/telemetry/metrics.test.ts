/**
 * What a scrape says: the names of the contract, values out of the lanes, labels out of the document, and nothing that
 * Prometheus's own linter objects to.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import {
  BOUNDS,
  CUTS,
  Lane,
  LISTENER_BLOCK,
  MEMBER_BLOCK,
  OUTCOMES,
  REFUSAL_CAUSES,
  RETRY_REASONS,
  THREAD_BLOCK,
  UPSTREAM_BLOCK,
} from '../../../src/core/lanes.ts';
import { BlockLedger, THREAD_COUNTERS } from '../../../src/core/ledger.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { MEMBER_WORDS, UPSTREAM_WORDS } from '../../../src/core/words.ts';
import { buildMetrics, type Metrics } from '../../../src/telemetry/metrics.ts';
import { FakeClock } from '../../support/clock.ts';

interface Bench {
  readonly ledger: BlockLedger;
  readonly lane: Lane;
  words(key: string): Int32Array;
  readonly metrics: Metrics;
  block(key: string): number;
  /** The lines of a scrape that begin with this text. */
  lines(start: string): Promise<string[]>;
}

function bench(...keys: string[]): Bench {
  const shared = new SharedLanes(1);
  const ledger = new BlockLedger(shared, new FakeClock());
  const claim = ledger.claim();
  for (const key of keys) claim.block(key);
  claim.settle();
  const lane = new Lane();
  lane.grow(shared.segments(0));
  const metrics = buildMetrics({
    shown: () => ledger.shown(),
    sum: (block, offset) => shared.sum(block, offset),
    scraped: () => ledger.scraped(),
    words: (block) => shared.words.block(block),
    up: (upstream, block) => upstream === 'cart' && shared.words.block(block)[MEMBER_WORDS.health] === 0,
    circuit: () => 'half-open',
    limit: (upstream) => (upstream === 'cart' ? 64 : undefined),
    names: () => [{ name: 'cart.internal', results: new Map([['timeout', 3]]), failing: true }],
    lastReload: () => ({ successful: false, at: 1_700_000_000_500 }),
    revision: () => 'abc123',
    threads: () => ({ running: 2, restarts: 1 }),
    droppedLines: () => 4,
  });
  const block = (key: string) => ledger.blockOf(key) ?? assert.fail(`no block for ${key}`);
  return {
    ledger,
    lane,
    metrics,
    block,
    words: (key) => shared.words.block(block(key)),
    lines: async (start) => (await metrics.scrape()).split('\n').filter((line) => line.startsWith(start)),
  };
}

const KEYS = ['route:cart|cart', 'route:cart|', 'upstream:cart', 'listener:internal'];

test('requests are told by route, upstream and status, those without a route under _none', async () => {
  const { lane, block, lines } = bench(...KEYS);
  lane.count(block('route:cart|cart'), 200, 3);
  lane.count(block('route:cart|cart'), 200, 3);
  lane.count(block('route:cart|cart'), 599, 3);
  lane.count(block('route:cart|'), 426, 1);
  lane.count(0, 404, 0.2);
  assert.deepEqual(await lines('signalbox_requests_total{'), [
    'signalbox_requests_total{route="_none",upstream="",code="404"} 1',
    'signalbox_requests_total{route="cart",upstream="cart",code="200"} 2',
    'signalbox_requests_total{route="cart",upstream="cart",code="5xx"} 1',
    'signalbox_requests_total{route="cart",upstream="",code="426"} 1',
  ]);
});

test('durations are cumulative, in seconds, with bounds the fine buckets share', async () => {
  const { lane, block, lines } = bench(...KEYS);
  for (const ms of [0.4, 0.5, 0.6, 30, 70_000]) lane.count(block('route:cart|cart'), 200, ms);
  const told = await lines('signalbox_request_duration_seconds');
  const at = (le: string) =>
    told
      .find((line) => line.includes(`le="${le}"`))
      ?.split(' ')
      .at(-1);
  assert.deepEqual(
    ['0.0005', '0.001', '0.02', '0.05', '60', '+Inf'].map((le) => at(le)),
    ['2', '3', '3', '4', '4', '5'],
  );
  assert.match(told.join('\n'), /_sum\{route="cart",upstream="cart"\} 70.0315\n/);
  assert.match(told.join('\n'), /_count\{route="cart",upstream="cart"\} 5/);
  for (const line of told.filter((text) => text.includes('le="') && !text.includes('+Inf'))) {
    const bound = Number(/le="([^"]+)"/.exec(line)?.[1]) * 1000;
    assert.ok(
      BOUNDS.some((fine) => Math.abs(fine - bound) < 1e-9),
      `${bound} ms is one of the fine bounds`,
    );
  }
});

test('a route shows durations from the start, and those that reached no upstream once there are any', async () => {
  const { lane, block, lines } = bench(...KEYS);
  const counts = async () =>
    (await lines('signalbox_request_duration_seconds_count')).map((line) => line.split('{')[1]);
  assert.deepEqual(await counts(), ['route="cart",upstream="cart"} 0']);
  lane.count(block('route:cart|'), 503, 1);
  assert.deepEqual(await counts(), ['route="cart",upstream="cart"} 0', 'route="cart",upstream=""} 1']);
});

test('attempts, retries, gauges and the rest of the contract are there', async () => {
  const { lane, block, metrics } = bench(...KEYS);
  lane.add(block('upstream:cart'), UPSTREAM_BLOCK.outcomes + OUTCOMES.indexOf('timeout'), 3);
  lane.add(block('upstream:cart'), UPSTREAM_BLOCK.retries + RETRY_REASONS.indexOf('connect'), 2);
  lane.add(block('upstream:cart'), UPSTREAM_BLOCK.inFlight, 7);
  lane.add(block('listener:internal'), LISTENER_BLOCK.connections, 11);
  lane.add(block('listener:internal'), LISTENER_BLOCK.cuts + CUTS.indexOf('limit'), 6);
  lane.add(THREAD_COUNTERS, THREAD_BLOCK.droppedLines, 5);
  const text = await metrics.scrape();
  for (const line of [
    'signalbox_upstream_attempts_total{upstream="cart",outcome="timeout"} 3',
    'signalbox_upstream_attempts_total{upstream="cart",outcome="success"} 0',
    'signalbox_upstream_retries_total{upstream="cart",reason="connect"} 2',
    'signalbox_upstream_in_flight{upstream="cart"} 7',
    'signalbox_connections{listener="internal"} 11',
    'signalbox_connections_cut_total{listener="internal",reason="limit"} 6',
    'signalbox_connections_cut_total{listener="internal",reason="idle"} 0',
    'signalbox_config_last_reload_successful 0',
    'signalbox_config_last_reload_success_timestamp_seconds 1700000000.5',
    'signalbox_config_info{revision="abc123"} 1',
    'signalbox_threads 2',
    'signalbox_thread_restarts_total 1',
    'signalbox_access_log_dropped_total 9',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line} is not in\n${text}`);
  }
  assert.match(text, /^process_cpu_seconds_total /m);
});

test('series of a removed route go after one scrape', async () => {
  const { ledger, lane, block, lines } = bench(...KEYS);
  lane.count(block('route:cart|cart'), 200, 1);
  ledger.claim().settle();
  assert.equal((await lines('signalbox_requests_total{')).length, 1);
  assert.equal((await lines('signalbox_requests_total{')).length, 0);
  assert.equal((await lines('signalbox_connections{')).length, 0);
});

test('two routers in one process have a scrape each', async () => {
  const one = bench('route:one|u');
  const two = bench('route:two|u');
  one.lane.count(one.block('route:one|u'), 200, 1);
  two.lane.count(two.block('route:two|u'), 200, 1);
  assert.equal(
    (await one.lines('signalbox_requests_total{')).join(),
    'signalbox_requests_total{route="one",upstream="u",code="200"} 1',
  );
  assert.equal(
    (await two.lines('signalbox_requests_total{')).join(),
    'signalbox_requests_total{route="two",upstream="u",code="200"} 1',
  );
});

test('ids that need escaping are escaped', async () => {
  const { lane, block, lines } = bench('route:a"b\\c|u');
  lane.count(block('route:a"b\\c|u'), 200, 1);
  assert.deepEqual(await lines('signalbox_requests_total{'), [
    'signalbox_requests_total{route="a\\"b\\\\c",upstream="u",code="200"} 1',
  ]);
});

test('promtool finds nothing to object to', async () => {
  const { lane, block, metrics } = bench(...KEYS);
  lane.count(block('route:cart|cart'), 200, 1);
  assert.equal(await promtool(await metrics.scrape()), '');
});

/** What `promtool check metrics` says of an exposition; '' when it is content. */
function promtool(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('promtool', ['check', 'metrics'], (error, out, err) => {
      const missing = (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
      if (missing) reject(new Error('promtool is not installed; on Debian: apt-get install prometheus'));
      else resolve(`${out}${err}${error === null || error.code === 0 ? '' : `exit code ${error.code}`}`);
    });
    child.stdin?.end(text);
  });
}

test('a member is told by what checks and ejection say of it, and counted by what ejected it', async () => {
  const member = 'member:cart|http://10.0.0.1:80';
  const { lane, block, lines, words } = bench('upstream:cart', member);
  const labels = 'upstream="cart",member="http://10.0.0.1:80"';
  lane.add(block(member), MEMBER_BLOCK.ejections, 2);
  words(member)[MEMBER_WORDS.rated] = 3;
  assert.deepEqual(await lines('signalbox_member_'), [
    `signalbox_member_up{${labels}} 1`,
    `signalbox_member_ejections_total{${labels},cause="consecutive_failures"} 2`,
    `signalbox_member_ejections_total{${labels},cause="success_rate"} 3`,
    `signalbox_member_ejections_total{${labels},cause="probe"} 0`,
  ]);
  words(member)[MEMBER_WORDS.health] = 1;
  assert.deepEqual(await lines('signalbox_member_up'), [`signalbox_member_up{${labels}} 0`]);
});

test('a circuit is told by the one state it is in, and what stands before an upstream by cause', async () => {
  const { lane, block, lines, words } = bench('upstream:cart', 'upstream:tax');
  const cart = block('upstream:cart');
  lane.add(cart, UPSTREAM_BLOCK.opened + 1, 4);
  lane.add(cart, UPSTREAM_BLOCK.queued, 5);
  lane.add(cart, UPSTREAM_BLOCK.refused + REFUSAL_CAUSES.indexOf('queue_full'), 6);
  lane.add(cart, UPSTREAM_BLOCK.denied, 7);
  lane.add(cart, UPSTREAM_BLOCK.hedges + 1, 8);
  lane.add(cart, UPSTREAM_BLOCK.fallbacks, 9);
  words('upstream:cart')[UPSTREAM_WORDS.panic] = 1;
  assert.deepEqual(await lines('signalbox_circuit_state{upstream="cart"'), [
    'signalbox_circuit_state{upstream="cart",state="closed"} 0',
    'signalbox_circuit_state{upstream="cart",state="open"} 0',
    'signalbox_circuit_state{upstream="cart",state="half-open"} 1',
    'signalbox_circuit_state{upstream="cart",state="isolated"} 0',
  ]);
  const text = (await lines('signalbox_')).join('\n');
  for (const line of [
    'circuit_opened_total{upstream="cart",cause="failure_rate"} 4',
    'upstream_queued{upstream="cart"} 5',
    'upstream_refused_total{upstream="cart",cause="queue_full"} 6',
    'upstream_retries_denied_total{upstream="cart",cause="budget"} 7',
    'upstream_hedges_total{upstream="cart",end="sent"} 0',
    'upstream_hedges_total{upstream="cart",end="won"} 8',
    'upstream_fallbacks_total{upstream="cart"} 9',
    'upstream_panic{upstream="cart"} 1',
    'upstream_concurrency_limit{upstream="cart"} 64',
    'dns_lookups_total{name="cart.internal",result="timeout"} 3',
    'dns_failing{name="cart.internal"} 1',
  ])
    assert.ok(text.includes(`signalbox_${line}`), `${line} is not in\n${text}`);
  assert.deepEqual(await lines('signalbox_upstream_concurrency_limit{upstream="tax"'), []);
});
