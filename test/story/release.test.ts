/**
 * Choosing a version, with real traffic: weighted splits, keys that stick, overrides, the client's version, redirects, rewrites.
 */

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { type Router, startRouter } from '../support/app.ts';
import { type HttpOrigin, startOrigin } from '../support/origin.ts';

const NAMES = ['shop', 'shop-v2', 'red', 'white'];
const origins: HttpOrigin[] = [];
let router: Router;

/** Says its name, and what reached it. */
async function named(name: string): Promise<HttpOrigin> {
  const origin = await startOrigin(({ url, headers }, response) => {
    response
      .setHeader('x-secret', 'inside')
      .end(JSON.stringify({ name, url, host: headers.host, added: headers['x-added'] }));
  });
  origins.push(origin);
  return origin;
}

function documentOf(weight: number): string {
  const upstreams = Object.fromEntries(NAMES.map((name, i) => [name, { endpoints: [origins[i].url] }]));
  const rewrite = {
    stripPrefix: '/old',
    host: 'inner.example',
    headers: { request: { set: { 'x-added': 'yes' } }, response: { remove: ['x-secret'] } },
  };
  const versions = {
    from: [{ header: 'x-client-version' }, { query: 'v' }, { cookie: 'v' }],
    serve: [
      { range: '>=2.0.0', split: { white: 100 } },
      { range: '>=1.4.0 <2.0.0', upstream: 'red' },
    ],
    missing: 'red',
    unmatched: { status: 426 },
  };
  return JSON.stringify({
    listeners: {
      internal: { address: '127.0.0.1:0', zone: 'internal' },
      edge: { address: '127.0.0.1:0', zone: 'edge' },
    },
    admin: { address: '127.0.0.1:0' },
    upstreams,
    routes: {
      shop: {
        match: { path: '/shop' },
        split: { shop: 100 - weight, 'shop-v2': weight },
        sticky: { header: 'x-user-id' },
        override: { header: 'x-signalbox-upstream' },
        listeners: ['internal', 'edge'],
      },
      game: { match: { path: '/game' }, versions },
      lobby: { match: { path: '/lobby' }, versions, mode: 'redirect' },
      gone: { match: { path: '/gone' }, redirect: { host: 'new.example', replacePrefix: '/here', status: 308 } },
      old: { match: { path: '/old' }, upstream: 'shop', rewrite },
    },
  });
}

interface Answered {
  readonly status: number;
  readonly location: string | undefined;
  readonly secret: string | undefined;
  readonly body: { name: string; url: string; host: string; added?: string; code?: string };
}

function ask(path: string, headers: Record<string, string> = {}, listener = 'internal'): Promise<Answered> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: router.port(listener), path, headers, agent: false }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      reply.on('end', () => {
        const { location, 'x-secret': secret } = reply.headers;
        const body = text === '' ? {} : JSON.parse(text);
        resolve({ status: reply.statusCode ?? 0, location, secret: secret?.toString(), body });
      });
    })
      .on('error', reject)
      .end();
  });
}

/** Which of the users are on the new side. */
async function onNewSide(users: readonly string[]): Promise<Set<string>> {
  const sides = await Promise.all(users.map(async (user) => (await ask('/shop', { 'x-user-id': user })).body.name));
  return new Set(users.filter((_, i) => sides[i] === 'shop-v2'));
}

before(async () => {
  for (const name of NAMES) await named(name);
  router = await startRouter(documentOf(20));
});

after(async () => {
  await router.stop();
  for (const origin of origins) await origin.stop();
});

test('a split gives each side its share, within what chance allows', async () => {
  const names = await Promise.all(Array.from({ length: 400 }, async () => (await ask('/shop')).body.name));
  const share = names.filter((name) => name === 'shop-v2').length;
  // 80 expected; six standard deviations are 48.
  assert.ok(share > 32 && share < 128, `${share} of 400 at weight 20`);
});

test('a key stays on its side, and as the weight grows nobody leaves the new side', async () => {
  const users = Array.from({ length: 120 }, (_, i) => `user-${i}`);
  const first = await onNewSide(users);
  assert.deepEqual(await onNewSide(users), first);
  for (const weight of [50, 100]) {
    assert.ok((await router.reload(documentOf(weight))).ok);
    const now = await onNewSide(users);
    for (const user of first) assert.ok(now.has(user), `${user} left the new side at weight ${weight}`);
    if (weight === 100) assert.equal(now.size, users.length);
  }
});

test('an override reaches a side at weight 0 from inside, and is not heard at the edge', async () => {
  assert.ok((await router.reload(documentOf(0))).ok);
  const override = { 'x-signalbox-upstream': 'shop-v2' };
  assert.equal((await ask('/shop', override)).body.name, 'shop-v2');
  assert.equal((await ask('/shop', override, 'edge')).body.name, 'shop');
});

test('the version of the client chooses its cluster: header before query before cookie', async () => {
  assert.equal((await ask('/game', { 'x-client-version': '2.1.0' })).body.name, 'white');
  assert.equal((await ask('/game', { 'x-client-version': '1.4.9' })).body.name, 'red');
  assert.equal((await ask('/game?v=2.0.0')).body.name, 'white');
  assert.equal((await ask('/game', { cookie: 'a=b; v=2.0.0' })).body.name, 'white');
  assert.equal((await ask('/game?v=2.0.0', { 'x-client-version': '1.5.0' })).body.name, 'red');
  assert.equal((await ask('/game')).body.name, 'red');
  const refused = await ask('/game', { 'x-client-version': '1.0.0' });
  assert.deepEqual([refused.status, refused.body.code], [426, 'version_not_served']);
});

test('mode redirect sends the client to its cluster with 307, target untouched', async () => {
  const white = await ask('/lobby/7?x=%2F', { 'x-client-version': '3.0.0' });
  assert.deepEqual([white.status, white.location], [307, `${origins[3].url}/lobby/7?x=%2F`]);
  const odd = await ask('/lobby//evil.example/');
  assert.ok(odd.status === 400 || odd.location?.startsWith(`${origins[2].url}/`));
});

test('a redirect names another place, with the rest of the path and the query', async () => {
  const moved = await ask('/gone/a/b?c=d');
  assert.deepEqual([moved.status, moved.location], [308, 'http://new.example/here/a/b?c=d']);
});

test('a rewrite changes path, Host and headers on the way, and nothing else', async () => {
  const { body, secret } = await ask('/old/a%20b?q=%2F');
  assert.deepEqual([body.url, body.host, body.added], ['/a%20b?q=%2F', 'inner.example', 'yes']);
  assert.equal(secret, undefined);
});
