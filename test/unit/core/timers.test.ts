/**
 * The wheel: never early, never later than the tick its deadline falls into and the turn behind it, whatever is armed,
 * put off, taken out or slept through.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TICK, Timer, Timers } from '../../../src/core/timers.ts';
import { FakeClock } from '../../support/clock.ts';
import { breathe } from '../../support/wait.ts';

const ROUND = 512 * TICK;

interface Bench {
  readonly clock: FakeClock;
  readonly timers: Timers;
  /** A timer, with the times it fired at. */
  timer(): { readonly timer: Timer; readonly fired: number[] };
}

function bench(start = 1_000): Bench {
  const clock = new FakeClock(start);
  const timers = new Timers(clock, false);
  return {
    clock,
    timers,
    timer: () => {
      const fired: number[] = [];
      return { timer: new Timer(() => fired.push(clock.now())), fired };
    },
  };
}

/** What the rule allows: from its deadline on, within the tick it falls into and one turn of the wheel. */
function inTime(fired: readonly number[], due: number): void {
  assert.equal(fired.length, 1, `due at ${due}, fired ${fired.length} times: ${fired}`);
  assert.ok(fired[0] >= due, `fired at ${fired[0]}, early by ${due - fired[0]}`);
  assert.ok(fired[0] <= due + 2 * TICK, `fired at ${fired[0]}, late by ${fired[0] - due}`);
}

for (const delay of [0, 0.1, 1, 19.999, 20, 20.001, 39, 40, 250, 1_000, 4_000, ROUND - 1, ROUND, ROUND + 1]) {
  for (const start of [1_000, 1_013.7, 0]) {
    test(`a deadline in ${delay} ms from ${start} fires once, in time`, () => {
      const { clock, timers, timer } = bench(start);
      const one = timer();
      timers.arm(one.timer, start + delay);
      clock.run(timers, delay + 3 * TICK);
      inTime(one.fired, start + delay);
      clock.run(timers, 2 * ROUND);
      assert.equal(one.fired.length, 1);
    });
  }
}

for (const delay of [75_000, 75_007.3, 600_000, 2 ** 31 - 1]) {
  test(`a deadline in ${delay} ms, many rounds away, fires once, in time`, () => {
    const { clock, timers, timer } = bench();
    const one = timer();
    timers.arm(one.timer, 1_000 + delay);
    // Ticks alone would take minutes for the longest; a round at a time is how far the wheel may sleep.
    while (clock.now() < 1_000 + delay - 2 * ROUND) {
      clock.advance(ROUND / 2);
      timers.turn();
    }
    assert.equal(one.fired.length, 0);
    clock.run(timers, 3 * ROUND);
    inTime(one.fired, 1_000 + delay);
  });
}

test('what is armed in the past fires at the next turn that ends a tick', () => {
  const { clock, timers, timer } = bench();
  const one = timer();
  timers.arm(one.timer, -5_000);
  timers.turn();
  assert.equal(one.fired.length, 0);
  clock.run(timers, TICK);
  assert.deepEqual(one.fired, [1_000 + TICK]);
});

test('Infinity never fires, and nothing is due after disarming', () => {
  const { clock, timers, timer } = bench();
  const never = timer();
  const disarmed = timer();
  timers.arm(never.timer, Number.POSITIVE_INFINITY);
  timers.arm(disarmed.timer, 1_500);
  timers.disarm(disarmed.timer);
  clock.run(timers, 3 * ROUND);
  assert.deepEqual([never.fired, disarmed.fired], [[], []]);
  assert.equal(disarmed.timer.next, undefined);
});

test('a deadline that is put off again and again stays where it is, and fires at the last one', () => {
  const { clock, timers, timer } = bench();
  const one = timer();
  timers.arm(one.timer, 2_000);
  const { seen } = one.timer;
  for (let i = 0; i < 40; i++) {
    timers.arm(one.timer, clock.now() + 1_000);
    assert.equal(one.timer.seen, seen);
    clock.run(timers, TICK);
  }
  const due = clock.now() + 1_000;
  timers.arm(one.timer, due);
  clock.run(timers, 2_000);
  inTime(one.fired, due);
});

test('a deadline that is drawn nearer fires at the nearer one', () => {
  const { clock, timers, timer } = bench();
  const one = timer();
  timers.arm(one.timer, 76_000);
  clock.run(timers, 5_000);
  timers.arm(one.timer, 6_050);
  clock.run(timers, 3 * ROUND);
  inTime(one.fired, 6_050);
});

test('a deadline armed again after it rested fires', () => {
  const { clock, timers, timer } = bench();
  const one = timer();
  timers.arm(one.timer, 1_100);
  timers.disarm(one.timer);
  clock.run(timers, 60);
  timers.arm(one.timer, 1_090);
  clock.run(timers, ROUND);
  inTime(one.fired, 1_090);
  timers.arm(one.timer, clock.now() + 33);
  const due = clock.now() + 33;
  clock.run(timers, ROUND);
  inTime(one.fired.slice(1), due);
});

test('many deadlines in one slot fire each once, but those removed by the ones before them', () => {
  const { clock, timers } = bench();
  const fired = new Set<number>();
  const all: Timer[] = Array.from({ length: 10_000 }, (_, i) => {
    return new Timer(() => {
      assert.ok(!fired.has(i));
      fired.add(i);
      if (i % 10 === 0) timers.remove(all[i + 1]);
      if (i % 10 === 5) timers.disarm(all[i + 1]);
      if (i % 10 === 7) timers.arm(all[i + 1], Number.POSITIVE_INFINITY);
    });
  });
  for (const timer of all) timers.arm(timer, 1_105);
  clock.run(timers, 200);
  const wanted = all.map((_, i) => i).filter((i) => ![1, 6, 8].includes(i % 10));
  assert.deepEqual([...fired], wanted);
});

