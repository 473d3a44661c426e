/**
 * Large documents are checked while the control thread answers everybody else.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckResult } from '../../src/admin/shapes/change.ts';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import { checkText } from '../../src/control/check-text.ts';
import { adminClient, type Reply } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';
import { largeDocument } from '../support/large-document.ts';

const ROUTES = 20_000;

test('while large checks are under way others are answered, one check too many is told to come again, and what they say is right', async (t) => {
  const router = await startRouterWithApp(largeDocument(ROUTES, 'a'));
  t.after(() => router.stop());
  const ask = adminClient(router.adminUrl);
  const yaml = largeDocument(ROUTES, 'b').replace('upstream: main', 'upstream: nobody');
  const over: Reply<CheckResult & ProblemReply>[] = [];
  const checks = Array.from({ length: 6 }, async () => {
    over.push(await ask<CheckResult & ProblemReply>('POST', '/v1/config/check', { yaml }));
  });
  // One is under way and four wait, all of them read to the end: else the sixth would not be too many.
  await Promise.race(checks);
  assert.equal(over.length, 1);
  const [refused] = over;
  assert.equal(refused.status, 503);
  assert.equal(refused.body.code, 'busy');
  assert.equal(refused.headers.get('retry-after'), '5');
  assert.match(String(refused.headers.get('content-type')), /^application\/problem\+json/);
  for (let i = 0; i < 3; i++) assert.equal((await ask('GET', '/v1/status')).status, 200);
  assert.equal(over.length, 1, 'the status was told while every check was still open');
  await Promise.all(checks);
  const { running } = router.app.view();
  assert.ok(running);
  const terms = { mayName: true, path: router.configPath, env: {}, workersFixed: true };
  const inline = checkText({ is: 'yaml', text: yaml }, running, terms);
  assert.ok(inline.is === 'invalid');
  for (const { status, body } of over.slice(1)) {
    assert.equal(status, 200);
    assert.equal(body.valid, false);
    assert.deepEqual(
      body.problems?.map(({ detail, line, column }) => ({ detail, line, column })),
      inline.problems.map(({ reason: detail, line, column }) => ({ detail, line, column })),
    );
  }
});

test('a large document as JSON is checked as one of YAML, and one that is no JSON is refused', async (t) => {
  const router = await startRouterWithApp(largeDocument(5_000, 'a'));
  t.after(() => router.stop());
  const ask = adminClient(router.adminUrl);
  const { body: document } = await ask<{ routes: Record<string, unknown> }>('GET', '/v1/config');
  const routes = { ...document.routes, more: { match: { path: '/more' }, upstream: 'main' } };
  const good = await ask<CheckResult>('POST', '/v1/config/check', { body: { ...document, routes } });
  assert.equal(good.body.valid, true);
  assert.deepEqual(good.body.effect?.routes, { added: ['more'], removed: [], changed: [] });
  const bad = await ask<ProblemReply>('POST', '/v1/config/check', {
    yaml: `${JSON.stringify(document)}]`,
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(bad.status, 400);
  assert.equal(bad.body.code, 'bad_request');
});

test('a stop does not wait for a large check', async () => {
  const router = await startRouterWithApp(largeDocument(ROUTES, 'a'));
  const ask = adminClient(router.adminUrl);
  const yaml = largeDocument(ROUTES, 'b');
  const checks = Array.from({ length: 6 }, () => ask<ProblemReply>('POST', '/v1/config/check', { yaml }));
  await Promise.race(checks);
  await router.stop();
  const codes = (await Promise.all(checks)).map(({ body }) => body.code).sort();
  assert.deepEqual(codes, ['busy', ...Array.from({ length: 5 }, () => 'not_checked')]);
});

test('whoever hangs up takes his large check with him', async (t) => {
  const router = await startRouterWithApp(largeDocument(ROUTES, 'a'));
  t.after(() => router.stop());
  const ask = adminClient(router.adminUrl);
  const yaml = largeDocument(ROUTES, 'b');
  const gone = new AbortController();
  const headers = { 'content-type': 'application/yaml' };
  const call = { method: 'POST', headers, body: yaml, signal: gone.signal };
  const checks = Array.from({ length: 6 }, () => fetch(`${router.adminUrl}/v1/config/check`, call));
  // The one too many: all others are waiting by then.
  assert.equal((await Promise.race(checks)).status, 503);
  gone.abort();
  await Promise.allSettled(checks);
  for (let i = 0; i < 3; i++) assert.equal((await ask('GET', '/v1/status')).status, 200);
  const checked = await ask<CheckResult>('POST', '/v1/config/check', { yaml });
  assert.equal(checked.status, 200, 'there is room again at once');
  assert.equal(checked.body.valid, true);
});
