/**
 * Who owns which block: keys keep theirs across documents, refused proposals leave no trace, removed keys are seen once
 * more and their blocks come back clean.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lane, LISTENER_BLOCK, THREAD_BLOCK, UPSTREAM_BLOCK } from '../../../src/core/lanes.ts';
import { BlockLedger, readKey, THREAD_COUNTERS, THREAD_KEY, UNMATCHED_KEY } from '../../../src/core/ledger.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { FakeClock } from '../../support/clock.ts';

const HOUR = 3_600_000;

interface Bench {
  readonly ledger: BlockLedger;
  readonly shared: SharedLanes;
  readonly clock: FakeClock;
  /** A document with these keys is put in force; the blocks in their order. */
  document(...keys: string[]): number[];
  shown(): string[];
  /** Counts in a lane as its thread would. */
  count(lane: number, block: number, offset: number, amount: number): void;
}

function bench(lanes = 1): Bench {
  const shared = new SharedLanes(lanes);
  const clock = new FakeClock();
  const ledger = new BlockLedger(shared, clock);
  return {
    ledger,
    shared,
    clock,
    document: (...keys) => {
      const claim = ledger.claim();
      const blocks = keys.map((key) => claim.block(key));
      claim.settle();
      return blocks;
    },
    shown: () => ledger.shown().map(([key]) => key),
    count: (lane, block, offset, amount) => {
      const own = new Lane();
      own.grow(shared.segments(lane));
      own.add(block, offset, amount);
    },
  };
}

test('exchanges without a route have block 0 and the threads themselves block 1', () => {
  const { ledger } = bench();
  assert.deepEqual(ledger.claim().entries(), [
    [UNMATCHED_KEY, 0],
    [THREAD_KEY, THREAD_COUNTERS],
  ]);
});

test('a key keeps its block from document to document', () => {
  const { document } = bench();
  const [cart, tax] = document('route:cart|cart', 'route:tax|tax');
  assert.notEqual(cart, tax);
  assert.deepEqual(document('route:new|new', 'route:tax|tax', 'route:cart|cart').slice(1), [tax, cart]);
});

test('a key that is asked for twice in one proposal gets one block', () => {
  const { ledger } = bench();
  const claim = ledger.claim();
  assert.equal(claim.block('upstream:a'), claim.block('upstream:a'));
});

test('a refused proposal leaves no key behind, and its blocks serve the next one', () => {
  const { ledger, document, shown } = bench();
  document('upstream:a');
  const refused = ledger.claim();
  const block = refused.block('upstream:b');
  refused.drop();
  assert.deepEqual(shown(), [UNMATCHED_KEY, THREAD_KEY, 'upstream:a']);
  assert.deepEqual(document('upstream:a', 'upstream:c').slice(1), [block]);
});

test('a removed key is shown to one more scrape and then no longer', () => {
  const { ledger, document, shown } = bench();
  document('upstream:a', 'upstream:b');
  document('upstream:a');
  assert.ok(shown().includes('upstream:b'));
  ledger.scraped();
  assert.deepEqual(shown(), [UNMATCHED_KEY, THREAD_KEY, 'upstream:a']);
});

for (const [what, offset] of [
  ['under way at', UPSTREAM_BLOCK.inFlight],
  ['waiting for', UPSTREAM_BLOCK.queued],
] as const) {
  test(`a route that left with its upstream is shown while something is ${what} that, and once more`, () => {
    const { ledger, document, shown, count } = bench(2);
    const [, block] = document('route:a|old', 'upstream:old');
    count(1, block, offset, 1);
    document('route:a|new', 'upstream:new');
    for (let i = 0; i < 5; i++) {
      ledger.scraped();
      assert.ok(shown().includes('route:a|old'));
    }
    count(1, block, offset, -1);
    ledger.scraped();
    assert.ok(shown().includes('route:a|old'), 'what ended between two scrapes is for the second one to show');
    ledger.scraped();
    assert.ok(!shown().includes('route:a|old'));
  });
}

