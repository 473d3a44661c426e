/**
 * The dashboard on an admin port that is made up, in a browser that looks.
 *
 * Rule: whatever the browser complains about fails the test; port and browser are gone when the play is over.
 */

import assert from 'node:assert/strict';
import { type Looks, openBrowser, type Watched } from './browser.ts';
import { type FakeAdmin, type FakeOptions, fakeAdmin } from './fake-admin-pages.ts';

export interface DashboardStage extends Watched {
  readonly admin: FakeAdmin;
}

/** `options.folder`: where the built pages are. */
export async function onDashboard(
  play: (stage: DashboardStage) => Promise<void>,
  looks: Looks,
  options: FakeOptions,
): Promise<void> {
  const admin = await fakeAdmin(options);
  const watched = await openBrowser(looks).catch(async (error: unknown) => {
    await admin.stop();
    throw error;
  });
  try {
    await play({ ...watched, admin });
    assert.deepEqual(watched.complaints, []);
  } finally {
    await watched.stop();
    await admin.stop();
  }
}
