/**
 * Instances that deregister, or whose lease ends, while something is under way at them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, list, upstream } from './membership.ts';

const URL = 'http://10.0.0.7:8080';

/** A router at which cart-7 has registered, with so much under way at it. */
async function registered(underWay: number) {
  const made = bench();
  await made.install({ cart: upstream([]) });
  const { leases } = made.membership;
  leases.put('cart', 'cart-7', { url: URL, version: '2' }, '');
  made.busy.set(URL, underWay);
  const remove = (wait = 0) => leases.remove('cart', 'cart-7', { wait, author: 'ana' });
  const states = () => leases.list('cart').map(({ state }) => state);
  return { ...made, leases, remove, states };
}

test('an instance at which nothing is under way is gone once threads have said so', async () => {
  const { remove, alarms, states, asked, told } = await registered(0);
  const answer = remove(10_000);
  assert.deepEqual(list(told), []);
  await alarms.run(0);
  assert.deepEqual(await answer, { state: 'gone', inFlight: 0 });
  assert.deepEqual(asked, [[{ upstream: 'cart', member: URL, cut: false }]]);
  assert.deepEqual(states(), []);
  assert.equal(alarms.pending, 0);
});

test('without a wait the answer says how much is under way, and the instance is shown until that is over', async () => {
  const { remove, alarms, states, busy, membership, clock, leases } = await registered(3);
  const answer = remove();
  await alarms.run(0);
  assert.deepEqual(await answer, { state: 'draining', inFlight: 3 });
  assert.deepEqual(states(), ['draining']);
  assert.equal(leases.list('cart')[0].expiresAt, clock.wall());
  const [{ block, ...shown }] = membership.membersOf('cart');
  const facts = { instance: 'cart-7', version: '2', zone: undefined };
  assert.deepEqual(shown, { id: URL, from: 'lease', weight: 1, ...facts, draining: true });
  assert.ok(block > 0);
  busy.set(URL, 0);
  await alarms.run(1_000);
  assert.deepEqual(states(), []);
  assert.deepEqual(membership.membersOf('cart'), []);
  assert.equal(alarms.pending, 0);
});

test('an instance of an upstream that the document has dropped is told what is still under way', async () => {
  const { remove, alarms, busy, install, asked } = await registered(2);
  await install({});
  const early = remove();
  await alarms.run(0);
  assert.deepEqual(await early, { state: 'draining', inFlight: 2 });
  const patient = remove(60_000);
  busy.set(URL, 0);
  await alarms.run(1_000);
  assert.deepEqual(await patient, { state: 'gone', inFlight: 0 });
  assert.ok(asked.flat().every(({ member }) => member === URL));
  assert.equal(alarms.pending, 0);
});

test('with a wait the answer comes with the end of the last request, or when the wait is over', async () => {
  const { remove, alarms, busy, clock } = await registered(1);
  const began = clock.now();
  const late = remove(300).then((answer) => ({ answer, after: clock.now() - began }));
  const patient = remove(60_000).then((answer) => ({ answer, after: clock.now() - began }));
  await alarms.run(2_000);
  assert.deepEqual(await late, { answer: { state: 'draining', inFlight: 1 }, after: 300 });
  busy.set(URL, 0);
  await alarms.run(2_000);
  const { answer, after } = await patient;
  assert.deepEqual(answer, { state: 'gone', inFlight: 0 });
  assert.ok(after >= 2_000 && after <= 2_500, `${after} ms`);
});

test('tunnels are cut after the drain limit, and not before', async () => {
  const { remove, alarms, asked, states } = await registered(1);
  void remove();
  await alarms.run(29_900);
  assert.ok(asked.length > 10 && asked.every(([{ cut }]) => !cut));
  await alarms.run(1_000);
  assert.equal(asked.at(-1)?.[0].cut, true);
  assert.deepEqual(states(), []);
});

test('a lease that was not renewed drains like one that deregistered', async () => {
  const { alarms, states, busy } = await registered(2);
  await alarms.run(30_100);
  assert.deepEqual(states(), ['draining']);
  busy.set(URL, 0);
  await alarms.run(1_000);
  assert.deepEqual(states(), []);
});

test('an instance that registers again while it drains is back at once', async () => {
  const { remove, alarms, states, leases, told, membership } = await registered(2);
  const waiting = remove(60_000);
  await alarms.run(100);
  const block = membership.membersOf('cart')[0].block;
  assert.deepEqual(states(), ['draining']);
  const answer = leases.put('cart', 'cart-7', { url: URL }, '');
  assert.ok(answer.ok && answer.fresh);
  assert.deepEqual(list(told), [`${URL}*1`]);
  assert.deepEqual(states(), ['up']);
  assert.deepEqual(
    membership.membersOf('cart').map((member) => [member.draining, member.block]),
    [[false, block]],
  );
  await alarms.run(100);
  assert.deepEqual(await waiting, { state: 'gone', inFlight: 0 });
  await alarms.run(25_000);
  assert.deepEqual(states(), ['up']);
});

test('while a thread does not say what is under way, nobody is gone', async () => {
  const { membership, remove, alarms, states, silence } = await registered(0);
  silence(true);
  const answer = remove();
  await alarms.run(0);
  assert.deepEqual(await answer, { state: 'draining', inFlight: undefined });
  assert.equal(membership.membersOf('cart').length, 1);
  silence(false);
  await alarms.run(1_000);
  assert.deepEqual(states(), []);
});

test('an instance whose address the next document writes down while it drains is shown once, as a member of the document', async () => {
  const { membership, install, remove, alarms, busy } = await registered(2);
  void remove();
  await alarms.run(100);
  await install({ cart: upstream([URL]) });
  const shown = () => membership.membersOf('cart').map(({ id, from, draining }) => ({ id, from, draining }));
  assert.deepEqual(shown(), [{ id: URL, from: 'file', draining: false }]);
  busy.set(URL, 0);
  await alarms.run(1_000);
  assert.deepEqual(shown(), [{ id: URL, from: 'file', draining: false }]);
});

test('deregistering twice is asking again, and who never registered is nobody', async () => {
  const { remove, alarms, leases } = await registered(1);
  void remove();
  const again = remove();
  await alarms.run(0);
  assert.deepEqual(await again, { state: 'draining', inFlight: 1 });
  assert.equal(await leases.remove('cart', 'nobody', { wait: 0, author: '' }), undefined);
});

test('a router that stops answers those who wait', async () => {
  const { remove, membership, alarms } = await registered(1);
  const answer = remove(60_000);
  await alarms.run(100);
  membership.stop();
  await alarms.run(100);
  assert.deepEqual(await answer, { state: 'gone', inFlight: 0 });
  await alarms.run(60_000);
  assert.equal(alarms.pending, 0);
});
