/**
 * Two routers are given one state folder, by a slip or because one is to follow the other: what the first has kept there stays
 * its own for as long as it runs.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Status } from '../../src/admin/shapes/status.ts';
import { adminClient } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';
import { auditFolder } from '../support/audit.ts';
import { until } from '../support/wait.ts';

const documentOf = (upstream: string) => `listeners: { internal: { address: 127.0.0.1:0 } }
admin: { address: 127.0.0.1:0, writeBack: false }
upstreams: { ${upstream}: { endpoints: [ http://127.0.0.1:9 ] } }
routes: { all: { match: { path: / }, upstream: ${upstream} } }
`;
const ORDER = { state: 'isolated', reason: 'maintenance' };
const LEASE = { url: 'http://10.0.0.7:80', ttl: '1h' };
const FILES = ['circuits.json', 'leases.json', 'edits.json'];

test('a second router on a state folder loses the first none of its orders, leases and edits, and says what it cannot keep', async (t) => {
  let stop = async (): Promise<void> => {};
  // Before the folder goes.
  t.after(() => stop());
  const stateFolder = await auditFolder(t);
  const route = (upstream: string) => ({ body: { match: { path: '/new' }, upstream } });
  const first = await startRouterWithApp(documentOf('cart'), { stateFolder });
  stop = () => first.stop();
  const ask = adminClient(first.adminUrl);
  await ask('PUT', '/v1/upstreams/cart/circuit', { body: ORDER });
  await ask('PUT', '/v1/upstreams/cart/leases/a', { body: LEASE });
  await ask('PUT', '/v1/routes/new', route('cart'));
  const kept = () => Promise.all(FILES.map((name) => readFile(join(stateFolder, name), 'utf8').catch(() => '')));
  await until('all of it to be saved', async () => (await kept()).every((text) => text !== ''));
  const before = await kept();

  const second = await startRouterWithApp(documentOf('shop'), { stateFolder });
  const asked = adminClient(second.adminUrl);
  assert.equal((await asked('PUT', '/v1/upstreams/shop/circuit', { body: ORDER })).status, 200);
  assert.equal((await asked('PUT', '/v1/upstreams/shop/leases/b', { body: LEASE })).status, 201);
  const edit = await asked<{ code: string; detail: string }>('PUT', '/v1/routes/more', route('shop'));
  assert.deepEqual([edit.status, edit.body.code], [409, 'read_only']);
  const { writeBack } = (await asked<Status>('GET', '/v1/status')).body;
  for (const said of [edit.body.detail, writeBack.detail]) assert.match(said, /another router uses the state folder/);
  assert.equal(writeBack.writable, false);
  await second.stop();

  assert.deepEqual(await kept(), before);
  const unsaved = second.logs.filter(({ err }) => /another router uses the state folder/.test(String(err)));
  assert.deepEqual(unsaved.map(({ path }) => String(path).replace(/.*\//, '')).sort(), [
    'circuits.json',
    'leases.json',
  ]);
});

test('what a second router’s file makes of the first one’s edits is not written over them', async (t) => {
  const stops: (() => Promise<void>)[] = [];
  // Before the folder goes.
  t.after(() => Promise.all(stops.map((stop) => stop())));
  const stateFolder = await auditFolder(t);
  const start = async (text: string) => {
    const router = await startRouterWithApp(text, { stateFolder });
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= router.stop();
      return stopped;
    };
    stops.push(stop);
    return { router, stop, ask: adminClient(router.adminUrl) };
  };
  const first = await start(documentOf('cart'));
  await first.ask('PUT', '/v1/routes/new', { body: { match: { path: '/new' }, upstream: 'cart' } });
  const kept = () => readFile(join(stateFolder, 'edits.json'), 'utf8');
  const before = await kept();

  const other = `${documentOf('cart').trimEnd().slice(0, -1)}, new: { match: { path: /other }, upstream: cart } }\n`;
  const second = await start(other);
  await second.ask('GET', '/v1/status');
  const reloaded = await second.router.reload(other.replace('/other', '/another'));
  assert.equal(reloaded.ok, true);
  await second.stop();
  assert.equal(await kept(), before);

  await first.stop();
  const again = await start(documentOf('cart'));
  assert.equal((await again.ask('GET', '/v1/routes/new')).status, 200);
});
