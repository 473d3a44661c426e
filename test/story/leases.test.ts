/**
 * Services that register themselves while a router of two threads serves: traffic finds them, leaves them, and fails
 * nowhere on the way.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Act, type ActingOrigin, type Asked, startActing } from '../support/acting-origin.ts';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { Caller } from '../support/caller.ts';
import { settled } from '../support/leaks.ts';
import { connectRaw } from '../support/raw-client.ts';
import { until } from '../support/wait.ts';

const DOCUMENT = `listeners:
  internal: { address: 127.0.0.1:0 }
admin: { address: 127.0.0.1:0 }
drain: { notice: 0s, limit: 1s }
upstreams:
  cart: { retry: off }
routes:
  cart: { match: { path: / }, upstream: cart }
`;

interface Stage {
  router: RouterWithApp;
  /** Starts a service that acts so, and registers it under this name; who it is stands in each of its replies. */
  service(name: string, act?: Act, ttl?: number): Promise<ActingOrigin>;
  put(name: string, origin: ActingOrigin, ttl?: number): void;
  remove(name: string, wait?: number): ReturnType<RouterWithApp['app']['leases']['remove']>;
  /** Asks on so many connections of their own, which spreads them over the threads: who answered, or the status. */
  ask(times: number): Promise<string[]>;
}

/** The state folder goes once the router that keeps it has stopped. */
async function onStage(t: TestContext, more: { readonly stateFolder?: string } = {}): Promise<Stage> {
  const { stateFolder } = more;
  const origins: ActingOrigin[] = [];
  const stage: Stage = {
    router: await startRouterWithApp(DOCUMENT, { workers: 2, ...more }),
    service: async (name, act = named(name), ttl) => {
      const origin = await startActing(act);
      origins.push(origin);
      stage.put(name, origin, ttl);
      return origin;
    },
    put: (name, { url }, ttl) => {
      const answer = stage.router.app.leases.put('cart', name, { url, ttl }, name);
      assert.ok(answer.ok, JSON.stringify(answer));
    },
    remove: (name, wait = 0) => stage.router.app.leases.remove('cart', name, { wait, author: name }),
    ask: async (times) => {
      const found: string[] = [];
      for (let i = 0; i < times; i++) {
        const caller = new Caller(stage.router.port());
        const { status, body } = await caller.ask('GET', '/');
        caller.close();
        found.push(status === 200 ? body : String(status));
      }
      return found;
    },
  };
  t.after(async () => {
    await stage.router.stop();
    for (const origin of origins) await origin.kill();
    if (stateFolder !== undefined) await rm(stateFolder, { recursive: true, force: true });
  });
  return stage;
}

function named(name: string): Act {
  return (asked) => asked.whole(() => asked.reply(200, name));
}

const only = (found: readonly string[], ...names: readonly string[]) =>
  found.every((one) => names.includes(one)) && names.every((name) => found.includes(name));

test('an upstream without endpoints refuses until a service registers, and serves from then on', async (t) => {
  const stage = await onStage(t);
  assert.ok(only(await stage.ask(8), '503'));
  const began = performance.now();
  await stage.service('one');
  await until('every thread to know it', async () => only(await stage.ask(8), 'one'));
  t.diagnostic(`registered and seen on both threads after ${Math.round(performance.now() - began)} ms`);
  await stage.service('two');
  await until('both to be asked', async () => only(await stage.ask(8), 'one', 'two'));
});

