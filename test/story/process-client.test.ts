/**
 * The command line as a client of the admin API, as processes of their own: streams, signals, exit codes.
 */

import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { CHANGE, EVENTS, FRAME, LEASE } from '../support/admin-samples.ts';
import { FakeAdmin } from '../support/fake-admin.ts';
import { freePort } from '../support/ports.ts';
import { ROOT } from '../support/source.ts';
import { until, within } from '../support/wait.ts';

interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly said: { out: string; err: string };
  /** Exit code; null where a signal ended it. */
  readonly code: Promise<number | null>;
}

const LIMIT = 20_000;
let fake: FakeAdmin;
const started: Started[] = [];
beforeEach(async () => {
  fake = await FakeAdmin.start();
});
afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.splice(0).map(({ code }) => code));
  await fake.stop();
});

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [join(ROOT, 'src/boot.js'), ...words], {
    env: { ...process.env, SIGNALBOX_ADMIN: fake.url, SIGNALBOX_TOKEN: '', SIGNALBOX_ADMIN_TOKEN: '', ...env },
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const one = { child, said, code };
  started.push(one);
  return one;
}

function ended({ code, said }: Started): Promise<number | null> {
  return within(() => `the process to end; it said:\n${said.out}${said.err}`, code, LIMIT);
}

test('a call is made, printed without colours, and the process ends', async () => {
  fake.on('GET /v1/events', { items: EVENTS, total: 2 });
  const one = start(['events']);
  assert.equal(await ended(one), 0);
  assert.match(one.said.out, /ago {2}the circuit of cart opened: 10 failures in a row\n$/);
  assert.ok(!one.said.out.includes('\x1b'));
  assert.equal(one.said.err, '');
});

test('exit codes reach the shell', async () => {
  const away = start(['status'], { SIGNALBOX_ADMIN: `127.0.0.1:${await freePort()}` });
  const wrong = start(['get', 'rutes']);
  const refused = start(['status']);
  assert.deepEqual(await Promise.all([ended(away), ended(wrong), ended(refused)]), [3, 2, 1]);
});

test('a part comes in by standard input', async () => {
  fake.on('PUT /v1/routes/cart', CHANGE);
  const one = start(['put', 'route', 'cart', '-']);
  one.child.stdin.end('match: { path: /cart }\nupstream: cart\n');
  assert.equal(await ended(one), 0);
  assert.deepEqual(fake.heard[0]?.body, { match: { path: '/cart' }, upstream: 'cart' });
});

test('a reader that goes away ends it quietly', async () => {
  const event = { ...EVENTS[0], text: 'x'.repeat(2000) };
  fake.on('GET /v1/events', { items: Array.from({ length: 1000 }, () => event), total: 1000 });
  const list = start(['events']);
  const stream = start(['live']);
  list.child.stdout.once('data', () => list.child.stdout.destroy());
  stream.child.stdout.once('data', () => stream.child.stdout.destroy());
  await until('somebody to listen', () => fake.listeners > 0, LIMIT);
  const timer = setInterval(() => fake.send(FRAME), 20);
  const codes = await Promise.all([ended(list), ended(stream)]);
  clearInterval(timer);
  assert.deepEqual(codes, [0, 0]);
  assert.equal(list.said.err + stream.said.err, '');
});

test('what is kept registered is deregistered at SIGTERM, though nobody reads what it says', async () => {
  const place = '/v1/upstreams/cart/leases/127.0.0.1-7003';
  fake.on(`PUT ${place}`, () => ({ status: 201, body: { ...LEASE, ttl: '300ms' } }));
  fake.on(`DELETE ${place}`, { upstream: 'cart', instance: LEASE.instance, state: 'gone', inFlight: 0 });
  const one = start(['register', 'cart', '127.0.0.1:7003', '--ttl', '300ms', '--keep']);
  await until('the first word', () => one.said.out !== '', LIMIT);
  one.child.stdout.destroy();
  one.child.stderr.destroy();
  const before = fake.heard.length;
  await until('renewals', () => fake.heard.length > before + 3, LIMIT);
  one.child.kill('SIGTERM');
  assert.equal(await ended(one), 0);
  assert.equal(fake.asked(`DELETE ${place}`).length, 1);
});

test('a stream ends at SIGINT with code 0', async () => {
  const one = start(['top']);
  await until('somebody to listen', () => fake.listeners > 0, LIMIT);
  fake.send(FRAME);
  await until('lines', () => one.said.out.includes('total'), LIMIT);
  one.child.kill('SIGINT');
  assert.equal(await ended(one), 0);
});