test('a route that left an upstream of others is shown while a thread carries somebody under its table', () => {
  const { ledger, document, shown, clock, count } = bench(2);
  const [, , block] = document('route:a|main', 'route:b|main', 'upstream:main');
  count(0, block, UPSTREAM_BLOCK.inFlight, 1);
  const replaced = clock.now();
  count(1, THREAD_COUNTERS, THREAD_BLOCK.carried, replaced);
  document('route:b|main', 'upstream:main');
  clock.advance(10);
  ledger.scraped();
  ledger.scraped();
  assert.ok(shown().includes('route:a|main'));
  // The oldest table that is left never had the route.
  count(1, THREAD_COUNTERS, THREAD_BLOCK.carried, 10);
  ledger.scraped();
  ledger.scraped();
  assert.ok(!shown().includes('route:a|main'));
});

test('a thread that dies carries nobody any more', () => {
  const { ledger, document, shown, clock, count } = bench();
  const [, block] = document('route:a|main', 'upstream:main');
  count(0, block, UPSTREAM_BLOCK.inFlight, 1);
  count(0, THREAD_COUNTERS, THREAD_BLOCK.carried, clock.now());
  document('upstream:main');
  ledger.scraped();
  ledger.resetGauges(0);
  count(0, block, UPSTREAM_BLOCK.inFlight, 1);
  ledger.scraped();
  ledger.scraped();
  assert.ok(!shown().includes('route:a|main'));
});

test('a key that comes back before the scrape keeps its block and its counts', () => {
  const { ledger, document, shared, count } = bench();
  const [block] = document('upstream:a');
  count(0, block, 3, 5);
  document();
  assert.deepEqual(document('upstream:a'), [block]);
  ledger.scraped();
  assert.equal(shared.sum(block, 3), 5);
  assert.deepEqual(document('upstream:a'), [block]);
});

test('a scrape in the middle of a proposal does not take what it just asked for', () => {
  const { ledger, document, shown } = bench();
  const [block] = document('upstream:a');
  document();
  const claim = ledger.claim();
  assert.equal(claim.block('upstream:a'), block);
  ledger.scraped();
  claim.settle();
  assert.ok(shown().includes('upstream:a'));
});

test('a freed block rests before it gets a new owner, who finds it empty in every lane', () => {
  const { ledger, document, shared, clock, count } = bench(2);
  const [block] = document('upstream:a');
  count(0, block, 3, 5);
  count(1, block, 4, 6);
  document();
  ledger.scraped();
  const [other] = document('upstream:b');
  assert.notEqual(other, block, 'an exchange of the old document may still settle there');
  clock.advance(HOUR);
  const [, third] = document('upstream:b', 'upstream:c');
  assert.equal(third, block);
  assert.equal(shared.sum(block, 3) + shared.sum(block, 4), 0);
});

test('keys that nobody scrapes do not pile up', () => {
  const { document, clock, shown } = bench();
  for (let i = 0; i < 5; i++) {
    document(`upstream:${i}`);
    clock.advance(HOUR);
  }
  document();
  assert.ok(shown().length <= 4, shown().join(' '));
});

test('keys of members that come and go while nobody scrapes and no document comes do not pile up', () => {
  const { ledger, document, clock, shown } = bench();
  document('upstream:cart');
  const blocks = new Set<number>();
  for (let i = 0; i < 500; i++) {
    blocks.add(ledger.hold(`member:cart|http://10.0.0.1:${i + 1}`));
    ledger.letGo(`member:cart|http://10.0.0.1:${i + 1}`);
    clock.advance(HOUR / 60);
  }
  assert.ok(shown().length < 20, `${shown().length} keys`);
  assert.ok(blocks.size < 100, `${blocks.size} blocks`);
});

