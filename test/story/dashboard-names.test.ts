/**
 * The dashboard with names that are long or gone, and with what is typed in a hurry or by halves.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildDashboard } from '../../src/dashboard/build.ts';
import { enter, overflow, picture, seen, spilt } from '../support/dashboard-acts.ts';
import { type DashboardStage, onDashboard } from '../support/dashboard-stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-dashboard-'));

before(() => buildDashboard(folder));
after(() => rmSync(folder, { recursive: true, force: true }));

const LONG = `the-service-of-a-team${'-that-names-all-it-has-after-itself'.repeat(3)}`;

function onStage(width: number, play: (stage: DashboardStage) => Promise<void>) {
  return onDashboard(play, { viewport: { width, height: 900 } }, { folder, every: 100 });
}

for (const width of [1400, 1100, 360]) {
  test(`long names push nothing over the edge or over the panel, ${width} pixels wide`, async () => {
    await onStage(width, async ({ page, admin: { url, world } }) => {
      world.apply(
        { ...world.routes, [LONG]: { match: { path: '/cart' }, split: { [LONG]: 80, cart: 20 } } },
        { words: ['a long one'], reason: '' },
      );
      const statusOf = world.upstreamStatus.bind(world);
      world.upstreamStatus = (id) => ({ ...statusOf(id), routes: [LONG, 'cart'] });
      for (const place of ['routes', 'routes/route/cart', 'upstreams/upstream/cart', `routes/route/${LONG}`]) {
        await enter(page, url, `#/${place}`);
        await seen(page, 'body', place.startsWith('routes') ? /of-a-team/ : /Routes that lead here/);
        assert.ok((await overflow(page)) <= 0, `${place} is ${await overflow(page)} pixels too wide`);
        assert.deepEqual(await spilt(page), [], place);
        await picture(page, `long-${width}-${place.slice(0, 18).replaceAll('/', '-')}`);
      }
      const close = await page.getByLabel('Close the details').boundingBox();
      const title = await page.locator('#panel-title').boundingBox();
      assert.ok(close !== null && title !== null && close.x > title.x + title.width - 1, 'the way out is at the right');
    });
  });
}

test('an address that asks for what is not there is told so, without buttons for it', async () => {
  await onStage(1400, async ({ page, admin: { url } }) => {
    await enter(page, url, '#/upstreams/upstream/nope');
    await seen(page, '.panel', /has no upstream of this name/);
    assert.equal(await page.locator('.panel .act').count(), 0);
    await enter(page, url, '#/routes/route/nope');
    await seen(page, '.panel', /has no route of this name/);
    await enter(page, url, '#/map/caller/nope');
    await seen(page, '.panel', /Nobody of this name/);
    await enter(page, url, '#/routes/route/cart');
    await seen(page, '.panel', /As written/);
    assert.doesNotMatch((await page.locator('.panel').textContent()) ?? '', /of this name/);
  });
});

for (const place of ['routes', 'map', 'events', 'upstreams/upstream/cart', 'revisions/route/cart']) {
  test(`what is typed right behind the key of the filter goes into the filter, from ${place}`, async () => {
    await onStage(1400, async ({ page, admin: { url } }) => {
      await enter(page, url, `#/${place}`);
      await seen(page, '.card', /cart|circuit|routes/);
      // In one turn: the letters come before the browser told of the address.
      await Promise.all([...'/1 of'].map((letter) => page.keyboard.press(letter === ' ' ? 'Space' : letter)));
      await seen(page, '.card-head', /^0 of/m);
      assert.equal(await page.locator('[data-filter]').inputValue(), '1 of');
    });
  });
}

test('a weight can be cleared and typed anew, and is applied only as a number', async () => {
  await onStage(1400, async ({ page, admin: { url } }) => {
    await enter(page, url, '#/routes/route/checkout');
    await seen(page, '.weights', /checkout-v2/);
    const field = page.getByLabel('Weight of checkout as a number');
    const apply = page.getByRole('button', { name: 'Apply weights…' });
    const type = async (text: string): Promise<void> => {
      await field.press('End');
      for (let i = 0; i < 6; i++) await field.press('Backspace');
      // Frames come meanwhile, and draw the field again.
      await page.waitForTimeout(500);
      await page.keyboard.type(text, { delay: 120 });
    };
    for (const text of ['5', '7.5', '60']) {
      await type(text);
      assert.equal(await field.inputValue(), text);
      assert.equal(
        await page.getByLabel('Weight of checkout', { exact: true }).inputValue(),
        String(Math.round(+text)),
      );
      assert.equal(await apply.getAttribute('aria-disabled'), null);
    }
    await type('');
    await page.keyboard.press('Tab');
    assert.equal(await field.inputValue(), '');
    assert.match((await apply.getAttribute('title')) ?? '', /weight of checkout is no number/);
    await page.getByRole('button', { name: 'As they were' }).press('Enter');
    assert.equal(await field.inputValue(), '90');
  });
});

test('an act whose answer does not come is told of as what it is: not known', async () => {
  await onStage(1400, async ({ page, admin: { url }, complaints }) => {
    // Before anything is asked: a browser that begins to watch its requests may break off the live stream.
    await page.route('**/circuit', (route) => route.abort());
    await enter(page, url, '#/upstreams/upstream/cart');
    await seen(page, '.panel', /Isolate…/);
    await page.locator('.panel').getByRole('button', { name: 'Isolate…' }).press('Enter');
    await seen(page, 'dialog .effect', /Stops/);
    await page.locator('dialog button[type=submit]:enabled').waitFor();
    await page.keyboard.press('Enter');
    assert.match(await seen(page, '.toast.bad', /\S/), /does not answer[\s\S]*Whether it was done is not known/);
    // The browser itself notes what was cut off.
    assert.deepEqual(
      complaints.splice(0).filter((each) => !/ERR_FAILED/.test(each)),
      [],
    );
  });
});

