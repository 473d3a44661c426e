/**
 * Members whose attempts fail more often than those of the others.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEMBER_BLOCK } from '../../../src/core/lanes.ts';
import { SuccessRates } from '../../../src/upstream/success-rate.ts';
import type { OutlierSettings } from '../../../src/upstream/upstream.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';

const SETTINGS: OutlierSettings = {
  consecutiveFailures: 5,
  successRate: { interval: 10_000, minRequests: 100, minMembers: 5, deviations: 1.9 },
  ejectFor: 30_000,
  maxEjectFor: 300_000,
  maxEjectedPercent: 50,
};

function bench(count: number) {
  const alarms = new FakeAlarms(new FakeClock(0));
  const counted = Array.from({ length: count }, () => ({ good: 0, bad: 0 }));
  const ejected: string[] = [];
  const rates = new SuccessRates({
    alarms,
    sum: (block, offset) => (offset === MEMBER_BLOCK.good ? counted[block].good : counted[block].bad),
    eject: (upstream, member, cause) => void ejected.push(`${upstream} ${member}: ${cause}`),
  });
  const members = counted.map((_, block) => ({ id: `m${block}`, block }));
  rates.keep('cart', SETTINGS, members);
  /** Attempts in an interval: so many at each member, of which the given ones failed. */
  const pass = async (attempts: number, bad: readonly number[]) => {
    for (const [i, one] of counted.entries()) {
      one.bad += bad[i] ?? 0;
      one.good += attempts - (bad[i] ?? 0);
    }
    await alarms.run(10_000);
  };
  return { rates, ejected, pass, alarms, members, counted };
}

test('a member far below the others is ejected, with the numbers that led to it', async () => {
  const { ejected, pass } = bench(5);
  await pass(200, [1, 0, 2, 60, 1]);
  assert.deepEqual(ejected, ['cart m3: 70.0% of 200 attempts went well, 99.5% at the others']);
});

test('where all are equally bad, nobody is', async () => {
  const { ejected, pass } = bench(5);
  await pass(200, [60, 58, 62, 60, 61]);
  assert.deepEqual(ejected, []);
});

test('a single failure beside perfect others ejects nobody', async () => {
  const { ejected, pass } = bench(5);
  await pass(200, [0, 1, 0, 0, 0]);
  assert.deepEqual(ejected, []);
});

test('each interval is looked at by itself', async () => {
  const { ejected, pass } = bench(5);
  await pass(200, [0, 0, 0, 0, 60]);
  await pass(200, [0, 0, 0, 0, 0]);
  assert.equal(ejected.length, 1);
});

test('few attempts, or few members with enough of them, say nothing', async () => {
  const few = bench(5);
  await few.pass(99, [0, 0, 0, 0, 99]);
  assert.deepEqual(few.ejected, []);
  const four = bench(4);
  assert.equal(four.alarms.pending, 0, 'nor are they even looked at');
  await four.pass(200, [0, 0, 0, 200]);
  assert.deepEqual(four.ejected, []);
});

test('a reload goes on with the interval under way, and turning it off ends it', async () => {
  const { rates, ejected, pass, alarms, members } = bench(5);
  await alarms.run(9_000);
  rates.keep('cart', SETTINGS, [...members]);
  await alarms.run(500);
  assert.equal(alarms.pending, 1);
  await pass(200, [0, 0, 0, 0, 60]);
  assert.equal(ejected.length, 1);
  rates.keep('cart', { ...SETTINGS, successRate: 'off' }, members);
  assert.equal(alarms.pending, 0);
});

test('a member that was away and came back is judged by what it did since, not by its earlier life', async () => {
  const { rates, ejected, pass, members, counted, alarms } = bench(6);
  await pass(200, [0, 0, 0, 0, 0, 60]);
  assert.equal(ejected.length, 1);
  rates.keep('cart', SETTINGS, members.slice(0, 5));
  await pass(0, []);
  rates.keep('cart', SETTINGS, members);
  await pass(200, []);
  assert.equal(ejected.length, 1);
  // One that is new is counted from its first attempt.
  rates.keep('cart', SETTINGS, members.slice(0, 5));
  await pass(0, []);
  counted[6] = { good: 0, bad: 0 };
  rates.keep('cart', SETTINGS, [...members.slice(0, 5), { id: 'm6', block: 6 }]);
  await pass(200, [0, 0, 0, 0, 0, 0, 60]);
  assert.deepEqual(ejected.slice(1), ['cart m6: 70.0% of 200 attempts went well, 100.0% at the others']);
  assert.equal(alarms.pending, 1);
});
