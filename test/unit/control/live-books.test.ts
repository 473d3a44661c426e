/**
 * What a second of traffic says of routes and upstreams: exact in counts, within a bucket in durations, never below zero.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flowOf, Tally } from '../../../src/control/live-flow.ts';
import { BOUNDS, bucketOf, LISTENER_BLOCK, UPSTREAM_BLOCK } from '../../../src/core/lanes.ts';
import { MEMBER_WORDS } from '../../../src/core/words.ts';
import { forceClosed, isolate } from '../../../src/policy/circuit-control.ts';
import { routeSettings } from '../../support/facts.ts';
import { LiveBench } from '../../support/live.ts';
import { documentOf, upstreamSettings } from '../../support/tables.ts';

const SPLIT = routeSettings(
  {},
  {
    release: {
      split: [
        { upstream: 'cart', weight: 95 },
        { upstream: 'tax', weight: 5 },
      ],
      mode: 'proxy',
    },
  },
);
const DOCUMENT = documentOf({ shop: SPLIT, plain: routeSettings({}) }, ['cart', 'tax']);
const NOTHING = { rate: 0, errorShare: 0, p50: null, p95: null, p99: null };

function bench(): LiveBench {
  const made = new LiveBench();
  made.run(DOCUMENT);
  made.watch();
  return made;
}

test('a route says what ended, what failed, and where it went with which weight; all of them make the total', async () => {
  const made = bench();
  made.end('route:shop|cart', 200, 1, 1, 1, 1, 1, 1);
  made.end('route:shop|tax', 503, 1);
  made.end('route:shop|', 429, 0);
  made.end('route:plain|cart', 200, 1, 1);
  made.end('route:_none|', 404, 0);
  const { routes, total, upstreams } = await made.second();
  const told = routes.map(({ id, rate, errorShare, to }) => ({ id, rate, errorShare, to }));
  assert.deepEqual(told, [
    { id: '_none', rate: 1, errorShare: 0, to: [{ upstream: '', rate: 1, errorShare: 0, weight: null }] },
    {
      id: 'shop',
      rate: 8,
      errorShare: 0.125,
      to: [
        { upstream: '', rate: 1, errorShare: 0, weight: null },
        { upstream: 'cart', rate: 6, errorShare: 0, weight: 95 },
        { upstream: 'tax', rate: 1, errorShare: 1, weight: 5 },
      ],
    },
    { id: 'plain', rate: 2, errorShare: 0, to: [{ upstream: 'cart', rate: 2, errorShare: 0, weight: 100 }] },
  ]);
  assert.equal(total.rate, 11);
  assert.equal(total.errorShare, 0.0909);
  assert.deepEqual(
    upstreams.map(({ id, rate, errorShare }) => ({ id, rate, errorShare })),
    [
      { id: 'cart', rate: 8, errorShare: 0 },
      { id: 'tax', rate: 1, errorShare: 1 },
    ],
    'an upstream has what all routes sent there',
  );
});

test('a second without traffic has no routes and every upstream, with no percentiles', async () => {
  const made = bench();
  made.end('route:shop|cart', 200, 1);
  await made.second();
  const { routes, total, upstreams } = await made.second();
  assert.deepEqual(routes, []);
  assert.deepEqual(total, NOTHING);
  const quiet = { ...NOTHING, inFlight: 0, queued: 0, retries: 0, circuit: 'closed', up: 0, members: 0 };
  assert.deepEqual(upstreams, [
    { id: 'cart', ...quiet },
    { id: 'tax', ...quiet },
  ]);
});

test('5xx and no answer at all are errors, a client that left is none', async () => {
  const made = bench();
  for (const status of [200, 301, 404, 499]) made.end('route:plain|cart', status, 1);
  assert.equal((await made.second()).total.errorShare, 0);
  for (const status of [500, 503, 511, 599, 700, 0]) made.end('route:plain|cart', status, 1);
  const { total } = await made.second();
  assert.deepEqual([total.rate, total.errorShare], [6, 1]);
});

test('what took no time at all is seen too', async () => {
  const made = bench();
  made.end('route:plain|', 404, 0);
  made.end('route:shop|', 404, -1);
  assert.equal((await made.second()).total.rate, 2);
  made.end('route:plain|', 404, 0);
  assert.equal((await made.second()).total.rate, 1);
});

test('counters that have not moved for a second are not read, until they move again', async () => {
  const made = bench();
  await made.second();
  const key = 'route:plain|cart';
  let read: number[] = [];
  const { sumsInto } = made.shared;
  made.shared.sumsInto = (sums, block, first) => {
    if (first > 0) read.push(block);
    sumsInto.call(made.shared, sums, block, first);
  };
  const looks: [number, number][] = [];
  for (const ended of [1, 2, 0, 0, 0, 0, 3, 0]) {
    read = [];
    made.end(key, 200, ...Array<number>(ended).fill(0));
    const { total } = await made.second();
    assert.equal(total.rate, ended);
    looks.push([ended, read.length]);
    assert.ok(read.every((block) => block === made.block(key)));
  }
  assert.deepEqual(looks, [
    [1, 1],
    [2, 1],
    [0, 1],
    [0, 1],
    [0, 0],
    [0, 0],
    [3, 1],
    [0, 1],
  ]);
});

test('a percentile lies in the same bucket as the exact one, whatever the durations', () => {
  const duration = fc.oneof(
    fc.double({ min: 0, max: 60_000, noNaN: true }),
    fc.double({ min: 0, max: 20, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), (durations) => {
      const tally = new Tally();
      for (const ms of durations) tally.buckets[bucketOf(ms)] += 1;
      tally.count = durations.length;
      const sorted = durations.toSorted((one, other) => one - other);
      const flow = flowOf(tally, 1);
      for (const [share, told] of [
        [0.5, flow.p50],
        [0.95, flow.p95],
        [0.99, flow.p99],
      ] as const) {
        const bucket = bucketOf(sorted[Math.ceil(sorted.length * share) - 1]);
        const from = BOUNDS[bucket - 1] ?? 0;
        assert.ok(
          told !== null && told >= from && told <= BOUNDS[bucket],
          `${told} is not in ${from} to ${BOUNDS[bucket]}`,
        );
      }
    }),
    { numRuns: 200 },
  );
});

test('percentiles of many durations come close to the exact ones', () => {
  const tally = new Tally();
  for (let i = 1; i <= 10_000; i++) tally.buckets[bucketOf(i / 100)] += 1;
  tally.count = 10_000;
  const { p50, p95, p99 } = flowOf(tally, 1);
  assert.deepEqual([p50, p95, p99], [50, 95, 99]);
  const slow = new Tally();
  slow.buckets[bucketOf(100_000)] = slow.count = 1;
  assert.equal(flowOf(slow, 1).p99, 60_000, 'above the last bound it is that bound');
});

test('only this second counts for its percentiles', async () => {
  const made = bench();
  made.end('route:plain|cart', 200, ...Array<number>(1000).fill(900));
  await made.second();
  made.end('route:plain|cart', 200, 0.95, 0.95);
  const { p50, p99 } = (await made.second()).total;
  assert.deepEqual([p50, p99], [0.95, 0.999]);
});

test('a route that is removed and whose block serves another one gives no rate below zero, nor what was there before', async () => {
  const made = bench();
  made.end('route:shop|cart', 200, ...Array<number>(1000).fill(5));
  await made.second();
  const old = made.block('route:shop|cart');
  made.run(documentOf({ plain: routeSettings({}) }, ['cart', 'tax']), 'r2');
  made.end('route:shop|cart', 200, 5, 5);
  const leaving = await made.second();
  assert.deepEqual(
    leaving.routes.map(({ id, rate }) => [id, rate]),
    [['shop', 2]],
    'what it still ends is told',
  );
  assert.equal(leaving.revision, 'r2');
  made.ledger.scraped();
  assert.deepEqual((await made.second()).routes, []);
  made.clock.advance(3_600_000);
  await made.second();
  const routes = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`new${i}`, routeSettings({})]));
  made.run(documentOf(routes, ['cart', 'tax']), 'r3');
  const heir = Object.keys(routes).find((id) => made.block(`route:${id}|cart`) === old);
  assert.ok(heir !== undefined, 'the block has a new owner');
  made.end(`route:${heir}|cart`, 200, 5, 5, 5);
  const { routes: told, total } = await made.second();
  assert.deepEqual([told.map(({ id }) => id), total.rate], [[heir], 3]);
});

test('a block that is cleared under its key counts from zero', async () => {
  const made = bench();
  made.end('route:plain|cart', 200, 1, 1, 1, 1);
  await made.second();
  made.shared.clear(made.block('route:plain|cart'));
  made.end('route:plain|cart', 200, 1, 1);
  assert.equal((await made.second()).total.rate, 2);
});

test('an upstream that comes back to what is under way goes on, and its old retries are not of this second', async () => {
  const made = bench();
  made.add('upstream:tax', UPSTREAM_BLOCK.retries, 500);
  made.add('upstream:tax', UPSTREAM_BLOCK.inFlight, 1);
  await made.second();
  made.run(documentOf({ plain: routeSettings({}) }, ['cart']), 'r2');
  made.ledger.scraped();
  assert.deepEqual(
    (await made.second()).upstreams.map(({ id }) => id),
    ['cart'],
  );
  made.run(DOCUMENT, 'r3');
  made.add('upstream:tax', UPSTREAM_BLOCK.retries, 2);
  const [, tax] = (await made.second()).upstreams;
  assert.deepEqual([tax.id, tax.inFlight, tax.retries], ['tax', 1, 2]);
});

test('weights are those of the document that runs, and of a plain split only', async () => {
  const made = new LiveBench();
  const serve = [{ range: '>=1.0.0', split: [{ upstream: 'cart', weight: 100 }] }];
  const versions = { from: [{ header: 'v' }], serve, missing: { status: 426 }, unmatched: { status: 426 } };
  const release = { split: [], versions, mode: 'proxy' } as const;
  made.run(documentOf({ shop: SPLIT, toString: routeSettings({}, { release }) }, ['cart', 'tax']));
  made.watch();
  const weights = async () => {
    for (const key of ['route:shop|cart', 'route:toString|cart']) made.end(key, 200, 1);
    return (await made.second()).routes.map(({ id, to }) => [id, to[0].weight]);
  };
  assert.deepEqual(await weights(), [
    ['shop', 95],
    ['toString', null],
  ]);
  made.run(documentOf({ shop: routeSettings({}) }, ['cart', 'tax']), 'r2');
  assert.deepEqual(await weights(), [
    ['shop', 100],
    ['toString', null],
  ]);
});

test('an upstream says what is under way, what waits, further attempts, its circuit, and how many can serve', async () => {
  const made = new LiveBench();
  const settings = { ...upstreamSettings(), outliers: 'off' } as const;
  const ejecting = { ...settings, outliers: { successRate: 'off' } } as never;
  const upstreams = { cart: ejecting, tax: settings, mail: settings };
  made.run(documentOf({ plain: routeSettings({}) }, [], { upstreams }));
  const members = [4000, 4001, 4002].map((block) => ({ block }));
  made.shared.grow(4003);
  const leaving = { block: 4002, draining: true };
  made.members.set('cart', [...members, leaving]);
  made.members.set('tax', members);
  made.shared.words.block(4000)[MEMBER_WORDS.health] = 1;
  made.shared.words.block(4001)[MEMBER_WORDS.ejection] = 1;
  for (const lane of made.lanes) {
    lane.add(made.block('upstream:cart'), UPSTREAM_BLOCK.inFlight, 3);
    lane.add(made.block('upstream:cart'), UPSTREAM_BLOCK.queued, 2);
    lane.add(made.block('upstream:cart'), UPSTREAM_BLOCK.retries, 50);
    lane.add(made.block('listener:internal'), LISTENER_BLOCK.connections, 7);
  }
  made.watch();
  made.add('upstream:cart', UPSTREAM_BLOCK.retries + 2, 4);
  made.add('upstream:cart', UPSTREAM_BLOCK.retries + 9, 1);
  isolate(made.words('upstream:tax'), made.clock.now(), 'maintenance', undefined);
  forceClosed(made.words('upstream:mail'), made.clock.now(), 'we know', undefined);
  const frame = await made.second();
  assert.equal(frame.connections, 14);
  assert.deepEqual(frame.upstreams, [
    { id: 'cart', ...NOTHING, inFlight: 6, queued: 4, retries: 5, circuit: 'closed', up: 1, members: 4 },
    { id: 'tax', ...NOTHING, inFlight: 0, queued: 0, retries: 0, circuit: 'isolated', up: 2, members: 3 },
    { id: 'mail', ...NOTHING, inFlight: 0, queued: 0, retries: 0, circuit: 'forced', up: 0, members: 0 },
  ]);
  assert.equal((await made.second()).upstreams[0].retries, 0);
});

test('members of many upstreams are asked for in turn, those of a new document at once', async () => {
  const made = new LiveBench();
  const ids = Array.from({ length: 300 }, (_, i) => `u${i}`);
  const upstreams = () => Object.fromEntries(ids.map((id) => [id, upstreamSettings()]));
  const total = async () => (await made.second()).upstreams.reduce((sum, { members }) => sum + members, 0);
  const serve = (count: number) => {
    for (const id of ids)
      made.members.set(
        id,
        Array.from({ length: count }, () => ({ block: 1 })),
      );
  };
  made.run(documentOf({}, [], { upstreams: upstreams() }));
  serve(1);
  made.watch();
  assert.equal(await total(), 300);
  serve(2);
  assert.deepEqual([await total(), await total(), await total()], [428, 556, 600]);
  serve(3);
  made.run(documentOf({}, [], { upstreams: upstreams() }), 'r2');
  assert.equal(await total(), 900);
});
