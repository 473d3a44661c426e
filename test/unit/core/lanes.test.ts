/**
 * Counters in shared memory: every status and every duration has its place, lanes add up, and a block's owner is never
 * seen through the counts of the one before.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BLOCK_SIZE,
  BLOCKS_PER_SEGMENT,
  BOUNDS,
  BUCKETS,
  bucketOf,
  DENIAL_CAUSES,
  HEDGE_ENDS,
  Lane,
  OPENING_CAUSES,
  OUTCOMES,
  REFUSAL_CAUSES,
  RETRY_REASONS,
  ROUTE_BLOCK,
  STATUS_LABELS,
  statusIndex,
  UPSTREAM_BLOCK,
} from '../../../src/core/lanes.ts';
import { SharedLanes } from '../../../src/core/shared.ts';

/** A lane over memory of its own, with room for `blocks`. */
function laneOf(blocks: number): { lane: Lane; shared: SharedLanes } {
  const shared = new SharedLanes(1);
  shared.grow(blocks);
  const lane = new Lane();
  lane.grow(shared.segments(0));
  return { lane, shared };
}

test('the parts of a block do not overlap and stay within it', () => {
  assert.ok(ROUTE_BLOCK.statuses + STATUS_LABELS.length <= ROUTE_BLOCK.buckets);
  assert.ok(ROUTE_BLOCK.sum < ROUTE_BLOCK.statuses);
  assert.ok(ROUTE_BLOCK.buckets + BUCKETS <= BLOCK_SIZE);
  const { inFlight, places, queued, outcomes, retries, opened, refused, denied, hedges, fallbacks } = UPSTREAM_BLOCK;
  assert.equal(new Set([inFlight, places, queued]).size, 3);
  assert.ok(Math.max(inFlight, places, queued) < outcomes);
  assert.ok(outcomes + OUTCOMES.length <= retries);
  assert.ok(retries + RETRY_REASONS.length <= opened);
  assert.ok(opened + OPENING_CAUSES.length <= refused);
  assert.ok(refused + REFUSAL_CAUSES.length <= denied);
  assert.ok(denied + DENIAL_CAUSES.length <= hedges);
  assert.ok(hedges + HEDGE_ENDS.length <= fallbacks);
  assert.ok(fallbacks < BLOCK_SIZE);
});

test('what every attempt counts lies in one line of the cache: eight doubles', () => {
  const { inFlight, places, outcomes } = UPSTREAM_BLOCK;
  for (const offset of [inFlight, places, outcomes + OUTCOMES.indexOf('success')])
    assert.equal(Math.floor(offset / 8), 0);
  const { lane } = laneOf(2);
  lane.add(1, inFlight, 3);
  lane.countEnd(1, OUTCOMES.indexOf('timeout'));
  assert.equal(lane.read(1, inFlight), 2);
  assert.equal(lane.read(1, outcomes + OUTCOMES.indexOf('timeout')), 1);
  assert.equal(lane.read(0, inFlight), 0);
});

test('a registered status counts under itself, another one under its class, none under none', () => {
  const label = (status: number) => STATUS_LABELS[statusIndex(status)];
  for (const status of [101, 200, 204, 226, 304, 308, 404, 418, 426, 431, 451, 499, 500, 504, 511]) {
    const own = status === 418 ? '4xx' : String(status);
    assert.equal(label(status), own);
  }
  assert.deepEqual([199, 299, 306, 399, 420, 498, 520, 599, 600, 999].map(label), [
    '1xx',
    '2xx',
    '3xx',
    '3xx',
    '4xx',
    '4xx',
    '5xx',
    '5xx',
    '5xx',
    '5xx',
  ]);
  assert.equal(label(0), 'none');
  assert.equal(label(1000), '5xx', 'no status writes outside its block');
});

test('bounds are 1 to 9 times each power of ten, from a tenth of a millisecond to a minute', () => {
  assert.deepEqual(BOUNDS.slice(0, 12), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3]);
  assert.deepEqual(BOUNDS.slice(-3), [40_000, 50_000, 60_000]);
  assert.deepEqual(
    BOUNDS,
    [...BOUNDS].sort((a, b) => a - b),
  );
});

