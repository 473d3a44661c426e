/**
 * Who may do what at the admin port of a running router: tokens with roles, what a page elsewhere may not do, and that no
 * reply ever holds a secret.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Change, Revision } from '../../src/admin/shapes/change.ts';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import type { Status } from '../../src/admin/shapes/status.ts';
import { StartRefused } from '../../src/app-contract.ts';
import { adminClient } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';
import { type OpenApiDocument, operationsOf } from '../support/openapi-document.ts';
import { connectRaw } from '../support/raw-client.ts';

const ADMIN = 'correct-horse-battery';
const OPERATOR = 'staple-of-the-operator';
const VIEWER = 'eyes-only-of-the-viewer';
const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

function documentOf(admin: string): string {
  return `listeners: { internal: { address: 127.0.0.1:0 } }
admin: ${admin}
upstreams: { cart: { endpoints: [ http://127.0.0.1:9 ] } }
routes: { cart: { match: { path: /cart }, upstream: cart } }
`;
}

const TOKENS = `tokens: { ci: { role: operator, sha256: ${hashOf(OPERATOR)} }, wall: { role: viewer, sha256: ${hashOf(VIEWER)} } }`;
const GUARDED = documentOf(`{ address: 127.0.0.1:0, token: ${ADMIN}, ${TOKENS} }`);

async function start(t: TestContext, text = GUARDED, env: Record<string, string> = {}) {
  const router = await startRouterWithApp(text, { env });
  t.after(() => router.stop());
  return { router, ask: adminClient(router.adminUrl, ADMIN) };
}

const RANK = { viewer: 1, operator: 2, admin: 3 } as const;
type Role = keyof typeof RANK;

/** As the description of the product has it. */
function neededFor(method: string, path: string): Role {
  if (method === 'get' || path === '/v1/config/check' || path === '/v1/explain') return 'viewer';
  return path === '/v1/config' || path.endsWith('/restore') ? 'admin' : 'operator';
}

test('each role may make its calls and no others, for every operation there is', async (t) => {
  const { router, ask } = await start(t);
  const { body: document } = await ask<OpenApiDocument>('GET', '/v1/openapi.json');
  const tokens = { viewer: VIEWER, operator: OPERATOR, admin: ADMIN } as const;
  let tried = 0;
  for (const { method, path, operation } of operationsOf(document)) {
    const needed = neededFor(method, path);
    assert.equal(operation.description, `Needs the role ${needed}.`, path);
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      const target = path.replace('{rev}', '0123456789ab').replace(/\{\w+\}/g, 'nobody');
      const reply = await fetch(router.adminUrl + target, {
        method: method.toUpperCase(),
        headers: { authorization: `bearer ${tokens[role]}`, 'content-type': 'application/json' },
        ...(operation.requestBody === undefined ? {} : { body: '{}' }),
      });
      await reply.body?.cancel();
      const refused = RANK[role] < RANK[needed];
      assert.equal(reply.status === 403, refused, `${role} ${method} ${path}: ${reply.status}`);
      assert.notEqual(reply.status, 401);
      tried += 1;
    }
  }
  assert.ok(tried >= 99, `${tried} tried`);
  const { body } = await ask<ProblemReply>('PUT', '/v1/config', { body: {}, token: OPERATOR });
  assert.equal(body.code, 'forbidden');
  assert.match(body.detail, /ci has the role operator, and this call needs admin/);
});

