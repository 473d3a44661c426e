/**
 * Leases: who registers, renews, changes, ends or is forgotten, and what threads are told of it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseOrder } from '../../../src/upstream/lease.ts';
import { bench, list, upstream } from './membership.ts';

const URL = 'http://10.0.0.7:8080';

/** A router with an upstream `cart` of these endpoints. */
async function serving(...endpoints: string[]) {
  const made = bench();
  await made.install({ cart: upstream(endpoints) });
  const { leases } = made.membership;
  const put = (instance: string, order: Partial<LeaseOrder> = {}, author = 'ana') => {
    const answer = leases.put('cart', instance, { url: URL, ...order }, author);
    assert.ok(answer.ok, answer.ok ? '' : answer.reason);
    return answer;
  };
  const remove = (instance: string, wait = 0) => leases.remove('cart', instance, { wait, author: 'ana' });
  return { ...made, leases, put, remove };
}

test('a service that registers is a member on all threads at once, and the answer shows its lease', async () => {
  const { put, told, clock, logged, events, leases } = await serving();
  const { lease, fresh } = put('cart-7', { weight: 3, version: '2.1', zone: 'b' });
  assert.equal(fresh, true);
  assert.deepEqual(list(told), ['http://10.0.0.7:8080*3']);
  assert.equal(told[0].members[0].authority, '10.0.0.7:8080');
  assert.deepEqual(lease, {
    upstream: 'cart',
    instance: 'cart-7',
    url: URL,
    weight: 3,
    version: '2.1',
    zone: 'b',
    ttl: 30_000,
    state: 'up',
    registeredAt: clock.wall(),
    renewedAt: clock.wall(),
    expiresAt: clock.wall() + 30_000,
    author: 'ana',
  });
  assert.deepEqual(leases.list('cart'), [lease]);
  const causes = ['cart-7 registered by ana'];
  assert.deepEqual(logged.at(-1), { upstream: 'cart', joined: [URL], left: [], members: 1, causes });
  const cause = 'cart-7 registered by ana; 1 member now';
  assert.deepEqual(events, [{ is: 'member', upstream: 'cart', member: URL, state: 'joined', cause, until: undefined }]);
});

test('renewing tells threads nothing, and keeps a lease alive for as long as it is renewed in time', async () => {
  const { put, told, alarms, leases, clock } = await serving();
  const { registeredAt } = put('cart-7').lease;
  for (let i = 0; i < 20; i++) {
    await alarms.run(29_000);
    const { fresh, lease } = put('cart-7', {}, 'bo');
    assert.equal(fresh, false);
    assert.deepEqual([lease.registeredAt, lease.renewedAt, lease.author], [registeredAt, clock.wall(), 'bo']);
  }
  assert.equal(told.length, 1);
  assert.equal(leases.list('cart').length, 1);
});

test('a lease that is not renewed ends when its time is over, and says so', async () => {
  const { put, told, alarms, events, leases } = await serving();
  put('cart-7', { ttl: 5_000 });
  await alarms.run(4_990);
  assert.deepEqual(list(told), [`${URL}*1`]);
  await alarms.run(40);
  assert.deepEqual(list(told), []);
  assert.equal('cause' in events[1] && events[1].cause, 'cart-7 was not renewed for 5s; 0 members now');
  assert.deepEqual(leases.list('cart'), []);
  assert.equal(alarms.pending, 0);
});

test('a thousand leases that end together are told in one list, and wait for one alarm', async () => {
  const { put, told, alarms } = await serving();
  for (let i = 0; i < 1_000; i++) put(`cart-${i}`, { url: `http://10.0.${i >> 8}.${i & 255}:80` });
  assert.equal(told.length, 1_000);
  assert.equal(alarms.pending, 1);
  await alarms.run(31_000);
  assert.equal(told.length, 1_001);
  assert.deepEqual(list(told), []);
});

test('a renewal with a shorter time ends the sooner', async () => {
  const { put, told, alarms } = await serving();
  put('cart-7', { ttl: 3_600_000 });
  put('cart-7', { ttl: 1_000 });
  assert.equal(told.length, 1, 'a time is no matter of members');
  await alarms.run(1_100);
  assert.deepEqual(list(told), []);
});

