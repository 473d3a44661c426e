/**
 * What standing before an upstream costs while all is well: circuit, budget, places, queue, in nanoseconds. Run:
 * node bench/micro/protect.ts
 */

import { systemClock } from '../../src/core/clock.ts';
import { systemDraw } from '../../src/core/draw.ts';
import { Lane } from '../../src/core/lanes.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { Timers } from '../../src/core/timers.ts';
import { ProtectionLedger } from '../../src/policy/ledger.ts';
import type { Protection, ProtectionSettings, Waiter } from '../../src/policy/policy.ts';
import { tell } from './timing.ts';

const ROUNDS = 40;
const ROUND = 100_000;

const SETTINGS: ProtectionSettings = {
  retry: {
    attempts: 2,
    on: ['connect', 'reset', 'timeout', 502, 503, 504],
    backoff: { initial: 25, max: 1_000 },
    budget: { percent: 20, minPerSecond: 10 },
    methods: ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'],
    bodyLimit: 65_536,
  },
  circuitBreaker: {
    consecutiveFailures: 10,
    failureRate: 'off',
    openFor: 30_000,
    maxOpenFor: 300_000,
    on: ['connect', 'reset', 'timeout', 502, 503, 504],
    recovery: { ramp: 10_000 },
  },
  limits: { concurrency: 1_024, queue: 1_024, queueTimeout: 1_000 },
  hedge: { after: 'p95', percent: 5 },
};

const shared = new SharedLanes(1);
shared.grow(16);
const lane = new Lane();
lane.grow(shared.segments(0));
const timers = new Timers(systemClock);
const ledger = new ProtectionLedger({
  clock: systemClock,
  timers,
  draw: systemDraw,
  lane,
  words: shared.words,
  tell: () => {},
});
let block = 2;

function protect(changes: Partial<ProtectionSettings> = {}): {
  [part in keyof Protection]-?: NonNullable<Protection[part]>;
} {
  block += 1;
  const { circuit, limiter, retry, hedge } = ledger.protection(`u${block}`, { ...SETTINGS, ...changes }, block);
  if (circuit === undefined || limiter === undefined || retry === undefined || hedge === undefined)
    throw new Error('all of it is on');
  return { circuit, limiter, retry, hedge };
}

/** The best of many short rounds: what makes one slower than it can be is the machine. */
function time(name: string, body: (i: number) => number, wanted: number): void {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    let sum = 0;
    const started = performance.now();
    for (let i = 0; i < ROUND; i++) sum += body(i);
    least = Math.min(least, performance.now() - started);
    if (sum !== wanted * ROUND) throw new Error(`${name}: ${sum} in place of ${wanted * ROUND}`);
  }
  tell(name, (least * 1e6) / ROUND);
}

const now = systemClock.now();
const { circuit, limiter, retry, hedge } = protect();

time('protection: the loop alone', () => 1, 1);
time(
  'circuit: enter and judge a success, closed',
  () => {
    const pass = circuit.enter(now);
    circuit.judge(pass, undefined, now);
    return pass;
  },
  0,
);
const rated = protect({
  circuitBreaker: {
    ...(SETTINGS.circuitBreaker as Exclude<ProtectionSettings['circuitBreaker'], 'off'>),
    failureRate: { percent: 50, minRequests: 20, window: 10_000 },
  },
}).circuit;
time(
  'circuit: the same with a failure rate',
  () => {
    const pass = rated.enter(now);
    rated.judge(pass, undefined, now);
    return pass;
  },
  0,
);
time(
  'budget: earn',
  () => {
    retry.earn(now);
    return 1;
  },
  1,
);
time('budget: spend', (i) => (retry.spend(now + i / ROUND) ? 1 : 1), 1);
time('retry: whether a status is retried', (i) => (retry.retriesOn(i % 2 === 0 ? 200 : 204) ? 1 : 0), 0);
time(
  'places: enter and leave',
  () => {
    const entered = limiter.enter();
    limiter.leave(now, 1, false);
    return entered ? 1 : 0;
  },
  1,
);
const adaptive = protect({ limits: { concurrency: 'adaptive', queue: 1_024, queueTimeout: 1_000 } }).limiter;
time(
  'places: enter and leave, adaptive',
  (i) => {
    const entered = adaptive.enter();
    adaptive.leave(now + i / 100, 1, false);
    return entered ? 1 : 0;
  },
  1,
);
const full = protect({ limits: { concurrency: 1, queue: 1_024, queueTimeout: 1_000 } }).limiter;
if (!full.enter()) throw new Error('the first place is free');
const waiter: Waiter = { ahead: undefined, behind: undefined, onPlace: () => {}, onShed: () => {} };
time(
  'queue: wait and withdraw',
  () => {
    const refused = full.wait(waiter, now);
    full.withdraw(waiter, false);
    return refused === undefined ? 1 : 0;
  },
  1,
);
time(
  'hedge: learn, earn and ask',
  (i) => {
    hedge.learn(1 + (i & 15));
    hedge.earn(now);
    return hedge.delay() > 0 ? 1 : 0;
  },
  1,
);
ledger.stop();
timers.stop();