test('an upstream that comes back after a long time begins anew, and one that comes back soon goes on', () => {
  const { document, shared, clock } = bench();
  const [block] = document('upstream:a');
  shared.words.block(block)[0] = 7;
  document();
  clock.advance(HOUR / 12);
  assert.equal(document('upstream:a')[0], block);
  document();
  clock.advance(HOUR);
  const [other] = document('upstream:a');
  assert.equal(shared.words.block(other)[0], 0);
});

test('a block at which something is under way gets no new owner, however long that takes', () => {
  const { ledger, document, clock, count } = bench(2);
  const [block] = document('upstream:a');
  count(1, block, UPSTREAM_BLOCK.inFlight, 1);
  document();
  ledger.scraped();
  clock.advance(2 * HOUR);
  assert.notEqual(document('upstream:b')[0], block, 'the end of a tunnel would count there');
  count(1, block, UPSTREAM_BLOCK.inFlight, -1);
  clock.advance(2 * HOUR);
  assert.equal(document('upstream:b', 'upstream:c')[1], block);
});

test('an upstream that comes back while something of its earlier life is under way goes on with that', () => {
  const { ledger, document, clock, count, shown } = bench(2);
  const [block, route] = document('upstream:a', 'route:r|a');
  count(1, block, UPSTREAM_BLOCK.inFlight, 1);
  document();
  ledger.scraped();
  assert.ok(!shown().includes('upstream:a'));
  clock.advance(2 * HOUR);
  // One that is refused changes nothing about that.
  const refused = ledger.claim();
  assert.equal(refused.block('upstream:a'), block);
  refused.drop();
  assert.ok(!shown().includes('upstream:a'));
  assert.deepEqual(document('upstream:b', 'upstream:a').slice(1), [block], 'what is under way there is seen again');
  assert.notEqual(document('route:r|a')[0], block);
  assert.equal(ledger.blockOf('upstream:a'), block);
  document();
  ledger.scraped();
  count(1, block, UPSTREAM_BLOCK.inFlight, -1);
  assert.notEqual(document('upstream:a')[0], block, 'with nothing under way it begins anew');
  assert.notEqual(route, block);
});

test('a refused proposal gives nobody else the block that an upstream had gone on in', () => {
  const { ledger, document, count } = bench(2);
  const [block] = document('upstream:a');
  count(1, block, UPSTREAM_BLOCK.inFlight, 1);
  document();
  ledger.scraped();
  const refused = ledger.claim();
  assert.equal(refused.block('upstream:a'), block);
  // What was under way rests before its further try, which counts there as well.
  count(1, block, UPSTREAM_BLOCK.inFlight, -1);
  refused.drop();
  assert.notEqual(document('upstream:b')[0], block);
});

test('a thread that dies takes along what was under way at upstreams that are gone', () => {
  const { ledger, document, clock, count } = bench(2);
  const [block] = document('upstream:a');
  count(1, block, UPSTREAM_BLOCK.inFlight, 1);
  document();
  ledger.scraped();
  ledger.resetGauges(1);
  clock.advance(2 * HOUR);
  assert.equal(document('upstream:b')[0], block);
});

test('a dead thread takes its gauges with it and leaves its counts', () => {
  const { ledger, document, shared, count } = bench(2);
  const [listener, upstream, route] = document('listener:internal', 'upstream:a', 'route:r|a');
  for (const lane of [0, 1]) {
    count(lane, listener, LISTENER_BLOCK.connections, 10);
    count(lane, upstream, UPSTREAM_BLOCK.inFlight, 3);
    count(lane, upstream, UPSTREAM_BLOCK.outcomes, 100);
    count(lane, route, 0, 1);
  }
  ledger.resetGauges(1);
  assert.equal(shared.sum(listener, LISTENER_BLOCK.connections), 10);
  assert.equal(shared.sum(upstream, UPSTREAM_BLOCK.inFlight), 3);
  assert.equal(shared.sum(upstream, UPSTREAM_BLOCK.outcomes), 200);
  assert.equal(shared.sum(route, 0), 2);
});

