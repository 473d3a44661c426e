/**
 * npm start, as a newcomer meets it: a real process, the router beside it, services that call each other through it.
 *
 * Rule: the demo runs on routes.yaml itself, every port moved up to a free place; what is asserted is what the demo
 * promises to show. Nothing may be left listening afterwards.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isFree } from '../support/ports.ts';
import { ROOT } from '../support/source.ts';
import { until, within } from '../support/wait.ts';

const PORTS = { internal: 8080, edge: 8088, admin: 9901, cart: 7001 };
const ALL_PORTS = [7001, 7002, 7003, 7004, 7005, 7006, 8080, 8088, 9901];
/** Starting two processes on a busy machine. */
const START_LIMIT = 30_000;
const STOP_LIMIT = 15_000;

/** How far to move the demo's ports, below those the system gives to port 0. */
async function freeShift(): Promise<number> {
  for (let shift = 11_000; shift < 22_000; shift += 113) {
    const free = await Promise.all(ALL_PORTS.map((port) => isFree(port + shift)));
    if (free.every(Boolean)) return shift;
  }
  throw new Error('no free ports for the demo');
}

interface Demo {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  out(): string;
  errors(): string;
}

function startDemo(...args: string[]): Demo {
  const child = spawn(process.execPath, [join(ROOT, 'src/demo/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const exit = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  return { child, exit, out: () => out, errors: () => errors };
}

/** The way out that takes the router along; a demo that does not go that way is killed. */
async function end(demo: Demo): Promise<void> {
  if (demo.child.exitCode !== null) return;
  demo.child.kill('SIGTERM');
  const limit = setTimeout(() => demo.child.kill('SIGKILL'), STOP_LIMIT);
  await demo.exit;
  clearTimeout(limit);
}

/** fetch sets Host itself; this one lets a test say it. */
function statusOf(port: number, asked: { path: string; headers: { host: string } }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false, ...asked }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    }).on('error', reject);
  });
}

