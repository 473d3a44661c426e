/**
 * The breaker of one upstream, one for all threads.
 *
 * Rule: closed costs one plain read to enter and two to judge a success. A pass is the state's word it was given under: what
 * an attempt of an earlier turn says counts for nothing, so that stragglers neither open a circuit anew nor close it. Whoever
 * makes a change (circuit-state.ts) counts it and tells of it. During a ramp failures count as they always do; an opening
 * that follows within the last open time and the ramp doubles the open time.
 */

import { ExponentialBackoff } from 'cockatiel/dist/backoff/ExponentialBackoff.js';
import { noJitterGenerator } from 'cockatiel/dist/backoff/ExponentialBackoffGenerators.js';
import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneEvents } from '../core/events.ts';
import type { Fault } from '../core/fault.ts';
import { hashText, toUnit } from '../core/hash.ts';
import { type Lane, OPENING_CAUSES, type OpeningCause, REFUSAL_CAUSES, UPSTREAM_BLOCK } from '../core/lanes.ts';
import { AHEAD, ago, timeWord, UPSTREAM_WORDS } from '../core/words.ts';
import { isolatedFault, openedBy, openFault, seconds } from './circuit-say.ts';
import { CircuitState, isOrder, NO_END, STATE, sameTurn, stateIn } from './circuit-state.ts';
import { FailureSet } from './failures.ts';
import { type Circuit, type CircuitBreakerSettings, type Failure, type Known, REFUSED } from './policy.ts';
import { Window } from './window.ts';

/** Bounds of how long a probe may take before another request becomes the probe: its thread may have died. */
const LEAST_LEASE = 1_000;
const MOST_LEASE = 60_000;
/** Longer rows of openings change nothing any more. */
const MOST_OPENINGS = 30;
/** Sets the lots of a ramp apart from other choices that are made by the same id. */
const LOTS = 2;

/** Takes an operator's orders and does nothing else. */
const NEVER_OPENS: CircuitBreakerSettings = {
  consecutiveFailures: Number.POSITIVE_INFINITY,
  failureRate: 'off',
  openFor: 30_000,
  maxOpenFor: 30_000,
  on: [],
  recovery: { ramp: 0 },
};

export interface CircuitSite {
  readonly clock: Clock;
  readonly draw: Draw;
  readonly lane: Lane;
  readonly tell: PlaneEvents;
}

// Where cockatiel ends: ConsecutiveBreaker and SamplingBreaker keep their counts in fields of one object, and
// CircuitBreakerPolicy its state in another, so that with four threads a service would get four times the failures and four
// probes; SamplingBreaker reads Date.now() and sums under its own hands, too. What is kept is their judgement (so many in a
// row; a share of at least so many), on words that all threads share, and cockatiel's backoff for the length of an opening.
export class SharedCircuit implements Circuit {
  private readonly site: CircuitSite;
  private readonly id: string;
  private readonly block: number;
  private readonly settings: CircuitBreakerSettings;
  private readonly words: Int32Array;
  private readonly state: CircuitState;
  private readonly failures: FailureSet;
  private readonly judged: Window | undefined;
  private readonly failed: Window | undefined;
  private readonly lease: number;
  private readonly longest: number;

  constructor(
    site: CircuitSite,
    id: string,
    settings: CircuitBreakerSettings | 'off',
    words: Int32Array,
    block: number,
  ) {
    this.site = site;
    this.id = id;
    this.block = block;
    this.settings = settings === 'off' ? NEVER_OPENS : settings;
    this.words = words;
    this.state = new CircuitState(words);
    const { on, failureRate, openFor, maxOpenFor } = this.settings;
    this.failures = new FailureSet(on);
    if (failureRate !== 'off') {
      this.judged = new Window(words, UPSTREAM_WORDS.judged, failureRate.window);
      this.failed = new Window(words, UPSTREAM_WORDS.failed, failureRate.window);
    }
    this.lease = Math.min(MOST_LEASE, Math.max(LEAST_LEASE, openFor));
    this.longest = Math.max(openFor, maxOpenFor);
  }

