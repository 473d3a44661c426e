/**
 * Orders about circuits over a restart: what is put back, what is dropped, and what becomes of a disk that does not take them.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CircuitOrders, orderStore, type StoredOrder } from '../../../src/control/circuit-orders.ts';
import type { CircuitOrder } from '../../../src/control/circuits.ts';
import type { PlaneEvent } from '../../../src/core/events.ts';
import { BlockLedger } from '../../../src/core/ledger.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { circuitStateOf, isolate } from '../../../src/policy/circuit-control.ts';
import { FakeClock } from '../../support/clock.ts';

const ORDER: CircuitOrder = { state: 'isolated', reason: 'the disk is full', author: 'ana' };
const BOTH = { cart: {}, tax: {} };

/** A process with two upstreams, and the folder that it shares with those before and after it. */
function processIn(path: string, clock = new FakeClock()) {
  const lanes = new SharedLanes(1);
  const ledger = new BlockLedger(lanes, clock);
  const claim = ledger.claim();
  const words = { cart: claim.block('upstream:cart'), tax: claim.block('upstream:tax') };
  claim.settle();
  const events: PlaneEvent[] = [];
  const logged: string[] = [];
  const log = (level: string, _fields: unknown, message: string) => void logged.push(`${level} ${message}`);
  const tell = (event: PlaneEvent) => void events.push(event);
  const orders = new CircuitOrders({ clock, lanes, ledger, tell, log, store: orderStore(path, log) });
  const wordsOf = (upstream: 'cart' | 'tax') => lanes.words.block(words[upstream]);
  const circuit = (upstream: 'cart' | 'tax') => circuitStateOf(wordsOf(upstream), clock.now());
  return { orders, events, logged, circuit, wordsOf, clock };
}

async function placeFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-orders-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'state', 'circuits.json');
}

async function ordersIn(path: string): Promise<StoredOrder[]> {
  return JSON.parse(await readFile(path, 'utf8')).orders;
}

const DROPPED = 'an order about a circuit is dropped: the document does not name its upstream any more';

test('an order is back in force after a restart with the time that is left of it, and is told with who gave it', async (t) => {
  const path = await placeFor(t);
  const before = processIn(path);
  const end = before.clock.wall() + 600_000;
  await before.orders.keep('cart', { ...ORDER, for: 600_000 }, end);
  await before.orders.keep('tax', { ...ORDER, state: 'closed' }, undefined);
  assert.equal((await stat(path)).mode & 0o777, 0o600);

  // Another process, whose monotonic clock says something else.
  const after = processIn(path, new FakeClock(77_000, before.clock.wall() + 240_000));
  await after.orders.restore(BOTH);
  const cart = after.circuit('cart');
  assert.deepEqual(
    [cart.state, cart.reason, (cart.until ?? 0) - after.clock.now()],
    ['isolated', 'the disk is full', 360_000],
  );
  const tax = after.circuit('tax');
  assert.deepEqual([tax.state, tax.forced, tax.until], ['closed', true, undefined]);
  assert.deepEqual(after.events, [
    {
      is: 'circuit',
      upstream: 'cart',
      state: 'isolated',
      cause: 'held open by ana: the disk is full (before the restart)',
      until: end,
    },
    {
      is: 'circuit',
      upstream: 'tax',
      state: 'closed',
      cause: 'forced closed by ana: the disk is full (before the restart)',
      until: undefined,
    },
  ]);
  assert.deepEqual(after.logged, []);
});

test('an order whose time ended while the router was away is over, and leaves the file', async (t) => {
  const path = await placeFor(t);
  const before = processIn(path);
  await before.orders.keep('cart', ORDER, before.clock.wall() + 60_000);
  await before.orders.keep('tax', ORDER, before.clock.wall() + 60_001);
  const after = processIn(path, new FakeClock(1_000, before.clock.wall() + 60_000));
  await after.orders.restore(BOTH);
  assert.deepEqual([after.circuit('cart').state, after.circuit('tax').state], ['closed', 'isolated']);
  assert.deepEqual(after.logged, ['info an order about a circuit ended meanwhile']);
  assert.deepEqual(
    (await ordersIn(path)).map(({ upstream }) => upstream),
    ['tax'],
  );
});

