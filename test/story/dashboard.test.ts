/**
 * The dashboard in a real browser: it moves, it is worked by keyboard alone, and it fits a phone.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildDashboard } from '../../src/dashboard/build.ts';
import type { Looks } from '../support/browser.ts';
import {
  confirm,
  enter,
  focused,
  isolate,
  nameless,
  overflow,
  picture,
  restore,
  seen,
  spilt,
  tabTo,
  titled,
} from '../support/dashboard-acts.ts';
import { type DashboardStage, onDashboard } from '../support/dashboard-stage.ts';
import { type FakeOptions, fakeAdmin } from '../support/fake-admin-pages.ts';
import { until } from '../support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-dashboard-'));

before(() => buildDashboard(folder));
after(() => rmSync(folder, { recursive: true, force: true }));

function onStage(
  play: (stage: DashboardStage) => Promise<void>,
  looks: Looks = {},
  options: Partial<FakeOptions> = {},
) {
  return onDashboard(play, looks, { folder, every: 100, ...options });
}

test('an operator sees at once what is wrong and where, and the figures move', async () => {
  await onStage(async ({ page, admin }) => {
    await enter(page, admin.url);
    await seen(page, '.overall', /1 circuit open/);
    await titled(page, /^▲ 1 circuit open/);
    await seen(page, '.troubles', /payments: circuit open[\s\S]*search: 1 of 2 members up/);
    const first = await page.locator('[data-figure=rate]').textContent();
    await until('the rate to move', async () => (await page.locator('[data-figure=rate]').textContent()) !== first);
    await seen(page, '.map', /8 idle routes/);
    assert.deepEqual(await nameless(page), []);
    admin.world.calm = true;
    await seen(page, '.overall', /All well/);
    await titled(page, /^● All well/);
    await picture(page, 'calm');
  });
});

test('an upstream is isolated and a revision restored by keyboard alone, with the effect in words before', async () => {
  await onStage(async ({ page, admin }) => {
    await enter(page, admin.url);
    const isolated = await isolate(page, 'cart', 'pool is full – Größe prüfen');
    assert.match(isolated.effect, /Stops \d+ requests a second to cart[\s\S]*in flight[\s\S]*Serves cart/);
    assert.match(isolated.toast, /cart is isolated until/);
    assert.equal(admin.world.circuitOf('cart').state, 'isolated');
    await seen(page, 'tbody', /cart[\s\S]*isolated/);
    await page.keyboard.press('Escape');
    await until('the focus to be back', async () => (await focused(page)).name === 'cart');

    const before = admin.world.revision;
    const restored = await restore(page, 'the canary is ill again');
    assert.match(restored.effect, /back to revision[\s\S]*12 requests under way/);
    assert.match(restored.toast, /Revision [0-9a-f]{8} runs/);
    assert.notEqual(admin.world.revision, before);
    assert.equal(admin.world.revisions[0].reason, 'the canary is ill again');
    await picture(page, 'restored');
  });
});

test('weights are moved after the router has said what that does, and not over somebody else', async () => {
  await onStage(async ({ page, admin, complaints }) => {
    const { world } = admin;
    await enter(page, admin.url, '#/routes/route/checkout');
    await seen(page, '.weights', /checkout-v2/);
    await tabTo(page, /^Weight of checkout-v2$/);
    for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowRight');
    await tabTo(page, /^Apply weights…$/);
    assert.match((await confirm(page, 'more canary')).effect, /10% more of checkout goes to checkout-v2/);
    assert.deepEqual((world.routes.checkout as { split: object }).split, { checkout: 90, 'checkout-v2': 20 });

    await seen(page, '.weights', /18%/);
    await tabTo(page, /^Weight of checkout-v2$/);
    await page.keyboard.press('ArrowRight');
    await tabTo(page, /^Apply weights…$/);
    await page.keyboard.press('Enter');
    await seen(page, 'dialog .effect', /under way/);
    world.apply({ ...world.routes, other: {} }, { words: ['something else'], reason: '' });
    await page.keyboard.press('Enter');
    assert.match(
      await seen(page, '.toast.bad', /\S/),
      /Change the weights of checkout: revision \w+ runs[\s\S]*has changed meanwhile/,
    );
    // The browser itself notes what was refused.
    assert.deepEqual(
      complaints.splice(0).filter((each) => !/412/.test(each)),
      [],
    );
  });
});

test('a leased member is drained, a request explained, and what changed is shown line by line', async () => {
  await onStage(async ({ page, admin }) => {
    await enter(page, admin.url, '#/upstreams/upstream/tax');
    await seen(page, '.members', /tax-7f9c/);
    await tabTo(page, /^Drain tax-7f9c$/);
    const drained = await confirm(page, 'bad host');
    assert.match(drained.effect, /tax-7f9c[\s\S]*no new requests[\s\S]*1 other member/);
    assert.match(drained.toast, /tax-7f9c is drained and gone/);
    await until(
      'the member to be gone',
      async () => !/7f9c/.test((await page.locator('.members').textContent()) ?? ''),
    );

    await enter(page, admin.url, '#/routes/route/checkout');
    await tabTo(page, /^Explain$/);
    await page.keyboard.press('Enter');
    assert.match(await seen(page, '.answer', /\S/), /shop\.example\/checkout matches checkout[\s\S]*90% to checkout/);

    await page.keyboard.press('4');
    await tabTo(page, /^What changed in record 4$/);
    await page.keyboard.press('Enter');
    const lines = await seen(page, '.diff', /checkout-v2:10/);
    assert.match(lines, /−.*checkout-v2:0/);
    await page.keyboard.press('5');
    await seen(page, '.timeline', /circuit opened/);
  });
});

test('keys go from view to view, filter, explain themselves and take nothing from somebody who types', async () => {
  await onStage(async ({ page, admin }) => {
    await enter(page, admin.url);
    await page.keyboard.press('?');
    await seen(page, 'dialog', /Keys/);
    await page.keyboard.press('2');
    await page.keyboard.press('Escape');
    await seen(page, '[role=tab][aria-selected=true]', /Map/);
    await page.keyboard.press('/');
    await until('the filter to have the focus', async () => (await focused(page)).tag === 'input');
    await page.keyboard.type('game 3');
    await seen(page, '[role=tab][aria-selected=true]', /Routes/);
    await seen(page, '.card-head', /0 of/);
    await page.keyboard.press('Backspace');
    await seen(page, '.card-head', /1 of/);
    await page.keyboard.press('Escape');
    await tabTo(page, /^Routes/);
    await page.keyboard.press('ArrowRight');
    await seen(page, '[role=tab][aria-selected=true]', /Upstreams/);
    assert.match((await focused(page)).name, /^Upstreams/);
  });
});

test('a token is asked for, wrong ones are told of, and a viewer reads why nothing can be done', async () => {
  const tokens = { looking: 'viewer' } as const;
  await onStage(
    async ({ page, admin, complaints }) => {
      await page.goto(admin.url);
      await seen(page, 'dialog', /asks for a token/);
      await page.keyboard.type('guess');
      await page.keyboard.press('Enter');
      await seen(page, 'dialog', /does not know this token/);
      await page.keyboard.type('looking');
      await page.keyboard.press('Enter');
      await seen(page, '.identity', /viewer[\s\S]*live/);
      await page.keyboard.press('3');
      const act = page.locator('.actions .act').first();
      assert.equal(await act.getAttribute('aria-disabled'), 'true');
      assert.equal(await act.getAttribute('title'), 'This needs the role operator; you are viewer.');
      await act.press('Enter');
      assert.equal(await page.locator('dialog').count(), 0);
      const kept = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }])';
      assert.equal(await page.evaluate(kept), JSON.stringify([{}, { 'signalbox-token': 'looking' }]));
      // The browser itself notes every 401.
      assert.equal(complaints.length, 2, 'one call without a token, one with a wrong one');
      assert.ok(complaints.splice(0).every((each) => /401/.test(each)));
    },
    {},
    { tokens },
  );
});

test('a router that goes is told of, and one that comes back is followed again', async () => {
  await onStage(async ({ page, admin, complaints }) => {
    await enter(page, admin.url);
    await admin.stop();
    await seen(page, '.overall', /Router gone/);
    const again = await fakeAdmin({ folder, every: 100, port: Number(new URL(admin.url).port) });
    try {
      await seen(page, '.identity', /live/);
      await seen(page, '.overall', /1 circuit open/);
      assert.ok(
        complaints.every((each) => /Failed to load resource|ERR_/.test(each)),
        complaints.join('\n'),
      );
      complaints.length = 0;
    } finally {
      await page.goto('about:blank');
      await again.stop();
    }
  });
});

test('a document that is refused is told of at once, and stands among the revisions', async () => {
  await onStage(async ({ page, admin }) => {
    admin.world.calm = true;
    await enter(page, admin.url, '#/revisions');
    await seen(page, '.overall', /All well/);
    const before = await page.locator('.record').count();
    admin.world.refuse();
    await seen(page, '.overall', /Document refused/);
    await seen(page, '.troubles', /line 61: unknown key "upstrem"/);
    await until('the record to be shown', async () => (await page.locator('.record').count()) === before + 1);
  });
});

const PLACES = ['map', 'routes', 'upstreams', 'revisions', 'events', 'routes/route/checkout', 'upstreams/upstream/tax'];

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every view fits a desk and a phone, without a name cut off on the desk, in ${colorScheme}`, async () => {
    await onStage(
      async ({ page, admin }) => {
        for (const [size, viewport] of [
          ['desk', { width: 1440, height: 900 }],
          ['phone', { width: 360, height: 740 }],
        ] as const) {
          await page.goto('about:blank');
          await page.setViewportSize(viewport);
          for (const place of PLACES) {
            await enter(page, admin.url, `#/${place}`);
            await seen(page, '.card', /\S/);
            assert.ok((await overflow(page)) <= 0, `${place} is ${await overflow(page)} pixels too wide for a ${size}`);
            assert.deepEqual(await spilt(page), [], `${place} on a ${size}`);
            assert.deepEqual(await nameless(page), [], place);
            await picture(page, `${colorScheme}-${size}-${place.replaceAll('/', '-')}`);
          }
          const cut =
            "[...document.querySelectorAll('.node .name, .row-link')].filter((e) => e.scrollWidth > e.clientWidth).length";
          await enter(page, admin.url, '#/map');
          await seen(page, '.map', /idle routes|and 43 more/);
          if (size === 'desk') assert.equal(await page.evaluate(cut), 0);
        }
      },
      { colorScheme },
      { idle: 42 },
    );
  });
}

test('the theme that was chosen holds at the next visit', async () => {
  await onStage(
    async ({ page, admin }) => {
      const ground = 'getComputedStyle(document.documentElement).backgroundColor';
      await enter(page, admin.url);
      const light = await page.evaluate(ground);
      await page.getByLabel('Switch to dark colours').press('Enter');
      const dark = await page.evaluate(ground);
      assert.notEqual(dark, light);
      await enter(page, `${admin.url}/docs`.replace('/docs', ''));
      assert.equal(await page.evaluate(ground), dark);
    },
    { colorScheme: 'light' },
  );
});

test('links on the map flow, unless less motion is asked for', async () => {
  for (const [reducedMotion, shown] of [
    ['no-preference', 'block'],
    ['reduce', 'none'],
  ] as const) {
    await onStage(
      async ({ page, admin }) => {
        await enter(page, admin.url);
        await seen(page, '.map', /cart/);
        const display = "getComputedStyle(document.querySelector('.flow')).display";
        assert.equal(await page.evaluate(display), shown);
      },
      { reducedMotion },
    );
  }
});

test('every call can be read and tried on the page for it, on a phone too', async () => {
  await onStage(
    async ({ page, admin }) => {
      await page.goto(`${admin.url}/docs`);
      await seen(page, '.docs', /\/v1\/upstreams\/\{id\}\/circuit/);
      await tabTo(page, /circuit/);
      await page.keyboard.press('Enter');
      await seen(page, '.try', /Send PUT/);
      assert.match(await page.locator('textarea').inputValue(), /"state": "isolated"/);
      assert.deepEqual(await nameless(page), []);
      await page.locator('input[name="path id"]').fill('cart');
      await tabTo(page, /^Send PUT$/);
      await page.keyboard.press('Enter');
      assert.match(await seen(page, '.reply', /\S/), /200 OK[\s\S]*headers[\s\S]*"isolated"/);
      assert.equal(admin.world.circuitOf('cart').state, 'isolated');
      assert.ok((await overflow(page)) <= 0);
      await picture(page, 'docs-phone');
    },
    { viewport: { width: 360, height: 740 } },
  );
});
