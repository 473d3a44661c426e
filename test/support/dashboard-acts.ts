/**
 * What somebody does at the dashboard, with a keyboard alone.
 *
 * Rule: nothing is clicked; the focus goes where Tab takes it, and where it stands can be seen. Every wait has a bound and
 * says what it waited for. The acts know no server: they are played before a fake one and before the router.
 */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from './source.ts';
import { until } from './wait.ts';

const LIMIT = 15_000;
const MOST_TABS = 250;

interface Focused {
  readonly name: string;
  readonly tag: string;
  readonly disabled: boolean;
  readonly outlined: boolean;
}

/** Opens a page and waits until it shows live figures. */
export async function enter(page: Page, url: string, place = ''): Promise<void> {
  await page.goto(`${url}/${place}`);
  await seen(page, '.identity', /live/);
}

/** The text of an element, once it matches. */
export function seen(page: Page, selector: string, what: RegExp): Promise<string> {
  return until(
    `${selector} to say ${what}`,
    async () => {
      const texts = await page.locator(selector).allInnerTexts();
      return texts.find((text) => what.test(text)) ?? '';
    },
    LIMIT,
  );
}

/** The page's title follows what it shows a moment later. */
export async function titled(page: Page, what: RegExp): Promise<void> {
  await until(`the title to say ${what}`, async () => what.test(await page.title()), LIMIT);
}

export function focused(page: Page): Promise<Focused> {
  return page.evaluate(() => {
    const { document, getComputedStyle } = globalThis as unknown as Browser;
    const element = document.activeElement;
    return {
      name: element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '',
      tag: element.tagName.toLowerCase(),
      disabled: element.getAttribute('aria-disabled') === 'true',
      outlined: getComputedStyle(element).outlineStyle !== 'none',
    };
  });
}

/** The little of a browser's world that is asked for inside of it. */
interface Browser {
  readonly document: {
    readonly activeElement: {
      getAttribute(name: string): string | null;
      readonly textContent: string | null;
      readonly tagName: string;
    };
    readonly documentElement: { readonly scrollWidth: number };
  };
  getComputedStyle(element: unknown): { readonly outlineStyle: string };
}

/** Presses Tab until the focus stands on something of that name which can be used. */
export async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let i = 0; i < MOST_TABS; i++) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    if (!name.test(at.name) || at.disabled) continue;
    assert.ok(at.outlined, `${at.tag} "${at.name}" has the focus and does not show it`);
    return;
  }
  throw new Error(`${MOST_TABS} times Tab did not lead to ${name}`);
}

/** Takes an upstream out of traffic, and says what the dialog and the toast said. */
export async function isolate(
  page: Page,
  upstream: string,
  reason: string,
): Promise<{ effect: string; toast: string }> {
  await page.keyboard.press('3');
  await seen(page, 'tbody', new RegExp(upstream));
  await tabTo(page, new RegExp(`^${upstream}$`));
  await page.keyboard.press('Enter');
  await seen(page, '.panel h2', new RegExp(upstream));
  await tabTo(page, /^Isolate…$/);
  return confirm(page, reason);
}

/** Goes back to the newest revision that does not run. */
export async function restore(page: Page, reason: string): Promise<{ effect: string; toast: string }> {
  await page.keyboard.press('4');
  await seen(page, '.records', /#\d/);
  await tabTo(page, /^Restore revision/);
  return confirm(page, reason);
}

/** Opens the dialog that the focused button proposes, gives a reason, and goes through with it. */
export async function confirm(page: Page, reason: string): Promise<{ effect: string; toast: string }> {
  await page.keyboard.press('Enter');
  const effect = await seen(page, 'dialog .effect', /^(?!Asking|▲)\S/);
  await page.keyboard.type(reason);
  await page.keyboard.press('Enter');
  await until('the dialog to close', async () => (await page.locator('dialog').count()) === 0, LIMIT);
  const toast = await seen(page, '.toast:last-child', /\S/);
  return { effect, toast };
}

/** Pixels that the page is wider than the window. */
export async function overflow(page: Page): Promise<number> {
  const width = page.viewportSize()?.width ?? 0;
  const needed = await page.evaluate(() => (globalThis as unknown as Browser).document.documentElement.scrollWidth);
  return needed - width;
}

/** Parts whose content is wider than they are. */
export function spilt(page: Page): Promise<string[]> {
  const parts =
    "[...document.querySelectorAll('.card, .top, .tabs')].filter((part) => part.scrollWidth > part.clientWidth)";
  return page.evaluate(`${parts}.map((part) => part.className + ' ' + part.getAttribute('aria-label'))`);
}

/** Controls that a screen reader could not name. */
export async function nameless(page: Page): Promise<string[]> {
  const lines = (await page.locator('body').ariaSnapshot()).split('\n').map((line) => line.trim());
  return lines.filter((line) =>
    /^- (?:button|link|tab|textbox|searchbox|combobox|slider|spinbutton|dialog|img)\b(?! ")/.test(line),
  );
}

/** Left in `test-artifacts/` for eyes. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = join(ROOT, 'test-artifacts');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `dashboard-${name}.png`), animations: 'disabled' });
}
