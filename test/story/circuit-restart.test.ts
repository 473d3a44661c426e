/**
 * Orders about circuits over a restart, and in the audit log beside the document that they leave as it is.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Change, Revision } from '../../src/admin/shapes/change.ts';
import type { EventItem, Status, UpstreamStatus } from '../../src/admin/shapes/status.ts';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { startActing, well } from '../support/acting-origin.ts';
import { adminClient } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';
import { startProcess } from '../support/process.ts';
import { storyDocument } from '../support/story-document.ts';

const HOUR = 3_600_000;

interface Page {
  readonly items: readonly Revision[];
  readonly total: number;
}

/** By state folder: what stops the routers that were started on it, and may be writing there. */
const stops = new Map<string, (() => Promise<void>)[]>();

async function stateFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-state-'));
  const state = join(folder, 'state');
  t.after(async () => {
    for (const stop of stops.get(state) ?? []) await stop();
    await rm(folder, { recursive: true, force: true });
  });
  return state;
}

async function startOrigin(t: TestContext) {
  const origin = await startActing(well);
  t.after(() => origin.kill());
  return origin;
}

/** Its state outlives it. */
async function start(document: string, stateFolder: string, more: { clock?: Clock } = {}) {
  const router = await startRouterWithApp(document, { ...more, stateFolder });
  let running = true;
  const stop = async () => {
    if (running) await router.stop();
    running = false;
  };
  stops.set(stateFolder, [...(stops.get(stateFolder) ?? []), stop]);
  const get = async (path: string) => {
    const reply = await fetch(`http://127.0.0.1:${router.port()}${path}`);
    return `${reply.status} ${/"code":"(\w+)"/.exec(await reply.text())?.[1] ?? ''}`.trim();
  };
  return { router, ask: adminClient(router.adminUrl), get, stop };
}

const later = (by: number): Clock => ({ now: () => systemClock.now(), wall: () => systemClock.wall() + by });