describe('npm start', () => {
  let demo: Demo;
  let shift = 0;
  const url = (door: keyof typeof PORTS, path: string): string => `http://127.0.0.1:${PORTS[door] + shift}${path}`;
  const ask = (address: string, headers: Record<string, string> = {}) => fetch(address, { headers });

  before(async () => {
    shift = await freeShift();
    demo = startDemo('--shift', String(shift), '--quiet');
    await until(
      'the demo to greet',
      () => demo.out().includes('Ctrl-C stops everything') || demo.child.exitCode !== null,
      START_LIMIT,
    );
    assert.match(demo.out(), /Ctrl-C stops everything/, demo.errors());
  });

  after(() => end(demo));

  test('shows one correlation id in the lines of both services and of the router, and gives it back', async () => {
    const id = 'seen-by-everybody-1';
    const reply = await fetch(url('internal', '/cart/ada/items'), {
      method: 'POST',
      body: '{"sku":"lamp","price":1000}',
      headers: { 'x-correlation-id': id },
    });
    assert.equal(reply.status, 201);
    assert.equal(reply.headers.get('x-correlation-id'), id);
    const lines = await until('the lines of both services and two of the router', () => {
      const found = demo
        .out()
        .split('\n')
        .filter((line) => line.includes(`  ${id} `));
      return found.length >= 4 && found;
    });
    assert.match(lines.join('\n'), / {2}cart(-v2)? +POST \/cart\/ada\/items/);
    assert.match(lines.join('\n'), / {2}tax +GET \/rate\?amount=1000/);
    assert.match(lines.join('\n'), / {2}router .*route cart -> cart/);
    assert.match(lines.join('\n'), / {2}router .*route tax -> tax/);
  });

  test('serves old clients red and new ones white, and refuses a version nobody serves', async () => {
    const join = url('edge', '/game/join');
    const red = (await (await ask(join, { 'x-client-version': '1.6.2' })).json()) as { cluster: string };
    const white = (await (await ask(join, { 'x-client-version': '2.1.0' })).json()) as { cluster: string };
    const none = await ask(join, { 'x-client-version': '1.0.0' });
    await none.text();
    assert.deepEqual([red.cluster, white.cluster, none.status], ['red', 'white', 426]);
  });

  test('splits carts between both versions, and keeps a user on one of them', async () => {
    const served = async (headers: Record<string, string>): Promise<string> =>
      ((await (await ask(url('internal', '/cart/ada'), headers)).json()) as { served: string }).served;
    const users = await Promise.all(Array.from({ length: 60 }, (_, n) => served({ 'x-user-id': `user-${n}` })));
    assert.deepEqual([...new Set(users)].sort(), ['cart', 'cart-v2']);
    const again = await Promise.all(Array.from({ length: 60 }, (_, n) => served({ 'x-user-id': `user-${n}` })));
    assert.deepEqual(again, users);
    assert.equal(await served({ 'x-user-id': 'user-0', 'x-signalbox-upstream': 'cart-v2' }), 'cart-v2');
  });

  test('streams orders as they are taken', async () => {
    const stop = new AbortController();
    const stream = await fetch(url('edge', '/orders/events'), { signal: stop.signal });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.ok(reader);
    assert.match((await within('the first event', reader.read())).value ?? '', /listening/);
    const order = await fetch(url('edge', '/orders'), { method: 'POST', body: '{"owner":"ada"}' });
    assert.equal(order.status, 201);
    assert.match((await within('the order as an event', reader.read())).value ?? '', /"owner":"ada"/);
    stop.abort();
  });

  test('answers what has no route in problem+json, and keeps tax.internal from the edge', async () => {
    const nowhere = await ask(url('edge', '/nowhere'));
    assert.equal(nowhere.headers.get('content-type')?.split(';')[0], 'application/problem+json');
    assert.equal(((await nowhere.json()) as { code: string }).code, 'no_route');
    const rate = { path: '/rate?amount=1', headers: { host: 'tax.internal' } };
    assert.equal(await statusOf(PORTS.edge + shift, rate), 404);
    assert.equal(await statusOf(PORTS.internal + shift, rate), 200);
    const basket = await fetch(url('edge', '/basket/ada'), { redirect: 'manual' });
    assert.deepEqual(
      [basket.status, basket.headers.get('location')?.replace(/^https?:\/\/[^/]+/, '')],
      [308, '/cart/ada'],
    );
  });

  test('counts every route in the metrics', async () => {
    const text = await until('the counts of every route so far', async () => {
      const metrics = await (await ask(url('admin', '/metrics'))).text();
      return (
        ['cart', 'tax', 'orders', 'game', '_none'].every((route) => metrics.includes(`route="${route}"`)) && metrics
      );
    });
    assert.match(text, /signalbox_requests_total\{[^}]*route="tax"[^}]*\} \d+/);
  });

  test('stops router, services and traffic on Ctrl-C, and leaves no port taken', async () => {
    demo.child.kill('SIGINT');
    assert.equal(await within('the demo to end', demo.exit, STOP_LIMIT), 0);
    const taken = await Promise.all(ALL_PORTS.map(async (port) => !(await isFree(port + shift))));
    assert.deepEqual(
      ALL_PORTS.filter((_, i) => taken[i]),
      [],
    );
    assert.doesNotMatch(demo.errors(), /"level":(?:50|60)|\bat .*:\d+:\d+/);
  });
});

test('npm start says which port is taken, who wanted it and what to do', async () => {
  const shift = await freeShift();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(PORTS.cart + shift, '127.0.0.1', resolve));
  const demo = startDemo('--shift', String(shift));
  try {
    assert.equal(await within('the demo to give up', demo.exit, START_LIMIT), 1);
    assert.match(demo.errors(), new RegExp(`port ${PORTS.cart + shift} .*in use.*demo service cart.*--shift`));
  } finally {
    await end(demo);
    await new Promise((resolve) => squatter.close(resolve));
  }
});

test('npm start gives up with its services when the router cannot listen', async () => {
  const shift = await freeShift();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(PORTS.edge + shift, '127.0.0.1', resolve));
  const demo = startDemo('--shift', String(shift));
  try {
    assert.equal(await within('the demo to give up', demo.exit, START_LIMIT), 1);
    assert.match(demo.errors(), new RegExp(`${PORTS.edge + shift}`));
    const socket = connect(PORTS.cart + shift, '127.0.0.1');
    await assert.rejects(new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject)));
  } finally {
    await end(demo);
    await new Promise((resolve) => squatter.close(resolve));
  }
});