test('time in which the thread stood still is held against nobody', async () => {
  const { put, told, alarms, clock } = await serving();
  put('lives');
  put('dies', { url: 'http://10.0.0.8:80' });
  clock.advance(600_000);
  await alarms.run(0);
  assert.equal(list(told)?.length, 2);
  put('lives');
  await alarms.run(1_100);
  assert.deepEqual(list(told), [`${URL}*1`]);
});

test('another weight or another place is a change of members, and another version is none', async () => {
  const { put, told, events, logged, leases } = await serving();
  put('cart-7');
  assert.equal(put('cart-7', { weight: 5 }).fresh, false);
  assert.deepEqual(list(told), [`${URL}*5`]);
  put('cart-7', { weight: 5, version: '2' });
  assert.equal(told.length, 2);
  assert.deepEqual(
    logged.slice(-1).map(({ instance, version }) => [instance, version]),
    [['cart-7', '2']],
  );
  put('cart-7', { weight: 5, version: '2', url: 'http://10.0.0.9:1' });
  assert.deepEqual(list(told), ['http://10.0.0.9:1*5']);
  const moves = events.slice(-2).map((event) => 'cause' in event && event.cause);
  assert.deepEqual(moves, Array(2).fill('cart-7 moved by ana; 1 member now'));
  assert.equal(leases.list('cart').length, 1);
});

test('weight 0 stays and takes nothing', async () => {
  const { put, told } = await serving();
  put('cart-7', { weight: 0 });
  assert.deepEqual(list(told), [`${URL}*0`]);
});

test('an address that stands in the document is one member, and its weight there counts', async () => {
  const { put, remove, told, membership, busy } = await serving(`${URL}*2`);
  put('cart-7', { weight: 9, version: '2' });
  assert.deepEqual(told, []);
  const [member, ...more] = membership.membersOf('cart');
  assert.deepEqual(
    { ...member, block: 0 },
    {
      id: URL,
      from: 'file',
      weight: 2,
      block: 0,
      instance: 'cart-7',
      version: '2',
      zone: undefined,
      draining: false,
    },
  );
  assert.deepEqual(more, []);
  busy.set(URL, 3);
  assert.deepEqual(await remove('cart-7'), { state: 'gone', inFlight: 0 }, 'it goes on serving, so nothing drains');
});

test('an address that a name leads to is one member, and is there by lease when the name leads elsewhere', async () => {
  const { install, membership, told, say, alarms } = bench();
  say('cart.internal', ['10.0.0.7'], 1_000);
  await install({ cart: upstream(['http://cart.internal:8080*4']) });
  membership.leases.put('cart', 'cart-7', { url: URL, weight: 9 }, '');
  const from = () => membership.membersOf('cart').map((member) => `${member.id}*${member.weight} ${member.from}`);
  assert.deepEqual(from(), [`${URL}*4 name`]);
  say('cart.internal', ['10.0.0.8'], 60_000);
  await alarms.run(1_100);
  assert.deepEqual(list(told), [`${URL}*9`, 'http://10.0.0.8:8080*4']);
  assert.deepEqual(from(), [`${URL}*9 lease`, 'http://10.0.0.8:8080*4 name']);
});

test('two leases of one address are one member: the last to say something counts, and it leaves with the last lease', async () => {
  const { put, remove, told, leases, membership, alarms } = await serving();
  put('one', { weight: 2 });
  put('two', { weight: 3, version: 'b' });
  assert.deepEqual(list(told), [`${URL}*3`]);
  put('one', { weight: 4 });
  put('two', { weight: 3, version: 'b' });
  assert.deepEqual(list(told), [`${URL}*4`], 'renewing says nothing');
  assert.equal(membership.membersOf('cart')[0].instance, 'one');
  assert.deepEqual(await remove('one'), { state: 'gone', inFlight: 0 });
  assert.deepEqual(list(told), [`${URL}*3`]);
  assert.equal(leases.list('cart').length, 1);
  const last = remove('two');
  await alarms.run(0);
  await last;
  assert.deepEqual(list(told), []);
});