test('on a phone all columns fit beside an order about a circuit and many members, and its whole reason can be read', async () => {
  await onStage(360, async ({ page, admin: { url, world } }) => {
    const reason = `the pool is full ${'and nobody knows why '.repeat(6)}yet`;
    world.order('cart', { state: 'closed', reason });
    world.order('tax', { state: 'isolated', reason });
    const frameOf = world.frame.bind(world);
    world.frame = (interval) => {
      const frame = frameOf(interval);
      return { ...frame, upstreams: frame.upstreams.map((each) => ({ ...each, up: 199, members: 200 })) };
    };
    await enter(page, url, '#/upstreams');
    await seen(page, 'tbody', /forced closed[\s\S]*199\/200/);
    assert.ok((await overflow(page)) <= 0, `${await overflow(page)} pixels too wide`);
    assert.deepEqual(await spilt(page), []);
    await picture(page, 'phone-orders');
    await enter(page, url, '#/upstreams/upstream/tax');
    await seen(page, '.panel .why', /yet$/);
    const cut = "[...document.querySelectorAll('.panel .why')].filter((each) => each.scrollWidth > each.clientWidth)";
    assert.equal(await page.evaluate(`${cut}.length`), 0, 'the reason is cut off');
  });
});

test('a reason in any script goes with a call that is tried', async () => {
  await onStage(1400, async ({ page, admin: { url, world } }) => {
    await page.goto(`${url}/docs`);
    await page.getByText('/v1/routes/{id}').first().click({ timeout: 5000 });
    const form = page.getByRole('form', { name: 'Try PUT /v1/routes/{id}' });
    await form.locator('input[name="path id"]').fill('cart');
    await form.locator('input[name="header x-reason"]').fill('größer, 世界');
    await form.locator('textarea').fill('{ "match": { "path": "/cart" }, "upstream": "cart" }');
    await form.getByRole('button').press('Enter');
    await seen(page, '.reply', /200 OK/);
    assert.equal(world.revisions[0].reason, 'größer, 世界');
  });
});
