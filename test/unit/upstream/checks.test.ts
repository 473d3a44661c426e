/**
 * Active checks: when they ask, what makes a member ill and well, and that all of it stands in shared words.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlaneEvent } from '../../../src/core/events.ts';
import { MEMBER_WORDS, UPSTREAM_WORDS, WORDS_PER_BLOCK } from '../../../src/core/words.ts';
import { type CheckedGroup, Checks } from '../../../src/upstream/checks.ts';
import type { HealthCheckSettings } from '../../../src/upstream/upstream.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';
import { seededDraw } from '../../support/draw.ts';

const SETTINGS: HealthCheckSettings = {
  path: '/healthz',
  status: [200, 299],
  body: undefined,
  interval: 5_000,
  timeout: 1_000,
  healthyAfter: 2,
  unhealthyAfter: 3,
};

const words = () => new Int32Array(new SharedArrayBuffer(WORDS_PER_BLOCK * 4));

function group(count: number, settings = SETTINGS): CheckedGroup {
  const members = Array.from({ length: count }, (_, i) => ({
    id: `http://10.0.0.${i}:80`,
    host: `10.0.0.${i}`,
    port: 80,
    authority: 'cart.internal',
    words: words(),
  }));
  return { upstream: 'cart', words: words(), settings, members };
}

function bench() {
  const clock = new FakeClock(0);
  const alarms = new FakeAlarms(clock);
  const events: PlaneEvent[] = [];
  const asked: { host: string; at: number }[] = [];
  const open: { end: () => void; ended: boolean }[] = [];
  const made = { trouble: undefined as string | undefined, hang: false };
  const checks = new Checks({
    alarms,
    clock,
    draw: seededDraw(7),
    tell: (event) => void events.push(event),
    probe: ({ host }) => {
      asked.push({ host, at: clock.now() });
      const { promise: trouble, resolve } = Promise.withResolvers<string | undefined>();
      const question = {
        ended: false,
        end: () => {
          question.ended = true;
          resolve(undefined);
        },
      };
      open.push(question);
      if (!made.hang) resolve(made.trouble);
      return { trouble, end: question.end };
    },
  });
  /** Moves time on until so many more questions were asked. */
  const questions = async (count: number) => {
    for (const most = asked.length + count; asked.length < most; ) await alarms.run(100);
  };
  return { checks, clock, alarms, events, asked, open, made, questions };
}

const health = ({ members: [member] }: CheckedGroup) => member.words[MEMBER_WORDS.health];

test('first checks are spread over an interval, and later ones keep about that distance', async () => {
  const { checks, alarms, asked } = bench();
  checks.keep(group(50));
  await alarms.run(5_000);
  const firsts = asked.slice(0, 50).map(({ at }) => at);
  assert.equal(new Set(asked.map(({ host }) => host)).size, 50);
  assert.ok(Math.min(...firsts) < 1_000 && Math.max(...firsts) > 4_000);
  await alarms.run(50_000);
  const times = asked.filter(({ host }) => host === '10.0.0.3').map(({ at }) => at);
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  assert.ok(gaps.length >= 9 && Math.min(...gaps) >= 4_500 && Math.max(...gaps) <= 5_500, gaps.join(' '));
  assert.ok(new Set(gaps).size > 1);
});

test('a member is ill after so many bad checks in a row, and well after so many good ones', async () => {
  const { checks, questions, events, made, clock } = bench();
  const cart = group(1);
  checks.keep(cart);
  made.trouble = 'status 503';
  await questions(2);
  assert.equal(health(cart), 0, 'two bad checks say nothing yet');
  await questions(1);
  assert.equal(health(cart), 1);
  assert.equal(cart.words[UPSTREAM_WORDS.availability], 1);
  made.trouble = undefined;
  await questions(1);
  assert.equal(health(cart), 1, 'one good check says nothing yet');
  await questions(1);
  assert.equal(health(cart), 0);
  assert.equal(cart.words[UPSTREAM_WORDS.availability], 2);
  const since = cart.members[0].words[MEMBER_WORDS.since];
  assert.ok(since > 0 && since <= clock.now(), 'it begins slowly from now');
  const common = { is: 'member', upstream: 'cart', member: 'http://10.0.0.0:80', until: undefined };
  assert.deepEqual(events, [
    { ...common, state: 'unhealthy', cause: '3 checks in a row: status 503' },
    { ...common, state: 'up', cause: '2 checks in a row went well' },
  ]);
});

