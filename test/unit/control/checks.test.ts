/**
 * Large checks in a thread of their own: who waits, who is told to come again, and what ends the thread.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckAnswer, CheckOrder } from '../../../src/control/check-text.ts';
import { Checks, type CheckThread, isLarge } from '../../../src/control/checks.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';

const TERMS = { mayName: true, path: 'routes.yaml', env: {}, workersFixed: true };

function orderOf(text: string, running = ''): CheckOrder {
  return { sent: { is: 'yaml', text }, running, terms: TERMS };
}

function answerOf(detail: string): CheckAnswer {
  return { is: 'unreadable', detail };
}

/** A thread that answers when the test says so. */
interface FakeThread {
  readonly asked: string[];
  ended: boolean;
  readonly answered: (answer: CheckAnswer) => void;
  readonly over: (reason: string) => void;
}

function checksWith(start: () => void = () => {}) {
  const clock = new FakeClock();
  const alarms = new FakeAlarms(clock);
  const threads: FakeThread[] = [];
  const checks = new Checks(alarms, (answered, over): CheckThread => {
    start();
    const thread: FakeThread = { asked: [], ended: false, answered, over };
    threads.push(thread);
    return {
      ask: (order) => void thread.asked.push(order.sent.text),
      end: async () => {
        thread.ended = true;
      },
    };
  });
  const check = (text: string, signal = new AbortController().signal) => checks.check(orderOf(text), signal);
  return { checks, check, threads, alarms };
}

test('a check is large by both texts together', () => {
  assert.equal(isLarge(orderOf('a'.repeat(60_000), 'a'.repeat(5536))), false);
  assert.equal(isLarge(orderOf('a'.repeat(60_000), 'a'.repeat(5537))), true);
});

/** Of the environment. */
const NAME = ['$', '{N}'].join('');
const OPEN = ['$', '{NONE:-{}'].join('');

test('a check is large where an expression repeats something, or may, however short it is', () => {
  for (const text of [
    'regex: /[a-z]{1000}',
    'regex: "/a\\x7b1000}"',
    '{"regex":"/a\\u007b1000}"}',
    'regex: "/a{\\x31000}"',
    'regex: "/a{\\\n  1000}"',
    `regex: "/a{${NAME}}"`,
    `regex: "/a${OPEN}1000}"`,
  ]) {
    assert.equal(isLarge(orderOf(text)), true, text);
  }
  for (const text of [
    '{ path: { regex: "/[a-z]+/.*" }, workers: { 1: 2 } }',
    "regex: '/v\\d+/[^/]+\\.json'",
    '{"regex":"/v\\\\d+\\\\.json","said":"\\"so\\""}',
    `token: "${NAME}"`,
  ]) {
    assert.equal(isLarge(orderOf(text)), false, text);
  }
});

test('checks are worked out one at a time in one thread, in the order in which they came', async () => {
  const { check, threads } = checksWith();
  const answers = [check('first'), check('second')];
  const [thread] = threads;
  assert.deepEqual(thread.asked, ['first']);
  thread.answered(answerOf('1'));
  assert.deepEqual(thread.asked, ['first', 'second']);
  thread.answered(answerOf('2'));
  assert.deepEqual(await Promise.all(answers), [answerOf('1'), answerOf('2')]);
  assert.equal(threads.length, 1);
});

for (const [what, most, text] of [
  ['slow', 4, 'a'.repeat(262_145)],
  ['quick', 64, 'regex: /[a-z]{3}'],
] as const) {
  test(`${most} ${what} ones wait, the next is told to come again, and there is room once one is answered`, async () => {
    const { check, threads } = checksWith();
    for (let i = 0; i <= most; i++) void check(text);
    const refused = await check(text);
    assert.ok(refused.is === 'not_checked' && refused.why === 'busy');
    assert.match(refused.detail, /as many documents as may wait .*ask again/);
    threads[0].answered(answerOf('0'));
    const late = check(text);
    for (let i = 1; i <= most + 1; i++) threads[0].answered(answerOf(`${i}`));
    assert.deepEqual(await late, answerOf(`${most + 1}`));
  });
}

