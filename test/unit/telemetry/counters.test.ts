/**
 * Every finished exchange is counted once, under its status and with its duration; a tunnel with the time to its 101.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf, Lane, ROUTE_BLOCK, statusIndex } from '../../../src/core/lanes.ts';
import { NameSet } from '../../../src/core/names.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { countInto } from '../../../src/telemetry/counters.ts';
import { exchangeOf, factsOf } from '../../support/facts.ts';

function counted(told: {
  status: number;
  totalTime: number;
  firstByteTime?: number;
  tunnel?: boolean;
  block?: number;
}) {
  const shared = new SharedLanes(1);
  shared.grow(4);
  const lane = new Lane();
  lane.grow(shared.segments(0));
  const exchange = Object.assign(exchangeOf(factsOf({}, new NameSet())), { block: 3 }, told);
  countInto(lane)(exchange);
  return (offset: number) => shared.sum(exchange.block, offset);
}

test('an exchange counts under its status and with its whole duration', () => {
  const at = counted({ status: 503, totalTime: 250, firstByteTime: 2 });
  assert.equal(at(ROUTE_BLOCK.statuses + statusIndex(503)), 1);
  assert.equal(at(ROUTE_BLOCK.buckets + bucketOf(250)), 1);
  assert.equal(at(ROUTE_BLOCK.sum), 250);
});

test('a tunnel of hours counts with the milliseconds to its 101', () => {
  const at = counted({ status: 101, totalTime: 7_200_000, firstByteTime: 4, tunnel: true });
  assert.equal(at(ROUTE_BLOCK.statuses + statusIndex(101)), 1);
  assert.equal(at(ROUTE_BLOCK.buckets + bucketOf(4)), 1);
  assert.equal(at(ROUTE_BLOCK.sum), 4);
});

test('a client that left before any reply counts as 499', () => {
  assert.equal(counted({ status: 499, totalTime: 1 })(ROUTE_BLOCK.statuses + statusIndex(499)), 1);
});
