/**
 * Services that register themselves through the API, with traffic on two threads: who registered serves when the call is
 * answered, and who leaves loses nothing.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import type { Deregistered, EventItem, Lease, Renewed, UpstreamStatus } from '../../src/admin/shapes/status.ts';
import { type Act, type ActingOrigin, type Asked, startActing } from '../support/acting-origin.ts';
import { adminClient, type Reply } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';
import { Caller } from '../support/caller.ts';
import { storyDocument } from '../support/story-document.ts';
import { until } from '../support/wait.ts';

/** So many connections that each of two threads has some. */
const CALLERS = 24;

async function start(t: TestContext) {
  const pool = { endpoints: [], balance: 'round-robin', retry: 'off', outliers: 'off', circuitBreaker: 'off' };
  const router = await startRouterWithApp(storyDocument({ pool }), { workers: 2 });
  t.after(() => router.stop());
  const callers = Array.from({ length: CALLERS }, () => new Caller(router.port()));
  t.after(() => {
    for (const caller of callers) caller.close();
  });
  const ask = adminClient(router.adminUrl);
  return {
    callers,
    ask,
    /** Who answers, asked on all connections. */
    served: async () => {
      const answers = await Promise.all(callers.map((caller) => caller.ask('GET', '/pool')));
      return [...new Set(answers.map(({ status, body }) => (status === 200 ? body : `${status}`)))].sort();
    },
    service: async (name: string, act: Act = (asked) => asked.reply(200, name)): Promise<ActingOrigin> => {
      const origin = await startActing(act);
      t.after(() => origin.kill());
      return origin;
    },
    register: (instance: string, body: object): Promise<Reply<Lease>> =>
      ask<Lease>('PUT', `/v1/upstreams/pool/leases/${instance}`, { body, author: instance }),
    leave: (instance: string, wait = ''): Promise<Reply<Deregistered>> =>
      ask<Deregistered>('DELETE', `/v1/upstreams/pool/leases/${instance}${wait}`, { author: instance }),
    status: async () => (await ask<UpstreamStatus>('GET', '/v1/upstreams/pool/status')).body,
  };
}

test('who registers is asked on every thread once the call is answered, and who leaves is asked on none', async (t) => {
  const { served, service, register, leave, status, ask } = await start(t);
  assert.deepEqual(await served(), ['503']);
  const [one, two] = [await service('one'), await service('two')];
  const first = await register('one', { url: one.url, version: '1.2.3', zone: 'a' });
  assert.deepEqual([first.status, first.body.state, first.body.weight, first.body.ttl], [201, 'up', 1, '30s']);
  assert.deepEqual(await served(), ['one']);
  assert.equal((await register('two', { url: two.url })).status, 201);
  assert.deepEqual(await served(), ['one', 'two']);
  const { members, leases } = await status();
  assert.equal(leases, 2);
  const shown = members.map(({ id, from, state, instance, version, zone }) => [
    id,
    from,
    state,
    instance,
    version,
    zone,
  ]);
  assert.deepEqual(
    shown.sort(),
    [
      [one.url, 'lease', 'up', 'one', '1.2.3', 'a'],
      [two.url, 'lease', 'up', 'two', undefined, undefined],
    ].sort(),
  );
  const gone = await leave('one');
  assert.deepEqual([gone.status, gone.body.state, gone.body.inFlight], [200, 'gone', 0]);
  for (let i = 0; i < 3; i++) assert.deepEqual(await served(), ['two']);
  const { body: events } = await ask<{ items: EventItem[] }>('GET', '/v1/events?limit=3');
  const left = events.items.find(({ state }) => state === 'left');
  assert.deepEqual([left?.member, left?.cause], [one.url, 'one deregistered by one; 1 member now']);
  assert.equal((await leave('one')).status, 404);
});

test('a renewal moves the end, a new weight counts at once, and weight 0 takes no more', async (t) => {
  const { served, service, register } = await start(t);
  const [one, two] = [await service('one'), await service('two')];
  const first = await register('one', { url: one.url, weight: 1, ttl: '1m' });
  await register('two', { url: two.url });
  const end = Date.parse(first.body.expiresAt);
  await until('the clock to move', () => Date.now() > Date.parse(first.body.renewedAt) + 1);
  const renewed = await register('one', { url: one.url, weight: 1, ttl: '1m' });
  assert.equal(renewed.status, 200);
  assert.equal(renewed.body.registeredAt, first.body.registeredAt);
  assert.ok(Date.parse(renewed.body.expiresAt) > end);
  one.received = 0;
  two.received = 0;
  assert.equal((await register('one', { url: one.url, weight: 3, ttl: '1m' })).body.weight, 3);
  for (let i = 0; i < 10; i++) await served();
  const share = one.received / (one.received + two.received);
  assert.ok(share > 0.65 && share < 0.85, `${share} of the requests`);
  await register('one', { url: one.url, weight: 0, ttl: '1m' });
  for (let i = 0; i < 3; i++) assert.deepEqual(await served(), ['two']);
  await register('one', { url: one.url, weight: 1, ttl: '1m' });
  assert.deepEqual(await served(), ['one', 'two']);
});