test('who comes to others by lease begins slowly, and who comes first does not', async () => {
  const { put, told, clock } = await serving();
  put('one');
  clock.advance(500);
  put('two', { url: 'http://10.0.0.8:80' });
  assert.deepEqual(
    told.at(-1)?.members.map(({ since }) => since),
    [0, clock.now()],
  );
});

test('a document that is reloaded keeps its leases, and one that drops the upstream lets them rest', async () => {
  const { put, told, install, leases, logged, alarms } = await serving();
  put('cart-7');
  await install({ cart: upstream(['http://10.0.0.1:80']) });
  assert.deepEqual(list(told), [`${URL}*1`]);
  await install({ tax: upstream(['http://10.0.0.9:80']) });
  assert.deepEqual(list(told), []);
  assert.deepEqual(logged.at(-1), { upstream: 'cart', leases: 1 });
  const refused = leases.put('cart', 'cart-7', { url: URL }, '');
  assert.equal(refused.ok, false, 'nobody can renew there');
  await install({ cart: upstream([]) });
  assert.deepEqual(list(told), [`${URL}*1`]);
  await install({ tax: upstream(['http://10.0.0.9:80']) });
  await alarms.run(31_000);
  await install({ cart: upstream([]) });
  assert.deepEqual(list(told), []);
  assert.equal(leases.size('cart'), 0);
});

test('a document that is refused changes nothing for those who registered', async () => {
  const { put, told, install } = await serving();
  put('cart-7');
  await install({ cart: upstream([URL]) }, true);
  assert.deepEqual(list(told), [`${URL}*1`]);
  assert.equal(told.at(-1)?.members.length, 1);
});

test('checks ask those who registered too', async () => {
  const { install, membership, alarms, checked } = bench();
  const check = { path: '/healthz', status: [200, 299], body: undefined, interval: 1_000, timeout: 500 } as const;
  await install({ cart: upstream([], { healthCheck: { ...check, healthyAfter: 1, unhealthyAfter: 1 } }) });
  membership.leases.put('cart', 'cart-7', { url: URL }, '');
  await alarms.run(1_100);
  assert.deepEqual([...new Set(checked)], ['10.0.0.7:8080 10.0.0.7:8080']);
  const removed = membership.leases.remove('cart', 'cart-7', { wait: 0, author: '' });
  await alarms.run(0);
  await removed;
  checked.length = 0;
  await alarms.run(5_000);
  assert.deepEqual(checked, []);
});

test('after a restart leases have the time that was left, whatever lies between, and are members from the start', async () => {
  const first = await serving();
  first.put('cart-7', { weight: 2, version: '2' });
  await first.alarms.run(20_000);
  const stored = structuredClone(first.leases.stored());
  const { membership, install, told, alarms, clock } = bench();
  clock.advance(3_600_000);
  membership.leases.restore(stored);
  await install({ cart: upstream([]) });
  assert.deepEqual(list(told), [`${URL}*2`]);
  assert.equal(told[0].members[0].since, 0);
  const [lease] = membership.leases.list('cart');
  assert.equal(lease.expiresAt, clock.wall() + 10_000);
  assert.equal(lease.version, '2');
  await alarms.run(9_900);
  assert.deepEqual(list(told), [`${URL}*2`]);
  await alarms.run(200);
  assert.deepEqual(list(told), []);
});

test('what was stored and makes no sense is passed over, and the log says what', async () => {
  const first = await serving();
  first.put('cart-7');
  const [good] = first.leases.stored();
  const { membership, logged } = bench();
  membership.leases.restore([
    { ...good, instance: 'a', url: 'https://10.0.0.1:1' },
    { ...good, instance: 'd', ttl: -5 },
    { ...good, instance: 'e', ttl: 1e300 },
    { ...good, instance: 'f', weight: -1 },
    { ...good, instance: 'b', left: 0 },
    { ...good, instance: 'c', left: 9e9 },
  ]);
  assert.equal(membership.leases.size('cart'), 1);
  assert.deepEqual(
    membership.leases.stored().map(({ instance, left }) => [instance, left]),
    [['c', 30_000]],
  );
  assert.deepEqual(
    logged.map(({ instance }) => instance),
    ['a', 'd', 'e', 'f'],
  );
});

