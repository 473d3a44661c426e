/**
 * The pages as the admin port serves them: packed, kept or asked for again, and allowed to load nothing but themselves.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fastify from 'fastify';
import { pages, readPages } from '../../../src/admin/pages.ts';
import { buildDashboard } from '../../../src/dashboard/build.ts';

const MOST_BYTES = 40_000;
const folder = mkdtempSync(join(tmpdir(), 'signalbox-pages-'));

before(() => buildDashboard(folder));
after(() => rmSync(folder, { recursive: true, force: true }));

async function ask(path: string, headers: Record<string, string> = {}, from = folder) {
  const server = fastify();
  server.register(pages(from));
  const reply = await server.inject({ url: path, headers });
  await server.close();
  return reply;
}

test('both pages and all that they load are less than 40 kB on the wire', () => {
  const packed = [...readPages(folder).values()].reduce((sum, page) => sum + page.packed.length, 0);
  assert.ok(packed < MOST_BYTES, `${packed} bytes`);
});

test('a page loads only what was built beside it, and holds neither styles nor scripts itself', () => {
  for (const path of ['index.html', 'docs.html']) {
    const text = readFileSync(join(folder, path), 'utf8');
    const loaded = [...text.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, name]) => name);
    assert.equal(loaded.length, 3);
    for (const each of loaded) assert.ok(readPages(folder).has(each), each);
    assert.doesNotMatch(text, /<style|style=|<script>|\{\{/);
  }
});

test('a page is asked for again each time, and an asset whose name tells its content never', async () => {
  const page = await ask('/');
  assert.equal(page.statusCode, 200);
  assert.equal(page.headers['cache-control'], 'no-cache');
  assert.match(String(page.headers['content-type']), /^text\/html/);
  const [script] = readdirSync(join(folder, 'assets')).filter((name) => name.startsWith('app-'));
  const asset = await ask(`/assets/${script}`);
  assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.match(String(asset.headers['content-type']), /^text\/javascript/);
  assert.equal(asset.body, readFileSync(join(folder, 'assets', script), 'utf8'));
});

test('who takes gzip gets it, who does not gets plain text, and caches are told', async () => {
  const packed = await ask('/docs', { 'accept-encoding': 'br, gzip;q=0.8' });
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.equal(packed.headers.vary, 'accept-encoding');
  assert.equal(gunzipSync(packed.rawPayload).toString(), readFileSync(join(folder, 'docs.html'), 'utf8'));
  for (const coding of ['', 'br', 'gzip;q=0', 'gzip; q=0.0']) {
    assert.equal((await ask('/docs', { 'accept-encoding': coding })).headers['content-encoding'], undefined, coding);
  }
});

test('who has the page already is told so', async () => {
  const { etag } = (await ask('/')).headers;
  assert.match(String(etag), /^"[\w-]{22}"$/);
  const again = await ask('/', { 'if-none-match': `"other", W/${etag}` });
  assert.deepEqual([again.statusCode, again.body], [304, '']);
});

test('the pages may be framed by nobody and load nothing from elsewhere', async () => {
  const { headers } = await ask('/');
  const policy = String(headers['content-security-policy']);
  assert.match(
    policy,
    /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;/,
  );
  assert.match(policy, /base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.deepEqual(
    ['x-content-type-options', 'referrer-policy', 'cross-origin-opener-policy', 'x-frame-options'].map(
      (name) => headers[name],
    ),
    ['nosniff', 'no-referrer', 'same-origin', 'DENY'],
  );
});

test('where nothing was built, the page says what to do', async () => {
  const reply = await ask('/', {}, join(folder, 'nowhere'));
  assert.equal(reply.statusCode, 503);
  assert.match(reply.body, /npm run build/);
});

test('a name that was not built is no file', async () => {
  for (const path of ['/assets/../index.html', '/assets/..%2findex.html', '/assets/app.js', '/index.html']) {
    assert.equal((await ask(path)).statusCode, 404, path);
  }
});
