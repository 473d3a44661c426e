/**
 * The wheel beside a list of what is armed: any sequence of what owners do with their timers, stalls included, keeps the
 * rule that nothing fires early, late or not at all.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TICK, Timer, Timers } from '../../../src/core/timers.ts';
import { FakeClock } from '../../support/clock.ts';

const ROUND = 512 * TICK;

const COUNT = 6;
const which = fc.nat({ max: COUNT - 1 });
/** Milliseconds with a fraction. Doubles of their own would crowd at 0. */
const ms = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: min * 8, max: max * 8 }).map((n) => n / 8);
const delay = fc.oneof(ms(-200, 200), ms(0, 3 * ROUND));
type Step =
  | { readonly do: 'arm'; readonly which: number; readonly delay: number }
  | { readonly do: 'disarm' | 'remove'; readonly which: number }
  | { readonly do: 'pass'; readonly delay: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('arm' as const), which, delay }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('disarm' as const, 'remove' as const), which }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      delay: fc.oneof({ weight: 6, arbitrary: ms(0, 60) }, { weight: 1, arbitrary: ms(0, 3 * ROUND) }),
    }),
  },
);
/** What a timer does when it fires: arm this one (perhaps itself) so much later, or nothing. */
const habit = fc.option(fc.record({ which, delay }), { nil: undefined });

/** A wheel beside a list of what is armed, which the rule is asked of after every turn. */
class Watched {
  readonly clock = new FakeClock(1_003);
  readonly timers = new Timers(this.clock, false);
  /** Deadline and moment of arming of each timer, undefined while it rests. */
  private readonly armed: ({ due: number; at: number } | undefined)[] = Array.from({ length: COUNT });
  private readonly all: Timer[];

  constructor(habits: readonly ({ which: number; delay: number } | undefined)[]) {
    this.all = habits.map((next, i) => new Timer(() => this.onFire(i, next)));
  }

  follow(one: Step): void {
    if (one.do === 'arm') this.arm(one.which, one.delay);
    else if (one.do === 'pass') this.pass(one.delay);
    else {
      this.armed[one.which] = undefined;
      this.timers[one.do](this.all[one.which]);
    }
  }

  pass(delay: number): void {
    this.clock.advance(delay);
    this.timers.turn();
    const tick = Math.floor(this.clock.now() / TICK) * TICK;
    for (const [i, one] of this.armed.entries()) {
      // The tick it fell into, or was armed in when that was later, is over: it must have fired.
      if (one !== undefined && Math.max(one.due, one.at) < tick) {
        assert.fail(`timer ${i}, due ${one.due}, armed at ${one.at}, did not fire by ${this.clock.now()}`);
      }
    }
  }

  private arm(i: number, delay: number): void {
    const at = this.clock.now();
    this.armed[i] = { due: at + delay, at };
    this.timers.arm(this.all[i], at + delay);
  }

  private onFire(i: number, next: { which: number; delay: number } | undefined): void {
    const one = this.armed[i];
    assert.ok(one !== undefined, `timer ${i} fired though it rests`);
    assert.ok(one.due <= this.clock.now(), `timer ${i} fired early`);
    this.armed[i] = undefined;
    if (next !== undefined) this.arm(next.which, next.delay);
  }
}

test('no sequence of arming, resting, removing, passing and stalling makes a timer early, late or lost', () => {
  const habits = fc.array(habit, { minLength: COUNT, maxLength: COUNT });
  fc.assert(
    fc.property(habits, fc.array(step, { maxLength: 60 }), (chosen, steps) => {
      const watched = new Watched(chosen);
      for (const one of steps) watched.follow(one);
      for (let i = 0; i < 20; i++) watched.pass(TICK);
    }),
    { numRuns: 1_000 },
  );
});