test('a duration falls into the first bucket whose bound it does not exceed', () => {
  const plain = (ms: number) => {
    const found = BOUNDS.findIndex((bound) => ms <= bound);
    return found === -1 ? BOUNDS.length : found;
  };
  for (const bound of BOUNDS) {
    assert.equal(bucketOf(bound), plain(bound), `${bound} belongs to its own bucket`);
    assert.equal(bucketOf(bound * 1.001), plain(bound * 1.001), `just above ${bound}`);
  }
  for (const odd of [-1, 0, 1e-9, 60_001, 1e9, Number.POSITIVE_INFINITY]) assert.equal(bucketOf(odd), plain(odd));
  fc.assert(fc.property(fc.double({ min: 0.0001, max: 100_000, noNaN: true }), (ms) => bucketOf(ms) === plain(ms)));
});

test('a finished exchange adds one status, one bucket and its duration', () => {
  const { lane, shared } = laneOf(3);
  lane.count(2, 200, 12.5);
  lane.count(2, 200, 0.05);
  lane.count(2, 503, -1);
  assert.equal(shared.sum(2, ROUTE_BLOCK.statuses + statusIndex(200)), 2);
  assert.equal(shared.sum(2, ROUTE_BLOCK.statuses + statusIndex(503)), 1);
  assert.equal(shared.sum(2, ROUTE_BLOCK.buckets + bucketOf(12.5)), 1);
  assert.equal(shared.sum(2, ROUTE_BLOCK.buckets), 2, 'what was not measured counts as 0');
  assert.equal(shared.sum(2, ROUTE_BLOCK.sum), 12.55, 'and takes nothing from the sum');
  assert.equal(shared.sum(1, ROUTE_BLOCK.buckets), 0);
});

test('lanes add up, whatever their threads count and in whatever block', () => {
  const counts = fc.array(fc.record({ lane: fc.nat(3), block: fc.nat(9000), offset: fc.nat(BLOCK_SIZE - 1) }));
  fc.assert(
    fc.property(counts, (list) => {
      const shared = new SharedLanes(4);
      shared.grow(9001);
      const lanes = Array.from({ length: 4 }, (_, i) => {
        const lane = new Lane();
        lane.grow(shared.segments(i));
        return lane;
      });
      const expected = new Map<string, number>();
      for (const { lane, block, offset } of list) {
        lanes[lane].add(block, offset, 1);
        expected.set(`${block} ${offset}`, (expected.get(`${block} ${offset}`) ?? 0) + 1);
      }
      const many = new Float64Array(3).fill(7);
      for (const [place, count] of expected) {
        const [block, offset] = place.split(' ').map(Number);
        assert.equal(shared.sum(block, offset), count);
        const first = Math.max(0, offset - 2);
        shared.sumsInto(many, block, first);
        assert.equal(many[offset - first], count, 'many at once are the same');
        if (offset >= 2) assert.equal(many[0], expected.get(`${block} ${first}`) ?? 0);
      }
    }),
    { numRuns: 30 },
  );
});

test('memory grows in whole segments, and a lane that grows keeps what it counted', () => {
  const { lane, shared } = laneOf(1);
  assert.equal(shared.segments(0).length, 1);
  lane.add(BLOCKS_PER_SEGMENT - 1, 0, 7);
  shared.grow(BLOCKS_PER_SEGMENT + 1);
  assert.equal(shared.segments(0).length, 2);
  lane.grow(shared.segments(0));
  lane.add(BLOCKS_PER_SEGMENT, 0, 1);
  assert.equal(shared.sum(BLOCKS_PER_SEGMENT - 1, 0), 7);
  assert.equal(shared.sum(BLOCKS_PER_SEGMENT, 0), 1);
});

test('another lane over the same memory goes on where the first one stopped', () => {
  const { lane, shared } = laneOf(1);
  lane.count(0, 200, 1);
  const successor = new Lane();
  successor.grow(shared.segments(0));
  successor.count(0, 200, 1);
  assert.equal(shared.sum(0, ROUTE_BLOCK.statuses + statusIndex(200)), 2);
});