test('keys say what they stand for', () => {
  assert.deepEqual(readKey('route:cart|cart-v2'), { kind: 'route', route: 'cart', upstream: 'cart-v2' });
  assert.deepEqual(readKey('route:_none|'), { kind: 'route', route: '_none', upstream: '' });
  assert.deepEqual(readKey('route:a|b|c'), { kind: 'route', route: 'a|b', upstream: 'c' });
  assert.deepEqual(readKey('upstream:x'), { kind: 'upstream', upstream: 'x' });
  assert.deepEqual(readKey('listener:x'), { kind: 'listener', listener: 'x' });
  assert.deepEqual(readKey(THREAD_KEY), { kind: 'thread' });
});

test('a key held outside of documents keeps its block until it is let go, and is seen once more then', () => {
  const { ledger, document, shown, clock } = bench();
  document('upstream:cart');
  const block = ledger.hold('member:cart|http://10.0.0.1:80');
  document('upstream:cart');
  ledger.scraped();
  clock.advance(HOUR);
  ledger.scraped();
  assert.equal(ledger.hold('member:cart|http://10.0.0.1:80'), block);
  ledger.letGo('member:cart|http://10.0.0.1:80');
  assert.ok(shown().includes('member:cart|http://10.0.0.1:80'));
  ledger.scraped();
  assert.ok(!shown().includes('member:cart|http://10.0.0.1:80'));
});

test('a member that was away and leaves again long after is still seen once more', () => {
  const { ledger, shown, clock } = bench();
  const key = 'member:cart|http://10.0.0.1:80';
  const block = ledger.hold(key);
  ledger.letGo(key);
  ledger.hold(key);
  clock.advance(HOUR);
  ledger.letGo(key);
  // Another one comes: keys that nobody scraped for long are looked for.
  ledger.hold('member:cart|http://10.0.0.2:80');
  assert.ok(shown().includes(key));
  assert.equal(ledger.hold(key), block);
});

test('a key that is let go stays where the document speaks of it', () => {
  const { ledger, document, shown } = bench();
  const [block] = document('member:cart|http://10.0.0.1:80');
  ledger.hold('member:cart|http://10.0.0.1:80');
  ledger.letGo('member:cart|http://10.0.0.1:80');
  ledger.scraped();
  assert.ok(shown().includes('member:cart|http://10.0.0.1:80'));
  assert.equal(document('member:cart|http://10.0.0.1:80')[0], block);
});

test('a refused proposal does not take the block of a key that is held since', () => {
  const { ledger, shown } = bench();
  const claim = ledger.claim();
  const block = claim.block('member:cart|http://10.0.0.1:80');
  ledger.hold('member:cart|http://10.0.0.1:80');
  claim.drop();
  assert.ok(shown().includes('member:cart|http://10.0.0.1:80'));
  assert.notEqual(ledger.hold('member:cart|http://10.0.0.2:80'), block);
});

test('a refused proposal does not give away the block of a key that was held meanwhile', () => {
  const { ledger } = bench();
  const claim = ledger.claim();
  const block = claim.block('member:cart|http://10.0.0.1:80');
  ledger.hold('member:cart|http://10.0.0.1:80');
  ledger.letGo('member:cart|http://10.0.0.1:80');
  claim.drop();
  assert.notEqual(ledger.hold('member:cart|http://10.0.0.2:80'), block, 'what was asked there may still be under way');
});

test('whoever keeps a list of the keys sees by one number that it is out of date', () => {
  const { ledger, document } = bench();
  document('upstream:a', 'upstream:b');
  const before = ledger.changes;
  document('upstream:a', 'upstream:b');
  assert.equal(ledger.changes, before, 'the same keys');
  document('upstream:b', 'upstream:c');
  assert.equal(ledger.changes, before + 1, 'one is new, and the one that left is shown once more');
  ledger.scraped();
  assert.equal(ledger.changes, before + 2);
});
