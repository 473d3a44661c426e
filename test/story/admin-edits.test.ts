/**
 * Edits by program while traffic flows: parts and whole documents, who loses a race, what is foreseen, and what stands in the
 * file afterwards.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, CheckResult } from '../../src/admin/shapes/change.ts';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import type { Status } from '../../src/admin/shapes/status.ts';
import { adminClient } from '../support/admin-client.ts';
import { startShop } from '../support/shop.ts';

test('a route put through the API serves when the call is answered, and stands in the file beside everything else', async (t) => {
  const { ask, get, text, onDisk } = await startShop(t, { workers: 2 });
  assert.equal(await get('/basket'), 404);
  const put = await ask<Change>('PUT', '/v1/routes/basket', { body: { match: { path: '/basket' }, upstream: 'cart' } });
  assert.equal(put.status, 201);
  assert.equal(put.body.changed, true);
  assert.equal(put.body.written, 'file');
  assert.deepEqual(put.body.effect.routes, { added: ['basket'], removed: [], changed: [] });
  assert.equal(put.etag, `"${put.body.revision}"`);
  for (let i = 0; i < 20; i++) assert.equal(await get('/basket'), 200);
  const now = await onDisk();
  assert.ok(now.startsWith(text.trimEnd()), now);
  assert.match(
    now.slice(text.trimEnd().length),
    /^\n+ {2}basket: ?\{ match: \{ path: \/basket \}, upstream: cart \}\n$/,
  );
  assert.deepEqual((await ask('GET', '/v1/routes/basket')).body, { match: { path: '/basket' }, upstream: 'cart' });
  const gone = await ask<Change>('DELETE', '/v1/routes/basket');
  assert.equal(gone.status, 200);
  assert.equal(await get('/basket'), 404);
  assert.equal(await onDisk(), text);
});

test('an edit of one value leaves every other byte of the file', async (t) => {
  const { ask, text, onDisk } = await startShop(t);
  const { body: cart } = await ask('GET', '/v1/routes/cart');
  const put = await ask<Change>('PUT', '/v1/routes/cart', { body: { ...cart, upstream: 'tax' } });
  assert.equal(put.status, 200);
  assert.equal(await onDisk(), text.replace('upstream: cart\n', 'upstream: tax\n'));
  const again = await ask<Change>('PUT', '/v1/routes/cart', { body: { ...cart, upstream: 'tax' } });
  assert.equal(again.body.changed, false);
  assert.equal(again.body.written, 'nowhere');
  assert.equal(again.body.revision, put.body.revision);
});

test('a dry run says what would happen, and nothing does', async (t) => {
  const { ask, get, text, onDisk, router } = await startShop(t);
  const before = router.app.view().running?.revision;
  const dry = await ask<Change>('DELETE', '/v1/routes/cart?dryRun=true');
  assert.equal(dry.status, 200);
  assert.equal(dry.body.dryRun, true);
  assert.equal(dry.body.parent, before);
  assert.notEqual(dry.body.revision, before);
  assert.match(dry.body.effect.words[0], /1 route removed/);
  assert.equal(await get('/cart'), 200);
  assert.equal(await onDisk(), text);
  assert.equal(router.app.view().running?.revision, before);
});

test('a dry run and a check foresee what would be refused, though it reads well', async (t) => {
  const { ask, text } = await startShop(t);
  const cold = text.replace('internal:', 'inside:');
  const dry = await ask<ProblemReply>('PUT', '/v1/config?dryRun=true', { yaml: cold });
  assert.equal(dry.status, 409);
  assert.equal(dry.body.code, 'needs_restart');
  const checked = await ask<CheckResult>('POST', '/v1/config/check', { yaml: cold });
  assert.equal(checked.body.valid, false);
  assert.match(checked.body.problems[0].advice, /restart the router/);
  const example = `${text}examples: [ { request: "GET http://shop/tax", route: cart } ]\n`;
  const failed = await ask<CheckResult>('POST', '/v1/config/check', { yaml: example });
  assert.equal(failed.body.valid, false);
  assert.match(failed.body.problems[0].detail, /expected route cart/);
  assert.equal(failed.body.problems[0].line, example.split('\n').length - 1);
});

test('of a hundred writers with one revision one wins, and those who read again and try again lose nothing', async (t) => {
  const { ask } = await startShop(t);
  const { etag } = await ask('GET', '/v1/config');
  const body = (i: number) => ({ match: { path: `/r${i}` }, upstream: 'cart' });
  const first = await Promise.all(
    Array.from({ length: 100 }, (_, i) => ask('PUT', `/v1/routes/r${i}`, { body: body(i), ifMatch: etag })),
  );
  const statuses = first.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 201).length, 1);
  assert.equal(statuses.filter((status) => status === 412).length, 99);
  let tries = 0;
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      for (let ifMatch = etag; ; ) {
        tries += 1;
        const reply = await ask<{ revision: string }>('PUT', `/v1/routes/r${i}`, { body: body(i), ifMatch });
        assert.ok([200, 201, 412].includes(reply.status), String(reply.status));
        if (reply.status !== 412) return;
        // A refusal says which revision runs, as whoever lost a race asks next.
        ifMatch = `"${reply.body.revision}"`;
        assert.ok(tries < 20_000, 'somebody never wins');
      }
    }),
  );
  const { body: page } = await ask<{ total: number; items: { id: string }[] }>('GET', '/v1/routes?limit=1000');
  assert.equal(page.total, 102);
  assert.equal(new Set(page.items.map(({ id }) => id)).size, 102);
});

test('a hundred writers without a revision all win, one after the other', async (t) => {
  const { ask, onDisk } = await startShop(t);
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      ask('PUT', `/v1/routes/r${i}`, { body: { match: { path: `/r${i}` }, upstream: 'cart' } }),
    ),
  );
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([201]));
  assert.equal((await onDisk()).match(/^ {2}r\d+:/gm)?.length, 100);
});

test('what is wrong is told with pointers, all of it, and changes nothing', async (t) => {
  const { ask, text, onDisk, router } = await startShop(t);
  const before = router.app.view().running?.revision;
  const body = { match: { pth: '/x' }, upstream: 'crat', timeout: { attempt: '3' } };
  const refused = await ask<ProblemReply>('PUT', '/v1/routes/x', { body });
  assert.equal(refused.status, 422);
  assert.match(String(refused.headers.get('content-type')), /^application\/problem\+json/);
  assert.equal(refused.body.code, 'invalid_document');
  const pointers = (refused.body.problems ?? []).map(({ pointer }) => pointer);
  assert.ok(pointers.includes('/routes/x/match/pth'), JSON.stringify(refused.body));
  assert.ok(pointers.includes('/routes/x/upstream'));
  assert.ok(
    refused.body.problems?.every(({ line }) => line === undefined),
    'a part has no lines',
  );
  assert.equal(await onDisk(), text);
  assert.equal(router.app.view().running?.revision, before);
});

test('a text that is wrong is told with line and column', async (t) => {
  const { ask, text } = await startShop(t);
  const wrong = text.replace('upstream: tax', 'upstream: tacks');
  const refused = await ask<ProblemReply>('PUT', '/v1/config', { yaml: wrong });
  assert.equal(refused.status, 422);
  const [problem] = refused.body.problems ?? [];
  assert.equal(problem.line, 16);
  assert.ok((problem.column ?? 0) > 10);
  const checked = await ask<CheckResult>('POST', '/v1/config/check', { yaml: wrong });
  assert.equal(checked.status, 200);
  assert.equal(checked.body.valid, false);
  assert.equal(checked.body.problems[0].line, 16);
  const good = await ask<CheckResult>('POST', '/v1/config/check', { yaml: text.replace('path: /tax', 'path: /taxes') });
  assert.equal(good.body.valid, true);
  assert.deepEqual(good.body.effect?.routes.changed, ['tax']);
});

test('a whole document as JSON is edited into the text that is there', async (t) => {
  const { ask, text, onDisk } = await startShop(t);
  const { body: document, etag } = await ask<{ routes: Record<string, unknown> }>('GET', '/v1/config');
  const routes = { ...document.routes, tax: { match: { path: '/taxes' }, upstream: 'tax' } };
  const put = await ask<Change>('PUT', '/v1/config', { body: { ...document, routes }, ifMatch: etag });
  assert.equal(put.status, 200);
  assert.equal(await onDisk(), text.replace('path: /tax }', 'path: /taxes }'));
});

test('a whole document as YAML is the file afterwards, byte for byte', async (t) => {
  const { ask, text, onDisk } = await startShop(t);
  const other = `${text}\n# and a word at the end\nexamples: []\n`;
  const put = await ask<Change>('PUT', '/v1/config', { yaml: other });
  assert.equal(put.status, 200);
  assert.equal(await onDisk(), other);
  const { body } = await ask<string>('GET', '/v1/config', { headers: { accept: 'application/yaml' } });
  assert.equal(body, other);
});

test('what a running router cannot change is refused with the remedy', async (t) => {
  const { ask, text } = await startShop(t);
  const refused = await ask<ProblemReply>('PUT', '/v1/config', { yaml: text.replace('internal:', 'inside:') });
  assert.equal(refused.status, 409);
  assert.equal(refused.body.code, 'needs_restart');
  assert.match(refused.body.detail, /restart the router/);
});

test('parts that are not there are not found, and the answer says where to look', async (t) => {
  const { ask } = await startShop(t);
  for (const [method, path] of [
    ['GET', '/v1/routes/none'],
    ['DELETE', '/v1/routes/none'],
    ['GET', '/v1/upstreams/__proto__'],
    ['GET', '/v1/routes/constructor'],
    ['DELETE', '/v1/upstreams/toString'],
  ]) {
    const reply = await ask<ProblemReply>(method, path);
    assert.ok(reply.status === 404 || reply.status === 400, `${path}: ${reply.status}`);
    assert.match(String(reply.headers.get('content-type')), /^application\/problem\+json/);
  }
});

test('secrets are never shown, and sent back as they are shown they stay what they were', async (t) => {
  const { ask, text, onDisk, router } = await startShop(t, { env: { T: 'hunter22' } });
  const secret = text.replace('admin: { address: 127.0.0.1:0 }', 'admin: { address: 127.0.0.1:0, token: hunter22 }');
  assert.equal((await router.reload(secret)).ok, true);
  const authorised = adminClient(router.adminUrl, 'hunter22');
  assert.equal((await ask('GET', '/v1/config')).status, 401);
  const { body, etag } = await authorised<{ admin: { token: string }; drain?: unknown }>('GET', '/v1/config');
  assert.equal(body.admin.token, '***');
  const asText = await authorised<string>('GET', '/v1/config', { headers: { accept: 'application/yaml' } });
  assert.equal(asText.body.includes('hunter22'), false);
  const put = await authorised<Change>('PUT', '/v1/config', {
    body: { ...body, drain: { limit: '7s' } },
    ifMatch: etag,
  });
  assert.equal(put.status, 200, JSON.stringify(put.body));
  assert.match(await onDisk(), /token: hunter22/);
  assert.match(await onDisk(), /limit: 7s/);
  assert.equal(JSON.stringify(put.body).includes('hunter22'), false);
  const history = await authorised('GET', '/v1/revisions');
  assert.equal(JSON.stringify(history.body).includes('hunter22'), false);
});

test('an edit tells what it newly gives to think about, and a check all that there is', async (t) => {
  const { ask, text } = await startShop(t);
  const empty = (id: string) => `/upstreams/${id}`;
  const pointers = (items: readonly { pointer: string }[] = []) => items.map(({ pointer }) => pointer);
  const put = async (id: string, query = '') =>
    pointers((await ask<Change>('PUT', `/v1/upstreams/${id}${query}`, { body: {} })).body.notices);
  assert.deepEqual(await put('one'), [empty('one')]);
  assert.deepEqual(await put('two', '?dryRun=true'), [empty('two')]);
  assert.deepEqual(await put('two'), [empty('two')]);
  assert.deepEqual(await put('two'), [], 'nothing is new where nothing changes');
  const route = { match: { path: '/basket' }, upstream: 'cart' };
  assert.deepEqual((await ask<Change>('PUT', '/v1/routes/basket', { body: route })).body.notices, []);
  const { body: document } = await ask('GET', '/v1/config');
  const checked = (await ask<CheckResult>('POST', '/v1/config/check', { body: document })).body;
  assert.deepEqual(pointers(checked.problems), [empty('one'), empty('two')]);
  await ask('PUT', '/v1/config', { yaml: text });
  assert.deepEqual(await put('one'), [empty('one')], 'what was mended and comes again is told again');
});

test('of an edit or a file with thousands of flaws the first thousand are told, and how many more there are', async (t) => {
  const { ask, router, text } = await startShop(t);
  const keys = Array.from({ length: 3000 }, (_, i) => `k${i}`);
  const flawed = Object.fromEntries(keys.map((key) => [key, 1]));
  const body = { match: { path: '/basket' }, upstream: 'cart', ...flawed };
  const refused = await ask<ProblemReply>('PUT', '/v1/routes/basket', { body });
  assert.equal(refused.status, 422);
  assert.equal(refused.body.problems?.length, 1001);
  assert.equal(refused.body.problems?.at(-1)?.detail, '... and 2000 more, which are not listed');
  assert.match(refused.body.detail, /unknown key "k0" in "basket"; known here: .* \(and 2999 more\)$/);
  await router.reload(`${text}${keys.map((key) => `${key}: 1\n`).join('')}`);
  const { lastReload } = (await ask<Status>('GET', '/v1/status')).body;
  assert.deepEqual([lastReload?.successful, lastReload?.problems.length], [false, 1001]);
});
