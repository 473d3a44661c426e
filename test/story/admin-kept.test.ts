/**
 * Edits that are kept beside the file, while the file changes under a running router: merged, broken, mended, in conflict.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../src/admin/shapes/change.ts';
import type { Status } from '../../src/admin/shapes/status.ts';
import { adminClient } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';

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
