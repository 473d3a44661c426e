/**
 * The dashboard while the router is away: what is shown is old, and says so.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildDashboard } from '../../src/dashboard/build.ts';
import { openBrowser } from '../support/browser.ts';
import { enter, picture, seen } from '../support/dashboard-acts.ts';
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