test('nobody can register at an upstream that is not there', async () => {
  const { leases } = await serving();
  for (const name of ['tax', 'constructor']) {
    const answer = leases.put(name, 'cart-7', { url: URL }, '');
    assert.deepEqual(answer, {
      ok: false,
      code: 'not_found',
      pointer: '',
      reason: `there is no upstream ${name} in the running document`,
      advice: 'add it under `upstreams`, or mend the name',
    });
  }
});

for (const [what, order, pointer, reason] of [
  ['a name', { url: 'http://cart.internal:80' }, '/url', '`url` names `cart.internal`, which is no IP address'],
  ['an address in another form', { url: 'http://127.1:80' }, '/url', '`url` names `127.1`, which is no IP address'],
  ['a path', { url: `${URL}/cart` }, '/url', '`url` is more than an origin'],
  ['credentials', { url: 'http://a:b@10.0.0.7:80' }, '/url', '`url` holds user information'],
  ['TLS', { url: 'https://10.0.0.7:80' }, '/url', '`url` asks for TLS, which is not supported towards upstreams'],
  ['another scheme', { url: 'ftp://10.0.0.7:80' }, '/url', '`url` has the scheme `ftp`, which is not supported'],
  ['no URL', { url: '10.0.0.7:80' }, '/url', '`url` is no URL'],
  ['no port', { url: 'http://10.0.0.7' }, '/url', '`url` has no valid port'],
  ['port 0', { url: 'http://10.0.0.7:0' }, '/url', '`url` has no valid port'],
  ['a port beyond the last', { url: 'http://10.0.0.7:65536' }, '/url', '`url` has no valid port'],
  ['every address', { url: 'http://0.0.0.0:80' }, '/url', '`url` is the address of no machine'],
  ['every address of IPv6', { url: 'http://[::]:80' }, '/url', '`url` is the address of no machine'],
  ['a weight below 0', { weight: -1 }, '/weight', '`weight` -1 is not possible'],
  ['half a weight', { weight: 1.5 }, '/weight', '`weight` 1.5 is not possible'],
  ['a weight above 1000', { weight: 1_001 }, '/weight', '`weight` 1001 is not possible'],
  ['too short a time', { ttl: 999 }, '/ttl', '`ttl` 999ms is too short'],
  ['too long a time', { ttl: 32_400_000 }, '/ttl', '`ttl` 9h is too long'],
  ['no number as a time', { ttl: Number.NaN }, '/ttl', '`ttl` 0s is too short'],
  ['lines in a version', { version: 'a\nb' }, '/version', '`version` cannot be read'],
  ['a zone of nothing', { zone: '' }, '/zone', '`zone` cannot be read'],
] as const) {
  test(`an order with ${what} is refused with its place and a remedy`, async () => {
    const { leases, told } = await serving();
    const answer = leases.put('cart', 'cart-7', { url: URL, ...order }, '');
    assert.ok(!answer.ok);
    assert.deepEqual([answer.code, answer.pointer, answer.reason], ['invalid', pointer, reason]);
    assert.notEqual(answer.advice, '');
    assert.deepEqual(told, []);
  });
}

test('what an instance is called is an id', async () => {
  const { leases } = await serving();
  for (const name of ['', 'a b', 'a|b', 'a/b', 'a'.repeat(129)]) {
    assert.equal(leases.put('cart', name, { url: URL }, '').ok, false, name);
  }
});

test('IPv6 and localhost are addresses, however they are written', async () => {
  const { put, told } = await serving();
  put('six', { url: 'HTTP://[FD00::1]:80/' });
  put('here', { url: 'http://LOCALHOST:7001' });
  assert.deepEqual(list(told), ['http://[fd00::1]:80*1', 'http://localhost:7001*1']);
});
