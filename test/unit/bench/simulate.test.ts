/**
 * The simulator: its time, and what a chain of services with retries at every hop must show.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOPS } from '../../../bench/simulate/chain.ts';
import { type Pace, type Played, play, type Scenario } from '../../../bench/simulate/play.ts';
import { GUARDS, PACE } from '../../../bench/simulate/scenarios.ts';
import { VirtualTime } from '../../../bench/simulate/time.ts';
import { Timer } from '../../../src/core/timers.ts';
import { UPSTREAM_WORDS } from '../../../src/core/words.ts';

const OUTAGE: Scenario = { id: 'outage', title: '', trouble: 'refuses', lasts: 20 };
const OVERLOAD: Scenario = { id: 'overload', title: '', trouble: { slower: 4 }, lasts: 20 };
const SHORT: Pace = { ...PACE, before: 5, after: 100 };

function played(scenario: Scenario, guard: string, pace = SHORT): Promise<Played> {
  const found = GUARDS.find(({ id }) => id.startsWith(guard));
  assert.ok(found, guard);
  return play(scenario, found.defaults, pace);
}

test('events run by their times, those of one time in the order in which they were asked for', async () => {
  const time = new VirtualTime();
  const begun = time.now();
  const order: string[] = [];
  const note = (name: string) => () => order.push(`${name} at ${time.now() - begun}`);
  const asked = { d: 7, b: 3, a: 1, c: 3, never: 50 };
  for (const [name, ms] of Object.entries(asked)) time.after(ms, note(name));
  time.after(3, () => {
    note('asks')();
    time.after(0, note('asked'));
  });
  await time.pass(30);
  assert.deepEqual(order, ['a at 1', 'b at 3', 'c at 3', 'asks at 3', 'asked at 3', 'd at 7']);
  assert.equal(time.now() - begun, 30);
});

test('a heap of events in any order comes out sorted', async () => {
  const time = new VirtualTime();
  const seen: number[] = [];
  for (let i = 0; i < 1000; i++) time.after((i * 7919) % 1009, () => seen.push(time.now()));
  await time.pass(2_000);
  assert.equal(seen.length, 1000);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
});

test('the timers of the product turn in virtual time, never early and at most a tick late', async () => {
  const time = new VirtualTime();
  const due = time.now() + 3_001;
  let fired = 0;
  time.timers.arm(
    new Timer(() => {
      fired = time.now();
    }),
    due,
  );
  await time.pass(10_000);
  assert.ok(fired >= due && fired <= due + 40, `due at ${due}, fired at ${fired}`);
});

test('the same seed plays the same run, another one another', async () => {
  const [one, same, other] = [
    await played(OUTAGE, 'both'),
    await played(OUTAGE, 'both'),
    await played(OUTAGE, 'both', { ...SHORT, seed: 2 }),
  ].map(({ chain, ...figures }) => ({ ...figures, told: chain.told }));
  assert.deepEqual(one, same);
  assert.notDeepEqual(one, other);
});

test('retries alone multiply hop by hop while the last service fails', async () => {
  const { amplification } = await played(OUTAGE, 'retries alone', { ...SHORT, after: 0 });
  for (const [i, times] of amplification.entries()) {
    assert.ok(times <= 3 ** (i + 1), `${HOPS[i]}: ${times}`);
    assert.ok(times > 0.9 * 3 ** (i + 1), `${HOPS[i]}: ${times}`);
  }
});

test('with budgets each hop adds no more than its share, once the look back is over', async () => {
  const { amplification } = await played({ ...OUTAGE, lasts: 60 }, 'budgets', { ...SHORT, after: 0 });
  let before = 1;
  for (const [i, times] of amplification.entries()) {
    // 20% of what came, 10 a second on top, and what the calm ten seconds before had left over.
    const most = (before * 1.2 + 10 / SHORT.rate) * (1 + 10 / 60);
    assert.ok(times > before && times <= most, `${HOPS[i]}: ${times}, at most ${most}`);
    before = times;
  }
});

test('with budgets and breakers, an outage of any kind sends the last service at most 1.2 of the requests', async () => {
  for (const trouble of ['refuses', 'hangs'] as const) {
    const { amplification } = await played({ ...OUTAGE, trouble }, 'both');
    for (const [i, times] of amplification.entries()) assert.ok(times <= 1.2, `${trouble}, ${HOPS[i]}: ${times}`);
  }
});

test('an overload that is over keeps the chain down where only retries are, and not where breakers are', async () => {
  const alone = await played(OVERLOAD, 'retries alone', { ...SHORT, after: 60 });
  assert.equal(alone.before, 1);
  assert.equal(alone.healthyAfter, undefined);
  assert.ok(alone.after < 0.1, `served: ${alone.after}`);
  const both = await played(OVERLOAD, 'both');
  assert.ok(both.healthyAfter !== undefined);
});

test('once the last service is well, one probe and one ramp bring the whole chain back', async () => {
  for (const trouble of ['refuses', 'hangs', { slower: 4 }] as const) {
    const { healthyAfter, chain } = await played({ ...OVERLOAD, trouble }, 'both (default)');
    const ended = 1_000 * (SHORT.before + OVERLOAD.lasts);
    const late = chain.told.filter((event) => event.is === 'circuit' && event.at - chain.begun > ended);
    const said = JSON.stringify(late, undefined, 1);
    for (const hop of HOPS)
      assert.deepEqual(
        late.flatMap((event) => (event.is === 'circuit' && event.upstream === hop ? event.state : [])),
        ['half-open', 'closed'],
        said,
      );
    // An opening of 30 s, and the ramp of 10 s.
    assert.ok(healthyAfter !== undefined && healthyAfter <= 41, `well again after ${healthyAfter} s\n${said}`);
  }
});

test('a limit that follows latency serves what an overloaded service can do, and the circuits stay closed', async () => {
  const adaptive = await played(OVERLOAD, 'both, adaptive');
  assert.equal(adaptive.openings, 0);
  assert.ok(adaptive.healthyAfter !== undefined && adaptive.healthyAfter <= 1, `${adaptive.healthyAfter} s`);
  // Half of the requests are what it can do.
  assert.ok(adaptive.during > 0.45, `served: ${adaptive.during}`);
});

test('when all is over every request was answered, and nothing is held', async () => {
  for (const { id } of GUARDS) {
    const { unanswered, chain } = await played({ ...OVERLOAD, lasts: 5 }, id, { ...SHORT, after: 20 });
    assert.equal(unanswered, 0, id);
    for (const block of HOPS.keys()) {
      const words = chain.shared.words.block(block);
      assert.equal(words[UPSTREAM_WORDS.inFlight], 0, id);
      assert.equal(words[UPSTREAM_WORDS.queued], 0, id);
    }
  }
});
