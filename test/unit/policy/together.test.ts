/**
 * Circuit, limiter and budget together on several threads that share words, whatever fails when: what must hold at any moment,
 * and when all is over. Requests go through gates and tries as the bench's simulator leads them, in virtual time.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Hop } from '../../../bench/simulate/hop.ts';
import { LastService, type Trouble } from '../../../bench/simulate/services.ts';
import { VirtualTime } from '../../../bench/simulate/time.ts';
import { Lane, UPSTREAM_BLOCK } from '../../../src/core/lanes.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { UPSTREAM_WORDS } from '../../../src/core/words.ts';
import { ProtectionLedger } from '../../../src/policy/ledger.ts';
import {
  type Circuit,
  type Protection,
  type ProtectionSettings,
  REFUSED,
  type Retry,
} from '../../../src/policy/policy.ts';
import { seededDraw } from '../../support/draw.ts';
import { BLOCK, BREAKER } from '../../support/protect.ts';
import { breathe } from '../../support/wait.ts';

const THREADS = 3;
/** Shorter than a probe's lease, so that none counts as lost. */
const TIMEOUT = { connect: 100, attempt: 500, total: 2_000, idle: 1_000 };

/** For so long the service is in that state, and requests come so many milliseconds apart. */
interface Phase {
  readonly trouble: Trouble;
  readonly ms: number;
  readonly every: number;
}

