/**
 * Who may ask what of the admin port: tokens and roles, Host and Origin, guesses, sizes and rates.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FastifyPluginAsync } from 'fastify';
import { buildAdmin } from '../../../src/admin/server.ts';
import type { AdminSettings } from '../../../src/config/document.ts';
import { adminSettings } from '../../support/tables.ts';

const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');

const TOKENS: AdminSettings['tokens'] = {
  wall: { role: 'viewer', sha256: sha256('see') },
  ci: { role: 'operator', sha256: sha256('do') },
};

/** One call a role, and one that takes a body. */
const calls: FastifyPluginAsync = async (server) => {
  for (const need of ['viewer', 'operator', 'admin'] as const) {
    server.get(`/v1/${need}`, { config: { need } }, async (request) => request.caller);
  }
  server.get('/v1/unsaid', async () => 'secret');
  server.put('/v1/body', { config: { need: 'operator' } }, async (request) => ({ got: request.body }));
  server.put('/v1/part', { config: { need: 'operator', body: 'routes' } }, async () => ({}));
};

async function admin(changes: Partial<AdminSettings> = {}) {
  const state = { settings: adminSettings(changes), now: 0 };
  const server = await buildAdmin({
    version: '1.0.0',
    metrics: { contentType: 'text/plain', scrape: async () => 'metrics\n' },
    health: {
      view: () => ({ running: undefined, lastReload: undefined }),
      threads: () => ({ wanted: 1, running: 1, restarts: 0 }),
      phase: () => 'serving',
    },
    settings: () => state.settings,
    now: () => state.now,
    failed: () => {},
    plugins: [calls],
  });
  const ask = (url: string, headers: Record<string, string> = {}) => server.inject({ url, headers });
  return { server, state, ask };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('without any token everybody is admin and names himself', async () => {
  const { ask } = await admin();
  const reply = await ask('/v1/admin', { 'x-author': 'Ada  Lovelace\t' });
  assert.equal(reply.statusCode, 200);
  assert.deepEqual(reply.json(), { name: 'Ada  Lovelace', role: 'admin' });
});

test('without any token what a proxy passes on is refused, and with one it is not', async () => {
  const { ask } = await admin();
  for (const name of ['forwarded', 'x-forwarded-for', 'via', 'x-real-ip']) {
    const reply = await ask('/v1/viewer', { [name]: '127.0.0.1' });
    assert.equal(reply.statusCode, 403, name);
    assert.equal(reply.json().code, 'forbidden');
    assert.match(reply.json().detail, /a proxy passed this on .*; set `admin\.token`/);
  }
  assert.equal((await ask('/healthz', { 'x-forwarded-for': '10.0.0.1' })).statusCode, 200);
  const asked = await admin({ tokens: TOKENS });
  assert.equal((await asked.ask('/v1/viewer', { ...bearer('see'), 'x-forwarded-for': '10.0.0.1' })).statusCode, 200);
});

test('each role may do what the ones before it may, and the author is who the token says', async () => {
  const { ask } = await admin({ token: 'all', tokens: TOKENS });
  const statuses = async (token: string) =>
    Promise.all(
      ['viewer', 'operator', 'admin'].map(async (role) => (await ask(`/v1/${role}`, bearer(token))).statusCode),
    );
  assert.deepEqual(await statuses('see'), [200, 403, 403]);
  assert.deepEqual(await statuses('do'), [200, 200, 403]);
  assert.deepEqual(await statuses('all'), [200, 200, 200]);
  assert.deepEqual(await statuses('guess'), [401, 401, 401]);
  const named = await ask('/v1/viewer', { ...bearer('do'), 'x-author': 'somebody else' });
  assert.deepEqual(named.json(), { name: 'ci', role: 'operator' });
});

test('a refusal says what is missing and what would do, and never shows a token', async () => {
  const { ask } = await admin({ tokens: TOKENS });
  const none = await ask('/v1/operator');
  assert.equal(none.statusCode, 401);
  assert.equal(none.headers['www-authenticate'], 'Bearer realm="signalbox"');
  assert.match(none.json().detail, /no token was sent; send `Authorization: Bearer TOKEN`/);
  const wrong = await ask('/v1/operator', bearer('hunter2'));
  assert.match(wrong.json().detail, /the token is not known/);
  assert.equal(wrong.body.includes('hunter2'), false);
  const low = await ask('/v1/operator', bearer('see'));
  assert.equal(low.statusCode, 403);
  assert.equal(low.json().code, 'forbidden');
  assert.match(low.json().detail, /wall has the role viewer, and this call needs operator/);
});

test('a call that says nothing about who may make it is for admins', async () => {
  const { ask } = await admin({ token: 'all', tokens: TOKENS });
  assert.equal((await ask('/v1/unsaid', bearer('do'))).statusCode, 403);
  assert.equal((await ask('/v1/unsaid', bearer('all'))).statusCode, 200);
});

test('health is open, metrics ask for a viewer where there are tokens', async () => {
  const { ask } = await admin({ tokens: TOKENS });
  assert.equal((await ask('/healthz')).statusCode, 200);
  assert.equal((await ask('/readyz')).statusCode, 200);
  assert.equal((await ask('/metrics')).statusCode, 401);
  assert.equal((await ask('/metrics', bearer('see'))).statusCode, 200);
});

test('a new document brings new tokens at the next request', async () => {
  const { ask, state } = await admin({ tokens: TOKENS });
  state.settings = adminSettings({ tokens: { ci: { role: 'operator', sha256: sha256('new') } } });
  assert.equal((await ask('/v1/viewer', bearer('do'))).statusCode, 401);
  assert.equal((await ask('/v1/viewer', bearer('new'))).statusCode, 200);
});

test('whoever was heard from an address before somebody guessed there goes on, and nobody else does', async () => {
  const { ask, state } = await admin({ token: 'all', tokens: TOKENS });
  assert.equal((await ask('/v1/operator', bearer('do'))).statusCode, 200);
  for (let i = 0; i < 30; i++) await ask('/v1/viewer', bearer(`guess ${i}`));
  assert.equal((await ask('/v1/viewer', bearer('guess'))).statusCode, 429);
  assert.equal((await ask('/v1/operator', bearer('do'))).statusCode, 200);
  for (const token of ['all', 'see']) assert.equal((await ask('/v1/viewer', bearer(token))).statusCode, 429);
  assert.equal((await ask('/v1/admin', bearer('see'))).statusCode, 429);
  state.now = 10_000;
  assert.equal((await ask('/v1/viewer', bearer('see'))).statusCode, 200);
});

test('whoever guesses tokens is not heard for a while, with a right one neither', async () => {
  const { ask, state } = await admin({ tokens: TOKENS });
  for (let i = 0; i < 20; i++) assert.equal((await ask('/v1/viewer', bearer(`guess ${i}`))).statusCode, 401);
  const stopped = await ask('/v1/viewer', bearer('see'));
  assert.equal(stopped.statusCode, 429);
  assert.equal(stopped.headers['retry-after'], '10');
  assert.equal((await ask('/healthz')).statusCode, 200);
  state.now = 10_000;
  assert.equal((await ask('/v1/viewer', bearer('see'))).statusCode, 200);
});

test('a Host that is not ours is refused, since a page elsewhere may have made its name lead here', async () => {
  const { ask } = await admin({ address: 'router.internal:9901', hosts: ['admin.example'] });
  for (const host of ['127.0.0.1:9901', '[::1]:9901', 'localhost:9901', 'router.internal:9901', 'Admin.Example']) {
    assert.equal((await ask('/v1/viewer', { host })).statusCode, 200, host);
  }
  for (const host of ['evil.example', 'evil.example:9901', 'localhost.evil.example', 'admin.example.evil.example']) {
    const reply = await ask('/v1/viewer', { host });
    assert.equal(reply.statusCode, 421, host);
    assert.match(reply.json().detail, /name it under `admin\.hosts`/);
  }
});

test('a page of another origin may ask nothing, our own may', async () => {
  const { ask } = await admin();
  const host = 'localhost:9901';
  assert.equal((await ask('/v1/viewer', { host, origin: 'http://localhost:9901' })).statusCode, 200);
  assert.equal((await ask('/v1/viewer', { host, origin: 'http://evil.example' })).statusCode, 403);
  assert.equal((await ask('/v1/viewer', { host, origin: 'http://localhost:3000' })).statusCode, 403);
  assert.equal((await ask('/v1/viewer', { host, origin: 'null' })).statusCode, 403);
  assert.equal((await ask('/v1/viewer', { host, 'sec-fetch-site': 'cross-site' })).statusCode, 403);
  assert.equal((await ask('/v1/viewer', { host, 'sec-fetch-site': 'same-origin' })).statusCode, 200);
});

test('a link from another site leads to pages that are open, and to nothing else', async () => {
  const { ask } = await admin();
  const link = { host: 'localhost:9901', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  assert.equal((await ask('/healthz', link)).statusCode, 200);
  assert.equal((await ask('/v1/viewer', link)).statusCode, 403);
  assert.equal((await ask('/healthz', { ...link, 'sec-fetch-mode': 'no-cors' })).statusCode, 403);
  assert.equal((await ask('/healthz', { ...link, origin: 'http://evil.example' })).statusCode, 403);
  assert.equal((await ask('/nowhere', link)).statusCode, 403);
});

test('a body of a form that a page could send unasked is not read', async () => {
  const { server } = await admin();
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const headers = { 'content-type': type };
    const reply = await server.inject({ method: 'PUT', url: '/v1/body', headers, payload: '{}' });
    assert.equal(reply.statusCode, 415, type);
    assert.match(reply.json().detail, /send application\/json/);
  }
});

test('a body that is no UTF-8, is compressed or holds a number beyond all others is refused, and says so', async () => {
  const { server } = await admin();
  const put = (payload: Buffer, headers: Record<string, string> = {}) =>
    server.inject({
      method: 'PUT',
      url: '/v1/body',
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    });
  const text = '{"text":"\u00e4"}';
  for (const [payload, headers, status, detail] of [
    [Buffer.from(text, 'latin1'), {}, 400, /^the body is not UTF-8; save it as UTF-8/],
    [Buffer.from(`\ufeff${text}`, 'utf16le'), {}, 400, /^the body is not UTF-8/],
    [
      gzipSync(text),
      { 'content-encoding': 'gzip' },
      415,
      /^the body is compressed \(Content-Encoding: gzip\); send it as it is/,
    ],
    [Buffer.from('{"a":[-1e999]}'), {}, 400, /^a number in the body is larger than any/],
    [Buffer.from('{"a":{"b":1,"b":2}}'), {}, 400, /^the body has a key twice: \/a\/b; keep one of the two$/],
  ] as const) {
    const reply = await put(payload, headers);
    assert.equal(reply.statusCode, status);
    assert.match(reply.json().detail, detail);
  }
  for (const headers of [{}, { 'content-encoding': 'identity' }]) {
    assert.deepEqual((await put(Buffer.from(`\ufeff${text}`), headers)).json(), { got: JSON.parse(text) });
  }
});

test('a body is as long as the document allows, whether or not it says how long it is', async () => {
  const { server, state } = await admin({ limits: { body: 100, requests: 2000 } });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const [address] = server.addresses();
  const port = typeof address === 'string' ? 0 : address.port;
  const put = (body: string | ReadableStream) =>
    fetch(`http://127.0.0.1:${port}/v1/body`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
  const streamed = (text: string) => new Blob([text]).stream();
  const long = JSON.stringify({ text: 'x'.repeat(200) });
  assert.equal((await put(long)).status, 413);
  const chunked = await put(streamed(long));
  assert.equal(chunked.status, 413);
  assert.match(((await chunked.json()) as { detail: string }).detail, /admin\.limits\.body/);
  assert.equal((await put(streamed('{"a":1}'))).status, 200);
  state.settings = adminSettings({ limits: { body: 1000, requests: 2000 } });
  assert.equal((await put(long)).status, 200);
  await server.close();
});

test('a call takes a long body only where that is part of the document', async () => {
  const { server } = await admin();
  const put = (url: string, length: number) =>
    server.inject({ method: 'PUT', url, payload: { text: 'x'.repeat(length) } });
  assert.equal((await put('/v1/part', 300_000)).statusCode, 200);
  assert.equal((await put('/v1/body', 200_000)).statusCode, 200);
  const refused = await put('/v1/body', 300_000);
  assert.equal(refused.statusCode, 413);
  assert.match(refused.json().detail, /longer than 262144 bytes; this call takes no longer one/);
});

test('keys that would reach a prototype are refused, and no JSON is a problem', async () => {
  const { server } = await admin();
  const put = (payload: string) =>
    server.inject({ method: 'PUT', url: '/v1/body', headers: { 'content-type': 'application/json' }, payload });
  for (const text of ['{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}', '{', 'nonsense', '']) {
    const reply = await put(text);
    assert.equal(text === '' ? 200 : 400, reply.statusCode, text);
    if (text !== '') assert.match(String(reply.headers['content-type']), /^application\/problem\+json/);
  }
});

test('a client that asks too often is told so, and health is not counted', async () => {
  const { ask } = await admin({ limits: { body: 1000, requests: 5 } });
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await ask('/v1/viewer')).statusCode);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429]);
  const refused = await ask('/v1/viewer');
  assert.equal(refused.headers['retry-after'], '1');
  assert.match(
    refused.json().detail,
    /more than 5 requests a second; ask less often, or raise `admin\.limits\.requests`/,
  );
  assert.equal((await ask('/healthz')).statusCode, 200);
});

test('a URL that is none is a problem too', async () => {
  const { ask } = await admin();
  const reply = await ask('/v1/%zz');
  assert.equal(reply.statusCode, 400);
  assert.match(String(reply.headers['content-type']), /^application\/problem\+json/);
});