test('many leases are renewed in one call, and those that nobody registered are named', async (t) => {
  const { register, ask, service } = await start(t);
  const one = await service('one');
  const { body: before } = await register('one', { url: one.url, ttl: '2s' });
  const named = (instance: string, upstream = 'pool') => ({ upstream, instance });
  const known = Array.from({ length: 20 }, (_, i) => i);
  for (const i of known) await register(`i-${i}`, { url: one.url, ttl: '1h' });
  await until('some time to pass', () => Date.now() > Date.parse(before.renewedAt) + 20);
  const leases = [named('one'), ...known.map((i) => named(`i-${i}`)), named('none'), named('one', 'nowhere')];
  const { status, body } = await ask<Renewed>('POST', '/v1/leases/renew', { body: { leases }, author: 'agent' });
  assert.equal(status, 200);
  assert.deepEqual(body, { renewed: 21, unknown: [named('none'), named('one', 'nowhere')] });
  const { items } = (await ask<{ items: Lease[] }>('GET', '/v1/upstreams/pool/leases')).body;
  const now = items.find(({ instance }) => instance === 'one');
  assert.ok(Date.parse(now?.expiresAt ?? '') > Date.parse(before.expiresAt), JSON.stringify(now));
  assert.equal(now?.author, 'agent');
  assert.equal((await ask('POST', '/v1/leases/renew', { body: { leases: [] } })).status, 400);
  assert.equal((await ask('POST', '/v1/leases/renew', { body: { leases: [{ instance: 'one' }] } })).status, 400);
});

test('whoever asks to wait hears when the last request ended, and none of them failed', async (t) => {
  const { callers, served, service, register, leave, status, ask } = await start(t);
  const held: Asked[] = [];
  const one = await service('one', (asked) => void held.push(asked));
  await register('one', { url: one.url });
  const slow = callers.map((caller) => caller.ask('GET', '/pool'));
  await until('all to be under way', () => held.length === CALLERS);
  await register('two', { url: (await service('two')).url });
  const early = await leave('one', '?wait=20ms');
  assert.deepEqual(
    [early.body.state, early.body.inFlight],
    ['draining', CALLERS],
    'it waits no longer than it was asked to',
  );
  let answered = false;
  const waiting = leave('one', '?wait=1m').then((reply) => {
    answered = true;
    return reply;
  });
  const { body: list } = await ask<{ items: Lease[] }>('GET', '/v1/upstreams/pool/leases');
  assert.deepEqual(
    list.items.map(({ instance, state }) => [instance, state]),
    [
      ['one', 'draining'],
      ['two', 'up'],
    ],
  );
  const [leaving] = (await status()).members.filter(({ instance }) => instance === 'one');
  assert.equal(leaving.state, 'draining');
  for (const asked of held.slice(1)) asked.reply(200, 'one');
  const before = one.received;
  await until('all but one to be over', async () => (await status()).inFlight === 1);
  assert.equal(answered, false);
  held[0].reply(200, 'one');
  const gone = await waiting;
  assert.deepEqual([gone.status, gone.body.state, gone.body.inFlight], [200, 'gone', 0]);
  const answers = await Promise.all(slow);
  assert.ok(
    answers.every(({ status: code, body }) => code === 200 && body === 'one'),
    'none failed',
  );
  for (let i = 0; i < 3; i++) assert.deepEqual(await served(), ['two']);
  assert.equal(one.received, before);
});

test('a lease that nobody renews ends by itself, and says why', async (t) => {
  const { served, service, register, status, ask } = await start(t);
  const one = await service('one');
  await register('one', { url: one.url, ttl: '1s' });
  await register('two', { url: (await service('two')).url, ttl: '1h' });
  assert.deepEqual(await served(), ['one', 'two']);
  await until('the lease to end', async () => (await status()).leases === 1, 10_000);
  await until('every thread to know it', async () => (await served()).join() === 'two');
  const { body } = await ask<{ items: EventItem[] }>('GET', '/v1/events?limit=1');
  assert.equal(body.items[0].cause, 'one was not renewed for 1s; 1 member now');
  assert.equal((await ask('DELETE', '/v1/upstreams/pool/leases/one')).status, 404);
});

test('an order that cannot be taken is refused with place and remedy, and registers nobody', async (t) => {
  const { register, status } = await start(t);
  const url = 'http://127.0.0.1:7';
  for (const [body, code, pointer] of [
    [{ url: 'https://127.0.0.1:7' }, 422, '/url'],
    [{ url: 'http://cart.internal:7' }, 422, '/url'],
    [{ url: 'http://0.0.0.0:7' }, 422, '/url'],
    [{ url: 'http://127.0.0.1' }, 422, '/url'],
    [{ url, ttl: '999ms' }, 422, '/ttl'],
    [{ url, ttl: '61m' }, 422, '/ttl'],
    [{ url, version: '' }, 422, '/version'],
    [{ url, ttl: 'soon' }, 400, '/ttl'],
    [{ url, weight: 1.5 }, 400, '/weight'],
    [{ url, weight: '1' }, 400, '/weight'],
    [{}, 400, ''],
  ] as const) {
    const reply = (await register('one', body)) as Reply<unknown>;
    const problem = reply.body as ProblemReply;
    assert.deepEqual([reply.status, problem.problems?.[0].pointer], [code, pointer], JSON.stringify(body));
    assert.ok((problem.problems?.[0].advice.length ?? 0) > 5);
    assert.doesNotMatch(problem.detail, /pattern/);
  }
  const { status: code, body } = (await register('a%20b', { url })) as Reply<unknown>;
  assert.equal(code, 400);
  const said = 'must be letters, digits, `.`, `_` and `-`, a letter or digit first, at most 128 of them';
  assert.equal((body as ProblemReply).detail, `params/instance ${said}`);
  assert.equal((await status()).leases, 0);
});
