/**
 * The dashboard when what it shows is old, because the router is away or an answer is late: nobody acts on it unawares.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildDashboard } from '../../src/dashboard/build.ts';
import { openBrowser } from '../support/browser.ts';
import { enter, picture, seen, tabTo } from '../support/dashboard-acts.ts';
import { onDashboard } from '../support/dashboard-stage.ts';
import { fakeAdmin } from '../support/fake-admin-pages.ts';
import { until } from '../support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-dashboard-'));

before(() => buildDashboard(folder));
after(() => rmSync(folder, { recursive: true, force: true }));

test('nothing is confirmed while the router is away, and its effect is asked for anew once it is back', async (t) => {
  let admin = await fakeAdmin({ folder, every: 100 });
  const { page, stop } = await openBrowser();
  t.after(async () => {
    await stop();
    await admin.stop();
  });
  await enter(page, admin.url, '#/upstreams/upstream/cart');
  await page.locator('.panel').getByRole('button', { name: 'Isolate…' }).press('Enter');
  await seen(page, 'dialog .effect', /Stops/);
  const act = page.locator('dialog button[type=submit]');
  assert.equal(await act.isDisabled(), false);
  await page.keyboard.type('why not');

  await admin.stop();
  await seen(page, 'dialog .effect', /The router does not answer[\s\S]*As it was before it went:[\s\S]*Stops/);
  assert.equal(await act.isDisabled(), true);
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('dialog').count(), 1);
  await picture(page, 'away-dialog');

  admin = await fakeAdmin({ folder, every: 100, port: Number(new URL(admin.url).port) });
  await until('the act to be possible again', async () => !(await act.isDisabled()));
  assert.doesNotMatch(await seen(page, 'dialog .effect', /Stops/), /does not answer/);
  await page.keyboard.press('Enter');
  await seen(page, '.toast', /cart is isolated/);
  const [order] = admin.world.events;
  assert.match(order.text, /why not/);
});

test('a write is made from the document on the page, though the header knows of a later one', async () => {
  await onDashboard(
    async ({ page, admin: { url, world }, complaints }) => {
      let held = false;
      await page.route(/\/v1\/routes\?/, (route) => (held ? undefined : route.continue()));
      await enter(page, url, '#/routes/route/checkout');
      await seen(page, '.weights', /checkout-v2/);
      held = true;
      const told = page.waitForResponse((reply) => reply.url().endsWith('/v1/status'));
      const split = { checkout: 50, 'checkout-v2': 50 };
      world.apply(
        { ...world.routes, checkout: { match: { path: '/checkout' }, split } },
        { words: ['half'], reason: '' },
      );
      await seen(page, '.identity', new RegExp(world.revision.slice(0, 8)));
      await told;
      await tabTo(page, /^Weight of checkout-v2$/);
      await page.keyboard.press('ArrowRight');
      await tabTo(page, /^Apply weights…$/);
      await page.keyboard.press('Enter');
      assert.match(await seen(page, 'dialog .effect', /^(?!Asking)\S/), /has changed meanwhile/);
      assert.deepEqual((world.routes.checkout as { split: object }).split, split);
      // The browser itself notes what was refused.
      assert.deepEqual(
        complaints.splice(0).filter((each) => !/412/.test(each)),
        [],
      );
    },
    {},
    { folder, every: 100 },
  );
});
