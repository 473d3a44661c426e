/**
 * The circuit against a plain model of it, whatever happens in whatever order on two threads.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { circuitStateOf, forceClosed, isolate, release } from '../../../src/policy/circuit-control.ts';
import { REFUSED } from '../../../src/policy/policy.ts';
import { Threads } from '../../support/protect.ts';

const FAILURES = 3;
const OPEN_FOR = 1_000;
const LONGEST = 4_000;

/** What a circuit without ramp is, with one thing at a time. */
class Model {
  state: 'closed' | 'open' | 'half-open' | 'isolated' | 'forced' = 'closed';
  turn = 0;
  failures = 0;
  openings = 0;
  length = OPEN_FOR;
  until = Number.POSITIVE_INFINITY;
  since = Number.NEGATIVE_INFINITY;

  become(state: Model['state'], now: number, until = Number.POSITIVE_INFINITY): void {
    this.state = state;
    this.turn += 1;
    this.since = now;
    this.until = until;
    if (state === 'closed') this.failures = 0;
  }

  open(now: number, again: boolean): void {
    this.openings = again ? this.openings + 1 : 1;
    this.length = Math.min(LONGEST, OPEN_FOR * 2 ** (this.openings - 1));
    this.become('open', now, now + this.length);
  }

  order(state: 'isolated' | 'forced', now: number, until: number): void {
    this.become(state, now, until);
  }

  letGo(now: number): void {
    if (this.state !== 'isolated' && this.state !== 'forced') return;
    this.openings = 0;
    this.become('closed', now);
  }

  enter(now: number): 'refused' | 'passes' | 'probe' {
    if (now >= this.until) this.letGo(now);
    if (this.state === 'closed' || this.state === 'forced') return 'passes';
    if (this.state === 'isolated' || now < this.until) return 'refused';
    this.become('half-open', now, now + OPEN_FOR);
    return 'probe';
  }

  judge(turn: number, failed: boolean, now: number): void {
    if (turn !== this.turn) return;
    if (this.state === 'half-open') {
      if (failed) this.open(now, true);
      else this.become('closed', now);
    } else if (this.state === 'closed') {
      this.failures = failed ? this.failures + 1 : 0;
      if (this.failures >= FAILURES) this.open(now, this.openings > 0 && now - this.since <= this.length);
    }
  }

  forgive(turn: number, now: number): void {
    if (turn !== this.turn || this.state !== 'half-open') return;
    this.turn += 1;
    this.until = now;
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ is: fc.constant('enter' as const), thread: fc.nat(1) }) },
  {
    weight: 8,
    arbitrary: fc.record({ is: fc.constant('end' as const), which: fc.nat(9), end: fc.constantFrom(0, 1, 1, 2) }),
  },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('pass' as const), ms: fc.constantFrom(1, 500, 1_000, 5_000) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constantFrom('isolate' as const, 'force' as const), ms: fc.nat(2_000) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('release' as const) }) },
);

test('a circuit does what its model does, whatever happens on two threads', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const threads = new Threads(2);
      const settings = { consecutiveFailures: FAILURES, openFor: OPEN_FOR, maxOpenFor: LONGEST };
      const circuits = [threads.circuit(settings, 0), threads.circuit(settings, 1)];
      const model = new Model();
      const passes: { pass: number; turn: number; thread: number }[] = [];
      for (const one of steps) {
        const { now, words } = threads;
        if (one.is === 'pass') threads.clock.advance(one.ms);
        if (one.is === 'isolate' || one.is === 'force') {
          const order = one.is === 'isolate' ? isolate : forceClosed;
          order(words, now, '', one.ms === 0 ? undefined : one.ms);
          const until = one.ms === 0 ? Number.POSITIVE_INFINITY : now + one.ms;
          model.order(one.is === 'isolate' ? 'isolated' : 'forced', now, until);
        }
        if (one.is === 'release') {
          release(words, now);
          model.letGo(now);
        }
        if (one.is === 'enter') {
          const pass = circuits[one.thread].enter(now);
          const expected = model.enter(now);
          const seen = pass === REFUSED ? 'refused' : circuits[0].isProbe(pass) ? 'probe' : 'passes';
          assert.equal(seen, expected);
          if (pass !== REFUSED) passes.push({ pass, turn: model.turn, thread: one.thread });
        }
        const [ended] = one.is === 'end' ? passes.splice(one.which, 1) : [];
        if (one.is === 'end' && ended !== undefined) {
          const circuit = circuits[ended.thread];
          if (one.end === 2) circuit.forgive(ended.pass);
          else circuit.judge(ended.pass, one.end === 1 ? 'timeout' : undefined, now);
          if (one.end === 2) model.forgive(ended.turn, now);
          else model.judge(ended.turn, one.end === 1, now);
        }
        const { state, forced, until } = circuitStateOf(words, threads.now);
        const held = model.state === 'isolated' || model.state === 'forced';
        const over = held && threads.now >= model.until;
        assert.equal(state, over || model.state === 'forced' ? 'closed' : model.state);
        if (state === 'open') assert.equal(until, model.until);
        assert.equal(forced, model.state === 'forced' && !over);
      }
    }),
    { numRuns: 200 },
  );
});
