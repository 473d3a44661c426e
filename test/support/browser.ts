/**
 * Debian's Chromium with one page, watched: whatever it complains about is kept.
 *
 * Rule: a console error, an exception or a breach of the content security policy fails the test that looks. The profile is
 * new, and gone afterwards; nothing of the browser talks to anybody but the server of the test.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { pathOf } from './programs.ts';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Watched {
  readonly page: Page;
  /** Errors of the console, exceptions, refused resources, each in a line. */
  readonly complaints: string[];
  stop(): Promise<void>;
}

export type Looks = Pick<BrowserContextOptions, 'viewport' | 'colorScheme' | 'reducedMotion'>;

export async function openBrowser(looks: Looks = {}): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-chromium-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: pathOf('chromium'),
    args: ARGS,
    headless: true,
    chromiumSandbox: false,
    viewport: { width: 1440, height: 900 },
    ...looks,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  const stop = async (): Promise<void> => {
    await context.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { page, complaints, stop };
}