test('health is open, metrics are for viewers, and who shows nothing or nonsense is told what to send', async (t) => {
  const { router } = await start(t);
  const ask = adminClient(router.adminUrl);
  assert.equal((await ask('GET', '/healthz')).status, 200);
  assert.equal((await ask('GET', '/readyz')).status, 200);
  assert.equal((await ask('GET', '/metrics')).status, 401);
  assert.equal((await ask('GET', '/metrics', { token: VIEWER })).status, 200);
  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    `Basic ${ADMIN}`,
    ADMIN,
    `Bearer ${ADMIN}x`,
    `Bearer ${hashOf(OPERATOR)}`,
  ]) {
    const reply = await ask<ProblemReply>('GET', '/v1/status', { headers: { authorization } });
    assert.deepEqual([authorization, reply.status, reply.body.code], [authorization, 401, 'unauthorized']);
    assert.match(reply.headers.get('www-authenticate') ?? '', /^Bearer/);
    assert.match(reply.body.detail, /send `Authorization: Bearer TOKEN`/);
    assert.equal(JSON.stringify(reply.body).includes(ADMIN), false);
  }
});

test('a reload takes tokens away and brings new ones, for the next request', async (t) => {
  const { router, ask } = await start(t);
  const who = async (token: string) => {
    const { status, body } = await ask<Status>('GET', '/v1/status', { token });
    return status === 200 ? `${body.you.name} ${body.you.role}` : status;
  };
  assert.deepEqual(
    [await who(ADMIN), await who(OPERATOR), await who(VIEWER)],
    ['admin admin', 'ci operator', 'wall viewer'],
  );
  assert.equal(
    (await router.reload(GUARDED.replace(ADMIN, 'another').replace(hashOf(OPERATOR), hashOf('newer')))).ok,
    true,
  );
  assert.deepEqual([await who(ADMIN), await who(OPERATOR), await who(VIEWER)], [401, 401, 'wall viewer']);
  assert.deepEqual([await who('another'), await who('newer')], ['admin admin', 'ci operator']);
  assert.equal((await router.reload(documentOf('{ address: 127.0.0.1:0 }'))).ok, true);
  assert.equal(await who(''), ' admin', 'without any token everybody on this machine is admin');
});