  enter(now: number, who?: Known): number {
    const word = this.words[UPSTREAM_WORDS.circuit];
    return stateIn(word) === STATE.closed ? word : this.enterGuarded(now, who);
  }

  isProbe(pass: number): boolean {
    return stateIn(pass) === STATE.halfOpen;
  }

  judge(pass: number, failure: Failure | undefined, now: number): void {
    const word = this.words[UPSTREAM_WORDS.circuit];
    if (!sameTurn(word, pass)) return;
    const failed = failure !== undefined && this.failures.has(failure);
    const state = stateIn(word);
    if (state === STATE.halfOpen) this.judgeProbe(pass, failed ? failure : undefined, now);
    if (state !== STATE.closed && state !== STATE.ramp) return;
    if (failed) this.countFailure(word, now);
    else {
      if (this.words[UPSTREAM_WORDS.failures] !== 0) Atomics.store(this.words, UPSTREAM_WORDS.failures, 0);
      this.judged?.add(now);
    }
  }

  /** The next request becomes the probe, where this was it. */
  forgive(pass: number): void {
    if (stateIn(pass) === STATE.halfOpen) this.state.change(pass, STATE.halfOpen, NO_END);
  }

  refusal(now: number, counts: boolean): Fault {
    const word = this.state.word;
    const left = this.state.left(word, now);
    const isolated = stateIn(word) === STATE.isolated;
    const cause = REFUSAL_CAUSES.indexOf(isolated ? 'circuit_isolated' : 'circuit_open');
    if (counts) this.site.lane.add(this.block, UPSTREAM_BLOCK.refused + cause, 1);
    if (isolated) return isolatedFault(this.id, this.words, left);
    return openFault(this.id, this.state, word, left, this.settings.recovery.ramp, now);
  }

  /** Any state but closed. */
  private enterGuarded(now: number, who: Known | undefined): number {
    for (;;) {
      const word = this.state.word;
      const left = this.state.left(word, now);
      const state = stateIn(word);
      if (state === STATE.closed) return word;
      if (state === STATE.ramp) {
        const { ramp } = this.settings.recovery;
        // Compared with the whole length, too: a time word comes round again, and a new table may have another length. The
        // thread that wrote it may be ahead of this one.
        if (left > 0 && ramp > 0 && left <= ramp + AHEAD) return this.lotOf(who) < 1 - left / ramp ? word : REFUSED;
        this.state.change(word, STATE.closed, NO_END);
      } else if (isOrder(state)) {
        if (left > 0) return state === STATE.forced ? word : REFUSED;
        this.end(word, 'the time that an operator gave is over', now);
      } else if (this.settings === NEVER_OPENS) {
        // Left over from a document with a breaker: where it is off, what opened by itself holds no longer.
        this.end(word, 'circuitBreaker is off', now);
      } else {
        if (left > 0 && left <= (state === STATE.open ? this.longest : this.lease) + AHEAD) return REFUSED;
        if (this.probe(word, now, left)) return this.state.next(word, STATE.halfOpen);
      }
    }
  }

  /**
   * From which share on somebody passes. Drawn anew at each circuit of a chain that recovers at once, the lots would multiply:
   * the inner ones refused most of what the outer ones let through, which to those is a row of failures that opens them again
   * (bench/simulate). A lot that goes with the correlation id passes all of them, or none.
   */
  private lotOf(who: Known | undefined): number {
    return who === undefined ? this.site.draw.chance() : toUnit(hashText(who.correlationId, LOTS));
  }

  /** Makes the request that asks the one probe; false where another was faster. */
  private probe(word: number, now: number, left: number): boolean {
    const first = stateIn(word) === STATE.open;
    if (!this.state.change(word, STATE.halfOpen, timeWord(now + this.lease))) return false;
    const until = this.site.clock.wall() + this.lease;
    if (first) {
      this.state.began(now);
      this.tell('half-open', 'its open time is over, one request probes the upstream', until);
    } else if (left <= 0) {
      this.tell('half-open', `nothing was heard of the probe in ${seconds(this.lease)}, another one is sent`, until);
    }
    return true;
  }