test('a service that deregisters gets no new request, finishes the one it has, and its connections close', async (t) => {
  const stage = await onStage(t);
  const held: Asked[] = [];
  const leaving = await stage.service('leaving', (asked) => {
    if (asked.target === '/slow') held.push(asked);
    else asked.reply(200, 'leaving');
  });
  const slow = new Caller(stage.router.port());
  const reply = slow.ask('GET', '/slow');
  await until('the slow request to be there', () => held.length === 1);
  await stage.ask(8);
  await stage.service('staying');
  const waiting = stage.remove('leaving', 60_000);
  assert.deepEqual(await stage.remove('leaving'), { state: 'draining', inFlight: 1 });
  const before = leaving.received;
  assert.ok(only(await stage.ask(24), 'staying'));
  assert.equal(leaving.received, before);
  await until('its idle connections to close', () => leaving.connections === 1);
  assert.equal(stage.router.app.leases.list('cart').find(({ instance }) => instance === 'leaving')?.state, 'draining');
  held[0].reply(200, 'done');
  assert.equal((await reply).body, 'done');
  assert.deepEqual(await waiting, { state: 'gone', inFlight: 0 });
  await until('its last connection to close', () => leaving.connections === 0);
  slow.close();
  await settled(stage.router);
});

test('a tunnel to a service that deregistered ends after the drain limit', async (t) => {
  const stage = await onStage(t);
  const upgrade = 'HTTP/1.1 101 Word\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n';
  await stage.service('echo', (asked) => asked.send(upgrade));
  const client = await connectRaw(stage.router.port());
  await client.send('GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
  await until('the tunnel', async () => (await stage.router.status()).tunnels === 1);
  assert.deepEqual(await stage.remove('echo', 100), { state: 'draining', inFlight: 1 });
  assert.deepEqual(await stage.remove('echo', 30_000), { state: 'gone', inFlight: 0 });
  await client.closed();
  const line = (await stage.router.accessLog(1)).at(-1);
  assert.equal(line?.code, 'draining');
  await settled(stage.router);
});

test('a service that is killed without a word is a member until its time is over', async (t) => {
  const stage = await onStage(t);
  const killed = await stage.service('killed', undefined, 1_000);
  const staying = await stage.service('staying', undefined, 60_000);
  await until('both to be asked', async () => only(await stage.ask(8), 'killed', 'staying'));
  await killed.kill();
  await until('it to be gone', () => stage.router.app.leases.list('cart').length === 1);
  await until('every thread to know', async () => only(await stage.ask(16), 'staying'));
  const line = stage.router.logs.find(({ left }) => Array.isArray(left) && left.includes(killed.url));
  assert.deepEqual(line?.causes, ['killed was not renewed for 1s']);
  assert.equal(staying.up, true);
});

test('a restart of the router keeps the pool, and a service that deregistered stays away', async (t) => {
  const stateFolder = await mkdtemp(join(tmpdir(), 'signalbox-leases-'));
  const stage = await onStage(t, { stateFolder });
  // After the router has stopped, which saves what it has.
  t.after(() => rm(stateFolder, { recursive: true, force: true }));
  await stage.service('one');
  await stage.service('two');
  await stage.service('three');
  await stage.remove('three', 1_000);
  await stage.router.stop();
  stage.router = await startRouterWithApp(DOCUMENT, { workers: 2, stateFolder });
  const found = await stage.ask(24);
  assert.ok(only(found, 'one', 'two'), found.join(' '));
});

test('a service that leaves while the router drains is told what is under way, and stays away after the restart', async (t) => {
  const stateFolder = await mkdtemp(join(tmpdir(), 'signalbox-leases-'));
  const stage = await onStage(t, { stateFolder });
  // After the router has stopped, which saves what it has.
  t.after(() => rm(stateFolder, { recursive: true, force: true }));
  assert.ok((await stage.router.reload(DOCUMENT.replace('limit: 1s', 'limit: 1m'))).ok);
  const held: Asked[] = [];
  await stage.service('busy', (asked) => void held.push(asked));
  const slow = new Caller(stage.router.port());
  t.after(() => slow.close());
  const reply = slow.ask('GET', '/');
  await until('the request to be there', () => held.length === 1);
  await stage.service('one');
  await stage.service('idle');
  const before = stage.remove('busy', 60_000);
  assert.deepEqual(await stage.remove('busy'), { state: 'draining', inFlight: 1 });
  const drained = stage.router.app.drain();
  await until('no more to be accepted', () => stage.router.logs.some(({ msg }) => msg === 'accepting no more'));
  assert.equal((await stage.remove('busy'))?.state, 'draining');
  assert.deepEqual(await stage.remove('idle', 60_000), { state: 'gone', inFlight: 0 });
  held[0].reply(200, 'done');
  assert.deepEqual(await before, { state: 'gone', inFlight: 0 });
  assert.equal((await reply).body, 'done');
  await drained;
  stage.router = await startRouterWithApp(DOCUMENT, { workers: 2, stateFolder });
  assert.deepEqual(
    stage.router.app.leases.list('cart').map(({ instance }) => instance),
    ['one'],
  );
});

test('a service whose upstream a document drops, and that deregisters then, finishes what it has', async (t) => {
  const stage = await onStage(t);
  const held: Asked[] = [];
  await stage.service('leaving', (asked) => void held.push(asked));
  const slow = new Caller(stage.router.port());
  t.after(() => slow.close());
  const reply = slow.ask('GET', '/');
  await until('the request to be there', () => held.length === 1);
  assert.ok((await stage.router.reload(DOCUMENT.replaceAll('cart', 'tax'))).ok);
  assert.deepEqual(await stage.remove('leaving'), { state: 'draining', inFlight: 1 });
  const waiting = stage.remove('leaving', 60_000);
  held[0].reply(200, 'done');
  assert.deepEqual(await waiting, { state: 'gone', inFlight: 0 });
  assert.equal((await reply).body, 'done');
});

test('a document that is reloaded, and a thread that is told late, lose nobody who registered', async (t) => {
  const stage = await onStage(t);
  await stage.service('one');
  assert.ok((await stage.router.reload(DOCUMENT.replace('retry: off', 'balance: random'))).ok);
  assert.ok(only(await stage.ask(16), 'one'));
  assert.ok((await stage.router.reload(DOCUMENT.replaceAll('cart', 'tax'))).ok);
  assert.ok(only(await stage.ask(8), '503'));
  assert.ok((await stage.router.reload(DOCUMENT)).ok);
  assert.ok(only(await stage.ask(16), 'one'));
});

test('of a thousand requests under way none fails while services come and go', async (t) => {
  const stage = await onStage(t);
  // How long a thousand at once take is the machine's affair.
  const patient = DOCUMENT.replace('retry: off', 'retry: off, timeout: { attempt: 1m, total: 2m }');
  assert.notEqual(patient, DOCUMENT);
  assert.ok((await stage.router.reload(patient)).ok);
  const slowly = (name: string): Act => {
    return (asked) => setTimeout(() => asked.whole(() => asked.reply(200, name)), 20 + (asked.target.length % 7) * 5);
  };
  const services = new Map<string, ActingOrigin>();
  for (const name of ['a', 'b', 'c', 'd']) services.set(name, await stage.service(name, slowly(name)));
  let going = true;
  const bad: string[] = [];
  let asked = 0;
  const crowd = Array.from({ length: 1_000 }, async (_, i) => {
    const caller = new Caller(stage.router.port());
    while (going) {
      // POST: nothing is sent twice to make up for a failure.
      const { status, body } = await caller.ask(i % 2 === 0 ? 'GET' : 'POST', `/${'x'.repeat(i % 7)}`, '');
      asked += 1;
      if (status !== 200) bad.push(`${status} ${body}`);
    }
    caller.close();
  });
  await until('many requests to be under way', async () => (await stage.router.status()).exchanges > 500, 30_000);
  try {
    for (let round = 0; round < 3; round++) {
      for (const [name, origin] of services) {
        const removed = await stage.remove(name, 20_000);
        assert.deepEqual(removed, { state: 'gone', inFlight: 0 });
        // As a service that ends now that nothing is under way, and is started anew: whatever still went there would fail.
        await origin.kill();
        await origin.start();
        stage.put(name, origin);
      }
    }
  } finally {
    going = false;
    await Promise.all(crowd);
  }
  t.diagnostic(`${asked} requests while services came and went 12 times`);
  assert.deepEqual(bad, []);
  assert.ok(asked > 1_000);
  await settled(stage.router, 20_000);
});
