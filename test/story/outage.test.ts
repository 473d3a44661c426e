/**
 * A total outage under load: how much more is sent upstream, when the circuit opens, what is sent while it is open, and how
 * soon all is well again.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Act, type ActingOrigin, startActing, well } from '../support/acting-origin.ts';
import { type RouterWithApp, startRouterWithApp } from '../support/app.ts';
import { type Answer, callers } from '../support/caller.ts';
import { scrape, sumOf } from '../support/chaos/books.ts';
import { settled, watchHandles } from '../support/leaks.ts';
import { storyDocument } from '../support/story-document.ts';
import { until } from '../support/wait.ts';

const WORKERS = 2;
const WIDTH = 64;
const REQUESTS = 12_000;
/** What the budget lets through besides its percent, in ten seconds; `minPerSecond` of the document. */
const BESIDES = 100;

interface Stage {
  readonly router: RouterWithApp;
  readonly members: readonly ActingOrigin[];
  /** Requests that came to all members. */
  received(): number;
}

async function onStage(upstream: object, body: (stage: Stage) => Promise<void>): Promise<void> {
  const closed = watchHandles();
  const members = await Promise.all([1, 2].map(() => startActing(well)));
  const endpoints = members.map(({ url }) => url);
  const router = await startRouterWithApp(storyDocument({ cart: { endpoints, ...upstream } }), { workers: WORKERS });
  try {
    await body({ router, members, received: () => members.reduce((sum, one) => sum + one.received, 0) });
    await settled(router);
  } finally {
    await router.stop();
    await Promise.all(members.map((member) => member.kill()));
  }
  await closed();
}

/** So many GET requests as fast as they go; the answers by status. */
async function load({ router }: Stage, requests: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let left = requests;
  await callers(router.port(), WIDTH, (caller) => {
    if (left === 0) return undefined;
    left -= 1;
    return caller.ask('GET', '/cart').then(({ status }) => statuses.set(status, (statuses.get(status) ?? 0) + 1));
  });
  return statuses;
}

const outages: Readonly<Record<string, Act>> = {
  'answers 503': (asked) => asked.reply(503, 'no'),
  'resets every connection': (asked) => asked.reset(),
};

for (const [how, act] of Object.entries(outages)) {
  test(`the budget alone: an upstream that ${how} gets at most 1.2 times the requests`, (context) =>
    onStage({ circuitBreaker: 'off', outliers: 'off' }, (stage) => budgetStory(context, stage, act)));
}

async function budgetStory(context: TestContext, stage: Stage, act: Act): Promise<void> {
  for (const member of stage.members) member.act = act;
  const began = performance.now();
  const statuses = await load(stage, REQUESTS);
  const seconds = (performance.now() - began) / 1000;
  const samples = await scrape(stage.router.adminUrl);
  // A connection that died unused is no try: nothing of it was read here.
  const received = stage.received();
  const retries = sumOf(samples, 'signalbox_upstream_retries_total');
  context.diagnostic(
    `${REQUESTS} requests in ${seconds.toFixed(1)} s, ${Math.round(REQUESTS / seconds)} a second: ` +
      `${received} upstream (${(received / REQUESTS).toFixed(3)}), ${retries} further tries; ${said(statuses)}`,
  );
  // `minPerSecond` counts over ten seconds, so once for a story that is shorter and again for what goes on.
  const besides = BESIDES * Math.ceil(seconds / 10);
  assert.ok(received <= REQUESTS * 1.2 + besides, `${received} requests upstream`);
  assert.ok(received >= REQUESTS * 1.15, `the budget was used: ${received} requests upstream`);
  assert.equal(statuses.get(200), undefined);
}

function said(statuses: ReadonlyMap<number, number>): string {
  return [...statuses].map(([status, count]) => `${status}: ${count}`).join(', ');
}

const RAMP = 400;

test('the circuit opens at the tenth failure, probes once each period, and is back within one probe and the ramp', (context) => {
  const circuitBreaker = { openFor: '100ms', maxOpenFor: '400ms', recovery: { ramp: `${RAMP}ms` } };
  return onStage({ outliers: 'off', circuitBreaker }, (stage) => circuitStory(context, stage));
});

/** Asks without a pause; counts what it is told. */
class Herd {
  stopping = false;
  refused = 0;
  made = 0;
  /** `asked`: when. */
  readonly answers: { readonly status: number; readonly asked: number }[] = [];
  readonly over: Promise<void>;

  constructor(port: number) {
    this.over = callers(port, WIDTH, (caller) => {
      if (this.stopping) return undefined;
      this.made += 1;
      return caller.ask('GET', '/cart').then((answer) => this.hear(answer));
    });
  }

  private hear({ status, head, took }: Answer): void {
    this.answers.push({ status, asked: performance.now() - took });
    if (status === 503 && head.includes('retry-after:')) this.refused += 1;
  }
}

async function circuitStory(context: TestContext, stage: Stage): Promise<void> {
  const { router, members } = stage;
  const herd = new Herd(router.port());
  // Where something fails on the way nobody else would stop it.
  context.after(() => {
    herd.stopping = true;
  });
  const told = () => router.logs.filter(({ is }) => is === 'circuit');
  const count = (state: string) => told().filter((line) => line.state === state).length;
  await until('the herd to be served', () => herd.answers.length > 500, 20_000);
  let failed = 0;
  for (const member of members) {
    member.act = (asked) => {
      failed += 1;
      asked.reply(503, 'no');
    };
  }
  await until('the circuit to open', () => count('open') > 0, 20_000);
  // What was under way when it opened: at most one for each caller.
  const mark = failed;
  assert.ok(mark >= 10 && mark <= 10 + WIDTH, `${mark} failures at the opening`);
  await until('six periods', () => count('half-open') >= 6, 20_000);
  await until('the last probe to be answered', () => count('open') === count('half-open') + 1, 20_000);
  const probes = count('half-open');
  // Two threads may count the tenth and the eleventh failure at once, and either of them opens the circuit.
  const row = Number(/^(\d+) failures in a row/.exec(String(told()[0].cause))?.[1]);
  assert.ok(row >= 10 && row < 10 + WORKERS, `opened at failure ${row}`);
  const stragglers = failed - 10 - probes;
  assert.ok(stragglers >= 0 && stragglers <= WIDTH, `${failed} requests upstream, ${probes} of them probes`);

  const recovered = performance.now();
  for (const member of members) {
    member.act = well;
    member.received = 0;
  }
  await until('the circuit to close', () => count('closed') === 1, 20_000);
  const closed = performance.now();
  const after = () => herd.answers.filter(({ asked }) => asked > closed + RAMP);
  await until('a thousand answers after the ramp', () => after().length >= 1_000, 20_000);
  herd.stopping = true;
  await herd.over;
  assert.equal(count('half-open'), probes + 1, 'one probe was enough');
  assert.ok(
    after().every(({ status }) => status === 200),
    'nobody is refused after the ramp',
  );
  const during = herd.answers.filter(({ asked }) => asked > closed && asked <= closed + RAMP);
  assert.ok(
    during.some(({ status }) => status === 200) && during.some(({ status }) => status === 503),
    'during the ramp a share passes',
  );
  context.diagnostic(
    `${herd.made} requests, ${failed} upstream during the outage (10, ${probes} probes, ${stragglers} under way), ` +
      `${herd.refused} refused; closed ${Math.round(closed - recovered)} ms after it was well`,
  );
}
