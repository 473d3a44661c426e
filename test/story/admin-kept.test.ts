/**
 * Edits that are kept beside the file, while the file changes under a running router: merged, broken, mended, in conflict;
 * and what a start makes of them.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Change } from '../../src/admin/shapes/change.ts';
import type { Status } from '../../src/admin/shapes/status.ts';
import { adminClient } from '../support/admin-client.ts';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';

const FILE = `listeners: { internal: { address: 127.0.0.1:0 } }
admin: { address: 127.0.0.1:0, writeBack: false }
upstreams: { cart: { endpoints: [ http://127.0.0.1:9 ] } }
routes:
  cart: { match: { path: /cart }, upstream: cart }   # of the deployment
`;

const BASKET = { match: { path: '/basket' }, upstream: 'cart' };
const CART = (path: string) => ({ match: { path }, upstream: 'cart' });

test('what the file says and what was edited beside it both run, through a broken save too, and the file wins a conflict', async (t) => {
  const router = await startRouterWithApp(FILE);
  t.after(() => router.stop());
  const ask = adminClient(router.adminUrl);
  const routeOf = async (id: string) => (await ask('GET', `/v1/routes/${id}`)).body;
  const put = await ask<Change>('PUT', '/v1/routes/basket', { body: BASKET });
  assert.equal(put.body.written, 'state');

  assert.equal((await router.reload(FILE.replace('/cart }', '/carts }'))).ok, true);
  assert.deepEqual([await routeOf('cart'), await routeOf('basket')], [CART('/carts'), BASKET]);

  const broken = await router.reload('routes: [\n');
  assert.equal(broken.ok, false);
  assert.match(broken.problems?.[0].reason ?? '', /YAML/);
  assert.deepEqual(await routeOf('basket'), BASKET, 'a slip in the file costs no edit');

  assert.equal((await router.reload(FILE.replace('/cart }', '/wagon }'))).ok, true);
  assert.deepEqual([await routeOf('cart'), await routeOf('basket')], [CART('/wagon'), BASKET]);

  const theirs = `${FILE}  basket: { match: { path: /theirs }, upstream: cart }\n`;
  assert.equal((await router.reload(theirs)).ok, true);
  assert.deepEqual(await routeOf('basket'), CART('/theirs'));
  const said = router.logs.find(({ msg }) => /the file counts/.test(String(msg)));
  assert.deepEqual(said?.parts, ['/routes/basket']);
  assert.equal((await ask<Status>('GET', '/v1/status')).body.writeBack.detail, '');
});

interface Kept {
  readonly router: RouterWithApp;
  /** Another router on the same state folder, with this text in its file. */
  restart(file: string): Promise<Kept>;
  put(id: string, path: string): Promise<number>;
  /** The path that a route asks for; undefined where there is no such route. */
  pathOf(id: string): Promise<string | undefined>;
}

/** Where state is kept, and how the router that runs on it is stopped. */
interface Folder {
  readonly path: string;
  stop: () => Promise<void>;
}

async function startKept(t: TestContext, file: string, given?: Folder): Promise<Kept> {
  const folder = given ?? { path: await mkdtemp(join(tmpdir(), 'signalbox-kept-')), stop: async () => {} };
  const stateFolder = folder.path;
  // In this order: a router that runs may be writing there.
  if (given === undefined) t.after(() => folder.stop().then(() => rm(stateFolder, { recursive: true })));
  const router = await startRouterWithApp(file, { stateFolder });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= router.stop();
    return stopped;
  };
  folder.stop = stop;
  const ask = adminClient(router.adminUrl);
  return {
    router,
    restart: async (text) => {
      await stop();
      return startKept(t, text, folder);
    },
    put: async (id, path) => (await ask('PUT', `/v1/routes/${id}`, { body: CART(path) })).status,
    pathOf: async (id) => (await ask<typeof BASKET>('GET', `/v1/routes/${id}`)).body.match?.path,
  };
}

const TAXED = `${FILE}  tax: { match: { path: /tax }, upstream: cart }\n`;

for (const [what, broken] of [
  ['no YAML', 'routes: [\n'],
  ['no document', TAXED.replace('/tax }, upstream: cart', '/tax }, upstream: tacks')],
]) {
  test(`an edit made while the file is ${what} outlives the mending of the file`, async (t) => {
    const { router, put, pathOf, restart } = await startKept(t, FILE);
    assert.equal((await router.reload(broken)).ok, false);
    assert.equal(await put('basket', '/basket'), 201);
    const mended = TAXED.replace('/cart }', '/carts }');
    assert.equal((await router.reload(mended)).ok, true);
    assert.deepEqual([await pathOf('cart'), await pathOf('basket')], ['/carts', '/basket']);
    const again = await restart(mended);
    assert.deepEqual([await again.pathOf('cart'), await again.pathOf('basket')], ['/carts', '/basket']);
  });
}

