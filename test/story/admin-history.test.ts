/**
 * What is remembered: every change with who, why and what, over a restart; and back to any of them.
 */

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Change, CheckResult, Revision } from '../../src/admin/shapes/change.ts';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import type { Status } from '../../src/admin/shapes/status.ts';
import { startApp } from '../../src/app.ts';
import { adminClient } from '../support/admin-client.ts';
import { startRouterWithApp } from '../support/app.ts';
import { auditFolder } from '../support/audit.ts';
import { LineCatcher } from '../support/lines.ts';
import { type Started, startProcess } from '../support/process.ts';

const DOCUMENT = `# kept
listeners: { internal: { address: 127.0.0.1:0 } }
admin: { address: 127.0.0.1:0 }
upstreams:
  cart: { endpoints: [ http://127.0.0.1:9 ] }
routes:
  cart: { match: { path: /cart }, upstream: cart }   # the only one
`;

interface Page {
  readonly items: readonly Revision[];
  readonly total: number;
  readonly next?: string;
}

async function start(t: TestContext) {
  const router = await startRouterWithApp(DOCUMENT);
  t.after(() => router.stop());
  return { router, ask: adminClient(router.adminUrl) };
}

/** What is to stop at the end, before folders that are asked for later are removed. */
function stopsOf(t: TestContext): (() => Promise<void>)[] {
  const stops: (() => Promise<void>)[] = [];
  t.after(() => Promise.all(stops.map((stop) => stop())));
  return stops;
}

const route = (path: string) => ({ match: { path }, upstream: 'cart' });

test('a change is remembered with who, why, from where, in words and as a patch', async (t) => {
  const { ask, router } = await start(t);
  const reason = 'the basket moves — at last';
  const put = await ask<Change>('PUT', '/v1/routes/basket', {
    body: route('/basket'),
    author: 'ada',
    headers: { 'x-reason': Buffer.from(reason).toString('latin1') },
  });
  const { items, total } = (await ask<Page>('GET', '/v1/revisions')).body;
  assert.equal(total, 2);
  const [newest, first] = items;
  assert.equal(newest.revision, put.body.revision);
  assert.equal(newest.parent, put.body.parent);
  assert.equal(newest.author, 'ada');
  assert.equal(newest.reason, reason);
  assert.equal(newest.source, 'api');
  assert.equal(newest.result, 'applied');
  assert.equal(newest.running, true);
  assert.match(newest.words[0], /1 route added/);
  assert.deepEqual(newest.patch, [{ op: 'add', path: '/routes/basket', value: route('/basket') }]);
  assert.deepEqual([first.source, first.running, first.restorable], ['start', false, true]);
  await router.reload((await readFile(router.configPath, 'utf8')).replace('/basket', '/baskets'));
  const [byFile] = (await ask<Page>('GET', '/v1/revisions?limit=1')).body.items;
  assert.equal(byFile.source, 'reload');
  assert.deepEqual(byFile.patch, [{ op: 'replace', path: '/routes/basket/match/path', value: '/baskets' }]);
});

test('a refused change is remembered with what was wrong, and a dry run is not', async (t) => {
  const { ask, router } = await start(t);
  await ask('PUT', '/v1/routes/basket?dryRun=true', { body: route('/basket') });
  await router.reload(DOCUMENT.replace('upstream: cart', 'upstream: crat'));
  const { items, total } = (await ask<Page>('GET', '/v1/revisions')).body;
  assert.equal(total, 2);
  assert.equal(items[0].result, 'refused');
  assert.match(items[0].detail, /routes\.yaml:7:\d+ error: .*crat/);
  assert.equal(items[0].restorable, false);
});

test('any revision can be restored, and that is a change like any other', async (t) => {
  const { ask, router } = await start(t);
  const first = router.app.view().running?.revision ?? '';
  await ask('PUT', '/v1/routes/basket', { body: route('/basket') });
  await ask('DELETE', '/v1/routes/cart');
  const foreseen = await ask<Change>('POST', `/v1/revisions/${first}/restore?dryRun=true`);
  assert.deepEqual(foreseen.body.effect.routes, { added: ['cart'], removed: ['basket'], changed: [] });
  const restored = await ask<Change>('POST', `/v1/revisions/${first}/restore`, { author: 'bo', reason: 'back' });
  assert.equal(restored.status, 200);
  assert.equal(restored.body.revision, first);
  assert.equal(await readFile(router.configPath, 'utf8'), DOCUMENT);
  const { items } = (await ask<Page>('GET', '/v1/revisions')).body;
  assert.deepEqual([items[0].source, items[0].author, items[0].revision], ['restore', 'bo', first]);
  assert.deepEqual(items[0].words, foreseen.body.effect.words);
  const text = await ask<string>('GET', `/v1/revisions/${first}/config`);
  assert.equal(text.body, DOCUMENT);
});

test('a revision that nobody remembers cannot be restored', async (t) => {
  const { ask } = await start(t);
  const reply = await ask<ProblemReply>('POST', '/v1/revisions/0123456789ab/restore');
  assert.equal(reply.status, 404);
  assert.match(reply.body.detail, /GET \/v1\/revisions lists/);
  assert.equal((await ask('GET', '/v1/revisions/nonsense')).status, 400);
});

