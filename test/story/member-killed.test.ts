/**
 * A member that is killed under load, and comes back, costs no idempotent request: the others answer.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ActingOrigin, startActing, well } from '../support/acting-origin.ts';
import { startRouterWithApp } from '../support/app.ts';
import { type Answer, callers } from '../support/caller.ts';
import { scrape, sumOf } from '../support/chaos/books.ts';
import { settled, watchHandles } from '../support/leaks.ts';
import { storyDocument } from '../support/story-document.ts';
import { until } from '../support/wait.ts';

/** So many that a row of failures at one member alone is far longer than what opens a circuit. */
const WIDTH = 128;
const METHODS = ['GET', 'PUT', 'DELETE'] as const;

/** Asks without a pause until it is told to stop. */
class Load {
  readonly answers: Answer[] = [];
  made = 0;
  stopping = false;
  readonly over: Promise<void>;

  constructor(port: number) {
    this.over = callers(port, WIDTH, (caller) => {
      if (this.stopping) return undefined;
      this.made += 1;
      const method = METHODS[this.made % METHODS.length];
      const body = method === 'PUT' ? 'p'.repeat(this.made % 5_000) : '';
      return caller.ask(method, `/cart/${this.made}`, body).then((answer) => this.answers.push(answer));
    });
  }

  /** Waits until so many more were answered. */
  async more(count: number): Promise<void> {
    const mark = this.answers.length + count;
    await until(`${count} more answers`, () => this.answers.length >= mark, 30_000);
  }

  get lost(): Answer[] {
    return this.answers.filter(({ status }) => status !== 200);
  }
}

async function story(
  context: TestContext,
  upstream: object,
  body: (load: Load, members: readonly ActingOrigin[]) => Promise<void>,
): Promise<void> {
  const closed = watchHandles();
  const members = await Promise.all([1, 2, 3].map(() => startActing(well)));
  const router = await startRouterWithApp(
    storyDocument({ cart: { endpoints: members.map(({ url }) => url), ...upstream } }),
    { workers: 2 },
  );
  const load = new Load(router.port());
  try {
    await load.more(500);
    await body(load, members);
    load.stopping = true;
    await load.over;
    const [first] = load.lost;
    assert.equal(load.lost.length, 0, `lost of ${load.made}; the first one: ${first?.head}${first?.body}`);
    await settled(router);
    const samples = await scrape(router.adminUrl);
    const retries = sumOf(samples, 'signalbox_upstream_retries_total');
    context.diagnostic(`${load.made} requests, ${retries} further tries`);
    assert.ok(retries > 0, 'some were sent again');
  } finally {
    load.stopping = true;
    await router.stop();
    await Promise.all(members.map((member) => member.kill()));
  }
  await closed();
}

test('a member killed under load costs no idempotent request, nor does its return', (context) =>
  story(context, { outliers: { ejectFor: '200ms' } }, async (load, members) => {
    const [victim, ...others] = members;
    for (let round = 0; round < 3; round++) {
      await victim.kill();
      const before = others.map(({ received }) => received);
      await load.more(1_500);
      for (const [i, { received }] of others.entries()) assert.ok(received > before[i], 'the others took over');
      const missed = victim.received;
      await victim.start();
      await until('the member to be asked again', () => victim.received > missed + 100, 20_000);
    }
  }));

/** At the defaults one of three may be ejected, and with two of them out all are used: more than the budget pays for. */
const TWO_MAY_GO = { outliers: { ejectFor: '200ms', maxEjectedPercent: 80 }, panicPercent: 0 };

test('where two of three may be out without a panic, two that are killed cost no idempotent request', (context) =>
  story(context, TWO_MAY_GO, async (load, members) => {
    await members[0].kill();
    await load.more(500);
    await members[1].kill();
    await load.more(1_500);
    await members[0].start();
    await members[1].start();
    await load.more(1_000);
  }));
