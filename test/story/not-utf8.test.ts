/**
 * A file that is not UTF-8 is refused at start and at a reload, as `signalbox check` and the watcher refuse it.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import { startApp } from '../../src/app.ts';
import { adminClient } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';
import { LineCatcher } from '../support/lines.ts';

const TEXT = `listeners: { internal: { address: 127.0.0.1:0 } }
admin: { address: 127.0.0.1:0 }
upstreams: { a: { endpoints: [ http://127.0.0.1:9 ] } }
routes: { a: { match: { path: "/café" }, upstream: a } }
`;
const BYTES = Buffer.from(TEXT, 'latin1');

test('a router does not start on it', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const configPath = join(directory, 'routes.yaml');
  await writeFile(configPath, BYTES);
  const [accessLog, log] = [new LineCatcher(), new LineCatcher()];
  await assert.rejects(
    startApp({ configPath, workers: 0, watch: false, env: {}, accessLog, log, logLevel: 'info' }),
    /cannot read the document: it is not UTF-8 \(save it as UTF-8\)/,
  );
});

test('a reload of it is refused, and what runs stays', async (t) => {
  const router = await startRouterWithApp(TEXT);
  t.after(() => router.stop());
  const before = router.app.view().running?.revision;
  await writeFile(router.configPath, BYTES);
  const outcome = await router.app.reload();
  assert.equal(outcome.ok, false);
  const { running, lastReload } = router.app.view();
  assert.equal(running?.revision, before);
  assert.match(lastReload?.problems[0]?.reason ?? '', /it is not UTF-8/);
});

test('an edit is refused while the file is such a one, and told why', async (t) => {
  const router = await startRouterWithApp(TEXT);
  t.after(() => router.stop());
  await writeFile(router.configPath, BYTES);
  const body = { match: { path: '/b' }, upstream: 'a' };
  const put = await adminClient(router.adminUrl)<ProblemReply>('PUT', '/v1/routes/b', { body });
  assert.deepEqual([put.status, put.body.code], [409, 'read_only']);
  assert.match(put.body.detail, /the file cannot be read: it is not UTF-8 \(save it as UTF-8\)/);
});