test('a revision comes back as it was left, with comments that were written after it came into force', async (t) => {
  const { router, ask } = await start(t);
  const before = (await ask<Page>('GET', '/v1/revisions')).body.items[0].revision;
  const commented = `${DOCUMENT}# why there is one route: ask ada\n`;
  assert.deepEqual(await router.reload(commented), { ok: true, revision: before, changed: false, notices: [] });
  assert.equal((await ask('PUT', '/v1/routes/basket', { body: route('/basket') })).status, 201);
  assert.equal((await ask('POST', `/v1/revisions/${before}/restore`)).status, 200);
  assert.equal(await readFile(router.configPath, 'utf8'), commented);
});

test('a start with another document names the one that ran before, also where that is not valid any more or gone', async (t) => {
  const stops = stopsOf(t);
  const stateFolder = await auditFolder(t);
  const documentAt = (path: string) => DOCUMENT.replace('path: /cart', `path: "${path}"`);
  const first = await startRouterWithApp(documentAt(`\${CART}`), { stateFolder, env: { CART: '/cart' } });
  await first.stop();
  const second = await startRouterWithApp(documentAt('/carts'), { stateFolder });
  await second.stop();
  await rm(join(stateFolder, 'documents'), { recursive: true });
  const third = await startRouterWithApp(documentAt('/wagon'), { stateFolder });
  stops.push(() => third.stop());
  const { items } = (await adminClient(third.adminUrl)<Page>('GET', '/v1/revisions')).body;
  const parents = items.map(({ parent }) => parent);
  assert.deepEqual(parents, [items[1].revision, items[2].revision, '']);
  const words = items.map(({ words: [line] }) => line.replace(/^what this changes .* in words: /, ''));
  assert.deepEqual(words, ['its text is gone', 'it is not valid any more', 'first start']);
  assert.deepEqual(items[1].patch, [{ op: 'replace', path: '/routes/cart/match/path', value: '/carts' }]);
});

test('a router that stops before anybody asked its admin port remembers what was decided all the same', async (t) => {
  const stops = stopsOf(t);
  const stateFolder = await auditFolder(t);
  const configPath = join(stateFolder, '..', 'routes.yaml');
  await writeFile(configPath, DOCUMENT);
  const [accessLog, log] = [new LineCatcher(), new LineCatcher()];
  const options = { configPath, stateFolder, workers: 0, watch: false, env: {}, accessLog, log } as const;
  const first = await startApp({ ...options, logLevel: 'info' });
  await first.propose('routes: none', 'file', '', '');
  await first.stop();
  const second = await startRouterWithApp(DOCUMENT, { stateFolder });
  stops.push(() => second.stop());
  const { items } = (await adminClient(second.adminUrl)<Page>('GET', '/v1/revisions')).body;
  assert.deepEqual(
    items.map(({ source, result }) => [source, result]),
    [
      ['file', 'refused'],
      ['start', 'applied'],
    ],
  );
});

test('revisions are paged, newest first, each once', async (t) => {
  const { ask } = await start(t);
  for (let i = 0; i < 7; i++) await ask('PUT', `/v1/routes/r${i}`, { body: route(`/r${i}`) });
  const numbers: number[] = [];
  for (let after = ''; ; ) {
    const { items, total, next } = (await ask<Page>('GET', `/v1/revisions?limit=3${after}`)).body;
    assert.equal(total, 8);
    numbers.push(...items.map(({ number }) => number));
    if (next === undefined) break;
    after = `&after=${next}`;
  }
  assert.deepEqual(numbers, [8, 7, 6, 5, 4, 3, 2, 1]);
});

/** The router as a process, on a document of its own. */
function started(document = (port: number, admin: number) => processDocument(port, admin), state?: string) {
  return startProcess(document, state === undefined ? {} : { args: ['--state', state, '--no-watch'] });
}

function processDocument(port: number, admin: number, rest = ''): string {
  return `listeners: { internal: { address: 127.0.0.1:${port} } }
admin: { address: 127.0.0.1:${admin}${rest} }
workers: 1
drain: { notice: 1ms, limit: 1s }
upstreams: { cart: { endpoints: [ http://127.0.0.1:9 ] } }
routes:
  cart: { match: { path: /cart }, upstream: cart }
`;
}

async function leave(one: Started): Promise<void> {
  one.child.kill('SIGTERM');
  await one.exit();
}