/** The first reply that comes from a port at which nobody listens yet. */
async function firstReply(url: string): Promise<{ status: number; text: string }> {
  for (;;) {
    try {
      const reply = await fetch(url);
      return { status: reply.status, text: await reply.text() };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

test('an upstream that was isolated is isolated from the first request of the next process on, though the last one was killed', async (t) => {
  const origin = await startOrigin(t);
  const document = (port: number, admin: number) =>
    JSON.stringify({
      ...JSON.parse(storyDocument({ cart: { endpoints: [origin.url] } })),
      listeners: { internal: { address: `127.0.0.1:${port}` } },
      admin: { address: `127.0.0.1:${admin}` },
      workers: 2,
    });
  const first = await startProcess(document);
  t.after(() => first.stop());
  await first.ready();
  const body = { state: 'isolated', reason: 'the disk is full', for: '1h' };
  const held = await adminClient(first.adminUrl)('PUT', '/v1/upstreams/cart/circuit', { body, author: 'ada' });
  assert.equal(held.status, 200);
  first.child.kill('SIGKILL');
  await first.exit();
  assert.equal(origin.received, 0);

  const reply = firstReply(`http://127.0.0.1:${first.port}/cart`);
  const adminPort = Number(new URL(first.adminUrl).port);
  const args = ['--state', join(first.directory, 'state')];
  const second = await startProcess(document, { port: first.port, adminPort, args });
  t.after(() => second.stop());
  const { status, text } = await reply;
  assert.equal(status, 503);
  assert.match(text, /"code":"circuit_isolated".*the disk is full|the disk is full.*"code":"circuit_isolated"/);
  assert.equal(origin.received, 0);
  await second.ready();
  const ask = adminClient(second.adminUrl);
  const { items } = (await ask<Page>('GET', '/v1/revisions')).body;
  assert.deepEqual(items[0].words, ['upstream cart isolated for 1h']);
  assert.equal((await ask<Status>('GET', '/v1/status')).body.audit.intact, true);
  second.child.kill('SIGKILL');
  await second.exit();
});

test('the time of an order goes on while no router runs, and who let go of a circuit finds it so', async (t) => {
  const origin = await startOrigin(t);
  const document = storyDocument({ cart: { endpoints: [origin.url] }, tax: { endpoints: [origin.url] } });
  const folder = await stateFolder(t);
  const first = await start(document, folder);
  const hold = (upstream: string, body: object) =>
    first.ask('PUT', `/v1/upstreams/${upstream}/circuit`, { body, author: 'ada' });
  await hold('cart', { state: 'isolated', for: '1h' });
  await hold('tax', { state: 'isolated' });
  await hold('tax', { state: 'auto' });
  await first.stop();

  const second = await start(document, folder, { clock: later(HOUR / 2) });
  assert.deepEqual([await second.get('/cart'), await second.get('/tax')], ['503 circuit_isolated', '200']);
  const { circuit } = (await second.ask<UpstreamStatus>('GET', '/v1/upstreams/cart/status')).body;
  const left = Date.parse(circuit.until ?? '') - systemClock.wall() - HOUR / 2;
  assert.ok(left > HOUR / 2 - 60_000 && left <= HOUR / 2, `${left} ms`);
  const [event] = (await second.ask<{ items: EventItem[] }>('GET', '/v1/events')).body.items;
  assert.equal(event.text, 'the circuit of cart is isolated: held open by ada (before the restart)');
  await second.stop();

  const third = await start(document, folder, { clock: later(HOUR) });
  assert.equal(await third.get('/cart'), '200');
  assert.ok(third.router.logs.some(({ msg }) => msg === 'an order about a circuit ended meanwhile'));
});

test('an order goes with its upstream: in the running router, and over a restart', async (t) => {
  const origin = await startOrigin(t);
  const cart = { cart: { endpoints: [origin.url] } };
  const both = storyDocument({ ...cart, tax: { endpoints: [origin.url] } });
  const folder = await stateFolder(t);
  const first = await start(both, folder);
  for (const upstream of ['cart', 'tax'])
    await first.ask('PUT', `/v1/upstreams/${upstream}/circuit`, { body: { state: 'isolated' } });
  await first.router.reload(storyDocument(cart));
  await first.router.reload(both);
  assert.deepEqual([await first.get('/cart'), await first.get('/tax')], ['503 circuit_isolated', '200']);
  await first.stop();

  const without = await start(storyDocument({ tax: { endpoints: [origin.url] } }), folder);
  assert.ok(without.router.logs.some(({ msg, upstream }) => /is dropped/.test(String(msg)) && upstream === 'cart'));
  await without.stop();
  const again = await start(both, folder);
  assert.deepEqual([await again.get('/cart'), await again.get('/tax')], ['200', '200']);
});

test('an order stands in the audit log, and the document that ran is found by its revision as before', async (t) => {
  const folder = await stateFolder(t);
  const document = storyDocument({ cart: { endpoints: ['http://127.0.0.1:9'] } });
  const { ask, router, stop } = await start(document, folder);
  const order = (body: object) =>
    ask('PUT', '/v1/upstreams/cart/circuit', { body, author: 'ada', reason: 'the disk is full' });
  const first = router.app.view().running?.revision ?? '';
  await order({ state: 'auto' });
  await order({ state: 'closed', for: '90s' });
  await order({ state: 'isolated' });
  await order({ state: 'auto' });
  const { items, total } = (await ask<Page>('GET', '/v1/revisions')).body;
  assert.deepEqual(
    items.map(({ words, running, restorable }) => [words[0], running, restorable]),
    [
      ['upstream cart let go', false, false],
      ['upstream cart isolated', false, false],
      ['upstream cart forced closed for 1m30s', false, false],
      ['first start', true, true],
    ],
    'one that changed nothing is not there',
  );
  assert.equal(total, 4);
  const { revision, parent, author, reason, source, result, patch } = items[0];
  assert.deepEqual(
    [revision, parent, author, reason, source, result, patch],
    [first, first, 'ada', 'the disk is full', 'api', 'applied', []],
  );
  assert.equal((await ask<Revision>('GET', `/v1/revisions/${first}`)).body.number, 1);
  const route = { match: { path: '/basket' }, upstream: 'cart' };
  await ask('PUT', '/v1/routes/basket', { body: route });
  await order({ state: 'isolated' });
  assert.equal((await ask<string>('GET', `/v1/revisions/${first}/config`)).status, 200);
  const restored = await ask<Change>('POST', `/v1/revisions/${first}/restore`);
  assert.equal(restored.body.revision, first);
  await order({ state: 'closed' });
  await stop();
  const next = await start(document, folder);
  const page = (await next.ask<Page>('GET', '/v1/revisions')).body;
  assert.deepEqual(
    [page.total, page.items.filter(({ running }) => running).map(({ source }) => source)],
    [8, ['restore', 'start']],
  );
  assert.equal((await next.ask<Status>('GET', '/v1/status')).body.audit.intact, true);
});

test('a state folder that cannot be written fails no order', async (t) => {
  const folder = await stateFolder(t);
  await writeFile(folder, 'a file stands in its place');
  const { ask, get, router } = await start(storyDocument({ cart: { endpoints: ['http://127.0.0.1:9'] } }), folder);
  const reply = await ask('PUT', '/v1/upstreams/cart/circuit', { body: { state: 'isolated' } });
  assert.equal(reply.status, 200);
  assert.equal(await get('/cart'), '503 circuit_isolated');
  const said = router.logs.filter(({ msg }) => /^orders about circuits cannot be saved/.test(String(msg)));
  assert.equal(said.length, 1);
  assert.equal(await readFile(folder, 'utf8'), 'a file stands in its place');
});

test('a router at which nobody gave an order has no file for them', async (t) => {
  const folder = await stateFolder(t);
  const { ask, stop } = await start(storyDocument({ cart: { endpoints: ['http://127.0.0.1:9'] } }), folder);
  await ask('PUT', '/v1/upstreams/cart/circuit', { body: { state: 'auto' } });
  await stop();
  assert.ok(!(await readdir(folder)).includes('circuits.json'));
});
