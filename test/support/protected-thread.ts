/**
 * A thread that races others for what protects an upstream; started by test/unit/policy/threads.test.ts.
 *
 * Rule: times come with the calls, the wheel of timers never turns, and what is told is counted, so that whatever ends well
 * does so without a second look.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { Lane } from '../../src/core/lanes.ts';
import { Timers } from '../../src/core/timers.ts';
import { Words } from '../../src/core/words.ts';
import { SharedCircuit } from '../../src/policy/circuit.ts';
import { TableLimiter } from '../../src/policy/limiter.ts';
import { Places } from '../../src/policy/places.ts';
import { type CircuitBreakerSettings, type LimitsSettings, REFUSED, type Waiter } from '../../src/policy/policy.ts';
import { FakeClock } from './clock.ts';
import { seededDraw } from './draw.ts';

export interface ThreadData {
  readonly common: readonly SharedArrayBuffer[];
  readonly lane: readonly SharedArrayBuffer[];
  /** How many arrived at the gate, and how many are inside the upstream. */
  readonly gate: Int32Array;
  readonly threads: number;
  readonly block: number;
  readonly breaker: CircuitBreakerSettings;
  readonly limits: LimitsSettings;
}

/**
 * `race`: ask so often at once with the others, each that passes fails; `periods`: the same once a second, so many seconds;
 * `pass`: so many come, and leave at once where there is a place; `visit`: so many come, wait where they must, leave.
 */
export interface Call {
  readonly is: 'race' | 'periods' | 'pass' | 'visit';
  readonly times: number;
  readonly now: number;
}

/** How many passed, what was told, the most that were inside at once. */
export interface Answer {
  readonly passed: number;
  readonly told: readonly string[];
  readonly most: number;
}

const { common, lane: memory, gate, threads, block, breaker, limits } = workerData as ThreadData;
const clock = new FakeClock();
const words = new Words();
words.grow(common);
const lane = new Lane();
lane.grow(memory);
let told: string[] = [];
const site = {
  clock,
  timers: new Timers(clock, false),
  draw: seededDraw(1),
  lane,
  tell: (event: { is: string; state?: unknown }) => void told.push(String(event.state)),
};
const circuit = new SharedCircuit(site, 'cart', breaker, words.block(block), block);
const limiter = new TableLimiter(new Places(site, 'cart', words.block(block), block), limits, 1);

/** How often the gate is looked at before the thread sleeps: those that need not be woken start as one. */
const LOOKS = 20_000;

/** Goes on when all threads are here. */
function meet(): void {
  const arrived = Atomics.add(gate, 0, 1) + 1;
  const all = Math.ceil(arrived / threads) * threads;
  if (arrived === all) Atomics.notify(gate, 0);
  for (let looks = 0; looks < LOOKS && Atomics.load(gate, 0) < all; looks++);
  for (let here = arrived; here < all; here = Atomics.load(gate, 0)) Atomics.wait(gate, 0, here);
}

function race({ times, now }: Call): Answer {
  meet();
  let passed = 0;
  for (let i = 0; i < times; i++) {
    const pass = circuit.enter(now);
    if (pass === REFUSED) continue;
    passed += 1;
    circuit.judge(pass, 'timeout', now);
  }
  return { passed, told, most: 0 };
}

function periods({ times, now }: Call): Answer {
  let passed = 0;
  for (let period = 0; period < times; period++)
    passed += race({ is: 'race', times: 3, now: now + period * 1_000 }).passed;
  return { passed, told, most: 0 };
}

function pass({ times, now }: Call): Answer {
  meet();
  let [passed, most] = [0, 0];
  for (let i = 0; i < times; i++) {
    if (!limiter.enter()) continue;
    most = Math.max(most, Atomics.add(gate, 1, 1) + 1);
    Atomics.sub(gate, 1, 1);
    limiter.leave(now, 1, false);
    passed += 1;
  }
  return { passed, told, most };
}

function visit({ times, now }: Call): Promise<Answer> {
  let most = 0;
  let left = times;
  return new Promise((resolve) => {
    const inside = (): void => {
      most = Math.max(most, Atomics.add(gate, 1, 1) + 1);
      setImmediate(() => {
        Atomics.sub(gate, 1, 1);
        limiter.leave(now, 1, false);
        left -= 1;
        if (left === 0) resolve({ passed: times, told, most });
      });
    };
    const come = (): void => {
      const waiter: Waiter = { ahead: undefined, behind: undefined, onPlace: inside, onShed: inside };
      if (limiter.enter()) inside();
      else if (limiter.wait(waiter, now) !== undefined) throw new Error('the queue is long enough for all');
    };
    meet();
    for (let i = 0; i < times; i++) setImmediate(come);
  });
}

parentPort?.on('message', async (call: Call) => {
  told = [];
  const play = { race, periods, pass, visit }[call.is];
  parentPort?.postMessage(await play(call));
});
