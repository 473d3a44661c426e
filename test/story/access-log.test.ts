/**
 * The access log of a running router: one line an exchange, with what really happened, whoever ends it and however.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDestination } from '../../src/telemetry/destination.ts';
import { type Router, startRouter, startRouterWithApp } from '../support/app.ts';
import { type HttpOrigin, startOrigin } from '../support/origin.ts';
import { connectRaw } from '../support/raw-client.ts';
import { until } from '../support/wait.ts';

function documentOf(port: number): string {
  return `listeners:
  internal: { address: 127.0.0.1:0 }
admin: { address: 127.0.0.1:0 }
correlation: { context: [x-user-id, x-tournament-id], caller: x-caller }
upstreams:
  cart: { endpoints: [http://127.0.0.1:${port}] }
  gone: { endpoints: [http://127.0.0.1:1], retry: off }
routes:
  cart: { match: { path: /cart }, upstream: cart }
  gone: { match: { path: /gone }, upstream: gone }
`;
}

interface Stage {
  readonly router: Router;
  readonly origin: HttpOrigin;
  /** Sends one request and gives back its line. */
  line(request: string): Promise<Record<string, unknown>>;
}

async function onStage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const origin = await startOrigin((request, response) => {
    request.resume().on('end', () => {
      if (request.url?.includes('break')) response.socket?.destroy();
      else response.end('x'.repeat(100));
    });
  });
  const router = await startRouter(documentOf(origin.port));
  let lines = 0;
  try {
    await body({
      router,
      origin,
      line: async (request) => {
        const client = await connectRaw(router.port());
        await client.send(request);
        lines += 1;
        const found = (await router.accessLog(lines))[lines - 1];
        client.close();
        return found;
      },
    });
  } finally {
    await router.stop();
    await origin.stop();
  }
}

test('a request that went well is told with every fact of the contract', async () => {
  await onStage(async ({ router, origin, line }) => {
    const told = await line(
      'POST /cart/7?token=secret HTTP/1.1\r\nHost: Cart.Internal:80\r\nX-Correlation-Id: order-7\r\nX-User-Id: u1\r\n' +
        'X-Caller: web\r\nContent-Length: 5\r\n\r\nhello',
    );
    const { time, pid, hostname, durations, traceId, spanId, revision, ...facts } = told;
    assert.deepEqual(facts, {
      level: 30,
      correlationId: 'order-7',
      context: { 'x-user-id': 'u1' },
      caller: 'web',
      listener: 'internal',
      client: '127.0.0.1',
      method: 'POST',
      host: 'cart.internal',
      path: '/cart/7',
      route: 'cart',
      upstream: 'cart',
      member: `http://127.0.0.1:${origin.port}`,
      status: 200,
      attempts: 1,
      bytesIn: 5,
      bytesOut: 100,
      msg: 'exchange',
    });
    assert.equal(JSON.stringify(told).includes('secret'), false);
    assert.equal(pid, process.pid);
    assert.ok(typeof hostname === 'string' && hostname !== '');
    assert.ok(Math.abs(Number(time) - Date.now()) < 60_000);
    assert.match(String(traceId), /^[0-9a-f]{32}$/);
    assert.match(String(spanId), /^[0-9a-f]{16}$/);
    const ready = await (await fetch(`${router.adminUrl}/readyz`)).json();
    assert.equal(revision, (ready as { revision: string }).revision);
    const { total, firstByte, connect } = durations as Record<string, number>;
    assert.ok(total >= firstByte && firstByte > 0 && connect >= 0, JSON.stringify(durations));
  });
});

test('what the router refuses is told with its fault, and what never got a route has none', async () => {
  await onStage(async ({ line }) => {
    const none = await line('GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual([none.status, none.code, none.attempts, none.route], [404, 'no_route', 0, undefined]);
    const gone = await line('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual([gone.status, gone.code, gone.route, gone.upstream], [502, 'upstream_connect', 'gone', 'gone']);
    const bad = await line('GET / HTTP/1.1\r\nHost : a\r\n\r\n');
    assert.deepEqual([bad.status, bad.code], [400, 'bad_request']);
    const broken = await line('GET /cart/break HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual([broken.status, broken.code], [502, 'upstream_reset']);
  });
});

test('bytes that are no text, quotes and backslashes come back from the line as they were', async () => {
  await onStage(async ({ line }) => {
    const told = await line('GET /cart/%22 HTTP/1.1\r\nHost: a\r\nX-User-Id: "\\\xff\t{\r\n\r\n');
    assert.deepEqual(told.context, { 'x-user-id': '"\\\xff\t{' });
    assert.equal(told.path, '/cart/%22');
  });
});

test('a reload changes the context headers from one line to the next', async () => {
  await onStage(async ({ router, origin, line }) => {
    const request = 'GET /cart HTTP/1.1\r\nHost: a\r\nX-User-Id: u1\r\nX-Other: o1\r\n\r\n';
    assert.deepEqual((await line(request)).context, { 'x-user-id': 'u1' });
    await router.reload(documentOf(origin.port).replace('[x-user-id, x-tournament-id]', '[x-other]'));
    assert.deepEqual((await line(request)).context, { 'x-other': 'o1' });
  });
});

test('lines of two threads in one file never mix, and none is missing', async () => {
  const origin = await startOrigin((request, response) => request.resume().on('end', () => response.end('ok')));
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-access-'));
  const path = join(directory, 'access.log');
  const failures: Error[] = [];
  const accessLog = openDestination(path, { now: () => 0, onError: (error) => void failures.push(error) });
  const router = await startRouterWithApp(documentOf(origin.port), { workers: 2, accessLog });
  try {
    const ids = await Promise.all(
      Array.from({ length: 16 }, async (_, n) => {
        const client = await connectRaw(router.port());
        const sent: string[] = [];
        for (let i = 0; i < 50; i++) {
          const id = `client-${n}-request-${i}`;
          const reply = await client.ask(`GET /cart HTTP/1.1\r\nHost: a\r\nX-Correlation-Id: ${id}\r\n\r\n`);
          assert.equal(reply.status, 200);
          sent.push(id);
        }
        client.close();
        return sent;
      }),
    );
    await router.app.flushAccessLog();
    const linesIn = async () => (await readFile(path, 'utf8')).split('\n').slice(0, -1);
    await until('all lines', async () => (await linesIn()).length >= 800);
    const seen = (await linesIn()).map((line) => (JSON.parse(line) as { correlationId: string }).correlationId);
    assert.deepEqual(seen.toSorted(), ids.flat().toSorted());
    assert.deepEqual(failures, []);
  } finally {
    await router.stop();
    await accessLog.end();
    await origin.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