test('slow checks that wait take no place from quick ones', async () => {
  const { check, threads } = checksWith();
  for (let i = 0; i < 5; i++) void check('a'.repeat(262_145));
  const quick = check('regex: /[a-z]{3}');
  for (let i = 0; i <= 5; i++) threads[0].answered(answerOf(`${i}`));
  assert.deepEqual(await quick, answerOf('5'));
});

test('the thread ends when nobody has asked for ten seconds, and the next check gets a new one', async () => {
  const { check, threads, alarms } = checksWith();
  const first = check('first');
  threads[0].answered(answerOf('1'));
  await first;
  await alarms.run(9_999);
  assert.equal(threads[0].ended, false);
  await alarms.run(1);
  assert.equal(threads[0].ended, true);
  void check('second');
  assert.deepEqual(threads[1].asked, ['second']);
});

test('a check that takes longer than a minute is given up, and the next gets a new thread', async () => {
  const { check, threads, alarms } = checksWith();
  const endless = check('endless');
  const next = check('next');
  await alarms.run(60_000);
  const answer = await endless;
  assert.ok(answer.is === 'not_checked' && answer.why === 'failed');
  assert.match(answer.detail, /longer than 60 s and was given up; check the file with `signalbox check FILE`/);
  assert.equal(threads[0].ended, true);
  threads[0].answered(answerOf('too late'));
  threads[1].answered(answerOf('next'));
  assert.deepEqual(await next, answerOf('next'));
});

test('a check that its thread dies of is answered with that, and the next gets a new thread', async () => {
  const { check, threads } = checksWith();
  const deadly = check('deadly');
  const next = check('next');
  threads[0].over('JS heap out of memory');
  const answer = await deadly;
  assert.ok(answer.is === 'not_checked' && answer.why === 'failed');
  assert.match(answer.detail, /died: JS heap out of memory; check the file/);
  threads[1].answered(answerOf('next'));
  assert.deepEqual(await next, answerOf('next'));
});

test('where no thread can be started every check is answered with that', async () => {
  const { check } = checksWith(() => {
    throw new Error('no more threads');
  });
  for (let i = 0; i < 7; i++) {
    const answer = await check(`${i}`);
    assert.ok(answer.is === 'not_checked' && answer.why === 'failed');
    assert.match(answer.detail, /no more threads/);
  }
});

test('a check that nobody waits for any more is not worked out, and one under way ends with its thread', async () => {
  const { check, threads } = checksWith();
  const [first, second] = [new AbortController(), new AbortController()];
  void check('first', first.signal);
  void check('second', second.signal);
  const third = check('third');
  second.abort();
  assert.equal(threads[0].ended, false);
  first.abort();
  assert.equal(threads[0].ended, true);
  assert.deepEqual(threads[1].asked, ['third']);
  threads[1].answered(answerOf('3'));
  assert.deepEqual(await third, answerOf('3'));
});

test('whoever was answered and then goes ends nothing', async () => {
  const { check, threads } = checksWith();
  const first = new AbortController();
  const answer = check('first', first.signal);
  const second = check('second');
  threads[0].answered(answerOf('1'));
  await answer;
  first.abort();
  assert.equal(threads[0].ended, false);
  threads[0].answered(answerOf('2'));
  assert.deepEqual(await second, answerOf('2'));
});

test('a stop ends the thread and answers whatever is open', async () => {
  const { checks, check, threads } = checksWith();
  const open = [check('first'), check('second')];
  await checks.stop();
  assert.equal(threads[0].ended, true);
  threads[0].over('ended');
  for (const answer of [...(await Promise.all(open)), await check('later')]) {
    assert.ok(answer.is === 'not_checked');
    assert.match(answer.detail, /about to stop/);
  }
  assert.equal(threads.length, 1);
});
