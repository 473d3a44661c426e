/**
 * Who serves, seen from outside on two threads: keys that stay at their member, newcomers that start slowly, a member that
 * fails more often than the others, and members that all seem ill.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Act, type ActingOrigin, startActing, well } from '../support/acting-origin.ts';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { type Answer, callers } from '../support/caller.ts';
import { settled, watchHandles } from '../support/leaks.ts';
import { metricOf } from '../support/process.ts';
import { storyDocument } from '../support/story-document.ts';
import { until } from '../support/wait.ts';

/** Callers, so that both threads have some. */
const WIDTH = 12;
const UNPROTECTED = { retry: 'off', circuitBreaker: 'off' };

interface Stage {
  readonly router: RouterWithApp;
  readonly members: readonly ActingOrigin[];
  /** Puts another document of these members in force. */
  change(members: readonly ActingOrigin[]): Promise<void>;
  /** So many requests, the i-th with these header lines. */
  ask(count: number, lines?: (i: number) => string, width?: number): Promise<Answer[]>;
  metric(name: string, member?: ActingOrigin): Promise<number | undefined>;
}

function onStage(acts: readonly Act[], settings: object, body: (stage: Stage) => Promise<void>) {
  return async () => {
    const closed = watchHandles();
    const members = await Promise.all(acts.map((act) => startActing(act)));
    const documentOf = (some: readonly ActingOrigin[]) =>
      storyDocument({ cart: { endpoints: some.map(({ url }) => url), ...UNPROTECTED, ...settings } });
    const router = await startRouterWithApp(documentOf(members.slice(0, 3)), { workers: 2 });
    const ask = async (count: number, lines = (_i: number) => '', width = WIDTH) => {
      const answers: Answer[] = [];
      let next = 0;
      await callers(router.port(), width, (caller) => {
        const i = next++;
        if (i >= count) return undefined;
        return caller.ask('GET', '/cart', '', lines(i)).then((answer) => {
          answers[i] = answer;
        });
      });
      return answers;
    };
    const metric = (name: string, member?: ActingOrigin) =>
      metricOf(router.adminUrl, `${name}{upstream="cart"${member === undefined ? '' : `,member="${member.url}"`}}`);
    const change = async (some: readonly ActingOrigin[]) => assert.ok((await router.reload(documentOf(some))).ok);
    try {
      await body({ router, members, change, ask, metric });
      await settled(router);
    } finally {
      await router.stop();
      await Promise.all(members.map((member) => member.kill()));
    }
    await closed();
  };
}

/** Answers with its own number. */
function named(number: number): Act {
  return (asked) => asked.reply(200, String(number));
}

test(
  'a key stays at its member on every thread, and only the keys of a member that goes move',
  onStage(
    [named(0), named(1), named(2)],
    { balance: { hash: { header: 'x-user' } } },
    async ({ members, change, ask }) => {
      // One at a time over connections of their own: with many under way a member passes keys on that are beyond its share.
      const homes = async () => {
        const bodies: string[] = [];
        for (let i = 0; i < 10; i++) {
          const answers = await ask(60, (k) => `x-user: user-${(i * 60 + k) % 200}\r\n`, 1);
          bodies.push(...answers.map(({ body }) => body));
        }
        return bodies;
      };
      const before = await homes();
      for (const [i, home] of before.entries()) assert.equal(home, before[i % 200], `user-${i % 200} has one home`);
      for (const home of ['0', '1', '2'])
        assert.ok(before.filter((one) => one === home).length > 90, `${home} has its share`);
      await change(members.slice(0, 2));
      for (const [i, home] of (await homes()).entries()) {
        if (before[i] === '2') assert.notEqual(home, '2');
        else assert.equal(home, before[i], `user-${i % 200} had no reason to move`);
      }
    },
  ),
);

test(
  'a member that joins starts slowly, with a tenth of its share',
  onStage([well, well, well, well], { balance: 'round-robin', slowStart: '10m' }, async ({ members, change, ask }) => {
    await ask(60);
    await change(members);
    const before = members.map(({ received }) => received);
    await ask(620);
    const [a, b, c, newcomer] = members.map(({ received }, i) => received - before[i]);
    assert.ok(newcomer > 0 && newcomer < 60, `${newcomer} of 620 to the newcomer`);
    for (const old of [a, b, c]) assert.ok(old > 170, `${old} of 620 to one of the others`);
  }),
);

test(
  'a member that fails more often than the others is ejected, though never many times in a row',
  onStage(
    [
      well,
      well,
      (asked) => {
        sick += 1;
        asked.reply(sick % 2 === 0 ? 503 : 200, 'x');
      },
    ],
    {
      balance: 'round-robin',
      outliers: { successRate: { interval: '1s', minRequests: 10, minMembers: 3, deviations: 1 } },
    },
    async ({ members, ask, metric }) => {
      const [first, , victim] = members;
      await until(
        'the ejection',
        async () => {
          await ask(90);
          return (await metric('signalbox_member_up', victim)) === 0;
        },
        20_000,
      );
      const missed = victim.received;
      for (const { status } of await ask(120)) assert.equal(status, 200);
      assert.equal(victim.received, missed);
      assert.equal(await metric('signalbox_member_up', first), 1);
    },
  ),
);
let sick = 0;

test(
  'where all members seem ill all of them are used and a metric says so, until the checks find them well',
  onStage(
    [healthy, healthy, healthy],
    { balance: 'round-robin', healthCheck: { interval: '100ms', timeout: '1s', unhealthyAfter: 1, healthyAfter: 1 } },
    async ({ members, ask, metric }) => {
      ill = true;
      for (const member of members)
        await until('a check to fail', async () => (await metric('signalbox_member_up', member)) === 0, 20_000);
      const before = members.map(({ received }) => received);
      for (const { status } of await ask(90)) assert.equal(status, 200);
      for (const [i, { received }] of members.entries()) assert.ok(received - before[i] >= 20, 'everyone is asked');
      assert.equal(await metric('signalbox_upstream_panic'), 1);
      ill = false;
      for (const member of members)
        await until('a check to succeed', async () => (await metric('signalbox_member_up', member)) === 1, 20_000);
      await ask(WIDTH * 4);
      assert.equal(await metric('signalbox_upstream_panic'), 0);
    },
  ),
);
let ill = false;

/** Serves well, whatever it says to those who check. */
function healthy(asked: Parameters<Act>[0]): void {
  asked.reply(asked.target === '/healthz' && ill ? 500 : 200, 'x');
}
