/**
 * The admin port, asked without a socket: alive, ready or not and why, metrics, and what exists where a path is wrong.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyPluginAsync } from 'fastify';
import { buildAdmin } from '../../../src/admin/server.ts';
import type { View } from '../../../src/control/view.ts';
import { adminSettings, documentOf } from '../../support/tables.ts';

const PROBLEM = {
  severity: 'error',
  path: 'routes.yaml',
  line: 3,
  column: 5,
  pointer: '/routes/cart',
  reason: 'unknown key "pth"',
  advice: 'did you mean "path"?',
} as const;

interface State {
  phase: 'starting' | 'serving' | 'draining';
  running: number;
  refused: boolean;
}

const SETTINGS = adminSettings();
const BARE = { version: '1.0.0', settings: () => SETTINGS, now: () => 0, failed: () => {}, plugins: [] } as const;

function admin(changes: Partial<State> = {}, plugins: readonly FastifyPluginAsync[] = []) {
  const state: State = { phase: 'serving', running: 2, refused: false, ...changes };
  const origin = { source: 'file', author: '', reason: '' };
  const view: View = {
    running: { document: documentOf({}), revision: 'abc123', text: '', since: 0, notices: [] },
    lastReload: {
      ...origin,
      at: 1_700_000_000_000,
      successful: !state.refused,
      successfulAt: 0,
      problems: state.refused ? [PROBLEM] : [],
    },
  };
  return buildAdmin({
    ...BARE,
    plugins,
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', scrape: async () => 'signalbox_threads 2\n' },
    health: {
      view: () => view,
      threads: () => ({ wanted: 2, running: state.running, restarts: 0 }),
      phase: () => state.phase,
    },
  });
}

async function ask(path: string, changes: Partial<State> = {}, method: 'GET' | 'POST' | 'HEAD' = 'GET') {
  const server = await admin(changes);
  const reply = await server.inject({ method, url: path });
  await server.close();
  return reply;
}

test('alive is alive, whatever else is wrong', async () => {
  const reply = await ask('/healthz', { phase: 'draining', running: 0, refused: true });
  assert.equal(reply.statusCode, 200);
  assert.deepEqual(reply.json(), { alive: true });
});

test('ready says what runs', async () => {
  const reply = await ask('/readyz');
  assert.equal(reply.statusCode, 200);
  assert.match(String(reply.headers['content-type']), /^application\/json/);
  const { ready, reasons, phase, revision, threads } = reply.json();
  assert.deepEqual(
    { ready, reasons, phase, revision, threads },
    { ready: true, reasons: [], phase: 'serving', revision: 'abc123', threads: { wanted: 2, running: 2, restarts: 0 } },
  );
});

test('a router that drains, that starts, or that misses a thread is not ready and says why', async () => {
  for (const [changes, reason] of [
    [{ phase: 'draining' }, 'the router is draining'],
    [{ phase: 'starting' }, 'the router is starting'],
    [{ running: 1 }, '1 of 2 data threads serve'],
  ] as const) {
    const reply = await ask('/readyz', changes);
    assert.equal(reply.statusCode, 503);
    assert.deepEqual(reply.json().reasons, [reason]);
  }
});

test('a refused document leaves it ready, and the detail says what is wrong with it', async () => {
  const reply = await ask('/readyz', { refused: true });
  assert.equal(reply.statusCode, 200);
  const { successful, at, problems } = reply.json().lastReload;
  assert.deepEqual(
    { successful, at, problems },
    {
      successful: false,
      at: '2023-11-14T22:13:20.000Z',
      problems: ['routes.yaml:3:5 unknown key "pth"; did you mean "path"?'],
    },
  );
});

test('metrics come with the content type that Prometheus asks for', async () => {
  const reply = await ask('/metrics');
  assert.equal(reply.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(reply.body, 'signalbox_threads 2\n');
});

test('HEAD is answered like GET, without a body', async () => {
  const reply = await ask('/healthz', {}, 'HEAD');
  assert.equal(reply.statusCode, 200);
  assert.equal(reply.body, '');
});

test('what is not there is a problem that lists what is, and never repeats a query', async () => {
  const reply = await ask('/metric?token=secret');
  assert.equal(reply.statusCode, 404);
  assert.match(String(reply.headers['content-type']), /^application\/problem\+json/);
  const { status, detail } = reply.json();
  assert.equal(status, 404);
  assert.equal(detail, 'GET /metric is not here; there are: GET /metrics, GET /healthz, GET /readyz');
});

test('a method that a path does not take is a problem that lists those it takes, and never repeats a query', async () => {
  const route = async () => 'yes';
  const server = await admin({}, [
    async (one) => {
      one.put('/v1/parts/:id/order', { config: { need: 'viewer' } }, route);
      one.get('/v1/parts/:id', { config: { need: 'viewer' } }, route);
      one.delete('/v1/parts/:id', { config: { need: 'viewer' } }, route);
      one.post('/v1/parts/all', { config: { need: 'viewer' } }, route);
    },
  ]);
  const replyTo = async (method: string, url: string) => {
    const reply = await server.inject({ method: method as 'GET', url });
    const { code, status, detail } = reply.body === '' ? {} : reply.json();
    if (code !== undefined) assert.equal(reply.headers['content-type'], 'application/problem+json');
    return [reply.statusCode, reply.headers.allow, code, status, detail];
  };
  const no = (allow: string, detail: string) => [405, allow, 'method_not_allowed', 405, `${detail} ${allow}`];
  const takes = 'GET, HEAD, DELETE';
  assert.deepEqual(
    await replyTo('PUT', '/v1/parts/cart?token=secret'),
    no(takes, '/v1/parts/cart does not take PUT; it takes'),
  );
  assert.deepEqual(
    await replyTo('PATCH', '/v1/parts/all'),
    no(`${takes}, POST`, '/v1/parts/all does not take PATCH; it takes'),
  );
  assert.deepEqual(
    await replyTo('GET', '/v1/parts/cart/order'),
    no('PUT', '/v1/parts/cart/order does not take GET; it takes'),
  );
  assert.deepEqual((await replyTo('HEAD', '/v1/parts/cart/order')).slice(0, 2), [405, 'PUT']);
  assert.deepEqual((await replyTo('HEAD', '/v1/parts/cart')).slice(0, 2), [200, undefined]);
  for (const method of ['POST', 'OPTIONS', 'PROPFIND', 'TRACE', 'QUERY'])
    assert.deepEqual((await replyTo(method, '/metrics')).slice(0, 3), [405, 'GET, HEAD', 'method_not_allowed'], method);
  for (const path of ['/v1/parts', '/v1/parts/', '/v1/parts/cart/', '/v1/parts/cart/orders', '/v1xparts/cart'])
    assert.deepEqual((await replyTo('PUT', path)).slice(0, 3), [404, undefined, 'not_found'], path);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const sent = await server.inject({ method: 'POST', url: '/v1/parts/cart', headers: form, payload: '{"a":1}' });
  assert.equal(sent.statusCode, 405, 'whatever its body is');
  await server.close();
});

test('a body that is no JSON is a problem, not a stack trace', async () => {
  const server = await admin({}, [
    async (one) => void one.post('/v1/parts', { config: { need: 'open' } }, async () => 1),
  ]);
  const reply = await server.inject({
    method: 'POST',
    url: '/v1/parts',
    headers: { 'content-type': 'application/json' },
    payload: '{',
  });
  await server.close();
  assert.equal(reply.statusCode, 400);
  assert.match(String(reply.headers['content-type']), /^application\/problem\+json/);
  assert.equal(reply.body.includes('node_modules'), false);
});

test('a scrape that fails is a problem with status 500', async () => {
  const server = await buildAdmin({
    ...BARE,
    metrics: { contentType: 'text/plain', scrape: () => Promise.reject(new Error('no memory')) },
    health: {
      view: () => ({ running: undefined, lastReload: undefined }),
      threads: () => ({ wanted: 1, running: 1, restarts: 0 }),
      phase: () => 'serving',
    },
  });
  const reply = await server.inject('/metrics');
  await server.close();
  assert.equal(reply.statusCode, 500);
  assert.match(reply.json().detail, /^the router failed over this call: no memory/);
});
