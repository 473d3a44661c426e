/**
 * The admin port of a running router: on an address of its own, gone when the router is, and never in the way of traffic.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartRefused } from '../../src/app-contract.ts';
import { startRouter, startRouterWithApp } from '../support/app.ts';
import { watchHandles } from '../support/leaks.ts';
import { startOrigin } from '../support/origin.ts';
import { statusOf } from '../support/process.ts';
import { connectRaw } from '../support/raw-client.ts';

function documentOf(port: number, admin = '127.0.0.1:0'): string {
  return `listeners:
  internal: { address: 127.0.0.1:0 }
admin: { address: "${admin}" }
drain: { notice: 10m, limit: 1s }
upstreams:
  origin: { endpoints: [http://127.0.0.1:${port}] }
routes:
  all: { match: { path: / }, upstream: origin }
`;
}

test('health, readiness and metrics answer, anything else is a problem that says what there is', async (t) => {
  const router = await startRouter(documentOf(1));
  t.after(() => router.stop());
  const get = async (path: string) => fetch(`${router.adminUrl}${path}`);
  assert.equal((await get('/healthz')).status, 200);
  assert.equal((await get('/readyz')).status, 200);
  assert.match((await get('/metrics')).headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const wrong = await get('/ready');
  assert.equal(wrong.status, 404);
  assert.match(wrong.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.match(
    ((await wrong.json()) as { detail: string }).detail,
    /there are: GET \/metrics, GET \/healthz, GET \/readyz, GET \/, GET \/docs$/,
  );
});

test('a router that drains says so until it is gone, and nothing stays behind', async (t) => {
  const quiet = watchHandles();
  const router = await startRouterWithApp(documentOf(1));
  t.after(() => router.stop());
  const drained = router.app.drain();
  const ready = await fetch(`${router.adminUrl}/readyz`);
  assert.equal(ready.status, 503);
  assert.deepEqual(((await ready.json()) as { reasons: string[] }).reasons, ['the router is draining']);
  assert.equal((await fetch(`${router.adminUrl}/healthz`)).status, 200, 'it lives, and must not be restarted');
  await router.app.stop();
  await drained;
  assert.equal(await statusOf(router.adminUrl), 0);
  await quiet();
});

test('an admin port that is taken keeps the router from starting, and leaves nothing open', async (t) => {
  const first = await startRouter(documentOf(1));
  t.after(() => first.stop());
  const quiet = watchHandles();
  const taken = first.adminUrl.replace('http://', '');
  await assert.rejects(startRouter(documentOf(1, taken)), (error: Error) => {
    assert.ok(error instanceof StartRefused);
    assert.match(error.message, /admin\.address .*: the address is in use; stop the other program/);
    return true;
  });
  await quiet();
});

test('a document with problems keeps the router from starting, with all of them', async () => {
  const quiet = watchHandles();
  const text = documentOf(1).replace('upstream: origin', 'upstream: origon').replace('path: /', 'pth: /');
  await assert.rejects(startRouter(text, { workers: 2 }), (error: Error) => {
    assert.ok(error instanceof StartRefused);
    assert.equal(error.problems.length, 2);
    assert.match(error.message, /is not a valid document:\n.*:8:\d+ error: .*\n.*:8:\d+ error: /);
    return true;
  });
  await quiet();
});

test('scrapes while traffic runs count every request once', async (t) => {
  const origin = await startOrigin((request, response) => request.resume().on('end', () => response.end('ok')));
  t.after(() => origin.stop());
  const router = await startRouter(documentOf(origin.port), { workers: 2 });
  t.after(() => router.stop());
  let last = 0;
  let running = true;
  const scraping = (async () => {
    while (running) {
      const text = await (await fetch(`${router.adminUrl}/metrics`)).text();
      const count = Number(/signalbox_requests_total\{[^}]*code="200"\} (\d+)/.exec(text)?.[1] ?? 0);
      assert.ok(count >= last, `${count} after ${last}: a counter went back`);
      last = count;
    }
  })();
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectRaw(router.port())));
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < 100; i++) assert.equal((await client.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).status, 200);
      client.close();
    }),
  );
  running = false;
  await scraping;
  const text = await (await fetch(`${router.adminUrl}/metrics`)).text();
  assert.match(text, /signalbox_requests_total\{[^}]*code="200"\} 800\n/);
});