  private judgeProbe(pass: number, failure: Failure | undefined, now: number): void {
    if (failure !== undefined) {
      const end = typeof failure === 'number' ? `status ${failure}` : failure;
      this.open(pass, 'probe', typeof failure === 'number' ? failure : 0, `its probe failed (${end})`, now);
      return;
    }
    const { ramp } = this.settings.recovery;
    // Before the change: what was counted until the opening must not open it again at the first failure.
    this.state.forget();
    const [state, until] = ramp > 0 ? [STATE.ramp, timeWord(now + ramp)] : [STATE.closed, NO_END];
    if (!this.state.change(pass, state, until)) return;
    this.state.began(now);
    const share = ramp > 0 ? `, the share let through grows for ${seconds(ramp)}` : '';
    this.tell('closed', `its probe succeeded${share}`, undefined);
  }

  private countFailure(word: number, now: number): void {
    const { consecutiveFailures, failureRate } = this.settings;
    const row = Atomics.add(this.words, UPSTREAM_WORDS.failures, 1) + 1;
    this.judged?.add(now);
    this.failed?.add(now);
    if (row >= consecutiveFailures) {
      this.open(word, 'consecutive_failures', row, openedBy('consecutive_failures', row), now);
    } else if (failureRate !== 'off') {
      const all = this.judged?.count(now) ?? 0;
      const failed = this.failed?.count(now) ?? 0;
      if (all < failureRate.minRequests || failed * 100 < failureRate.percent * all) return;
      const cause = `${failed} of ${all} requests failed within ${seconds(failureRate.window)}`;
      this.open(word, 'failure_rate', Math.round((failed * 100) / all), cause, now);
    }
  }

  private open(pass: number, why: OpeningCause, figure: number, cause: string, now: number): void {
    const openings = this.inRow(pass, now) + 1;
    const length = this.openTime(openings);
    // A ramp that ends meanwhile goes on as the closed state of its turn.
    for (let word = pass; sameTurn(word, pass); word = this.state.word) {
      if (!this.state.change(word, STATE.open, timeWord(now + length))) continue;
      this.state.openings = Math.min(openings, MOST_OPENINGS);
      this.state.began(now);
      this.state.blame(why, figure);
      this.site.lane.add(this.block, UPSTREAM_BLOCK.opened + OPENING_CAUSES.indexOf(why), 1);
      this.tell('open', cause, this.site.clock.wall() + length);
      return;
    }
  }

  /** How many openings the next one follows without a calm time in between. */
  private inRow(pass: number, now: number): number {
    const before = this.state.openings;
    if (before === 0 || stateIn(pass) === STATE.halfOpen) return before;
    const calm = ago(Atomics.load(this.words, UPSTREAM_WORDS.since), timeWord(now)) >>> 0;
    return calm <= this.openTime(before) + this.settings.recovery.ramp ? before : 0;
  }

  /** How long the n-th opening in a row lasts, n from 1. */
  private openTime(n: number): number {
    const options = { generator: noJitterGenerator, initialDelay: this.settings.openFor, maxDelay: this.longest };
    let backoff = new ExponentialBackoff(options).next();
    for (let i = 1; i < Math.min(n, MOST_OPENINGS); i++) backoff = backoff.next(undefined);
    return backoff.duration;
  }

  /** Closed in full, and nothing that was before counts. */
  private end(word: number, cause: string, now: number): void {
    this.state.forget();
    if (!this.state.change(word, STATE.closed, NO_END)) return;
    this.state.openings = 0;
    this.state.began(now);
    this.tell('closed', cause, undefined);
  }

  private tell(state: 'closed' | 'open' | 'half-open', cause: string, until: number | undefined): void {
    this.site.tell({ is: 'circuit', upstream: this.id, state, cause, until });
  }
}
