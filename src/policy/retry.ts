/**
 * When a failed attempt deserves another, and how long it waits.
 *
 * Rule: the pauses are cockatiel's exponential backoff with full jitter (any time between nothing and the step), drawn from
 * our own source of chance, because cockatiel's generator of that name asks Math.random. The budget is the process's.
 */

import { ExponentialBackoff } from 'cockatiel/dist/backoff/ExponentialBackoff.js';
import { type GeneratorFn, noJitterGenerator } from 'cockatiel/dist/backoff/ExponentialBackoffGenerators.js';
import type { Draw } from '../core/draw.ts';
import { UPSTREAM_WORDS } from '../core/words.ts';
import { Budget } from './budget.ts';
import { FailureSet } from './failures.ts';
import type { Failure, Retry, RetrySettings } from './policy.ts';

export class BudgetedRetry implements Retry {
  readonly attempts: number;
  readonly bodyLimit: number;
  private readonly on: FailureSet;
  private readonly methods: ReadonlySet<string>;
  private readonly backoff: ExponentialBackoff<number>;
  private readonly budget: Budget | undefined;

  constructor(settings: RetrySettings, words: Int32Array, draw: Draw) {
    const { attempts, bodyLimit, on, methods, backoff, budget } = settings;
    this.attempts = attempts;
    this.bodyLimit = bodyLimit;
    this.on = new FailureSet(on);
    this.methods = new Set(methods);
    this.backoff = new ExponentialBackoff({
      generator: fullJitter(draw),
      initialDelay: backoff.initial,
      maxDelay: backoff.max,
    });
    if (budget !== 'off') {
      const { requests, retries } = UPSTREAM_WORDS;
      this.budget = new Budget(words, requests, retries, budget.percent, budget.minPerSecond);
    }
  }

  retriesOn(failure: Failure): boolean {
    return this.on.has(failure);
  }

  retriesMethod(method: string): boolean {
    return this.methods.has(method);
  }

  pause(n: number): number {
    let backoff = this.backoff.next();
    for (let i = 1; i < n; i++) backoff = backoff.next(undefined);
    return backoff.duration;
  }

  earn(now: number): void {
    this.budget?.earn(now);
  }

  spend(now: number): boolean {
    return this.budget === undefined || this.budget.spend(now);
  }
}

function fullJitter(draw: Draw): GeneratorFn<number> {
  return (state, options) => {
    const [step, next] = noJitterGenerator(state, options);
    return [draw.chance() * step, next];
  };
}
