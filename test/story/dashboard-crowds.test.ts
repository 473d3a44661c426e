/**
 * The dashboard where there is much of everything: hundreds of routes, callers, members.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildDashboard } from '../../src/dashboard/build.ts';
import type { Looks } from '../support/browser.ts';
import { enter, nameless, overflow, picture, seen, spilt } from '../support/dashboard-acts.ts';
import { type DashboardStage, onDashboard } from '../support/dashboard-stage.ts';
import { crowdIn } from '../support/many-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-dashboard-'));

before(() => buildDashboard(folder));
after(() => rmSync(folder, { recursive: true, force: true }));

function onStage(looks: Looks, play: (stage: DashboardStage) => Promise<void>) {
  return onDashboard(play, looks, { folder, every: 200 });
}

for (const [count, viewport] of [
  [10, { width: 1400, height: 900 }],
  [40, { width: 375, height: 740 }],
  [300, { width: 1400, height: 900 }],
  [1000, { width: 1400, height: 900 }],
] as const) {
  test(`the first screen tells who calls whom and what is ill among ${count} routes, ${viewport.width} pixels wide`, async () => {
    await onStage({ viewport, colorScheme: count === 40 ? 'dark' : 'light' }, async ({ page, admin }) => {
      crowdIn(admin.world, count);
      await enter(page, admin.url);
      await seen(page, '.map', /cart[\s\S]*cart-svc/);
      const node = (name: string) => page.locator(`.node[aria-label^="${name}"]`).boundingBox();
      for (const name of ['caller web:', 'route cart:', 'route stock:', 'upstream cart-svc:', 'upstream stock-svc:']) {
        const { y = 9999, height = 0 } = (await node(name)) ?? {};
        assert.ok(y + height <= viewport.height, `${name} stands at ${y}`);
      }
      const [route, upstream] = [await node('route cart:'), await node('upstream cart-svc:')];
      assert.ok(Math.abs((route?.y ?? 0) - (upstream?.y ?? 999)) <= 20, 'an upstream stands beside its route');
      assert.ok((await overflow(page)) <= 0);
      assert.deepEqual([await spilt(page), await nameless(page)], [[], []]);
      await picture(page, `crowd-${count}-${viewport.width}`);
    });
  });
}

test('what is folded on the map leads to where all of it stands', async () => {
  await onStage({}, async ({ page, admin }) => {
    crowdIn(admin.world, 300);
    await enter(page, admin.url);
    await page.locator('.node[aria-label*="more routes:"]').press('Enter');
    await seen(page, '.card-head', /300 routes/);
    await page.keyboard.press('1');
    await page.locator('.node[aria-label*="more ill routes:"]').press('Enter');
    await seen(page, 'th[aria-sort=descending]', /Errors/);
    await page.keyboard.press('1');
    const callers = page.locator('.node[aria-label^="caller "]');
    const few = await callers.count();
    await page.locator('.node[aria-label*="more callers:"]').press('Enter');
    await seen(page, '.legend', /Fewer callers/);
    assert.ok((await callers.count()) > few);
  });
});

test('an upstream is found among hundreds by its name or its circuit', async () => {
  await onStage({}, async ({ page, admin }) => {
    crowdIn(admin.world, 300);
    await enter(page, admin.url, '#/upstreams');
    await seen(page, '.card-head', /338 upstreams/);
    // What fails stands first, as on the map.
    await seen(page, 'tbody', /^▲\s*stock-svc/);
    await page.keyboard.type('/orders-4 svc');
    await seen(page, '.card-head', /1 of 338/);
    await seen(page, 'tbody', /^\W*orders-4-svc/);
    await page.getByLabel('Filter by name or circuit').fill('isolated');
    await seen(page, '.upstreams', /No upstream is like that/);
  });
});

test('a route says who calls it, and a caller of many routes the busiest of them first', async () => {
  await onStage({ viewport: { width: 375, height: 740 }, colorScheme: 'dark' }, async ({ page, admin }) => {
    crowdIn(admin.world, 300);
    await enter(page, admin.url, '#/map/route/stock');
    await seen(page, '.panel', /Called by\s+mobile\s[\s\S]*users-4\s[\s\S]*Goes to\s+stock-svc/);
    assert.ok((await overflow(page)) <= 0);
    await picture(page, 'route-callers-phone');
    await page.locator('.panel').getByRole('link', { name: 'mobile' }).press('Enter');
    await seen(page, '.panel', /Calls\s+search\s[\s\S]*88 more rows/);
    await page.getByRole('button', { name: '88 more rows' }).press('Enter');
    assert.equal(await page.locator('.panel tbody tr').count(), 100);
  });
});

test('all that is wrong can be read, however much it is', async () => {
  await onStage({}, async ({ page, admin }) => {
    crowdIn(admin.world, 300);
    await enter(page, admin.url, '#/events');
    await seen(page, '.troubles', /and 6 more/);
    assert.equal(await page.locator('.trouble').count(), 6);
    await page.getByRole('button', { name: 'and 6 more' }).press('Enter');
    await seen(page, '.troubles', /fewer/);
    assert.equal(await page.locator('.trouble').count(), 12);
  });
});

for (const width of [1400, 375]) {
  test(`of 200 members those that cannot serve come first, and one can be looked for, ${width} pixels wide`, async () => {
    await onStage({ viewport: { width, height: 900 } }, async ({ page, admin: { url, world } }) => {
      const statusOf = world.upstreamStatus.bind(world);
      world.upstreamStatus = (id) => {
        const status = statusOf(id);
        const members = Array.from({ length: 200 }, (_, i) => ({
          ...status.members[0],
          id: `http://10.0.${i}.7:8080`,
          state: ({ 190: 'unhealthy', 150: 'ejected', 120: 'draining' } as const)[i] ?? ('up' as const),
        }));
        return { ...status, members, routes: Array.from({ length: 300 }, (_, i) => `route-${i}`) };
      };
      await enter(page, url, '#/upstreams/upstream/cart');
      await seen(page, '.members', /^\W*unhealthy[\s\S]*10\.0\.190\.7[\s\S]*ejected[\s\S]*draining[\s\S]*10\.0\.0\.7/);
      await seen(
        page,
        '.panel',
        /1 unhealthy, 1 ejected, 1 draining, 197 up[\s\S]*188 more members[\s\S]*288 more routes/,
      );
      await picture(page, `members-${width}`);
      assert.ok((await overflow(page)) <= 0);
      assert.deepEqual([await spilt(page), await nameless(page)], [[], []]);
      await page.getByLabel('Filter the members').fill('0.177.');
      await seen(page, '.panel', /1 of 200[\s\S]*10\.0\.177\.7/);
      assert.equal(await page.locator('.members li').count(), 1);
      await page.getByLabel('Filter the members').fill('');
      await page.getByRole('button', { name: '188 more members' }).press('Enter');
      await seen(page, '.panel', /88 more members/);
    });
  });
}
