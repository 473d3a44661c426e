/**
 * Names looked up again and again: by their TTL while all is well, with growing pauses while it is not, and never emptied.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Found, Lookup, Wanted } from '../../../src/upstream/lookup.ts';
import { Resolver } from '../../../src/upstream/resolver.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';

const CART: Wanted = { is: 'name', host: 'cart.internal' };

function good(ttl: number, ...hosts: string[]): Found {
  return { ok: true, places: hosts.map((host) => ({ host, port: 0, weight: 1 })), ttl };
}

const SERVFAIL: Found = { ok: false, result: 'failed', error: 'the server failed (ESERVFAIL)' };
const NXDOMAIN: Found = { ok: false, result: 'not_found', error: 'there is no such name (ENOTFOUND)' };

function bench(first: Found) {
  const clock = new FakeClock(0);
  const alarms = new FakeAlarms(clock);
  const asked: number[] = [];
  const logged: string[] = [];
  const changes: string[] = [];
  const made = { answer: first };
  const lookup: Lookup = {
    ask: async () => {
      asked.push(clock.now());
      return made.answer;
    },
    stop: () => {},
  };
  const resolver = new Resolver({
    lookup,
    alarms,
    log: (level, fields, message) => void logged.push(`${level} ${JSON.stringify(fields)} ${message}`),
    onChange: (key) => void changes.push(key),
  });
  const hosts = () => resolver.places('cart.internal').map(({ host }) => host);
  return { made, clock, alarms, asked, logged, changes, resolver, hosts };
}

test('a name is asked for again when its answer is over, at least a second and at most an hour later', async () => {
  const { resolver, alarms, asked, made } = bench(good(5_000, '10.0.0.1'));
  await resolver.watch([CART]);
  await alarms.run(10_000);
  made.answer = good(0, '10.0.0.1');
  await alarms.run(5_000);
  made.answer = good(1e12, '10.0.0.1');
  await alarms.run(1_000 + 3_600_000);
  assert.deepEqual(
    asked,
    [0, 5_000, 10_000, 15_000, 16_000, 3_616_000].filter((time) => time <= 3_616_000),
  );
});

test('only an answer that leads elsewhere is told, whatever the order of its addresses', async () => {
  const { resolver, alarms, changes, made, hosts } = bench(good(1_000, '10.0.0.1', '10.0.0.2'));
  await resolver.watch([CART]);
  made.answer = good(1_000, '10.0.0.2', '10.0.0.1');
  await alarms.run(5_000);
  assert.deepEqual(changes, ['cart.internal']);
  made.answer = good(1_000, '10.0.0.3');
  await alarms.run(1_000);
  assert.deepEqual(changes, ['cart.internal', 'cart.internal']);
  assert.deepEqual(hosts(), ['10.0.0.3']);
});

test('while lookups fail the last good answer stays, and pauses grow from a second to half a minute', async () => {
  const { resolver, alarms, asked, made, hosts, changes } = bench(good(1_000, '10.0.0.1'));
  await resolver.watch([CART]);
  made.answer = SERVFAIL;
  await alarms.run(120_000);
  made.answer = NXDOMAIN;
  await alarms.run(3_600_000);
  assert.deepEqual(hosts(), ['10.0.0.1']);
  assert.deepEqual(changes, ['cart.internal']);
  assert.deepEqual(asked.slice(0, 9), [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 62_000, 92_000]);
});

test('a failure is said once, another one again, and that it is over too', async () => {
  const { resolver, alarms, logged, made } = bench(good(1_000, '10.0.0.1', '10.0.0.2'));
  await resolver.watch([CART]);
  made.answer = SERVFAIL;
  await alarms.run(60_000);
  made.answer = NXDOMAIN;
  await alarms.run(60_000);
  made.answer = good(60_000, '10.0.0.1', '10.0.0.2');
  await alarms.run(60_000);
  const stays = 'a name cannot be looked up; what was known of it stays in use';
  assert.deepEqual(logged, [
    `warn {"name":"cart.internal","error":"the server failed (ESERVFAIL)","addresses":2} ${stays}`,
    `warn {"name":"cart.internal","error":"there is no such name (ENOTFOUND)","addresses":2} ${stays}`,
    'info {"name":"cart.internal","addresses":2} a name can be looked up again',
  ]);
});

test('results are counted for each name', async () => {
  const { resolver, alarms, made } = bench(good(1_000, '10.0.0.1'));
  await resolver.watch([CART]);
  await alarms.run(1_000);
  made.answer = NXDOMAIN;
  await alarms.run(1_000);
  const [state] = resolver.states();
  assert.deepEqual(
    [...state.results],
    [
      ['ok', 2],
      ['not_found', 1],
    ],
  );
  assert.equal(state.failing, true);
});

test('a name that is watched already is not asked for once more, and one that is forgotten never again', async () => {
  const { resolver, alarms, asked } = bench(good(1_000, '10.0.0.1'));
  await resolver.watch([CART]);
  await resolver.watch([CART]);
  assert.equal(asked.length, 1);
  resolver.keepOnly(new Set());
  await alarms.run(60_000);
  assert.equal(asked.length, 1);
  assert.equal(alarms.pending, 0);
});

test('an answer that comes for a forgotten name is of no consequence', async () => {
  const { resolver, alarms, changes } = bench(good(1_000, '10.0.0.1'));
  const first = resolver.watch([CART]);
  resolver.stop();
  await first;
  assert.deepEqual(changes, []);
  assert.equal(alarms.pending, 0);
});
