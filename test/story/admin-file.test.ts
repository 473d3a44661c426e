/**
 * Edits by program and the file under them: what somebody else did to it meanwhile, and a file that cannot be written.
 */

import assert from 'node:assert/strict';
import { chmod, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Change } from '../../src/admin/shapes/change.ts';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import { startShop } from '../support/shop.ts';

/** The user of that name, on every Linux. */
const NOBODY = 65_534;

test('what somebody changed in the file meanwhile is merged where the parts differ', async (t) => {
  const { ask, text, onDisk, router, get } = await startShop(t);
  await writeFile(router.configPath, text.replace('path: /tax', 'path: /taxes'));
  const put = await ask<Change>('PUT', '/v1/routes/basket', { body: { match: { path: '/basket' }, upstream: 'cart' } });
  assert.equal(put.status, 201);
  assert.equal(put.body.merged, true);
  assert.deepEqual(put.body.effect.routes, { added: ['basket'], removed: [], changed: ['tax'] });
  assert.match(await onDisk(), /path: \/taxes/);
  assert.match(await onDisk(), /basket:/);
  assert.equal(await get('/taxes'), 200);
  assert.equal(await get('/basket'), 200);
});

test('what somebody changed in the same part is refused, both sides shown, and both are left as they are', async (t) => {
  const { ask, text, onDisk, router, get } = await startShop(t);
  const theirs = text.replace('path: /tax', 'path: /taxes');
  await writeFile(router.configPath, theirs);
  const put = await ask<ProblemReply>('PUT', '/v1/routes/tax', { body: { match: { path: '/vat' }, upstream: 'tax' } });
  assert.equal(put.status, 409);
  assert.equal(put.body.code, 'conflict');
  const [conflict] = put.body.conflicts ?? [];
  assert.equal(conflict.pointer, '/routes/tax');
  assert.deepEqual(conflict.base, { match: { path: '/tax' }, upstream: 'tax' });
  assert.deepEqual(conflict.file, { match: { path: '/taxes' }, upstream: 'tax' });
  assert.deepEqual(conflict.yours, { match: { path: '/vat' }, upstream: 'tax' });
  assert.equal(await onDisk(), theirs);
  assert.equal(await get('/tax'), 200);
});

test('a file that is no document any more is not written into', async (t) => {
  const { ask, onDisk, router, get } = await startShop(t);
  await writeFile(router.configPath, 'routes: [\n');
  const put = await ask<ProblemReply>('DELETE', '/v1/routes/tax');
  assert.equal(put.status, 409);
  assert.equal(put.body.problems?.[0].line, 1);
  assert.equal(await onDisk(), 'routes: [\n');
  assert.equal(await get('/tax'), 200);
});

test('a file that is gone, or that must not be written, is known before anything is applied', async (t) => {
  const { ask, router, get } = await startShop(t);
  await rm(router.configPath);
  const gone = await ask<ProblemReply>('DELETE', '/v1/routes/tax');
  assert.equal(gone.status, 409);
  assert.equal(gone.body.code, 'read_only');
  assert.equal(await get('/tax'), 200);
});

test('a dry run says that the edit could not be written, as the edit itself does', async (t) => {
  const { ask, router } = await startShop(t);
  // No name is left for a text beside it, for root neither.
  const long = join(dirname(router.configPath), 'r'.repeat(250));
  await rename(router.configPath, long);
  await symlink(long, router.configPath);
  for (const query of ['?dryRun=true', '']) {
    const refused = await ask<ProblemReply>('DELETE', `/v1/routes/tax${query}`);
    assert.equal(refused.body.code, 'read_only', query);
    assert.match(refused.body.detail, /cannot be written/);
  }
});

test('a file that this user may not write refuses the edit before it is applied', async (t) => {
  const { ask, router, get, text, onDisk } = await startShop(t);
  await chmod(router.configPath, 0o444);
  await chmod(dirname(router.configPath), 0o755);
  // Root may write anywhere, so it is somebody else for as long as the call takes.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  t.after(() => isRoot && process.seteuid?.(0));
  const refused = await ask<ProblemReply>('DELETE', '/v1/routes/tax');
  if (isRoot) process.seteuid?.(0);
  assert.equal(refused.status, 409, JSON.stringify(refused.body));
  assert.equal(refused.body.code, 'read_only');
  assert.match(refused.body.detail, /routes\.yaml/);
  assert.equal(await get('/tax'), 200);
  assert.equal(await onDisk(), text);
});
