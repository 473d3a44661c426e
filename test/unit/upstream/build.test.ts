/**
 * The ledger of upstreams: members live by upstream and URL across tables, and retire when no table names them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exchange } from '../../../src/core/exchange.ts';
import { Timers } from '../../../src/core/timers.ts';
import { UpstreamLedger } from '../../../src/upstream/build.ts';
import type { HttpLink } from '../../../src/upstream/link.ts';
import { PooledMember } from '../../../src/upstream/member.ts';
import type { Balance, Member, Upstream, UpstreamSettings } from '../../../src/upstream/upstream.ts';
import { FakeClock } from '../../support/clock.ts';
import { seededDraw } from '../../support/draw.ts';

const ONE = 'http://127.0.0.1:7001';
const TWO = 'http://127.0.0.1:7002';
const THREE = 'http://127.0.0.1:7003';

function settings(endpoints: Readonly<Record<string, number>>, balance: Balance = 'round-robin'): UpstreamSettings {
  return {
    endpoints: Object.entries(endpoints).map(([url, weight]) => ({ url, weight })),
    balance,
    timeout: { connect: 1_000, attempt: 3_000, total: 10_000, idle: 60_000 },
    slowStart: 0,
    panicPercent: 50,
    healthCheck: 'off',
    outliers: 'off',
  };
}

function openLedger(): UpstreamLedger {
  const clock = new FakeClock();
  return new UpstreamLedger({ clock, timers: new Timers(clock, false), draw: seededDraw(1) });
}

const REQUEST = { method: 'GET', target: '/', host: 'a', minor: 1, field: () => undefined };
const EXCHANGE = new Exchange(0, 0.5, REQUEST, 'internal', '127.0.0.1', 'r1');

function aims(upstream: Upstream, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => upstream.aim(EXCHANGE, undefined)?.id);
}

/** Whether the member still pools: what is brought back to a retired one is closed. */
function pools(member: Member): boolean {
  assert.ok(member instanceof PooledMember);
  let closed = false;
  // All that a pool asks of a connection; a real one would open a socket.
  const link = { destroy: () => (closed = true) } as unknown as HttpLink;
  member.keep(link);
  member.forget(link);
  return !closed;
}

test('an upstream has its id, its block, its settings and its members in the order of the document', () => {
  const written = settings({ [TWO]: 1, [ONE]: 2 });
  const upstream = openLedger().upstream('cart', written, 7);
  assert.deepEqual([upstream.id, upstream.block, upstream.settings], ['cart', 7, written]);
  assert.deepEqual(
    upstream.members.map(({ id }) => id),
    [TWO, ONE],
  );
});

test('members of the same upstream and URL are the same in every table, whatever else changed', () => {
  const ledger = openLedger();
  const old = ledger.upstream('cart', settings({ [ONE]: 1, [TWO]: 1 }), 1);
  old.members[0].inFlight = 3;
  const anew = ledger.upstream('cart', settings({ [THREE]: 1, [ONE]: 5 }, 'p2c'), 2);
  assert.equal(anew.members[1], old.members[0]);
  assert.equal(anew.members[1].inFlight, 3);
  assert.notEqual(anew.members[0], old.members[1]);
});

test('the same URL in two upstreams is two members', () => {
  const ledger = openLedger();
  const cart = ledger.upstream('cart', settings({ [ONE]: 1 }), 1);
  const tax = ledger.upstream('tax', settings({ [ONE]: 1 }), 2);
  assert.notEqual(cart.members[0], tax.members[0]);
});

test('weights are those of the table, not of the member', () => {
  const ledger = openLedger();
  const old = ledger.upstream('cart', settings({ [ONE]: 1, [TWO]: 1 }), 1);
  const anew = ledger.upstream('cart', settings({ [ONE]: 0, [TWO]: 1 }), 1);
  assert.deepEqual(aims(old, 4), [ONE, TWO, ONE, TWO]);
  assert.deepEqual(aims(anew, 4), [TWO, TWO, TWO, TWO]);
  assert.deepEqual(aims(old, 2), [ONE, TWO]);
});

test('an upstream without endpoints, or none with a weight, aims at nobody', () => {
  const ledger = openLedger();
  assert.equal(ledger.upstream('none', settings({}), 1).aim(EXCHANGE, undefined), undefined);
  assert.equal(ledger.upstream('zero', settings({ [ONE]: 0 }), 1).aim(EXCHANGE, undefined), undefined);
});

test('a second try aims at another member', () => {
  const upstream = openLedger().upstream('cart', settings({ [ONE]: 1, [TWO]: 1 }), 1);
  const [one, two] = upstream.members;
  for (let i = 0; i < 10; i++) {
    assert.equal(upstream.aim(EXCHANGE, one), two);
    assert.equal(upstream.aim(EXCHANGE, two), one);
  }
});

test('members that the new table does not name retire, all others go on', () => {
  const ledger = openLedger();
  const cart = ledger.upstream('cart', settings({ [ONE]: 1, [TWO]: 1 }), 1);
  const tax = ledger.upstream('tax', settings({ [ONE]: 1 }), 2);
  ledger.keepOnly([cart, tax]);
  assert.deepEqual([...cart.members, ...tax.members].map(pools), [true, true, true]);
  const anew = ledger.upstream('cart', settings({ [TWO]: 1, [THREE]: 1 }), 1);
  assert.deepEqual(cart.members.map(pools), [true, true], 'a table that is only compiled takes nothing away');
  ledger.keepOnly([anew]);
  assert.deepEqual(cart.members.map(pools), [false, true]);
  assert.deepEqual(anew.members.map(pools), [true, true]);
  assert.deepEqual(tax.members.map(pools), [false]);
});

test('a member that comes back after it retired is a new one, and pools', () => {
  const ledger = openLedger();
  const old = ledger.upstream('cart', settings({ [ONE]: 1 }), 1);
  ledger.keepOnly([]);
  const anew = ledger.upstream('cart', settings({ [ONE]: 1 }), 1);
  ledger.keepOnly([anew]);
  assert.notEqual(anew.members[0], old.members[0]);
  assert.deepEqual([...old.members, ...anew.members].map(pools), [false, true]);
});

test('a table that was compiled and never came leaves nothing behind', () => {
  const ledger = openLedger();
  const running = ledger.upstream('cart', settings({ [ONE]: 1 }), 1);
  const refused = ledger.upstream('cart', settings({ [ONE]: 1, [TWO]: 1 }), 1);
  ledger.keepOnly([running]);
  assert.deepEqual(refused.members.map(pools), [true, false]);
});

test('stopping retires everyone, and counts no connection any more', () => {
  const ledger = openLedger();
  const cart = ledger.upstream('cart', settings({ [ONE]: 1, [TWO]: 1 }), 1);
  ledger.stop();
  assert.deepEqual(cart.members.map(pools), [false, false]);
  assert.equal(ledger.connections, 0);
});
