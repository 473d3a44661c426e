/**
 * The dashboard on a real router under real traffic: figures that move, a trip that stops traffic, and a restore.
 */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Change } from '../../src/admin/shapes/change.ts';
import { buildDashboard } from '../../src/dashboard/build.ts';
import { adminClient } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';
import { openBrowser } from '../support/browser.ts';
import { enter, isolate, picture, restore, seen } from '../support/dashboard-acts.ts';
import { startOrigin } from '../support/origin.ts';
import { ROOT } from '../support/source.ts';
import { until } from '../support/wait.ts';

/** Milliseconds; a browser that hangs is no reason to wait for ever. */
const LIMIT = 120_000;
const PAGES = join(ROOT, 'dist/dashboard');

const documentOf = (port: number) => `listeners: { internal: { address: 127.0.0.1:0 } }
admin: { address: 127.0.0.1:0 }
upstreams:
  cart: { endpoints: [ http://127.0.0.1:${port} ] }
  cart-v2: { endpoints: [ http://localhost:${port} ] }
  tax: { endpoints: [ http://127.0.0.1:${port} ] }
routes:
  cart: { match: { path: /cart }, split: { cart: 80, cart-v2: 20 } }
  tax: { match: { host: tax.internal }, upstream: tax }
`;

/** Some requests a second from two callers, until it is told to stop. */
function trickle(port: number): { readonly seen: Map<number, number>; stop(): Promise<void> } {
  const statuses = new Map<number, number>();
  let going = true;
  const run = async (caller: string, path: string) => {
    while (going) {
      const reply = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-caller': caller } });
      await reply.arrayBuffer();
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const all = [run('web', '/cart/7'), run('app', '/cart/8')];
  return {
    seen: statuses,
    stop: async () => {
      going = false;
      await Promise.all(all);
    },
  };
}

test('on a real router the dashboard shows traffic that moves, trips an upstream and restores a revision', {
  timeout: LIMIT,
}, async (t) => {
  if (!existsSync(PAGES)) await buildDashboard(PAGES);
  const origin = await startOrigin((request, response) => request.resume().on('end', () => response.end('ok')));
  const router = await startRouterWithApp(documentOf(origin.port), { workers: 2 });
  const traffic = trickle(router.port());
  const { page, complaints, stop } = await openBrowser();
  t.after(async () => {
    await traffic.stop();
    await stop();
    await router.stop();
    await origin.stop();
  });

  await enter(page, router.adminUrl);
  await seen(page, '.overall', /All well/);
  const rate = () => page.locator('[data-figure=rate]').textContent();
  await until('traffic to show', async () => Number((await rate())?.replace(/[^\d.]/g, '')) > 1);
  const first = await rate();
  await until('the rate to move', async () => (await rate()) !== first);
  await seen(page, '.map', /web/);
  await seen(page, '.map', /app/);
  await picture(page, 'router-map');

  const isolated = await isolate(page, 'cart-v2', 'ahead of the release');
  assert.match(isolated.toast, /cart-v2 is isolated/);
  await until('requests to be refused', async () => (traffic.seen.get(503) ?? 0) > 0);
  const circuit = router.app.events.recent().at(-1)?.event;
  assert.ok(circuit?.is === 'circuit' && circuit.state === 'isolated', JSON.stringify(circuit));
  assert.match(circuit.cause, /ahead of the release/);
  await seen(page, '.overall', /isolated/);
  await picture(page, 'router-isolated');
  await page.keyboard.press('Escape');

  const ask = adminClient(router.adminUrl);
  const before = router.app.view().running?.revision;
  const edit = { match: { path: '/cart' }, upstream: 'cart' };
  const put = await ask<Change>('PUT', '/v1/routes/cart', { body: edit, author: 'ada', reason: 'all to the old one' });
  assert.equal(put.status, 200);
  // What the page sends names the revision of the document it shows.
  await page.keyboard.press('4');
  await seen(page, '.record.runs', new RegExp(put.body.revision.slice(0, 8)));
  const restored = await restore(page, 'and back');
  assert.match(restored.toast, /runs/);
  assert.equal(router.app.view().running?.revision, before);
  await picture(page, 'router-restored');
  assert.deepEqual(complaints, []);
});