test('a timer that arms itself again for now fires once a tick, never twice in one turn', () => {
  const { clock, timers } = bench();
  let turns = 0;
  const timer = new Timer(() => {
    turns++;
    timers.arm(timer, clock.now());
  });
  timers.arm(timer, 1_000);
  for (let i = 1; i <= 100; i++) {
    clock.run(timers, TICK);
    assert.equal(turns, i);
  }
});

test('a removed timer is held by nothing', () => {
  const { timers, timer } = bench();
  const [one, two] = [timer(), timer()];
  timers.arm(one.timer, 1_500);
  timers.arm(two.timer, 1_500);
  timers.remove(one.timer);
  assert.deepEqual([one.timer.next, one.timer.prev], [undefined, undefined]);
  assert.equal(one.timer.due, Number.POSITIVE_INFINITY);
  timers.remove(one.timer);
  assert.notEqual(two.timer.next, undefined);
});

for (const stall of [TICK, 500, ROUND - TICK, ROUND, ROUND + TICK, 3.5 * ROUND, 100 * ROUND]) {
  test(`after a stall of ${stall} ms everything overdue fires at once, and the rest in time`, () => {
    const { clock, timers, timer } = bench();
    const delays = [5, 400, stall - 1, stall + 30, stall + 700, stall + ROUND - 50, stall + 2 * ROUND];
    const all = delays.map((delay) => ({ due: 1_000 + delay, ...timer() }));
    for (const { timer: one, due } of all) timers.arm(one, due);
    clock.advance(stall);
    timers.turn();
    const after = clock.now();
    clock.run(timers, 3 * ROUND);
    for (const { due, fired } of all) inTime(fired, due < after ? Math.max(due, after) : due);
  });
}

test('what a late timer arms during a long turn is not passed over', () => {
  const { clock, timers, timer } = bench();
  const [past, near, far] = [timer(), timer(), timer()];
  const first = new Timer(() => {
    timers.arm(past.timer, 1_200);
    timers.arm(near.timer, clock.now() + 30);
    timers.arm(far.timer, clock.now() + ROUND - TICK);
  });
  timers.arm(first, 1_400);
  clock.advance(5_000);
  timers.turn();
  const after = clock.now();
  clock.run(timers, 2 * ROUND);
  inTime(past.fired, after);
  inTime(near.fired, after + 30);
  inTime(far.fired, after + ROUND - TICK);
});

/** A wheel of its own, whose alarms a fake clock rings; `wakes` counts them. */
function ownWheel(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const alarms = t.mock.method(globalThis, 'setTimeout');
  return {
    clock,
    timers,
    alarms: () => alarms.mock.callCount(),
    pass: async (milliseconds: number, step = TICK) => {
      for (let left = milliseconds; left > 0; left -= step) {
        clock.advance(Math.min(step, left));
        t.mock.timers.tick(Math.min(step, left));
        await breathe();
      }
    },
  };
}

test('a wheel of its own turns by itself, behind the reads of its round, until it is stopped', async (t) => {
  const { clock, timers, pass } = ownWheel(t);
  const fired: number[] = [];
  const timer = new Timer(() => fired.push(clock.now()));
  timers.arm(timer, 1_010);
  clock.advance(TICK);
  t.mock.timers.tick(TICK);
  assert.deepEqual(fired, []);
  await breathe();
  assert.deepEqual(fired, [1_020]);
  timers.arm(timer, 1_030);
  clock.advance(10 * TICK);
  t.mock.timers.tick(TICK);
  timers.stop();
  await pass(10 * TICK);
  assert.deepEqual(fired, [1_020]);
});

test('a wheel sleeps while nothing is armed, and till the next deadline but for one look a round', async (t) => {
  const { clock, timers, alarms, pass } = ownWheel(t);
  await pass(3 * ROUND, ROUND / 4);
  assert.equal(alarms(), 0);
  const fired: number[] = [];
  const timer = new Timer(() => fired.push(clock.now()));
  const due = clock.now() + 3 * ROUND + 100;
  timers.arm(timer, due);
  await pass(4 * ROUND);
  inTime(fired, due);
  assert.ok(alarms() <= 5, `${alarms()} alarms`);
  const before = alarms();
  await pass(ROUND);
  assert.equal(alarms(), before);
});

test('a deadline nearer than the one that is slept for wakes the wheel earlier, after whatever sleep', async (t) => {
  const { clock, timers, pass } = ownWheel(t);
  const all = [ROUND - 40, 2_000, 60, 5_000].map((delay) => {
    const fired: number[] = [];
    const timer = new Timer(() => fired.push(clock.now()));
    return { due: clock.now() + delay, fired, timer };
  });
  for (const { timer, due } of all) timers.arm(timer, due);
  await pass(1_000);
  // The wheel slept past several ticks: what is armed now still counts from now.
  const late: number[] = [];
  const one = new Timer(() => {
    late.push(clock.now());
    if (late.length < 3) timers.arm(one, clock.now() + 30);
  });
  timers.arm(one, clock.now() + 30);
  const armed = clock.now();
  await pass(ROUND);
  for (const { due, fired } of all) inTime(fired, due);
  assert.equal(late.length, 3);
  assert.ok(late[2] <= armed + 3 * 30 + 6 * TICK, `fired at ${late}`);
});
