/**
 * Protections across tables.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UPSTREAM_WORDS } from '../../../src/core/words.ts';
import { isolate } from '../../../src/policy/circuit-control.ts';
import { ProtectionLedger } from '../../../src/policy/ledger.ts';
import { type ProtectionSettings, REFUSED, type Waiter } from '../../../src/policy/policy.ts';
import { BLOCK, BREAKER, Threads } from '../../support/protect.ts';
import { breathe } from '../../support/wait.ts';

const SETTINGS: ProtectionSettings = {
  retry: {
    attempts: 2,
    on: ['connect'],
    backoff: { initial: 25, max: 1_000 },
    budget: { percent: 20, minPerSecond: 0 },
    methods: ['GET'],
    bodyLimit: 1,
  },
  circuitBreaker: BREAKER,
  limits: { concurrency: 1, queue: 1, queueTimeout: 1_000 },
  hedge: { after: 'p50', percent: 5 },
};

function ledgerOf(threads: Threads): ProtectionLedger {
  return new ProtectionLedger({ ...threads.site(), words: threads.shared.words });
}

function waiter(served: () => void = () => {}): Waiter {
  return { ahead: undefined, behind: undefined, onPlace: served, onShed: () => {} };
}

test('what is off is not there, but an operator can always hold a circuit open', () => {
  const threads = new Threads();
  const { circuit, limiter, retry, hedge } = ledgerOf(threads).protection(
    'cart',
    { retry: 'off', circuitBreaker: 'off', limits: 'off', hedge: 'off' },
    BLOCK,
  );
  assert.deepEqual([limiter, retry, hedge], [undefined, undefined, undefined]);
  isolate(threads.words, threads.now, '', undefined);
  assert.equal(circuit?.enter(threads.now), REFUSED);
  const unlimited = { ...SETTINGS, limits: { concurrency: Number.POSITIVE_INFINITY, queue: 1, queueTimeout: 1 } };
  assert.equal(ledgerOf(threads).protection('cart', unlimited, BLOCK).limiter, undefined);
});

test('failures, budget, queue and latencies go on under a new table', () => {
  const threads = new Threads();
  const ledger = ledgerOf(threads);
  const older = ledger.protection('cart', SETTINGS, BLOCK);
  ledger.keepOnly(new Map([['cart', older]]));
  let served = false;
  for (let i = 0; i < 10; i++) older.circuit?.judge(older.circuit.enter(threads.now), 'timeout', threads.now);
  for (let i = 0; i < 5; i++) older.retry?.earn(threads.now);
  for (let i = 0; i < 100; i++) older.hedge?.learn(10);
  assert.ok(older.limiter?.enter());
  older.limiter?.wait(
    waiter(() => {
      served = true;
    }),
    threads.now,
  );
  const newer = ledger.protection('cart', SETTINGS, BLOCK);
  ledger.keepOnly(new Map([['cart', newer]]));
  assert.equal(newer.circuit?.enter(threads.now), REFUSED);
  assert.deepEqual([newer.retry?.spend(threads.now), newer.retry?.spend(threads.now)], [true, false]);
  assert.ok((newer.hedge?.delay() ?? 0) <= 10);
  assert.ok(!newer.limiter?.enter());
  older.limiter?.leave(threads.now, 1, false);
  assert.ok(served);
});

test('an upstream that no table names any more is forgotten, and its exchanges still end well', () => {
  const threads = new Threads();
  const ledger = ledgerOf(threads);
  const { limiter, hedge } = ledger.protection('cart', SETTINGS, BLOCK);
  for (let i = 0; i < 100; i++) hedge?.learn(10);
  assert.ok(limiter?.enter());
  ledger.keepOnly(new Map());
  limiter?.leave(threads.now, 1, false);
  assert.equal(threads.words[UPSTREAM_WORDS.inFlight], 0);
  const again = ledger.protection('cart', SETTINGS, BLOCK);
  assert.equal(again.hedge?.delay(), Number.POSITIVE_INFINITY);
  ledger.stop();
});

for (const [what, limits] of [
  ['more places', { concurrency: 2, queue: 1, queueTimeout: 1_000 }],
  ['no limits', 'off'],
] as const) {
  test(`a table with ${what} lets in who waits, on every thread, once it is in force`, async () => {
    const threads = new Threads(2);
    const ledgers = [0, 1].map(
      (thread) => new ProtectionLedger({ ...threads.site(thread), words: threads.shared.words }),
    );
    const [first, second] = ledgers.map((ledger) => {
      const protection = ledger.protection('cart', SETTINGS, BLOCK);
      ledger.keepOnly(new Map([['cart', protection]]));
      return protection;
    });
    assert.ok(first.limiter?.enter());
    let served = 0;
    second.limiter?.wait(
      waiter(() => {
        served += 1;
      }),
      threads.now,
    );
    const newer = ledgers.map((ledger) => ledger.protection('cart', { ...SETTINGS, limits }, BLOCK));
    await breathe();
    assert.equal(served, 0);
    for (const [thread, ledger] of ledgers.entries()) ledger.keepOnly(new Map([['cart', newer[thread]]]));
    await breathe();
    assert.equal(served, 1);
    // Whoever came under the table before gives back its place as it would have.
    first.limiter?.leave(threads.now, 1, false);
    second.limiter?.leave(threads.now, 1, false);
    assert.equal(threads.words[UPSTREAM_WORDS.inFlight], 0);
    for (const ledger of ledgers) ledger.stop();
  });
}
