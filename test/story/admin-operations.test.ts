/**
 * What an operator does through the API while traffic flows on two threads: circuits held and let go, what a change would
 * strike, and lists read to their ends.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Change, CheckResult } from '../../src/admin/shapes/change.ts';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import type { Circuit, EventItem, Explanation, Status, UpstreamStatus } from '../../src/admin/shapes/status.ts';
import { type ActingOrigin, type Asked, startActing } from '../support/acting-origin.ts';
import { adminClient } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';
import { type Answer, Caller } from '../support/caller.ts';
import { metricOf } from '../support/process.ts';
import { storyDocument, type Written } from '../support/story-document.ts';
import { until } from '../support/wait.ts';

/** So many connections that each of two threads has some. */
const CALLERS = 24;

async function start(t: TestContext, upstreams: (origin: ActingOrigin) => Record<string, Written>) {
  const origin = await startActing((asked) => asked.reply(200, 'yes'));
  t.after(() => origin.kill());
  const router = await startRouterWithApp(storyDocument(upstreams(origin)), { workers: 2 });
  t.after(() => router.stop());
  const callers = Array.from({ length: CALLERS }, () => new Caller(router.port()));
  t.after(() => {
    for (const caller of callers) caller.close();
  });
  const all = (target: string): Promise<Answer[]> => Promise.all(callers.map((caller) => caller.ask('GET', target)));
  return { origin, router, callers, all, ask: adminClient(router.adminUrl) };
}

const bare = (origin: ActingOrigin): Written => ({ endpoints: [origin.url], retry: 'off', outliers: 'off' });

const told = (answers: readonly Answer[]) => [
  ...new Set(answers.map(({ status, body }) => `${status} ${codeIn(body)}`)),
];
const codeIn = (body: string): string => /"code":"(\w+)"/.exec(body)?.[1] ?? body;

test('a circuit that is held open refuses on every thread from the answer on, and everything says who did it and why', async (t) => {
  const { origin, router, all, ask } = await start(t, (at) => ({ cart: bare(at), tax: bare(at) }));
  assert.deepEqual(told(await all('/cart')), ['200 yes']);
  origin.received = 0;
  const before = Date.now();
  const order = { state: 'isolated', reason: 'the disk is full', for: '5m' };
  const held = await ask<Circuit>('PUT', '/v1/upstreams/cart/circuit', { body: order, author: 'ada' });
  assert.deepEqual([held.status, held.body.state, held.body.reason], [200, 'isolated', 'the disk is full']);
  const left = Date.parse(held.body.until ?? '') - before;
  assert.ok(left > 295_000 && left < 330_000, `${left} ms`);
  const refused = await all('/cart');
  assert.deepEqual(told(refused), ['503 circuit_isolated']);
  assert.ok(
    refused.every(({ head, body }) => /\r\nretry-after: \d+\r\n/.test(head) && body.includes('the disk is full')),
  );
  assert.equal(origin.received, 0);
  assert.deepEqual(told(await all('/tax')), ['200 yes'], 'others serve on');
  const status = await ask<Status>('GET', '/v1/status');
  assert.deepEqual(status.body.circuits, { open: [], halfOpen: [], isolated: ['cart'], forced: [] });
  const { body: upstream } = await ask<UpstreamStatus>('GET', '/v1/upstreams/cart/status');
  assert.deepEqual([upstream.circuit.state, upstream.circuit.reason], ['isolated', 'the disk is full']);
  const { body: events } = await ask<{ items: EventItem[] }>('GET', '/v1/events');
  const [event] = events.items;
  assert.deepEqual([event.is, event.upstream, event.state], ['circuit', 'cart', 'isolated']);
  assert.match(event.text, /^the circuit of cart is isolated: held open by ada: the disk is full$/);
  assert.ok(Math.abs(Date.parse(event.until ?? '') - Date.parse(held.body.until ?? '')) < 1000);
  assert.equal(await metricOf(router.adminUrl, 'signalbox_circuit_state{upstream="cart",state="isolated"}'), 1);
  const let_go = await ask<Circuit>('PUT', '/v1/upstreams/cart/circuit', { body: { state: 'auto' }, author: 'ada' });
  assert.equal(let_go.body.state, 'closed');
  assert.deepEqual(told(await all('/cart')), ['200 yes']);
  assert.equal(await metricOf(router.adminUrl, 'signalbox_circuit_state{upstream="cart",state="closed"}'), 1);
});

