/**
 * Two hundred documents, one after another, under load: no request is lost, no WebSocket or event stream of an unchanged
 * route is touched; streams of a removed route end after the drain limit; a bad document changes nothing.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { type Router, startRouter } from '../support/app.ts';
import { settled, watchHandles } from '../support/leaks.ts';
import { type HttpOrigin, startOrigin } from '../support/origin.ts';
import { connectRaw, type RawClient } from '../support/raw-client.ts';
import { until, within } from '../support/wait.ts';

const SWAPS = 200;

/** Events every few milliseconds, WebSockets that echo, and a plain answer that names the revision of the route. */
async function origin(): Promise<HttpOrigin> {
  const http = await startOrigin((request, response) => {
    if (request.url !== '/events') {
      request.resume().on('end', () => response.end(`${request.headers['x-swap']}`));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let count = 0;
    const timer = setInterval(() => response.write(`data: ${count++}\n\n`), 5);
    response.on('close', () => clearInterval(timer));
  });
  const sockets = new WebSocketServer({ server: http.server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)).on('error', () => {}));
  return http;
}

/** The document of the n-th swap: `main` changes each time, one more route comes and goes, the streams' routes stay. */
function documentOf(port: number, n: number, streams = true): string {
  const upstream = 'main';
  return JSON.stringify({
    listeners: { internal: { address: '127.0.0.1:0', zone: 'internal' } },
    admin: { address: '127.0.0.1:0' },
    drain: { notice: '0s', limit: '500ms' },
    upstreams: { main: { endpoints: [`http://127.0.0.1:${port}`] } },
    routes: {
      main: { match: { path: '/' }, upstream, rewrite: { headers: { request: { set: { 'x-swap': String(n) } } } } },
      [`extra-${n}`]: { match: { path: `/extra-${n}` }, upstream },
      ...(streams ? { events: { match: { path: '/events' }, upstream } } : {}),
      chat: { match: { path: '/chat' }, upstream },
    },
  });
}

/** Asks over keep-alive, one request after another, until told to stop; every answer must be 200. */
async function load(client: RawClient, running: () => boolean): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; running(); i++) {
    const body = i % 3 === 0 ? 'Content-Length: 5\r\n\r\nhello' : '\r\n';
    const reply = await client.ask(`POST /cart/${i} HTTP/1.1\r\nHost: a\r\n${body}`);
    assert.equal(reply.status, 200, reply.body);
    seen.push(Number(reply.body));
  }
  return seen;
}

/** Numbers of all whole events that came so far. */
const eventsOf = (client: RawClient) =>
  [...client.inbox.all.matchAll(/data: (\d+)\n\n/g)].map((event) => Number(event[1]));

async function chatting(socket: WebSocket, running: () => boolean): Promise<number> {
  let rounds = 0;
  for (; running(); rounds++) {
    socket.send(`round ${rounds}`);
    const [data] = await within('the echo', once(socket, 'message'));
    assert.equal(String(data), `round ${rounds}`);
  }
  return rounds;
}

async function withRouter(
  workers: number,
  body: (router: Router, http: HttpOrigin, clients: RawClient[]) => Promise<void>,
): Promise<void> {
  const handlesBack = watchHandles();
  const http = await origin();
  const router = await startRouter(documentOf(http.port, 0), { workers });
  const clients: RawClient[] = [];
  try {
    await body(router, http, clients);
    for (const client of clients) client.close();
    await settled(router);
  } finally {
    for (const client of clients) client.close();
    await router.stop();
    await http.stop();
  }
  await handlesBack();
}

async function streamOf(router: Router, clients: RawClient[]): Promise<RawClient> {
  const stream = await connectRaw(router.port());
  clients.push(stream);
  await stream.send('GET /events HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the first event', () => eventsOf(stream).length > 0);
  return stream;
}

for (const workers of [0, 2]) {
  test(`two hundred swaps under load lose no request and break no stream, with ${workers} workers`, () =>
    withRouter(workers, async (router, http, clients) => {
      const stream = await streamOf(router, clients);
      const socket = new WebSocket(`ws://127.0.0.1:${router.port()}/chat`);
      await within('the WebSocket', once(socket, 'open'));
      let running = true;
      const loads = [];
      for (let i = 0; i < 6; i++) {
        const client = await connectRaw(router.port());
        clients.push(client);
        loads.push(load(client, () => running));
      }
      const chat = chatting(socket, () => running);
      for (let n = 1; n <= SWAPS; n++) {
        const { ok } = await router.reload(documentOf(http.port, n));
        assert.ok(ok, `swap ${n}`);
        if (n % 10 === 0) await turn();
      }
      running = false;
      for (const seen of await Promise.all(loads)) {
        assert.ok(seen.length > 0);
        // A connection lives on through the swaps and is served by one document after another, never by an older one.
        assert.deepEqual(
          seen,
          [...seen].sort((a, b) => a - b),
        );
      }
      assert.ok((await chat) > 0);
      const count = eventsOf(stream).length;
      await until('events after the last swap', () => eventsOf(stream).length > count);
      assert.deepEqual(
        eventsOf(stream),
        eventsOf(stream).map((_, i) => i),
        'no event is missing',
      );
      assert.equal(stream.inbox.ending, undefined);
      const last = await clients[clients.length - 1].ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal(last.body, String(SWAPS));
      socket.close();
      await within('the WebSocket to close', once(socket, 'close'));
    }));
}

test('streams of a removed route end after the drain limit, never cleanly; others go on', () =>
  withRouter(0, async (router, http, clients) => {
    const stream = await streamOf(router, clients);
    const socket = new WebSocket(`ws://127.0.0.1:${router.port()}/chat`);
    await within('the WebSocket', once(socket, 'open'));
    const before = eventsOf(stream).length;
    assert.ok((await router.reload(documentOf(http.port, 1, false))).ok);
    await until('events after the route was removed', () => eventsOf(stream).length > before + 2);
    await stream.closed();
    assert.ok(!stream.inbox.all.endsWith('0\r\n\r\n'), 'it looks like a clean end');
    const record = await until('its line', async () =>
      (await router.accessLog(0)).find((one) => one.path === '/events'),
    );
    assert.equal(record.code, 'route_removed');
    socket.send('still here');
    assert.equal(String((await within('the echo', once(socket, 'message')))[0]), 'still here');
    socket.terminate();
  }));

test('a bad document changes nothing, and the next good one is taken', () =>
  withRouter(0, async (router, http, clients) => {
    const client = await connectRaw(router.port());
    clients.push(client);
    const ask = async () => (await client.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).body;
    assert.equal(await ask(), '0');
    for (const bad of [
      'routes: [',
      '{}',
      documentOf(http.port, 1).replace('"upstream":"main"', '"upstream":"nobody"'),
    ]) {
      assert.equal((await router.reload(bad)).ok, false);
      assert.equal(await ask(), '0');
    }
    assert.ok((await router.reload(documentOf(http.port, 2))).ok);
    assert.equal(await ask(), '2');
  }));
