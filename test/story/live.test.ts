/**
 * Live traffic of real threads: what clients ask in a second stands in the next frames, by route, upstream and caller, over the
 * admin API's own stream; a thread that dies takes nothing along but its second.
 */

import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import fastify from 'fastify';
import { live } from '../../src/admin/live.ts';
import type { LiveFrame } from '../../src/admin/shapes/live.ts';
import { Control } from '../../src/control/control.ts';
import { Live } from '../../src/control/live.ts';
import { systemAlarms } from '../../src/core/alarm.ts';
import { systemClock } from '../../src/core/clock.ts';
import { BlockLedger } from '../../src/core/ledger.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { systemMembers } from '../../src/upstream/system-members.ts';
import type { EndableThread } from '../../src/worker/protocol.ts';
import { startWorker } from '../../src/worker/remote.ts';
import { startCrew } from '../../src/worker/start.ts';
import { Caller } from '../support/caller.ts';
import { startOrigin } from '../support/origin.ts';
import { until } from '../support/wait.ts';

function yaml(origin: string): string {
  return JSON.stringify({
    listeners: { internal: { address: '127.0.0.1:0' } },
    correlation: { caller: 'x-caller' },
    upstreams: { cart: { endpoints: [origin], retry: 'off' }, idle: { endpoints: [origin] } },
    routes: {
      cart: { match: { path: '/cart' }, upstream: 'cart' },
      idle: { match: { path: '/idle' }, upstream: 'idle' },
    },
  });
}

/** A router without app.ts: threads, the door for documents, the stream. */
async function start(workers: number) {
  const origin = await startOrigin((request, response) => {
    response.statusCode = request.url === '/cart/broken' ? 500 : 200;
    response.end('x');
  });
  const lanes = new SharedLanes(Math.max(1, workers));
  const ledger = new BlockLedger(lanes, systemClock);
  const log = () => {};
  const tell = () => {};
  const site = { workers, hostname: 'test', lanes, ledger, log, tell, debug: false, accessLog: undefined };
  const threads: EndableThread[] = [];
  const crew = await startCrew({
    ...site,
    startWorker: (needs) => {
      const thread = startWorker(needs);
      threads.push(thread);
      return thread;
    },
  });
  const shared = { clock: systemClock, ledger, lanes, log, tell };
  const members = systemMembers({
    ...shared,
    threads: crew,
    drainLimit: () => 0,
    dnsServers: undefined,
    hostsFile: undefined,
  });
  const control = new Control({ ...shared, threads: crew, members, env: {}, workersFixed: true });
  const text = yaml(origin.url);
  const outcome = await control.propose({ text, path: 'routes.yaml', source: 'start', author: '', reason: '' });
  assert.ok(outcome.ok, JSON.stringify(outcome));
  const port = await crew.listen({ listener: 'internal', host: '127.0.0.1', port: 0 });
  assert.ok(port.ok);
  crew.serve();
  const traffic = new Live({
    ...shared,
    alarms: systemAlarms,
    view: () => control.view,
    membersOf: (upstream) => members.membersOf(upstream),
    callers: (watch) => crew.callers(watch),
  });
  const admin = fastify();
  admin.addHook('onRequest', async (request) => {
    request.caller = { name: '', role: 'admin' };
  });
  admin.register(live(traffic));
  await admin.listen({ host: '127.0.0.1', port: 0 });
  after(async () => {
    traffic.stop();
    await admin.close();
    members.stop();
    await crew.stop(0);
    await origin.stop();
  });
  return { port: port.value, threads, crew, url: `http://127.0.0.1:${(admin.server.address() as AddressInfo).port}` };
}

/** Frames of the stream, as they come. */
async function follow(url: string): Promise<LiveFrame[]> {
  const frames: LiveFrame[] = [];
  const reply = await new Promise<IncomingMessage>((resolve) => get(`${url}/v1/live`, resolve));
  let text = '';
  reply.setEncoding('utf8');
  reply.on('error', () => {});
  reply.on('data', (part: string) => {
    text += part;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) frames.push(JSON.parse(data) as LiveFrame);
    }
  });
  after(() => reply.destroy());
  return frames;
}