test('a single good check in between begins the count anew', async () => {
  const { checks, questions, made } = bench();
  const cart = group(1);
  checks.keep(cart);
  for (let i = 0; i < 5; i++) {
    made.trouble = 'refuses connections';
    await questions(2);
    made.trouble = undefined;
    await questions(1);
  }
  assert.equal(health(cart), 0);
});

test('a member that is well again leaves its ejection', async () => {
  const { checks, questions, made } = bench();
  const cart = group(1);
  const [{ words: own }] = cart.members;
  checks.keep(cart);
  made.trouble = 'status 500';
  await questions(3);
  own[MEMBER_WORDS.ejection] = 1;
  own[MEMBER_WORDS.failures] = 4;
  made.trouble = undefined;
  await questions(2);
  assert.deepEqual([own[MEMBER_WORDS.health], own[MEMBER_WORDS.ejection], own[MEMBER_WORDS.failures]], [0, 0, 0]);
});

test('at most 64 questions are open at once, and the others get their turn', async () => {
  const { checks, alarms, asked, open, made } = bench();
  made.hang = true;
  checks.keep(group(200));
  await alarms.run(6_000);
  assert.equal(asked.length, 64);
  made.hang = false;
  for (const question of open) question.end();
  await alarms.run(100);
  assert.equal(new Set(asked.map(({ host }) => host)).size, 200);
});

test('the same members under the same settings go on where they were', async () => {
  const { checks, questions, made, alarms } = bench();
  const cart = group(1);
  checks.keep(cart);
  made.trouble = 'status 500';
  await questions(2);
  checks.keep({ ...cart, members: [...cart.members] });
  assert.equal(alarms.pending, 1);
  await questions(1);
  assert.equal(health(cart), 1, 'the third bad check after two before the reload');
});

test('an ill member stays ill under other settings, and counts as well where checks are turned off', async () => {
  const { checks, alarms, made, events } = bench();
  const cart = group(1);
  checks.keep(cart);
  made.trouble = 'status 500';
  await alarms.run(17_000);
  checks.keep({ ...cart, settings: { ...SETTINGS, interval: 1_000 } });
  assert.equal(health(cart), 1);
  checks.turnOff('cart', () => cart.members);
  assert.equal(health(cart), 0);
  assert.equal(cart.words[UPSTREAM_WORDS.availability], 2);
  assert.equal(alarms.pending, 0);
  const told = events.map((event) => (event.is === 'member' ? `${event.state}: ${event.cause}` : event.is));
  assert.deepEqual(told, ['unhealthy: 3 checks in a row: status 500', 'up: it is checked no more']);
});

test('who stays as checks are turned off is asked once, however many were ill, and not at all where nobody was', async () => {
  const { checks, alarms, made, events } = bench();
  const cart = group(50);
  let times = 0;
  const staying = () => {
    times += 1;
    return cart.members.slice(0, 40);
  };
  checks.keep(cart);
  checks.turnOff('cart', staying);
  assert.equal(times, 0);
  checks.keep(cart);
  made.trouble = 'status 500';
  await alarms.run(17_000);
  events.length = 0;
  checks.turnOff('cart', staying);
  assert.deepEqual([times, events.length], [1, 40]);
});

for (const end of ['the upstream is gone', 'the member leaves as checks are turned off'] as const) {
  test(`nobody is told to be up where ${end}`, async () => {
    const { checks, alarms, made, events } = bench();
    const cart = group(1);
    checks.keep(cart);
    made.trouble = 'status 500';
    await alarms.run(17_000);
    if (end === 'the upstream is gone') checks.leave('cart');
    else checks.turnOff('cart', () => []);
    assert.equal(health(cart), 0);
    assert.equal(events.length, 1);
  });
}

test('a member that left is asked no more, and a question about it ends', async () => {
  const { checks, alarms, open, made, events } = bench();
  made.hang = true;
  checks.keep(group(1));
  await alarms.run(5_000);
  checks.keep({ ...group(1), members: [] });
  assert.equal(open[0].ended, true);
  await alarms.run(60_000);
  assert.equal(open.length, 1);
  assert.deepEqual(events, []);
});

test('nothing is asked and nothing waits once they are stopped', async () => {
  const { checks, alarms, open, made } = bench();
  made.hang = true;
  checks.keep(group(3));
  await alarms.run(5_000);
  checks.stop();
  assert.ok(open.every(({ ended }) => ended));
  await alarms.run(60_000);
  assert.equal(open.length, 3);
  assert.equal(alarms.pending, 0);
});