test('an order with an end ends by itself, on every thread', async (t) => {
  const { all, ask } = await start(t, (at) => ({ cart: bare(at) }));
  const order = { state: 'isolated', for: '400ms' };
  await ask('PUT', '/v1/upstreams/cart/circuit', { body: order, reason: 'from the header' });
  const { body } = await ask<UpstreamStatus>('GET', '/v1/upstreams/cart/status');
  assert.equal(body.circuit.reason, 'from the header');
  assert.deepEqual(told(await all('/cart')), ['503 circuit_isolated']);
  await until('the order to end', async () => told(await all('/cart')).join() === '200 yes');
  const after = await ask<UpstreamStatus>('GET', '/v1/upstreams/cart/status');
  assert.equal(after.body.circuit.state, 'closed');
});

test('a time that an order cannot have is refused with what it may be', async (t) => {
  const { ask } = await start(t, (at) => ({ cart: bare(at) }));
  for (const [time, detail] of [
    ['999h', /^\/for: "999h" cannot be taken; the longest duration is 596h$/],
    ['0s', /^\/for: "0s" is no time; write `30s` or `5m`$/],
  ] as const) {
    const order = { state: 'isolated', for: time };
    const { status, body } = await ask<ProblemReply>('PUT', '/v1/upstreams/cart/circuit', { body: order });
    assert.equal(status, 400);
    assert.match(body.detail, detail);
  }
});

test('a circuit forced closed lets everything through, and judges again when it is let go', async (t) => {
  const breaker = { circuitBreaker: { consecutiveFailures: 3 } };
  const { origin, all, ask } = await start(t, (at) => ({ cart: { ...bare(at), ...breaker }, tax: bare(at) }));
  origin.act = (asked) => asked.reply(503, 'no');
  const forced = await ask<Circuit>('PUT', '/v1/upstreams/cart/circuit', {
    body: { state: 'closed', reason: 'a drill' },
  });
  assert.deepEqual([forced.body.state, forced.body.forced], ['closed', true]);
  for (let i = 0; i < 2; i++) assert.deepEqual(told(await all('/cart')), ['503 no']);
  assert.equal(origin.received, 2 * CALLERS);
  assert.deepEqual((await ask<Status>('GET', '/v1/status')).body.circuits.forced, ['cart']);
  await ask('PUT', '/v1/upstreams/cart/circuit', { body: { state: 'auto' } });
  await until('the circuit to open', async () => told(await all('/cart')).join() === '503 circuit_open');
  const status = await ask<Status>('GET', '/v1/status');
  assert.deepEqual(status.body.circuits, { open: ['cart'], halfOpen: [], isolated: [], forced: [] });
  const { body: upstream } = await ask<UpstreamStatus>('GET', '/v1/upstreams/cart/status');
  assert.equal(upstream.circuit.state, 'open');
  assert.match(upstream.circuit.reason, /^\d+ failures in a row$/);
  assert.deepEqual(upstream.routes, ['cart']);
  const explained = await ask<Explanation>('POST', '/v1/explain', { body: { url: 'http://a/cart' } });
  assert.deepEqual([explained.body.outcome, explained.body.code], ['refused', 'circuit_open']);
  assert.equal(explained.body.upstreams[0].circuit, 'open');
  const why = /^cart's circuit is open \(.*\b(?:failed|in a row)\b.*, until 20\d\d-.*Z\): /m;
  assert.match(explained.body.words.join('\n'), why);
  assert.equal(
    (await ask<Explanation>('POST', '/v1/explain', { body: { url: 'http://a/tax' } })).body.outcome,
    'proxied',
  );
});

