/**
 * The members of the process: what documents and names make of them, what threads are told, and in which order.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEMBER_BLOCK } from '../../../src/core/lanes.ts';
import { memberKey } from '../../../src/core/ledger.ts';
import { MEMBER_WORDS, UPSTREAM_WORDS } from '../../../src/core/words.ts';
import type { Found } from '../../../src/upstream/lookup.ts';
import { bench, CHECK, list, OUTLIERS, upstream } from './membership.ts';

test('a document without names tells threads nothing and sets no alarm', async () => {
  const { install, told, alarms } = bench();
  await install({ cart: upstream(['http://10.0.0.1:80']) });
  assert.deepEqual(told, []);
  assert.equal(alarms.pending, 0);
});

test('names are looked up before threads get the document, and each address is a member', async () => {
  const { install, told, say, membership, shown } = bench();
  say('cart.internal', ['10.0.0.2', 'fd00::1']);
  const document = { cart: upstream(['http://cart.internal:7001*3']) };
  await membership.expect(document);
  assert.deepEqual(list(told), ['http://10.0.0.2:7001*3', 'http://[fd00::1]:7001*3']);
  const [member] = told[0].members;
  assert.deepEqual(
    { ...member, block: 0 },
    {
      id: 'http://10.0.0.2:7001',
      host: '10.0.0.2',
      port: 7001,
      authority: 'cart.internal:7001',
      weight: 3,
      block: 0,
      since: 0,
    },
  );
  await install(document);
  assert.equal(told.length, 1);
  assert.deepEqual(shown('member:'), ['member:cart|http://10.0.0.2:7001', 'member:cart|http://[fd00::1]:7001']);
});

test('a name that is slow to answer holds a document up for two seconds, and its members come later', async () => {
  const { membership, told, alarms, answers, clock } = bench();
  const { promise, resolve } = Promise.withResolvers<Found>();
  answers.set('slow.internal', promise);
  const document = { cart: upstream(['http://slow.internal:80']) };
  let waited = -1;
  void membership.expect(document).then(() => {
    waited = clock.now() - 1_000;
    membership.settle([]);
  });
  await alarms.run(1_900);
  assert.equal(waited, -1);
  await alarms.run(200);
  assert.equal(waited, 2_000);
  resolve({ ok: true, places: [{ host: '10.0.0.9', port: 0, weight: 1 }], ttl: 60_000 });
  await alarms.run(10);
  assert.deepEqual(list(told), ['http://10.0.0.9:80*1']);
});

test('two names that lead to one address are one member with the weight of both', async () => {
  const { install, told, say } = bench();
  say('a.internal', ['10.0.0.1', '10.0.0.2']);
  say('b.internal', ['10.0.0.2']);
  await install({ cart: upstream(['http://a.internal:80*2', 'http://b.internal:80*5']) });
  assert.deepEqual(list(told), ['http://10.0.0.1:80*2', 'http://10.0.0.2:80*7']);
});

test('an address that stands in the document is not found once more, another port of it is', async () => {
  const { install, told, say } = bench();
  say('cart.internal', ['10.0.0.1']);
  await install({ cart: upstream(['http://10.0.0.1:80', 'http://cart.internal:80']) });
  assert.equal(list(told), undefined);
  await install({ cart: upstream(['http://10.0.0.1:80', 'http://cart.internal:81']) });
  assert.deepEqual(list(told), ['http://10.0.0.1:81*1']);
});

test('a service gives ports and multiplies weights', async () => {
  const { install, told, answers } = bench();
  const places = [
    { host: '10.0.0.1', port: 7001, weight: 10 },
    { host: '10.0.0.1', port: 7002, weight: 30 },
  ];
  answers.set('_http._tcp.cart.internal', { ok: true, places, ttl: 1_000 });
  await install({ cart: upstream(['srv://_http._tcp.cart.internal*2']) });
  assert.deepEqual(list(told), ['http://10.0.0.1:7001*20', 'http://10.0.0.1:7002*60']);
  assert.equal(told[0].members[0].authority, '_http._tcp.cart.internal');
});

test('an address that changes is told within the TTL, in one line of the log and as events', async () => {
  const { install, told, say, alarms, logged, events, shown, ledger, clock } = bench();
  say('cart.internal', ['10.0.0.1', '10.0.0.2'], 3_000);
  await install({ cart: upstream(['http://cart.internal:80']) });
  say('cart.internal', ['10.0.0.2', '10.0.0.3'], 3_000);
  await alarms.run(3_000);
  assert.deepEqual(list(told), ['http://10.0.0.2:80*1', 'http://10.0.0.3:80*1']);
  const [stayed, came] = told[1].members;
  assert.equal(stayed.since, 0);
  assert.equal(came.since, clock.now(), 'whoever comes to others begins slowly');
  assert.deepEqual(logged.at(-1), {
    upstream: 'cart',
    joined: ['http://10.0.0.3:80'],
    left: ['http://10.0.0.1:80'],
    members: 2,
  });
  const common = { is: 'member', upstream: 'cart', cause: '2 members now', until: undefined };
  assert.deepEqual(events.slice(-2), [
    { ...common, state: 'joined', member: 'http://10.0.0.3:80' },
    { ...common, state: 'left', member: 'http://10.0.0.1:80' },
  ]);
  assert.equal(shown('member:').length, 3, 'the counts of the one that left are shown once more');
  ledger.scraped();
  assert.deepEqual(shown('member:'), ['member:cart|http://10.0.0.2:80', 'member:cart|http://10.0.0.3:80']);
});

test('flapping lookups never empty a pool', async () => {
  const { install, told, say, alarms, answers } = bench();
  say('cart.internal', ['10.0.0.1']);
  await install({ cart: upstream(['http://cart.internal:80']) });
  for (let i = 0; i < 10; i++) {
    answers.delete('cart.internal');
    await alarms.run(40_000);
    say('cart.internal', ['10.0.0.1']);
    await alarms.run(40_000);
  }
  assert.equal(told.length, 1);
});

test('until a document is settled the members of the running one stay, and those of a refused one go again', async () => {
  const { install, told, say, shown } = bench();
  say('old.internal', ['10.0.0.1']);
  say('new.internal', ['10.0.0.2']);
  await install({ cart: upstream(['http://old.internal:80']) });
  await install({ cart: upstream(['http://new.internal:80']) }, true);
  assert.deepEqual(
    told.map(({ members }) => members.map(({ host }) => host)),
    [['10.0.0.1'], ['10.0.0.1', '10.0.0.2'], ['10.0.0.1']],
  );
  await install({ cart: upstream(['http://new.internal:80']) });
  assert.deepEqual(list(told), ['http://10.0.0.2:80*1']);
  assert.ok(shown('member:').includes('member:cart|http://10.0.0.2:80'));
});

test('a list says what the running document makes of its members and what the coming one will, until that is settled', async () => {
  const { install, told, say, alarms, answers } = bench();
  const said = () =>
    told
      .filter((call) => call.upstream === 'cart')
      .at(-1)
      ?.members.map(({ host, authority, weight, next }) => {
        const later = next === undefined ? '' : ` then ${next.authority}*${next.weight}`;
        return `${host} ${authority}*${weight}${later}`;
      });
  say('one.internal', ['10.0.0.1', '10.0.0.2', '10.0.0.3'], 3_600_000);
  say('two.internal', ['10.0.0.3', '10.0.0.4'], 3_600_000);
  const [one, two] = ['one', 'two'].map((name, i) =>
    upstream([`http://${name}.internal:80*${i + 1}`, ...(i === 0 ? [] : ['http://10.0.0.2:80*5'])]),
  );
  const ofOne = ['10.0.0.1 one.internal*1', '10.0.0.2 one.internal*1', '10.0.0.3 one.internal*1'];
  const both = [
    '10.0.0.1 one.internal*1 then one.internal*0',
    '10.0.0.2 one.internal*1 then one.internal*0',
    '10.0.0.3 one.internal*1 then two.internal*2',
    '10.0.0.4 two.internal*0 then two.internal*2',
  ];
  await install({ cart: one });
  assert.deepEqual(said(), ofOne);
  await install({ cart: two }, true);
  assert.deepEqual(said(), ofOne, 'it was refused');
  const { promise, resolve } = Promise.withResolvers<Found>();
  answers.set('slow.internal', promise);
  const installed = install({ cart: two, tax: upstream(['http://slow.internal:80']) });
  await alarms.run(100);
  assert.deepEqual(said(), both, 'while a name of it is still looked up');
  resolve({ ok: false, result: 'not_found', error: 'there is no such name' });
  await installed;
  assert.deepEqual(said(), ['10.0.0.3 two.internal*2', '10.0.0.4 two.internal*2']);
});

test('what a document no longer names is forgotten', async () => {
  const { install, told, say, alarms } = bench();
  say('cart.internal', ['10.0.0.1']);
  await install({ cart: upstream(['http://cart.internal:80'], { healthCheck: CHECK }) });
  await install({ tax: upstream(['http://10.0.0.9:80']) });
  assert.deepEqual(list(told), []);
  assert.equal(alarms.pending, 0);
});

test('an address keeps its block when a name for it becomes the address itself, and the other way round', async () => {
  const { install, say, ledger, shown } = bench();
  say('cart.internal', ['10.0.0.1']);
  const block = () => ledger.shown().find(([key]) => key === 'member:cart|http://10.0.0.1:80')?.[1];
  await install({ cart: upstream(['http://cart.internal:80']) });
  const before = block();
  await install({ cart: upstream(['http://10.0.0.1:80']) });
  ledger.scraped();
  assert.equal(block(), before);
  await install({ cart: upstream(['http://cart.internal:80']) });
  ledger.scraped();
  assert.equal(block(), before);
  assert.equal(shown('member:').length, 1);
});

test('members in the document and those found by name are checked alike', async () => {
  const { install, say, alarms, checked, made, words } = bench();
  say('cart.internal', ['10.0.0.2'], 60_000);
  await install({ cart: upstream(['http://10.0.0.1:80', 'http://cart.internal:80'], { healthCheck: CHECK }) });
  made.trouble = 'status 500';
  await alarms.run(1_100);
  assert.deepEqual([...new Set(checked)].sort(), ['10.0.0.1:80 10.0.0.1', '10.0.0.2:80 cart.internal']);
  for (const id of ['http://10.0.0.1:80', 'http://10.0.0.2:80']) {
    assert.equal(words(memberKey('cart', id))[MEMBER_WORDS.health], 1);
  }
  assert.equal(words('upstream:cart')[UPSTREAM_WORDS.availability], 2);
  await install({ cart: upstream(['http://10.0.0.1:80', 'http://cart.internal:80']) });
  assert.equal(words(memberKey('cart', 'http://10.0.0.1:80'))[MEMBER_WORDS.health], 0);
});

test('an address that is found while the running document still has it is checked once, and ends with its checks', async () => {
  const { install, say, alarms } = bench();
  say('cart.internal', ['10.0.0.1'], 3_600_000);
  await install({ cart: upstream(['http://10.0.0.1:80'], { healthCheck: CHECK }) });
  await install({ cart: upstream(['http://cart.internal:80']) });
  assert.equal(alarms.pending, 1, 'the lookup of the name and nothing else');
});

test('an address that the running document writes and the next one finds by name stays ill, out, and as warm as it is', async () => {
  for (const refused of [true, false]) {
    const { install, say, alarms, made, words } = bench();
    const found = { cart: upstream(['http://cart.internal:80', 'http://10.0.0.2:80'], { healthCheck: CHECK }) };
    say('cart.internal', ['10.0.0.1'], 3_600_000);
    await install({ cart: upstream(['http://10.0.0.1:80', 'http://10.0.0.2:80'], { healthCheck: CHECK }) });
    const own = words(memberKey('cart', 'http://10.0.0.1:80'));
    made.trouble = 'status 500';
    await alarms.run(1_100);
    own[MEMBER_WORDS.ejection] = 1;
    assert.equal(own[MEMBER_WORDS.health], 1);
    await install(found, refused);
    const { health, ejection, since } = MEMBER_WORDS;
    assert.deepEqual([own[health], own[ejection], own[since]], [1, 1, 0], refused ? 'refused' : 'in force');
  }
});

test('a member that comes back is well, whatever was held against it', async () => {
  const { install, say, alarms, words } = bench();
  say('cart.internal', ['10.0.0.1', '10.0.0.2']);
  await install({ cart: upstream(['http://cart.internal:80']) });
  const own = words(memberKey('cart', 'http://10.0.0.2:80'));
  own[MEMBER_WORDS.ejection] = 1;
  own[MEMBER_WORDS.failures] = 3;
  say('cart.internal', ['10.0.0.1']);
  await alarms.run(1_000);
  say('cart.internal', ['10.0.0.1', '10.0.0.2']);
  await alarms.run(1_000);
  assert.deepEqual([own[MEMBER_WORDS.ejection], own[MEMBER_WORDS.failures]], [0, 0]);
  assert.ok(own[MEMBER_WORDS.since] > 0);
});

test('a member whose attempts fail more often than those of the others is ejected and counted', async () => {
  const { install, say, alarms, lanes, words, ledger, ejected } = bench();
  say('cart.internal', ['10.0.0.2', '10.0.0.3'], 60_000);
  await install({ cart: upstream(['http://10.0.0.1:80', 'http://cart.internal:80'], { outliers: OUTLIERS }) });
  const lane = lanes.segments(0)[0];
  const count = (host: string, good: number, bad: number) => {
    const key = memberKey('cart', `http://${host}:80`);
    const block = ledger.shown().find(([one]) => one === key)?.[1] ?? assert.fail(key);
    const counters = new Float64Array(lane, block * 128 * 8, 128);
    counters[MEMBER_BLOCK.good] = good;
    counters[MEMBER_BLOCK.bad] = bad;
  };
  count('10.0.0.1', 100, 0);
  count('10.0.0.2', 50, 50);
  count('10.0.0.3', 99, 1);
  await alarms.run(10_000);
  assert.deepEqual(ejected, ['cart http://10.0.0.2:80 of 3: 50.0% of 100 attempts went well, 99.5% at the others']);
  assert.equal(words(memberKey('cart', 'http://10.0.0.2:80'))[MEMBER_WORDS.rated], 1);
});

test('nothing goes on once it is stopped', async () => {
  const { install, say, alarms, membership, told } = bench();
  say('cart.internal', ['10.0.0.1']);
  await install({ cart: upstream(['http://cart.internal:80'], { healthCheck: CHECK, outliers: OUTLIERS }) });
  membership.stop();
  say('cart.internal', ['10.0.0.2']);
  await alarms.run(60_000);
  assert.equal(alarms.pending, 0);
  assert.equal(told.length, 1);
});
