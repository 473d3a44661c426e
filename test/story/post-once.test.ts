/**
 * A POST is never delivered twice, whatever its members do: ten thousand faults of every kind, several members, several
 * threads, retries at their defaults and without a budget, second requests for what is slow.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRouterWithApp } from '../support/app.ts';
import { type Caller, callers } from '../support/caller.ts';
import { scrape, sumOf } from '../support/chaos/books.ts';
import { seededDraw } from '../support/draw.ts';
import { settled, watchHandles } from '../support/leaks.ts';
import { storyDocument } from '../support/story-document.ts';
import { FAULTS, faultsOf, type Trouble, TroubledOrigin } from '../support/troubled-origin.ts';

const LEAST_FAULTS = 10_000;
const WIDTH = 48;
const UPSTREAMS = ['plain', 'eager'] as const;
/** A member goes down, and comes back, every so many requests. */
const KILL_EVERY = 400;
const METHODS = ['POST', 'POST', 'POST', 'PATCH', 'GET', 'PUT', 'DELETE'] as const;
const TWICE_IS_FINE: ReadonlySet<string> = new Set(['GET', 'PUT', 'DELETE']);

/** What every upstream of the story has: nothing takes a member out, so that all of them go on failing. */
function upstream(endpoints: string[], retry: object) {
  return {
    endpoints,
    retry,
    circuitBreaker: 'off',
    outliers: 'off',
    hedge: { after: '30ms', percent: 20 },
    timeout: { connect: '1s', attempt: '300ms', total: '3s' },
  };
}

class Load {
  made = 0;
  readonly statuses = new Map<number, number>();
  readonly wrong: string[] = [];
  private readonly draw = seededDraw(11).chance;

  one(caller: Caller): Promise<void> {
    this.made += 1;
    const name = UPSTREAMS[this.made % UPSTREAMS.length];
    const method = METHODS[Math.floor(this.draw() * METHODS.length)];
    const target = `/${name}/${this.made}`;
    const size = this.draw() < 0.02 ? 100_000 : Math.floor(this.draw() * 3_000);
    const body = method === 'GET' || method === 'DELETE' || this.draw() < 0.2 ? '' : 'x'.repeat(size);
    return caller.ask(method, target, body, '', this.draw() < 0.3).then((answer) => {
      this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
      if (answer.status === 200 && answer.body !== target) this.wrong.push(`${target} was answered ${answer.body}`);
    });
  }
}

test('a POST is never delivered twice over 10,000 faults of every kind, with 4 threads', async (context) => {
  const closed = watchHandles();
  const troubles = new Map<Trouble, number>();
  const members = [1, 2, 3].map((seed) => new TroubledOrigin(seed, troubles));
  await Promise.all(members.map((member) => member.start()));
  const urls = members.map(({ url }) => url);
  const router = await startRouterWithApp(
    storyDocument({ plain: upstream(urls, {}), eager: upstream(urls, { attempts: 4, budget: 'off' }) }),
    { workers: 4 },
  );
  try {
    const load = new Load();
    let toggling: Promise<unknown> = Promise.resolve();
    await callers(router.port(), WIDTH, (caller) => {
      if (faultsOf(troubles) >= LEAST_FAULTS) return undefined;
      if (load.made % KILL_EVERY === 0) {
        const [member] = members;
        toggling = toggling.then(() => (member.up ? member.kill() : member.start()));
      }
      return load.one(caller);
    });
    await toggling;
    await settled(router);
    const samples = await scrape(router.adminUrl);
    judge(members, load, troubles);
    const refused = sumOf(samples, 'signalbox_upstream_attempts_total') - deliveriesOf(members);
    const hedges = sumOf(samples, 'signalbox_upstream_hedges_total');
    const kinds = [...troubles].map(([trouble, count]) => `${trouble} ${count}`).join(', ');
    context.diagnostic(`${load.made} requests, ${refused} attempts that never arrived, ${hedges} hedges; ${kinds}`);
    const answers = [...load.statuses].map(([status, count]) => `${status}: ${count}`).join(', ');
    context.diagnostic(`answers ${answers}`);
  } finally {
    await router.stop();
    await Promise.all(members.map((member) => member.kill()));
  }
  await closed();
});

function deliveriesOf(members: readonly TroubledOrigin[]): number {
  return members.reduce((sum, { received }) => sum + received, 0);
}

function judge(members: readonly TroubledOrigin[], load: Load, troubles: ReadonlyMap<Trouble, number>): void {
  const delivered = new Map<string, number>();
  for (const { deliveries } of members) {
    for (const [key, count] of deliveries) delivered.set(key, (delivered.get(key) ?? 0) + count);
  }
  const again = [...delivered].filter(([, count]) => count > 1);
  const wrong = again.filter(([key]) => !TWICE_IS_FINE.has(key.slice(0, key.indexOf(' '))));
  assert.deepEqual(wrong, [], 'what must not be sent twice came once');
  assert.deepEqual(load.wrong, [], 'every reply belongs to its request');
  // The proof that this can be seen at all: what may be sent again was.
  assert.ok(again.length > 500, `only ${again.length} requests came more than once`);
  for (const fault of FAULTS) {
    assert.ok((troubles.get(fault) ?? 0) >= 50, `the fault \`${fault}\` came ${troubles.get(fault) ?? 0} times`);
  }
  assert.ok((load.statuses.get(200) ?? 0) > load.made / 3, 'a good part is answered well');
}
