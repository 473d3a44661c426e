/**
 * The circuit, one step at a time, on a clock that stands still.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPENING_CAUSES, REFUSAL_CAUSES, UPSTREAM_BLOCK } from '../../../src/core/lanes.ts';
import type { SharedCircuit } from '../../../src/policy/circuit.ts';
import { circuitStateOf, circuitWordOf, forceClosed, isolate, release } from '../../../src/policy/circuit-control.ts';
import { type Failure, REFUSED } from '../../../src/policy/policy.ts';
import { Threads } from '../../support/protect.ts';

function attempt(circuit: SharedCircuit, now: number, failure?: Failure): boolean {
  const pass = circuit.enter(now);
  if (pass === REFUSED) return false;
  circuit.judge(pass, failure, now);
  return true;
}

function fail(threads: Threads, circuit: SharedCircuit, times: number, failure: Failure = 'timeout'): void {
  for (let i = 0; i < times; i++) assert.ok(attempt(circuit, threads.now, failure), `failure ${i + 1} was let through`);
}

const lets = (threads: Threads, circuit: SharedCircuit): boolean => circuit.enter(threads.now) !== REFUSED;

test('the eleventh request after ten failures in a row is refused, whichever threads they ran on', () => {
  const threads = new Threads(4);
  const circuits = [0, 1, 2, 3].map((thread) => threads.circuit({}, thread));
  for (let i = 0; i < 10; i++) fail(threads, circuits[i % 4], 1);
  assert.deepEqual(
    circuits.map((circuit) => lets(threads, circuit)),
    [false, false, false, false],
  );
  assert.deepEqual(threads.told, [
    {
      is: 'circuit',
      upstream: 'cart',
      state: 'open',
      cause: '10 failures in a row',
      until: threads.clock.wall() + 30_000,
    },
  ]);
  assert.equal(threads.counted(UPSTREAM_BLOCK.opened + OPENING_CAUSES.indexOf('consecutive_failures')), 1);
});

test('a success ends the row of failures, and so does an end that is no failure here', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  fail(threads, circuit, 9);
  assert.ok(attempt(circuit, threads.now));
  fail(threads, circuit, 9);
  assert.ok(attempt(circuit, threads.now, 500));
  fail(threads, circuit, 9);
  assert.ok(lets(threads, circuit));
  assert.equal(circuitStateOf(threads.words, threads.now).failures, 9);
});

test('a forgiven attempt neither ends the row nor makes it longer', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  fail(threads, circuit, 9);
  circuit.forgive(circuit.enter(threads.now));
  assert.ok(lets(threads, circuit));
  fail(threads, circuit, 1);
  assert.ok(!lets(threads, circuit));
});

test('a refusal names the upstream, the cause and when it is tried again, and is counted', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  fail(threads, circuit, 10);
  threads.clock.advance(12_300);
  const refusal = circuit.refusal(threads.now, true);
  assert.equal(refusal.kind.code, 'circuit_open');
  assert.equal(
    refusal.detail,
    'the circuit of cart is open since 12.3 s: 10 failures in a row; it is tried again in 17.7 s',
  );
  assert.equal(refusal.retryAfter, 18);
  assert.equal(threads.counted(UPSTREAM_BLOCK.refused + REFUSAL_CAUSES.indexOf('circuit_open')), 1);
});

test('when the open time is over exactly one request probes, and its success closes the circuit', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  fail(threads, circuit, 10);
  threads.clock.advance(29_999);
  assert.ok(!lets(threads, circuit));
  threads.clock.advance(1);
  const probe = circuit.enter(threads.now);
  assert.ok(circuit.isProbe(probe));
  assert.ok(!lets(threads, circuit), 'the second request does not');
  circuit.judge(probe, undefined, threads.now);
  assert.ok(!circuit.isProbe(circuit.enter(threads.now)));
  assert.deepEqual(threads.story, [
    'open: 10 failures in a row',
    'half-open: its open time is over, one request probes the upstream',
    'closed: its probe succeeded',
  ]);
  fail(threads, circuit, 9);
  assert.ok(lets(threads, circuit), 'the failures before the opening are forgotten');
});

test('a probe that fails opens again for twice the time, up to the longest', () => {
  const threads = new Threads();
  const circuit = threads.circuit({ maxOpenFor: 100_000 });
  fail(threads, circuit, 10);
  for (const length of [30_000, 60_000, 100_000, 100_000]) {
    threads.clock.advance(length - 1);
    assert.ok(!lets(threads, circuit), `${length} ms are not over`);
    threads.clock.advance(1);
    const probe = circuit.enter(threads.now);
    assert.notEqual(probe, REFUSED, `${length} ms are over`);
    circuit.judge(probe, 503, threads.now);
  }
  assert.equal(threads.story.at(-1), 'open: its probe failed (status 503)');
  assert.equal(threads.counted(UPSTREAM_BLOCK.opened + OPENING_CAUSES.indexOf('probe')), 4);
});

test('an opening that follows soon after closing is longer, one after a calm time is not', () => {
  for (const [calm, length] of [
    [30_000, 60_000],
    [30_001, 30_000],
  ]) {
    const threads = new Threads();
    const circuit = threads.circuit();
    fail(threads, circuit, 10);
    threads.clock.advance(30_000);
    assert.ok(attempt(circuit, threads.now));
    threads.clock.advance(calm);
    fail(threads, circuit, 10);
    const { until } = circuitStateOf(threads.words, threads.now);
    assert.equal(until, threads.now + length);
  }
});

test('what began before an opening neither opens nor closes anything after it', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  const stragglers = Array.from({ length: 30 }, () => circuit.enter(threads.now));
  fail(threads, circuit, 10);
  circuit.judge(stragglers[0], undefined, threads.now);
  assert.ok(!lets(threads, circuit), 'a late success does not close it');
  threads.clock.advance(30_000);
  const probe = circuit.enter(threads.now);
  circuit.judge(stragglers[1], undefined, threads.now);
  circuit.judge(stragglers[2], 'timeout', threads.now);
  assert.equal(circuitStateOf(threads.words, threads.now).state, 'half-open');
  circuit.judge(probe, undefined, threads.now);
  for (const straggler of stragglers.slice(3)) circuit.judge(straggler, 'timeout', threads.now);
  assert.ok(lets(threads, circuit), 'late failures do not open it');
});

test('a forgiven probe leaves its part to the next request', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  fail(threads, circuit, 10);
  threads.clock.advance(30_000);
  const first = circuit.enter(threads.now);
  circuit.forgive(first);
  const second = circuit.enter(threads.now);
  assert.ok(circuit.isProbe(second) && second !== first);
  circuit.judge(first, 'timeout', threads.now);
  circuit.judge(second, undefined, threads.now);
  assert.equal(circuitStateOf(threads.words, threads.now).state, 'closed');
  assert.equal(threads.told.filter((event) => event.is === 'circuit' && event.state === 'half-open').length, 1);
});

test('a probe that nobody heard of again is replaced, and its late word counts for nothing', () => {
  const threads = new Threads();
  const circuit = threads.circuit({ openFor: 2_000 });
  fail(threads, circuit, 10);
  threads.clock.advance(2_000);
  const lost = circuit.enter(threads.now);
  threads.clock.advance(1_999);
  assert.ok(!lets(threads, circuit));
  threads.clock.advance(1);
  const probe = circuit.enter(threads.now);
  assert.ok(circuit.isProbe(probe));
  circuit.judge(lost, 'timeout', threads.now);
  circuit.judge(probe, undefined, threads.now);
  assert.ok(lets(threads, circuit));
  assert.match(threads.story[2], /^half-open: nothing was heard of the probe in 2 s/);
});

test('after a probe a share of the requests passes that grows evenly, then all', () => {
  const threads = new Threads();
  const circuit = threads.circuit({ recovery: { ramp: 10_000 } });
  fail(threads, circuit, 10);
  threads.clock.advance(30_000);
  assert.ok(attempt(circuit, threads.now));
  assert.ok(!lets(threads, circuit), 'at once nothing passes');
  assert.equal(circuitStateOf(threads.words, threads.now).state, 'closed');
  for (const share of [0.1, 0.5, 0.9]) {
    threads.clock.advance(1_000 + (share === 0.1 ? 0 : 3_000));
    const passed = Array.from({ length: 5_000 }, () => lets(threads, circuit)).filter(Boolean).length;
    assert.ok(Math.abs(passed / 5_000 - share) < 0.03, `${passed} of 5000 passed at ${share}`);
  }
  assert.match(circuit.refusal(threads.now, true).detail, /lets 90% through/);
  threads.clock.advance(1_000);
  assert.ok(Array.from({ length: 1_000 }, () => lets(threads, circuit)).every(Boolean));
});

test('what passes one ramp passes every other one that began no later, and each lets its share through', () => {
  const threads = new Threads();
  const [outer, inner] = [new Threads(), threads].map((each) => each.circuit({ recovery: { ramp: 10_000 } }));
  for (const circuit of [inner, outer]) {
    fail(threads, circuit, 10);
    assert.ok(attempt(circuit, threads.now + 30_000));
  }
  for (const share of [0.02, 0.3, 0.8]) {
    const now = threads.now + 30_000 + share * 10_000;
    const asked = Array.from({ length: 5_000 }, (_, i) => ({ correlationId: `request-${i}` }));
    const passed = asked.filter((who) => outer.enter(now, who) !== REFUSED);
    assert.ok(Math.abs(passed.length / 5_000 - share) < 0.03, `${passed.length} of 5000 passed at ${share}`);
    assert.ok(passed.every((who) => inner.enter(now + 5, who) !== REFUSED));
  }
});

test('failures during the ramp open the circuit again, and what began in the ramp counts after it', () => {
  const threads = new Threads();
  const circuit = threads.circuit({ recovery: { ramp: 10_000 } });
  fail(threads, circuit, 10);
  threads.clock.advance(30_000);
  assert.ok(attempt(circuit, threads.now));
  threads.clock.advance(9_999);
  const passes = Array.from({ length: 12 }, () => circuit.enter(threads.now)).filter((pass) => pass !== REFUSED);
  threads.clock.advance(1);
  assert.ok(lets(threads, circuit), 'the ramp is over');
  for (const pass of passes.slice(0, 10)) circuit.judge(pass, 'reset', threads.now);
  assert.ok(!lets(threads, circuit));
  assert.equal(circuitStateOf(threads.words, threads.now).until, threads.now + 60_000);
});

test('a share of failures opens too, once there were enough requests, and successes in between do not matter', () => {
  const threads = new Threads();
  const circuit = threads.circuit({
    consecutiveFailures: Number.POSITIVE_INFINITY,
    failureRate: { percent: 50, minRequests: 20, window: 10_000 },
  });
  for (let i = 0; i < 9; i++) {
    assert.ok(attempt(circuit, threads.now));
    fail(threads, circuit, 1);
  }
  assert.ok(attempt(circuit, threads.now));
  assert.ok(lets(threads, circuit), '19 requests are not enough');
  fail(threads, circuit, 1);
  assert.ok(!lets(threads, circuit));
  assert.deepEqual(threads.story, ['open: 10 of 20 requests failed within 10 s']);
  threads.clock.advance(30_000);
  assert.ok(attempt(circuit, threads.now));
  fail(threads, circuit, 19);
  assert.ok(lets(threads, circuit), 'what was counted before the opening is forgotten');
});

test('an isolated circuit lets nothing through and says why, until it is released', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  const before = circuit.enter(threads.now);
  isolate(threads.words, threads.now, 'café moves house', undefined);
  assert.ok(!lets(threads, circuit));
  circuit.judge(before, undefined, threads.now);
  threads.clock.advance(1e9);
  assert.ok(!lets(threads, circuit));
  const refusal = circuit.refusal(threads.now, true);
  assert.equal(refusal.kind.code, 'circuit_isolated');
  assert.equal(refusal.detail, 'an operator holds the circuit of cart open: café moves house');
  assert.equal(refusal.retryAfter, 60);
  assert.equal(threads.counted(UPSTREAM_BLOCK.refused + REFUSAL_CAUSES.indexOf('circuit_isolated')), 1);
  assert.deepEqual(circuitStateOf(threads.words, threads.now), {
    state: 'isolated',
    forced: false,
    reason: 'café moves house',
    until: undefined,
    since: threads.now - 1e9,
    failures: 0,
  });
  assert.ok(release(threads.words, threads.now));
  assert.ok(lets(threads, circuit));
  assert.ok(!release(threads.words, threads.now), 'nothing is held any more');
});

test('an isolation with an end is ended by whoever asks first, once', () => {
  const threads = new Threads(2);
  const circuits = [threads.circuit({}, 0), threads.circuit({}, 1)];
  isolate(threads.words, threads.now, '', 5_000);
  assert.equal(circuits[0].refusal(threads.now, true).retryAfter, 5);
  threads.clock.advance(4_999);
  assert.ok(!lets(threads, circuits[0]));
  threads.clock.advance(1);
  assert.equal(circuitStateOf(threads.words, threads.now).state, 'closed');
  assert.deepEqual(
    circuits.map((circuit) => lets(threads, circuit)),
    [true, true],
  );
  assert.deepEqual(threads.story, ['closed: the time that an operator gave is over']);
});

test('a circuit that is forced closed lets everything through whatever fails, until its end', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  fail(threads, circuit, 10);
  forceClosed(threads.words, threads.now, 'we know', 60_000);
  fail(threads, circuit, 100);
  const { state, forced, until } = circuitStateOf(threads.words, threads.now);
  assert.deepEqual([state, forced, until], ['closed', true, threads.now + 60_000]);
  threads.clock.advance(60_000);
  fail(threads, circuit, 10);
  assert.ok(!lets(threads, circuit));
});

test('after an order the next opening is a first one, whether it was let go or its time was over', () => {
  for (const ends of ['released', 'over']) {
    const threads = new Threads();
    const circuit = threads.circuit();
    fail(threads, circuit, 10);
    isolate(threads.words, threads.now, '', 1_000);
    if (ends === 'released') release(threads.words, threads.now);
    else threads.clock.advance(1_000);
    fail(threads, circuit, 10);
    assert.equal(circuitStateOf(threads.words, threads.now).until, threads.now + 30_000, ends);
  }
});

test('letting go of a circuit that no order holds changes nothing', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  fail(threads, circuit, 10);
  assert.ok(!release(threads.words, threads.now));
  assert.ok(!lets(threads, circuit));
});

test('a breaker that is off never opens, and still takes orders', () => {
  const threads = new Threads();
  const circuit = threads.circuit('off');
  fail(threads, circuit, 1_000, 'connect');
  assert.ok(lets(threads, circuit));
  isolate(threads.words, threads.now, '', undefined);
  assert.ok(!lets(threads, circuit));
});

test('what opened under a document before lets everything through under one whose breaker is off, a probe under way too', () => {
  for (const wait of [0, 30_000]) {
    const threads = new Threads();
    const before = threads.circuit();
    fail(threads, before, 10);
    threads.clock.advance(wait);
    const probe = before.enter(threads.now);
    const off = threads.circuit('off');
    assert.ok(lets(threads, off) && lets(threads, off));
    assert.equal(threads.story.at(-1), 'closed: circuitBreaker is off');
    before.judge(probe, 'reset', threads.now);
    assert.ok(lets(threads, off));
    fail(threads, before, 9);
    assert.ok(lets(threads, before), 'what was counted before does not count');
  }
});

test('one word says the state of a circuit', () => {
  const threads = new Threads();
  const circuit = threads.circuit({ recovery: { ramp: 5_000 } });
  const words = [circuitWordOf(threads.words, threads.now)];
  const note = () => void words.push(circuitWordOf(threads.words, threads.now));
  fail(threads, circuit, 10);
  note();
  threads.clock.advance(30_000);
  const probe = circuit.enter(threads.now);
  note();
  circuit.judge(probe, undefined, threads.now);
  note();
  isolate(threads.words, threads.now, '', 1_000);
  note();
  threads.clock.advance(1_001);
  note();
  forceClosed(threads.words, threads.now, '', 1_000);
  note();
  threads.clock.advance(1_001);
  note();
  assert.deepEqual(words, ['closed', 'open', 'half-open', 'closed', 'isolated', 'closed', 'forced', 'closed']);
});

test('a long reason is cut between letters', () => {
  const threads = new Threads();
  isolate(threads.words, threads.now, `x${'ü'.repeat(300)}`, undefined);
  assert.equal(circuitStateOf(threads.words, threads.now).reason, `x${'ü'.repeat(125)}`);
});

test('an open circuit that nobody asked for weeks probes, though time words came round', () => {
  const threads = new Threads();
  const circuit = threads.circuit();
  fail(threads, circuit, 10);
  threads.clock.advance(2 ** 31 + 60_000);
  assert.ok(circuit.isProbe(circuit.enter(threads.now)));
});

test('a thread whose time lags behind the one that made a change still keeps to it', () => {
  const threads = new Threads();
  const settings = { openFor: 1_000, maxOpenFor: 1_000, recovery: { ramp: 1_000 } };
  const circuit = threads.circuit(settings);
  const behind = threads.circuit(settings, 0);
  fail(threads, circuit, 10);
  assert.equal(behind.enter(threads.now - 20), REFUSED, 'open');
  threads.clock.advance(1_000);
  const probe = circuit.enter(threads.now);
  assert.ok(circuit.isProbe(probe));
  assert.equal(behind.enter(threads.now - 20), REFUSED, 'half-open: there is one probe');
  circuit.judge(probe, undefined, threads.now);
  assert.equal(behind.enter(threads.now - 20), REFUSED, 'at the beginning of the ramp');
  threads.clock.advance(500);
  const passed = Array.from({ length: 200 }, () => lets(threads, circuit)).filter(Boolean).length;
  assert.ok(passed > 50 && passed < 150, `half-way up the ramp ${passed} of 200 pass`);
});