/** Exchanges that frames speak of: rates times seconds. */
function ended(frames: readonly LiveFrame[], rate: (frame: LiveFrame) => number | undefined): number {
  return Math.round(frames.reduce((sum, frame) => sum + ((rate(frame) ?? 0) * frame.interval) / 1000, 0));
}

const rateOf = (caller: string) => (frame: LiveFrame) => frame.callers.find(({ id }) => id === caller)?.rate;

/** So many exchanges on each of a few connections, which the kernel shares out among the threads. */
async function ask(port: number, connections: number, target: string, caller: string, times: number): Promise<void> {
  const clients = Array.from({ length: connections }, () => new Caller(port));
  for (const client of clients) {
    for (let i = 0; i < times; i++) assert.ok((await client.ask('GET', target, '', caller)).status > 0);
    client.close();
  }
}

for (const workers of [0, 2]) {
  test(`what clients ask stands in the frames: ${workers === 0 ? 'on the main thread' : `${workers} threads`}`, async () => {
    const { port, url, crew } = await start(workers);
    await ask(port, 2, '/cart/early', 'x-caller: web\r\n', 3);
    // A reply is there before its exchange is counted; a thread answers a question after both.
    await until('what was before to be over', async () => (await crew.status()).exchanges === 0);
    const frames = await follow(url);
    await ask(port, 8, '/cart/1', 'x-caller: web\r\n', 5);
    await ask(port, 1, '/cart/broken', 'x-caller: batch\r\n', 4);
    await ask(port, 1, '/nowhere', '', 2);
    await until('all of them to be told', () => ended(frames, ({ total }) => total.rate) >= 46);
    await until('a frame of rest', () => frames.at(-1)?.total.rate === 0);
    assert.equal(
      ended(frames, ({ total }) => total.rate),
      46,
      'what was before does not count',
    );
    assert.equal(ended(frames, rateOf('web')), 40);
    assert.equal(ended(frames, rateOf('batch')), 4);
    assert.equal(ended(frames, rateOf('_unknown')), 2);
    const batch = frames.flatMap(({ callers }) => callers).find(({ id }) => id === 'batch');
    assert.deepEqual([batch?.errorShare, batch?.to.map(({ route }) => route)], [1, ['cart']]);
    const cart = frames.flatMap(({ routes }) => routes).filter(({ id }) => id === 'cart');
    assert.ok(cart.every(({ p50, p99, to }) => p50 !== null && p99 !== null && p50 <= p99 && to[0].weight === 100));
    const [rest] = frames.slice(-1);
    assert.deepEqual(
      rest.upstreams.map(({ id, rate, inFlight, circuit, up, members }) => [id, rate, inFlight, circuit, up, members]),
      [
        ['cart', 0, 0, 'closed', 1, 1],
        ['idle', 0, 0, 'closed', 1, 1],
      ],
    );
  });
}

test('a thread that dies lacks once, and its successor counts by caller too', async () => {
  const { port, url, threads, crew } = await start(1);
  const frames = await follow(url);
  await until('a frame', () => frames.length > 0);
  await ask(port, 1, '/cart/1', 'x-caller: web\r\n', 3);
  await until('its exchanges', () => ended(frames, rateOf('web')) === 3);
  await threads[0].end();
  await until('a new thread to serve', () => threads.length === 2 && crew.running === 1, 20_000);
  const before = frames.length;
  await until('a frame from then on', () => frames.length > before + 1);
  await ask(port, 1, '/cart/1', 'x-caller: web\r\n', 5);
  await until('its exchanges', () => ended(frames, rateOf('web')) === 8);
  assert.equal(
    ended(frames, ({ total }) => total.rate),
    8,
  );
});
