/**
 * What the environment and the document hold in confidence, and who tries to be told: a real router with two threads.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import type { CheckResult } from '../../src/admin/shapes/change.ts';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import { adminClient } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';

const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');
const ADMIN = 'Sup3r-S3cret';

const DOCUMENT = `listeners:
  internal: { address: 127.0.0.1:0 }
admin:
  address: 127.0.0.1:0
  token: "\${ADMIN_TOKEN}"
  tokens:
    wall: { role: viewer, sha256: ${sha256('see')} }
    ci: { role: operator, sha256: ${sha256('do')} }
upstreams:
  cart: { endpoints: [ "http://\${HOST}:7001", http://127.0.0.1:7002 ] }
routes:
  cart: { match: { path: /cart }, upstream: cart }
`;

async function start(t: TestContext) {
  const env = { ADMIN_TOKEN: ADMIN, HOST: '127.0.0.1' };
  const router = await startRouterWithApp(DOCUMENT, { workers: 2, env });
  t.after(() => router.stop());
  const [viewer, operator, admin] = ['see', 'do', ADMIN].map((token) => adminClient(router.adminUrl, token));
  return { router, viewer, operator, admin };
}

test('nobody but an admin gets told what the environment holds, by a check, a dry run or an edit', async (t) => {
  const { viewer, operator, admin, router } = await start(t);
  const asking = DOCUMENT.replace('path: /cart', 'path: "/${ADMIN_TOKEN}"');
  const checked = await viewer<CheckResult>('POST', '/v1/config/check', { yaml: asking });
  assert.equal(checked.body.valid, false);
  const [problem] = checked.body.problems;
  assert.equal(problem.pointer, '/routes/cart/match/path');
  assert.equal(problem.line, 12);
  assert.match(problem.detail, /only the role admin/);
  const guessing = `${DOCUMENT}examples: [ { request: "GET http://x/\${ADMIN_TOKEN}", route: cart } ]\n`;
  const unset = DOCUMENT.replace('path: /cart', 'path: "/${NOT_THERE}"');
  const broken = `${asking}routes: {}\n`;
  const answers = [checked.body];
  for (const yaml of [guessing, unset, broken])
    answers.push((await viewer<CheckResult>('POST', '/v1/config/check', { yaml })).body);
  assert.ok(answers.every(({ valid }) => !valid));
  const route = { match: { path: '/${ADMIN_TOKEN}' }, upstream: 'cart' };
  const refused: ProblemReply[] = [];
  for (const query of ['', '?dryRun=true']) {
    const put = await operator<ProblemReply>('PUT', `/v1/routes/cart${query}`, { body: route });
    assert.equal(put.status, 403);
    assert.equal(put.body.code, 'forbidden');
    refused.push(put.body);
  }
  assert.doesNotMatch(JSON.stringify([answers, refused]), new RegExp(`${ADMIN}|NOT_THERE is not set`));
  assert.equal(
    router.logs.some((line) => JSON.stringify(line).includes(ADMIN)),
    false,
  );
  assert.equal((await admin('PUT', '/v1/routes/cart?dryRun=true', { body: route })).status, 200);
});

test('an operator keeps what reads the environment, and moves it within its list', async (t) => {
  const { operator } = await start(t);
  const { body: cart } = await operator<{ endpoints: string[] }>('GET', '/v1/upstreams/cart');
  const turned = { ...cart, endpoints: cart.endpoints.toReversed(), balance: 'random' };
  assert.equal((await operator('PUT', '/v1/upstreams/cart', { body: turned })).status, 200);
  const literal = { match: { path: '/$${cart}' }, upstream: 'cart' };
  assert.equal((await operator('PUT', '/v1/routes/cart', { body: literal })).status, 200);
  const copied = await operator('PUT', '/v1/upstreams/copy', { body: turned });
  assert.equal(copied.status, 403);
});

test('a credential that a route sends is shown to nobody, and stays where a route comes back without it', async (t) => {
  const { viewer, operator, router } = await start(t);
  const set = { authorization: 'Bearer s3cret', 'x-zone': 'edge' };
  const route = { match: { path: '/pay' }, upstream: 'cart', rewrite: { headers: { request: { set } } } };
  assert.equal((await operator('PUT', '/v1/routes/pay', { body: route })).status, 201);
  const { body: shown } = await operator<typeof route>('GET', '/v1/routes/pay');
  assert.deepEqual(shown.rewrite.headers.request.set, { authorization: '***', 'x-zone': 'edge' });
  const moved = { ...shown, match: { path: '/paid' } };
  const change = await operator('PUT', '/v1/routes/pay', { body: moved });
  assert.equal(change.status, 200);
  assert.match(await readFile(router.configPath, 'utf8'), /path: \/paid[\s\S]*authorization: Bearer s3cret/);
  const copied = await operator<ProblemReply>('PUT', '/v1/routes/copy', { body: shown });
  assert.equal(copied.status, 422);
  assert.match(copied.body.detail, /stands for a secret that was not shown/);
  const { body: revisions } = await viewer<{ items: { revision: string }[] }>('GET', '/v1/revisions');
  const [newest] = revisions.items;
  const seen = await Promise.all([
    viewer('GET', '/v1/config'),
    viewer('GET', '/v1/config', { headers: { accept: 'application/yaml' } }),
    viewer('GET', '/v1/routes'),
    viewer('GET', `/v1/revisions/${newest.revision}`),
    viewer('GET', `/v1/revisions/${newest.revision}/config`),
    viewer('POST', '/v1/explain', { body: { url: 'http://x/paid' } }),
    viewer('GET', '/v1/status'),
  ]);
  assert.deepEqual(new Set(seen.map(({ status }) => status)), new Set([200]));
  const all = JSON.stringify([seen.map(({ body }) => body), revisions, copied.body, change.body, router.logs]);
  assert.equal(all.includes('s3cret'), false);
});

test('a route to the admin port opens it to nobody', async (t) => {
  const router = await startRouterWithApp(
    'listeners: { internal: { address: 127.0.0.1:0 } }\nadmin: { address: 127.0.0.1:0 }\n',
    { workers: 2 },
  );
  t.after(() => router.stop());
  const ask = adminClient(router.adminUrl);
  const self = await ask('PUT', '/v1/upstreams/self', { body: { endpoints: [router.adminUrl] } });
  assert.equal(self.status, 201);
  assert.equal((await ask('PUT', '/v1/routes/self', { body: { match: { path: '/' }, upstream: 'self' } })).status, 201);
  const reply = await fetch(`http://127.0.0.1:${router.port()}/v1/status`);
  assert.equal(reply.status, 403);
  assert.match(await reply.text(), /a proxy passed this on/);
});