test('an address that others can reach wants a token, or nothing starts', async (t) => {
  for (const token of ['', ', token: "${T:-}"']) {
    await assert.rejects(startRouterWithApp(documentOf(`{ address: 0.0.0.0:0${token} }`)), (error: Error) => {
      assert.ok(error instanceof StartRefused);
      assert.match(error.message, /admin listens on an address that others can reach, and has no token; set `token: /);
      return true;
    });
  }
  const { router } = await start(t, documentOf('{ address: 0.0.0.0:0, token: "${T}" }'), { T: ADMIN });
  assert.equal((await adminClient(router.adminUrl)('GET', '/v1/status')).status, 401);
  const open = await router.reload(documentOf('{ address: 0.0.0.0:0 }'));
  assert.equal(open.ok, false, 'and no reload takes it away');
  assert.equal((await adminClient(router.adminUrl, ADMIN)('GET', '/v1/status')).status, 200);
});

test('a name that is not ours, and a page of another origin, are refused over real sockets', async (t) => {
  const { router } = await start(t, documentOf('{ address: 127.0.0.1:0, hosts: [ router.example ] }'));
  const port = router.app.adminPort;
  const statusFor = async (...lines: string[]) => {
    const client = await connectRaw(port);
    const head = ['PUT /v1/config?dryRun=true HTTP/1.1', ...lines, 'Content-Length: 0', '', ''].join('\r\n');
    const { status, body } = await client.ask(head);
    client.close();
    return [status, status >= 400 ? (JSON.parse(body.toString()) as ProblemReply).code : ''];
  };
  const passed = [400, 'bad_request'];
  assert.deepEqual(await statusFor(`Host: 127.0.0.1:${port}`), passed, 'it got as far as the missing body');
  assert.deepEqual(await statusFor('Host: router.example'), passed);
  assert.deepEqual(await statusFor('Host: evil.example'), [421, 'unknown_host']);
  assert.deepEqual(await statusFor(`Host: evil.example:${port}`), [421, 'unknown_host']);
  const host = `Host: localhost:${port}`;
  assert.deepEqual(await statusFor(host, `Origin: http://localhost:${port}`), passed);
  assert.deepEqual(await statusFor(host, 'Origin: http://evil.example'), [403, 'cross_site']);
  assert.deepEqual(await statusFor(host, 'Origin: null'), [403, 'cross_site']);
  assert.deepEqual(await statusFor(host, 'Sec-Fetch-Site: cross-site'), [403, 'cross_site']);
  const client = await connectRaw(port);
  const preflight = await client.ask(
    `OPTIONS /v1/config HTTP/1.1\r\n${host}\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n`,
  );
  client.close();
  assert.equal(preflight.status, 403);
  assert.equal(preflight.field('access-control-allow-origin'), undefined);
});

test('who made a change is who the token says, not who the client says he is', async (t) => {
  const { ask } = await start(t);
  const route = { match: { path: '/x' }, upstream: 'cart' };
  const put = await ask<Change>('PUT', '/v1/routes/x', {
    body: route,
    author: 'the boss',
    token: OPERATOR,
    reason: 'why not',
  });
  assert.equal(put.status, 201);
  const { body } = await ask<Revision>('GET', `/v1/revisions/${put.body.revision}`);
  assert.deepEqual([body.author, body.reason, body.source], ['ci', 'why not', 'api']);
  await ask('PUT', '/v1/upstreams/cart/circuit', { body: { state: 'isolated' }, author: 'the boss', token: OPERATOR });
  const { body: events } = await ask<{ items: { text: string }[] }>('GET', '/v1/events?limit=1');
  assert.match(events.items[0].text, /held open by ci$/);
  const lease = await ask('PUT', '/v1/upstreams/cart/leases/a', {
    body: { url: 'http://127.0.0.1:7' },
    author: 'x',
    token: OPERATOR,
  });
  assert.equal(lease.body.author, 'ci');
});

test('no reply to any reading call holds a secret, of today or of before, and neither does the log', async (t) => {
  const { router, ask } = await start(t);
  const before = router.app.view().running?.revision ?? '';
  const { body: document } = await ask<{ admin: Record<string, unknown> }>('GET', '/v1/config');
  const admin = { ...document.admin, token: 'tomorrows-token' };
  const put = await ask<Change>('PUT', '/v1/config', { body: { ...document, admin } });
  assert.equal(put.status, 200, JSON.stringify(put.body));
  const wrong = {
    ...document,
    admin: { ...admin, tokens: { ci: { role: 'boss', sha256: hashOf('x').slice(1) } }, token: [ADMIN] },
  };
  const replies = [put.text, (await ask('PUT', '/v1/config', { body: wrong, token: 'tomorrows-token' })).text];
  await router.reload(GUARDED.replace(ADMIN, 'token-of-a-broken-text').replace('routes:', 'rootes:'));
  const { body: api } = await ask<OpenApiDocument>('GET', '/v1/openapi.json', { token: 'tomorrows-token' });
  const reading = operationsOf(api).filter(({ method, path }) => method === 'get' && path !== '/v1/live');
  for (const { path } of reading) {
    for (const rev of [before, put.body.revision]) {
      for (const accept of ['application/json', 'application/yaml']) {
        const target = path.replace('{rev}', rev).replace('{id}', 'cart');
        replies.push((await ask('GET', target, { token: 'tomorrows-token', headers: { accept } })).text);
      }
    }
  }
  replies.push((await ask('GET', '/metrics', { token: 'tomorrows-token' })).text, JSON.stringify(router.logs));
  const all = replies.join('\n');
  assert.ok(replies.length > 60 && all.includes('***'));
  for (const secret of [
    ADMIN,
    'tomorrows-token',
    'token-of-a-broken-text',
    hashOf(OPERATOR),
    hashOf(VIEWER),
    hashOf('x').slice(1),
  ]) {
    assert.equal(
      all.includes(secret),
      false,
      `${secret} stands in: ${all.slice(Math.max(0, all.indexOf(secret) - 300), all.indexOf(secret) + 50)}`,
    );
  }
});