test('what a change would strike is counted from the requests that are really under way', async (t) => {
  const { origin, callers, ask, router } = await start(t, (at) => ({ cart: bare(at), tax: bare(at), idle: bare(at) }));
  const held: Asked[] = [];
  origin.act = (asked) => void held.push(asked);
  const waiting = callers.map((caller, i) => caller.ask('GET', i < 20 ? '/cart' : '/tax'));
  await until('all to be under way', () => held.length === CALLERS);
  const { body: document } = await ask<{ upstreams: Record<string, object>; routes: Record<string, object> }>(
    'GET',
    '/v1/config',
  );
  const changed = async (id: string): Promise<number | undefined> => {
    const upstreams = { ...document.upstreams, [id]: { ...document.upstreams[id], balance: 'random' } };
    return (await ask<CheckResult>('POST', '/v1/config/check', { body: { ...document, upstreams } })).body.effect
      ?.requestsUnderWay;
  };
  assert.deepEqual([await changed('cart'), await changed('tax'), await changed('idle')], [20, 4, 0]);
  const removed = await ask<Change>('DELETE', '/v1/routes/cart?dryRun=true');
  assert.equal(removed.body.effect.requestsUnderWay, 20);
  assert.match(removed.body.effect.words.join('\n'), /^1 route removed\nroute cart removed: \/cart to cart$/);
  const moved = { match: { path: '/tax' }, upstream: 'idle' };
  const put = await ask<Change>('PUT', '/v1/routes/tax?dryRun=true', { body: moved });
  assert.equal(put.body.effect.requestsUnderWay, 4);
  assert.match(put.body.effect.words.join('\n'), /^1 route changed\nroute tax: .*idle/);
  assert.equal((await ask<UpstreamStatus>('GET', '/v1/upstreams/cart/status')).body.inFlight, 20);
  const gone = await ask<Change>('DELETE', '/v1/routes/cart');
  assert.equal(gone.body.effect.requestsUnderWay, 20, 'the change itself says what it struck');
  for (const asked of held) asked.reply(200, 'yes');
  assert.deepEqual(told(await Promise.all(waiting)), ['200 yes'], 'and none of them was harmed');
  assert.equal((await new Caller(router.port()).ask('GET', '/cart')).status, 404);
});

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly total: number;
  readonly next?: string;
}

test('every list is read to its end by pages of any size, each item once, and shows the same as one page', async (t) => {
  const { ask, router, origin } = await start(t, (at) => ({ cart: bare(at) }));
  const ids = Array.from({ length: 12 }, (_, i) => `r${i}`);
  const upstream = { endpoints: [origin.url] };
  const text = JSON.stringify({
    ...(JSON.parse(
      storyDocument({ cart: bare(origin), ...Object.fromEntries(ids.map((id) => [id, upstream])) }),
    ) as object),
    rollouts: Object.fromEntries(ids.map((id) => [id, { route: 'cart', to: id, steps: [{ weight: 100 }] }])),
    invariants: Object.fromEntries(
      ids.map((id) => [id, { count: { route: 'cart', status: '2xx' }, atLeast: 1, window: '5m' }]),
    ),
  });
  assert.equal((await router.reload(text)).ok, true);
  for (const id of ids) {
    await ask('PUT', `/v1/upstreams/cart/leases/${id}`, { body: { url: `http://127.0.0.1:${ids.indexOf(id) + 1}` } });
    await ask('PUT', `/v1/routes/new-${id}`, { body: { match: { path: `/new-${id}` }, upstream: 'cart' } });
  }
  const lists = ['routes', 'upstreams', 'rollouts', 'invariants', 'revisions', 'events', 'upstreams/cart/leases'];
  for (const list of lists) {
    const { body: whole } = await ask<Page>('GET', `/v1/${list}?limit=1000`);
    assert.ok(whole.total >= 12 && whole.next === undefined && whole.items.length === whole.total, list);
    for (const limit of [1, 5, whole.total - 1, whole.total]) {
      const pages: Page[] = [];
      for (let after = ''; pages.length < 50; after = `&after=${encodeURIComponent(pages.at(-1)?.next ?? '')}`) {
        const { body } = await ask<Page>('GET', `/v1/${list}?limit=${limit}${after}`);
        pages.push(body);
        if (body.next === undefined) break;
      }
      assert.equal(pages.length, Math.ceil(whole.total / limit), `${list} by ${limit}`);
      assert.deepEqual(
        pages.flatMap(({ items }) => items),
        whole.items,
      );
      assert.ok(pages.every(({ total }) => total === whole.total));
    }
  }
});

test('a list that changes between two pages loses none of what stays', async (t) => {
  const { ask } = await start(t, (at) => ({ cart: bare(at) }));
  const put = (id: string) => ask('PUT', `/v1/routes/${id}`, { body: { match: { path: `/${id}` }, upstream: 'cart' } });
  for (const id of ['a', 'b', 'd', 'e']) await put(id);
  const first = (await ask<Page>('GET', '/v1/routes?limit=2')).body;
  assert.deepEqual([first.items.map(({ id }) => id), first.next], [['a', 'b'], 'b']);
  await ask('DELETE', '/v1/routes/b');
  await put('c');
  const rest = (await ask<Page>('GET', `/v1/routes?after=${first.next}`)).body;
  assert.deepEqual(
    rest.items.map(({ id }) => id),
    ['c', 'cart', 'd', 'e'],
  );
});