test('an order for an upstream that the document does not name any more is dropped with a line in the log', async (t) => {
  const path = await placeFor(t);
  const before = processIn(path);
  await before.orders.keep('cart', ORDER, undefined);
  await before.orders.keep('toString', ORDER, undefined);
  const after = processIn(path);
  await after.orders.restore({ tax: {} });
  assert.equal(after.circuit('cart').state, 'closed');
  assert.deepEqual(after.logged, [`warn ${DROPPED}`, `warn ${DROPPED}`]);
  assert.deepEqual(await ordersIn(path), []);
});

test('who lets go of a circuit has its order forgotten, and one that was held by nobody is no reason to write', async (t) => {
  const path = await placeFor(t);
  const { orders } = processIn(path);
  await orders.keep('cart', { ...ORDER, state: 'auto' }, undefined);
  await assert.rejects(stat(path), { code: 'ENOENT' });
  await orders.keep('cart', ORDER, undefined);
  await orders.keep('tax', ORDER, undefined);
  await orders.keep('cart', { ...ORDER, state: 'auto' }, undefined);
  assert.deepEqual(
    (await ordersIn(path)).map(({ upstream }) => upstream),
    ['tax'],
  );
});

test('an order goes with its upstream, so that a later one of that name begins without', async (t) => {
  const path = await placeFor(t);
  const { orders, wordsOf, circuit, logged, clock } = processIn(path);
  for (const upstream of ['cart', 'tax'] as const) {
    isolate(wordsOf(upstream), clock.now(), ORDER.reason, undefined);
    await orders.keep(upstream, ORDER, undefined);
  }
  await orders.settle(BOTH);
  assert.deepEqual(logged, []);
  await orders.settle({ tax: {} });
  assert.deepEqual(logged, [`warn ${DROPPED}`]);
  assert.deepEqual([circuit('cart').state, circuit('tax').state], ['closed', 'isolated']);
  assert.deepEqual(
    (await ordersIn(path)).map(({ upstream }) => upstream),
    ['tax'],
  );
});

for (const [what, text] of [
  ['torn', '{"layout":1,"orders":[{"upstream":"ca'],
  ['of another layout', '{"layout":2,"orders":[]}'],
  ['a list of leases', '{"layout":1,"leases":[]}'],
  [
    'without a state that is one',
    JSON.stringify({ layout: 1, orders: [{ ...ORDER, upstream: 'cart', state: 'auto' }] }),
  ],
  [
    'with an end that is no time',
    JSON.stringify({ layout: 1, orders: [{ ...ORDER, upstream: 'cart', until: 1e300 }] }),
  ],
] as const) {
  test(`a file that is ${what} is said and passed over, and the next order replaces it`, async (t) => {
    const path = await placeFor(t);
    await processIn(path).orders.keep('cart', ORDER, undefined);
    await writeFile(path, text);
    const { orders, circuit, logged } = processIn(path);
    await orders.restore(BOTH);
    assert.equal(circuit('cart').state, 'closed');
    assert.deepEqual(logged, ['warn this is no list of orders about circuits: the router starts without']);
    await orders.keep('tax', ORDER, undefined);
    assert.deepEqual(
      (await ordersIn(path)).map(({ upstream }) => upstream),
      ['tax'],
    );
  });
}

test('a folder that cannot be written fails no order, and is said once', async (t) => {
  const path = await placeFor(t);
  // A file stands where the folder should.
  await writeFile(join(path, '..'), '');
  const { orders, logged } = processIn(path);
  await orders.keep('cart', ORDER, undefined);
  await orders.keep('tax', ORDER, undefined);
  assert.deepEqual(logged, ['warn orders about circuits cannot be saved: a restart will not know them']);
});
