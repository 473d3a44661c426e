/**
 * The ledger of upstreams: members live by upstream and id across tables and lists, and retire when nobody names them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpLink } from '../../../src/upstream/link.ts';
import { PooledMember } from '../../../src/upstream/member.ts';
import type { Member, Upstream } from '../../../src/upstream/upstream.ts';
import { endpoint, GET, settingsOf, UpstreamStage } from './stage.ts';

const [ONE, TWO, THREE] = [endpoint(1), endpoint(2), endpoint(3)];
const NAMED = 'http://cart.internal';

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

function ids(upstream: Upstream): string {
  return upstream.members.map(({ id }) => id.slice(-1)).join('');
}

function open() {
  const stage = new UpstreamStage();
  return { stage, ledger: stage.thread() };
}

test('an upstream has its id, its block, its settings and its members in the order of the document', () => {
  const { stage, ledger } = open();
  stage.block('other');
  const written = settingsOf({ [TWO]: 1, [ONE]: 2 });
  const upstream = stage.table(ledger, written);
  assert.deepEqual([upstream.id, upstream.block, upstream.settings], ['cart', 1, written]);
  assert.equal(ids(upstream), '21');
});

test('members of the same upstream and URL are the same in every table, whatever else changed', () => {
  const { stage, ledger } = open();
  const old = stage.table(ledger, settingsOf({ [ONE]: 1, [TWO]: 1 }));
  old.members[0].inFlight = 3;
  const anew = stage.table(ledger, settingsOf({ [THREE]: 1, [ONE]: 5 }, { balance: 'p2c' }));
  assert.equal(anew.members[1], old.members[0]);
  assert.equal(anew.members[1].inFlight, 3);
  assert.notEqual(anew.members[0], old.members[1]);
});

test('the same URL in two upstreams is two members', () => {
  const { stage, ledger } = open();
  const [cart, tax] = ['cart', 'tax'].map((id) => stage.table(ledger, settingsOf(1), id));
  assert.notEqual(cart.members[0], tax.members[0]);
});

test('the same URL twice in one upstream is one member with both weights', () => {
  const { stage, ledger } = open();
  const { endpoints, ...rest } = settingsOf({ [ONE]: 1, [TWO]: 1 });
  const upstream = stage.table(ledger, { ...rest, endpoints: [...endpoints, { url: ONE, weight: 1 }] });
  assert.equal(ids(upstream), '12');
  assert.equal(stage.aims(upstream, 6), '121121');
});

test('weights are those of the table, not of the member', () => {
  const { stage, ledger } = open();
  const old = stage.table(ledger, settingsOf({ [ONE]: 1, [TWO]: 1 }));
  const anew = stage.table(ledger, settingsOf({ [ONE]: 0, [TWO]: 1 }));
  assert.deepEqual([stage.aims(old, 4), stage.aims(anew, 4), stage.aims(old, 2)], ['1212', '2222', '12']);
});

test('an upstream without endpoints, or none with a weight, aims at nobody, and that is no panic', () => {
  const { stage, ledger } = open();
  assert.equal(stage.aims(stage.table(ledger, settingsOf({}), 'none'), 1), '-');
  assert.equal(stage.aims(stage.table(ledger, settingsOf({ [ONE]: 0 }), 'zero'), 1), '-');
  assert.deepEqual(stage.heard(), []);
});

test('a second try aims at another member', () => {
  const { stage, ledger } = open();
  const upstream = stage.table(ledger, settingsOf(2));
  const [one, two] = upstream.members;
  for (let i = 0; i < 10; i++) {
    assert.equal(stage.aim(upstream, GET, [one]), two);
    assert.equal(stage.aim(upstream, GET, [two]), one);
  }
});

test('members that the new table does not name retire, all others go on', () => {
  const { stage, ledger } = open();
  const cart = stage.table(ledger, settingsOf(2));
  const tax = stage.table(ledger, settingsOf(1), 'tax');
  ledger.keepOnly([cart, tax]);
  assert.deepEqual([...cart.members, ...tax.members].map(pools), [true, true, true]);
  const anew = stage.table(ledger, settingsOf({ [TWO]: 1, [THREE]: 1 }));
  assert.deepEqual(cart.members.map(pools), [true, true], 'a table that is only compiled takes nothing away');
  ledger.keepOnly([anew]);
  assert.deepEqual(cart.members.map(pools), [false, true]);
  assert.deepEqual(anew.members.map(pools), [true, true]);
  assert.deepEqual(tax.members.map(pools), [false]);
});

test('a member that comes back after it retired is a new one, and pools', () => {
  const { stage, ledger } = open();
  const old = stage.table(ledger, settingsOf(1));
  ledger.keepOnly([]);
  const anew = stage.table(ledger, settingsOf(1));
  ledger.keepOnly([anew]);
  assert.notEqual(anew.members[0], old.members[0]);
  assert.deepEqual([...old.members, ...anew.members].map(pools), [false, true]);
});

test('a table that was compiled and never came leaves nothing behind', () => {
  const { stage, ledger } = open();
  const running = stage.table(ledger, settingsOf(1));
  ledger.keepOnly([running]);
  const refused = stage.table(ledger, settingsOf(2));
  ledger.keepOnly([running]);
  assert.deepEqual(refused.members.map(pools), [true, false]);
});

test('stopping retires everyone, and counts no connection any more', () => {
  const { stage, ledger } = open();
  const cart = stage.table(ledger, settingsOf(2));
  ledger.stop();
  assert.deepEqual(cart.members.map(pools), [false, false]);
  assert.equal(ledger.connections, 0);
});

test('members found by name stand behind the endpoints that are addresses', () => {
  const { stage, ledger } = open();
  ledger.join('cart', [stage.found(5, { weight: 2 })]);
  const upstream = stage.table(ledger, settingsOf({ [NAMED]: 2, [ONE]: 1 }));
  assert.equal(ids(upstream), '15');
  assert.equal([...stage.aims(upstream, 6)].sort().join(''), '115555');
  assert.deepEqual(
    upstream.members.map(({ authority }) => authority),
    ['127.0.0.1:7001', 'cart.internal'],
  );
});

test('of an address that is written and found by name the document in force says what its requests name as host', () => {
  const { stage, ledger } = open();
  const [written, named] = ['127.0.0.1:7001', 'cart.internal'];
  const running = stage.table(ledger, settingsOf({ [NAMED]: 1 }));
  ledger.keepOnly([running]);
  ledger.join('cart', [stage.found(1)], 1);
  const asked = () => running.members[0].authority;
  assert.equal(asked(), named);
  const coming = stage.table(ledger, settingsOf({ [NAMED]: 1, [ONE]: 1 }));
  assert.equal(asked(), named, 'a document that may come says nothing yet');
  ledger.keepOnly([running]);
  assert.equal(asked(), named, 'nor does one that was given up');
  ledger.keepOnly([coming]);
  assert.equal(asked(), written);
  ledger.change({ upstream: 'cart', from: 1, to: 2, put: [stage.found(5)], gone: [] });
  assert.equal(asked(), written);
  ledger.join('cart', [stage.found(1, { weight: 2 }), stage.found(5)], 3);
  assert.equal(asked(), written);
  ledger.keepOnly([stage.table(ledger, settingsOf({ [NAMED]: 1 }))]);
  assert.equal(asked(), named);
});

test('a list that says what two documents make of a member serves each as its own document says', () => {
  for (const forgotten of [true, false]) {
    const { stage, ledger } = open();
    const table = () => stage.table(ledger, settingsOf({ [NAMED]: 1 }));
    const shown = (upstream: Upstream) => {
      const hit = new Set(Array.from({ length: 12 }, () => upstream.aim(GET, [], stage.clock.now())));
      return [...hit].map((member) => `${member?.id.slice(-1)} ${member?.authority}`).sort();
    };
    const running = table();
    ledger.keepOnly([running]);
    ledger.join('cart', [
      stage.found(1, { next: { weight: 0, authority: 'cart.internal' } }),
      stage.found(2, { next: { weight: 3, authority: 'tax.internal' } }),
      stage.found(3, { weight: 0, authority: 'tax.internal', next: { weight: 1, authority: 'tax.internal' } }),
    ]);
    const coming = table();
    const before = ['1 cart.internal', '2 cart.internal'];
    assert.deepEqual(shown(running), before);
    ledger.keepOnly([forgotten ? running : coming]);
    if (forgotten) assert.deepEqual(shown(running), before);
    else assert.deepEqual(shown(coming), ['2 tax.internal', '3 tax.internal']);
  }
});

test('a new list is seen by the next aim, by tables on their way out too', () => {
  const { stage, ledger } = open();
  const old = stage.table(ledger, settingsOf({ [NAMED]: 1 }));
  ledger.keepOnly([old]);
  assert.equal(stage.aims(old, 1), '-');
  ledger.join('cart', [stage.found(5), stage.found(6)]);
  const anew = stage.table(ledger, settingsOf({ [NAMED]: 1 }));
  ledger.keepOnly([anew]);
  for (const upstream of [old, anew]) assert.equal(stage.aims(upstream, 4), '5656');
  ledger.join('cart', [stage.found(6), stage.found(7)]);
  for (const upstream of [old, anew]) {
    assert.equal(ids(upstream), '67');
    assert.equal(stage.reached(upstream), '67');
  }
});

test('whoever a list names no more retires at once, unless the document names it', () => {
  const { stage, ledger } = open();
  ledger.join('cart', [stage.found(1), stage.found(5), stage.found(6)]);
  const upstream = stage.table(ledger, settingsOf({ [NAMED]: 1, [ONE]: 1 }));
  ledger.keepOnly([upstream]);
  const before = upstream.members;
  assert.equal(ids(upstream), '156');
  ledger.join('cart', [stage.found(6)]);
  assert.deepEqual(before.map(pools), [true, false, true]);
  ledger.join('cart', []);
  assert.deepEqual(before.map(pools), [true, false, false]);
  ledger.join('cart', [stage.found(5)]);
  assert.notEqual(upstream.members[1], before[1]);
  assert.ok(pools(upstream.members[1]));
});

test('whoever a change takes away retires at once, unless the document names it, and all others go on', () => {
  const { stage, ledger } = open();
  ledger.join('cart', [stage.found(1), stage.found(5), stage.found(6)], 1);
  const upstream = stage.table(ledger, settingsOf({ [NAMED]: 1, [ONE]: 1 }));
  ledger.keepOnly([upstream]);
  const before = upstream.members;
  const put = [stage.found(6, { weight: 2 }), stage.found(7)];
  const gone = [1, 5].map(endpoint);
  assert.ok(!ledger.change({ upstream: 'cart', from: 7, to: 8, put, gone }), 'it begins with another list');
  assert.equal(upstream.members, before);
  assert.ok(ledger.change({ upstream: 'cart', from: 1, to: 2, put, gone }));
  assert.equal(ids(upstream), '167');
  assert.deepEqual(before.map(pools), [true, false, true]);
  assert.deepEqual([...stage.aims(upstream, 4)].sort().join(''), '1667');
  assert.equal(upstream.members[1], before[2]);
});

test('of an upstream that a thread does not know it takes a change that begins with nobody, or leaves nobody', () => {
  const { stage, ledger } = open();
  assert.ok(!ledger.change({ upstream: 'cart', from: 1, to: 2, put: [], gone: [endpoint(5)] }));
  assert.ok(ledger.change({ upstream: 'tax', from: 1, to: 0, put: [], gone: [endpoint(5)] }));
  assert.ok(ledger.change({ upstream: 'cart', from: 0, to: 3, put: [stage.found(5)], gone: [] }));
  assert.equal(ids(stage.table(ledger, settingsOf({ [NAMED]: 1 }))), '5');
});

test('a list does not take away what a table under way names', () => {
  const { stage, ledger } = open();
  ledger.join('cart', [stage.found(1)]);
  const running = stage.table(ledger, settingsOf({ [NAMED]: 1 }));
  ledger.keepOnly([running]);
  const coming = stage.table(ledger, settingsOf({ [ONE]: 1 }));
  ledger.join('cart', []);
  ledger.keepOnly([coming]);
  assert.deepEqual(coming.members.map(pools), [true]);
});

test('a list that says what is known changes nothing, one with other weights does', () => {
  const { stage, ledger } = open();
  const upstream = stage.table(ledger, settingsOf({ [NAMED]: 1 }));
  ledger.join('cart', [stage.found(5), stage.found(6)]);
  const { members } = upstream;
  assert.equal(stage.aims(upstream, 1), '5');
  ledger.join('cart', [stage.found(5, { since: 9 }), stage.found(6)]);
  assert.equal(upstream.members, members);
  assert.equal(stage.aims(upstream, 1), '6', 'the turn of round-robin went on');
  ledger.join('cart', [stage.found(5, { weight: 3 }), stage.found(6)]);
  assert.deepEqual(upstream.members, members);
  assert.equal([...stage.aims(upstream, 4)].sort().join(''), '5556');
});

test('a member whose address or block is another one is another member', () => {
  const { stage, ledger } = open();
  const upstream = stage.table(ledger, settingsOf({ [NAMED]: 1 }));
  ledger.join('cart', [stage.found(5)]);
  const [first] = upstream.members;
  for (const change of [{ port: 7999 }, { host: '127.0.0.2' }, { block: stage.block('new') }]) {
    const [before] = upstream.members;
    ledger.join('cart', [stage.found(5, change)]);
    assert.notEqual(upstream.members[0], before);
    assert.ok(!pools(before));
  }
  assert.ok(!pools(first));
});

test('members of an upstream that the new table does not know retire, and old exchanges still find them', () => {
  const { stage, ledger } = open();
  ledger.join('cart', [stage.found(5)]);
  const upstream = stage.table(ledger, settingsOf({ [NAMED]: 1 }));
  ledger.keepOnly([upstream]);
  ledger.keepOnly([]);
  assert.equal(stage.aims(upstream, 1), '5');
  assert.deepEqual(upstream.members.map(pools), [false]);
});