test('where the file changes one of the edited parts the edits of the others stay', async (t) => {
  const { router, put, pathOf } = await startKept(t, FILE);
  await put('basket', '/basket');
  await put('cart', '/mine');
  assert.equal((await router.reload(FILE.replace('/cart }', '/theirs }'))).ok, true);
  assert.deepEqual([await pathOf('cart'), await pathOf('basket')], ['/theirs', '/basket']);
  const said = router.logs.find(({ msg }) => /the file counts/.test(String(msg)));
  assert.deepEqual(said?.parts, ['/routes/cart']);
});

test('an edit that the file has taken over and given up later does not come back with a start', async (t) => {
  const { router, put, pathOf, restart } = await startKept(t, FILE);
  await put('basket', '/basket');
  await router.reload(`${FILE}  basket: { match: { path: /basket }, upstream: cart }\n`);
  await router.reload(FILE);
  assert.equal(await pathOf('basket'), undefined);
  assert.equal(await (await restart(FILE)).pathOf('basket'), undefined);
});

test('an edit that was dropped for the file does not come back with a start', async (t) => {
  const { router, put, pathOf, restart } = await startKept(t, FILE);
  await put('cart', '/mine');
  await router.reload(FILE.replace('/cart }', '/theirs }'));
  await router.reload(FILE);
  assert.equal(await pathOf('cart'), '/cart');
  assert.equal(await (await restart(FILE)).pathOf('cart'), '/cart');
});

const SHOP = FILE.replace('upstreams: {', 'upstreams: { shop: { endpoints: [ http://127.0.0.1:9 ] },');

test('a file without what an edited route needs is taken, now as after a restart: the edit of that route is dropped, no other', async (t) => {
  for (const when of ['while it runs', 'at a start']) {
    const first = await startKept(t, SHOP);
    const ask = adminClient(first.router.adminUrl);
    await first.put('basket', '/basket');
    await ask('PUT', '/v1/routes/shop', { body: { match: { path: '/shop' }, upstream: 'shop' } });
    if (when === 'while it runs') assert.equal((await first.router.reload(FILE)).ok, true);
    const then = when === 'while it runs' ? first : await first.restart(FILE);
    const said = then.router.logs.filter(({ msg }) => /not valid any more: the file counts/.test(String(msg)));
    assert.deepEqual(
      said.map(({ parts, pointer, reason }) => ({ parts, pointer, reason })),
      [{ parts: ['/routes/shop'], pointer: '/routes/shop/upstream', reason: 'there is no upstream "shop"' }],
      when,
    );
    assert.deepEqual([await then.pathOf('shop'), await then.pathOf('basket')], [undefined, '/basket'], when);
    const later = await then.restart(SHOP);
    assert.deepEqual([await later.pathOf('shop'), await later.pathOf('basket')], [undefined, '/basket'], when);
  }
});

test('a file that is a document only with the edits is refused, as a start would refuse it, in the lines of the file', async (t) => {
  const { router, pathOf } = await startKept(t, FILE);
  const ask = adminClient(router.adminUrl);
  await ask('PUT', '/v1/upstreams/shop', { body: { endpoints: ['http://127.0.0.1:9'] } });
  const needy = `${FILE}  shop: { match: { path: /shop }, upstream: shop }\n`;
  const refused = await router.reload(needy);
  assert.deepEqual([refused.ok, refused.problems?.map(({ line, column }) => [line, column])], [false, [[6, 45]]]);
  assert.equal(await pathOf('shop'), undefined);
  assert.equal((await ask('GET', '/v1/upstreams/shop')).status, 200);
});

test('a change that needs a restart is told of in the lines of the file, whatever the edits have put above it', async (t) => {
  const [listeners, admin, ...rest] = FILE.split('\n');
  const file = (port: number) => [...rest.slice(0, -1), listeners, admin.replace(':0', `:${port}`), ''].join('\n');
  const { router, put } = await startKept(t, file(0));
  await put('basket', '/basket');
  const refused = await router.reload(file(9));
  assert.deepEqual(
    refused.problems?.map(({ line, pointer }) => [line, pointer]),
    [[5, '/admin/address']],
  );
});

test('edits with which an example of the file fails keep no router from starting', async (t) => {
  const { put, restart } = await startKept(t, FILE);
  await put('basket', '/cart/basket');
  const file = `${FILE}examples:\n  - { request: GET http://x/cart/basket, route: cart }\n`;
  const again = await restart(file);
  assert.deepEqual([await again.pathOf('cart'), await again.pathOf('basket')], ['/cart', undefined]);
  const said = again.router.logs.find(({ msg }) => /not valid any more/.test(String(msg)));
  assert.equal(said?.pointer, '/examples/0');
});