interface Plan {
  readonly seed: number;
  readonly concurrency: number;
  readonly queue: number;
  readonly failures: number;
  readonly openFor: number;
  readonly maxOpenFor: number;
  readonly ramp: number;
  readonly attempts: number;
  readonly percent: number;
  readonly minPerSecond: number;
  readonly phases: readonly Phase[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  concurrency: fc.integer({ min: 1, max: 8 }),
  queue: fc.integer({ min: 0, max: 8 }),
  failures: fc.integer({ min: 1, max: 8 }),
  openFor: fc.integer({ min: 50, max: 3_000 }),
  maxOpenFor: fc.integer({ min: 50, max: 6_000 }),
  ramp: fc.constantFrom(0, 500, 3_000),
  attempts: fc.integer({ min: 0, max: 3 }),
  percent: fc.constantFrom(0, 10, 50),
  minPerSecond: fc.constantFrom(0, 0.5, 5),
  phases: fc.array(
    fc.record({
      trouble: fc.constantFrom<Trouble>('none', 'none', 'refuses', 'hangs', { slower: 10 }, { slower: 100 }),
      ms: fc.integer({ min: 50, max: 8_000 }),
      every: fc.integer({ min: 1, max: 60 }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
});

function settingsOf(plan: Plan): ProtectionSettings {
  const { percent, minPerSecond, openFor, maxOpenFor, ramp, failures } = plan;
  return {
    circuitBreaker: { ...BREAKER, consecutiveFailures: failures, openFor, maxOpenFor, recovery: { ramp } },
    limits: { concurrency: plan.concurrency, queue: plan.queue, queueTimeout: 300 },
    retry: {
      attempts: plan.attempts,
      on: BREAKER.on,
      backoff: { initial: 25, max: 200 },
      budget: { percent, minPerSecond },
      methods: ['GET'],
      bodyLimit: 0,
    },
    hedge: 'off',
  };
}

/** The threads of a process before one upstream, watched. */
class Process {
  readonly time = new VirtualTime();
  readonly shared = new SharedLanes(THREADS);
  readonly words: Int32Array;
  readonly service: LastService;
  readonly hops: readonly Hop[];
  /** Requests that came, ended, and further tries that were paid. */
  asked = 0;
  ended = 0;
  paid = 0;
  private readonly plan: Plan;
  private probe: number | undefined = undefined;
  private openSince = Number.POSITIVE_INFINITY;
  private readonly earned: number[] = [];
  private readonly spent: number[] = [];
  private readonly ledgers: ProtectionLedger[] = [];

  constructor(plan: Plan) {
    this.plan = plan;
    this.shared.grow(BLOCK + 1);
    this.words = this.shared.words.block(BLOCK);
    const draw = seededDraw(plan.seed);
    this.service = new LastService(this.time, draw, { workers: 6, work: 5, backlog: 50 });
    this.hops = Array.from({ length: THREADS }, (_, thread) => {
      const lane = new Lane();
      lane.grow(this.shared.segments(thread));
      const { time, shared } = this;
      const ledger = new ProtectionLedger({
        clock: time,
        timers: time.timers,
        draw,
        lane,
        words: shared.words,
        tell: (event) => {
          if (event.is === 'circuit') this.openSince = event.state === 'open' ? time.now() : Number.POSITIVE_INFINITY;
        },
      });
      this.ledgers.push(ledger);
      return new Hop(time, this.watched(ledger.protection('cart', settingsOf(plan), BLOCK)), TIMEOUT, (_, reply) => {
        this.within();
        this.service.take(reply);
      });
    });
  }

  ask(): void {
    const who = { correlationId: String(this.asked) };
    let ends = 0;
    this.hops[this.asked++ % THREADS].ask(who, () => {
      ends += 1;
      assert.equal(ends, 1, 'a request ends once');
      this.ended += 1;
    });
  }

  /** What every thread holds, as its lane has it. */
  held(offset: number): number {
    return this.shared.sum(BLOCK, offset);
  }

  /** Holds at any moment. */
  within(): void {
    const { words, plan } = this;
    assert.ok(words[UPSTREAM_WORDS.inFlight] <= plan.concurrency, `${words[UPSTREAM_WORDS.inFlight]} in flight`);
    assert.ok(words[UPSTREAM_WORDS.queued] <= plan.queue, `${words[UPSTREAM_WORDS.queued]} wait`);
    assert.equal(this.held(UPSTREAM_BLOCK.places), words[UPSTREAM_WORDS.inFlight]);
    assert.equal(this.held(UPSTREAM_BLOCK.queued), words[UPSTREAM_WORDS.queued]);
  }

  stop(): void {
    for (const ledger of this.ledgers) ledger.stop();
  }

  private watched({ circuit, retry, limiter, hedge }: Protection): Protection {
    assert.ok(circuit !== undefined && retry !== undefined);
    return { limiter, hedge, circuit: this.watchedCircuit(circuit), retry: this.watchedRetry(retry) };
  }

  private watchedCircuit(circuit: Circuit): Circuit {
    const back = (pass: number): void => {
      if (pass === this.probe) this.probe = undefined;
    };
    return {
      enter: (now, who) => {
        const pass = circuit.enter(now, who);
        const longest = Math.max(this.plan.openFor, this.plan.maxOpenFor);
        if (pass === REFUSED) assert.ok(now - this.openSince <= longest, `open for ${now - this.openSince} ms`);
        else if (circuit.isProbe(pass)) {
          assert.equal(this.probe, undefined, 'one probe at a time');
          this.probe = pass;
        }
        return pass;
      },
      refusal: (now, counts) => circuit.refusal(now, counts),
      isProbe: (pass) => circuit.isProbe(pass),
      judge: (pass, failure, now) => {
        back(pass);
        circuit.judge(pass, failure, now);
      },
      forgive: (pass, now) => {
        back(pass);
        circuit.forgive(pass, now);
      },
    };
  }

  private watchedRetry(retry: Retry): Retry {
    const since = (times: readonly number[], from: number): number => times.filter((time) => time > from).length;
    return {
      attempts: retry.attempts,
      bodyLimit: retry.bodyLimit,
      retriesOn: (failure) => retry.retriesOn(failure),
      retriesMethod: (method) => retry.retriesMethod(method),
      pause: (n) => retry.pause(n),
      earn: (now) => {
        this.earned.push(now);
        retry.earn(now);
      },
      spend: (now) => {
        if (!retry.spend(now)) return false;
        this.spent.push(now);
        this.paid += 1;
        // The look back is ten slots of a second, the last of which is not over yet.
        const most = (since(this.earned, now - 10_000) * this.plan.percent) / 100 + this.plan.minPerSecond * 10;
        assert.ok(since(this.spent, now - 9_000) <= most, `${since(this.spent, now - 9_000)} further tries of ${most}`);
        return true;
      },
    };
  }
}

async function run(plan: Plan): Promise<Process> {
  const all = new Process(plan);
  for (const { trouble, ms, every } of plan.phases) {
    all.service.trouble = trouble;
    for (let passed = 0; passed < ms; passed += every) {
      all.ask();
      await all.time.pass(every);
      // Threads wake one another through the real loop.
      await breathe(1);
      all.within();
    }
  }
  all.service.trouble = 'none';
  await all.time.pass(10_000);
  return all;
}

test('limit, one probe, budget and the longest opening hold whatever fails, and at the end nothing is held', async () => {
  let opened = 0;
  let paid = 0;
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const all = await run(plan);
      assert.equal(all.ended, all.asked, 'every request ends');
      assert.deepEqual(
        [UPSTREAM_WORDS.inFlight, UPSTREAM_WORDS.queued].map((word) => all.words[word]),
        [0, 0],
      );
      assert.deepEqual(
        [UPSTREAM_BLOCK.places, UPSTREAM_BLOCK.queued].map((offset) => all.held(offset)),
        [0, 0],
      );
      // What was open lets a probe through, and what it opened stays open for the others.
      await all.time.pass(Math.max(plan.openFor, plan.maxOpenFor));
      all.ask();
      await all.time.pass(plan.ramp + 2_000);
      const before = all.hops.reduce((sum, hop) => sum + hop.reached, 0);
      all.ask();
      await all.time.pass(2_000);
      assert.equal(
        all.hops.reduce((sum, hop) => sum + hop.reached, 0),
        before + 1,
        'it is well again',
      );
      opened += all.held(UPSTREAM_BLOCK.opened);
      paid += all.paid;
      all.stop();
    }),
    { numRuns: 100, seed: 4 },
  );
  assert.ok(opened > 50 && paid > 50, `${opened} openings and ${paid} further tries were seen`);
});
