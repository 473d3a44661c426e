/**
 * A router that is told to stop while edits come in: what was answered stands, in the file and in the audit log, and nothing
 * is left half done.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { adminClient } from '../support/admin-client.ts';
import { startShop } from '../support/shop.ts';

test('edits on their way end before the threads do, and later ones are refused', async (t) => {
  const stateFolder = await mkdtemp(join(tmpdir(), 'signalbox-stop-'));
  const { ask, router } = await startShop(t, { workers: 2, stateFolder });
  t.after(() => rm(stateFolder, { recursive: true, force: true }));
  const reader = await fetch(`${router.adminUrl}/v1/live`);
  const done: string[] = [];
  const refused = new Set<string>();
  const put = async (id: string) => {
    const { status, body } = await ask('PUT', `/v1/routes/${id}`, {
      body: { match: { path: `/${id}` }, upstream: 'cart' },
    });
    if (status === 201) done.push(id);
    else refused.add(`${status} ${String(body.detail)}`);
  };
  const writers = Array.from({ length: 40 }, (_, i) => put(`r${i}`).catch(() => {}));
  await Promise.race(writers);
  await router.app.stop();
  await Promise.all(writers);
  await reader.body?.cancel().catch(() => {});
  assert.ok(done.length > 0 && done.length < 40, `${done.length} were done`);
  for (const said of refused) assert.equal(said, '503 the router is about to stop; nothing was changed');
  const text = await readFile(router.configPath, 'utf8');
  const inFile = [...text.matchAll(/^ {2}(r\d+):/gm)].map(([, id]) => id);
  assert.deepEqual(new Set(done).difference(new Set(inFile)), new Set());
  assert.deepEqual(
    (await readdir(dirname(router.configPath))).filter((name) => name.endsWith('.tmp')),
    [],
  );
  const records = (await readFile(join(stateFolder, 'audit.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    records.filter(({ result }) => result === 'refused'),
    [],
  );
  assert.equal(records.filter(({ source }) => source === 'api').length, inFile.length);
  await assert.rejects(() => adminClient(router.adminUrl)('GET', '/healthz'));
});