test('the memory outlives the process, tells what was changed while nobody ran, and says when it was tampered with', async (t) => {
  const first = await started();
  t.after(() => first.stop());
  await first.ready();
  const state = join(first.directory, 'state');
  const ask = adminClient(first.adminUrl);
  const edited = await ask<Change>('PUT', '/v1/routes/basket', { body: route('/basket'), author: 'ada' });
  assert.equal(edited.status, 201);
  await leave(first);
  const between = (await readFile(first.configPath, 'utf8')).replace('/basket', '/baskets');
  const second = await started(
    (port, admin) =>
      between
        .replace(/127\.0\.0\.1:\d+ \} \}/, `127.0.0.1:${port} } }`)
        .replace(/admin: \{ address: 127\.0\.0\.1:\d+/, `admin: { address: 127.0.0.1:${admin}`),
    state,
  );
  t.after(() => second.stop());
  await second.ready();
  const again = adminClient(second.adminUrl);
  const { items } = (await again<Page>('GET', '/v1/revisions')).body;
  assert.equal(items[0].source, 'start');
  assert.ok(
    items[0].patch.some(({ path }) => path === '/routes/basket/match/path'),
    JSON.stringify(items[0]),
  );
  assert.equal(items[1].author, 'ada');
  assert.equal((await again<Status>('GET', '/v1/status')).body.audit.intact, true);
  await leave(second);
  const log = join(state, 'audit.jsonl');
  await writeFile(log, (await readFile(log, 'utf8')).replace('"author":"ada"', '"author":"eve"'));
  const third = await started(processDocument, state);
  t.after(() => third.stop());
  await third.ready();
  const { audit } = (await adminClient(third.adminUrl)<Status>('GET', '/v1/status')).body;
  assert.equal(audit.intact, false);
  assert.match(audit.detail, /record 2/);
  // The folder goes with the first one's, and nobody may be writing in it then.
  await leave(third);
});

test('edits that were kept beside the file do not vanish without a word where edits go into the file again', async (t) => {
  const stops = stopsOf(t);
  const stateFolder = await auditFolder(t);
  const said = /kept beside the file do not run/;
  const off = DOCUMENT.replace('address: 127.0.0.1:0 }\nup', 'address: 127.0.0.1:0, writeBack: false }\nup');
  const first = await startRouterWithApp(off, { stateFolder });
  await adminClient(first.adminUrl)('PUT', '/v1/routes/basket', { body: route('/basket') });
  await first.stop();
  const second = await startRouterWithApp(DOCUMENT, { stateFolder });
  stops.push(() => second.stop());
  const { path } = second.logs.find(({ msg }) => said.test(String(msg))) ?? {};
  assert.equal(path, join(stateFolder, 'edits.json'));
  assert.ok(!first.logs.some(({ msg }) => said.test(String(msg))));
});

test('where edits are not to go into the file, they are kept beside it and come back on top of it', async (t) => {
  const kept = (port: number, admin: number) => processDocument(port, admin, ', writeBack: false');
  const first = await started(kept);
  t.after(() => first.stop());
  await first.ready();
  const before = await readFile(first.configPath, 'utf8');
  const ask = adminClient(first.adminUrl);
  const detail = async () => (await ask<Status>('GET', '/v1/status')).body.writeBack.detail;
  assert.equal(await detail(), '');
  const put = await ask<Change>('PUT', '/v1/routes/basket', { body: route('/basket') });
  assert.match(await detail(), /what runs has edits/, 'said at once');
  assert.equal(put.body.written, 'state');
  assert.equal(await readFile(first.configPath, 'utf8'), before, 'the file is left alone');
  await leave(first);
  const state = join(first.directory, 'state');
  const changed = (port: number, admin: number) => kept(port, admin).replace('/cart }', '/carts }');
  const second = await startProcess(changed, { args: ['--state', state] });
  t.after(() => second.stop());
  await second.ready();
  const again = adminClient(second.adminUrl);
  const status = (await again<Status>('GET', '/v1/status')).body;
  assert.equal(status.writeBack.to, 'state');
  assert.match(status.writeBack.detail, /what runs has edits that .*routes\.yaml does not have/);
  assert.deepEqual((await again('GET', '/v1/routes/basket')).body, route('/basket'));
  assert.deepEqual((await again('GET', '/v1/routes/cart')).body, route('/carts'));
});

test('a start knows what ran before, however often something was refused since', async (t) => {
  const stops = stopsOf(t);
  const stateFolder = await auditFolder(t);
  const first = await startRouterWithApp(DOCUMENT, { stateFolder });
  for (let i = 0; i < 210; i++) await first.app.propose('routes: none', 'file', '', '');
  const { revision } = await first.reload(DOCUMENT);
  await first.stop();
  const second = await startRouterWithApp(DOCUMENT.replace('path: /cart', 'path: /carts'), { stateFolder });
  stops.push(() => second.stop());
  const { items } = (await adminClient(second.adminUrl)<Page>('GET', '/v1/revisions')).body;
  assert.equal(items[0].parent, revision);
});

test('of a router that was started with a number of threads it is told that another one in the document has no effect', async (t) => {
  const { ask } = await start(t);
  const said = 'workers: one per core -> 3, without effect: the router was started with a number of threads';
  const yaml = `${DOCUMENT}workers: 3\n`;
  const check = await ask<CheckResult>('POST', '/v1/config/check', { yaml });
  const put = await ask<Change>('PUT', '/v1/config', { yaml });
  const [record] = (await ask<Page>('GET', '/v1/revisions')).body.items;
  for (const words of [check.body.effect?.words, put.body.effect.words, record.words]) assert.equal(words?.[1], said);
});
