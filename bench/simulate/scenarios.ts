/**
 * What befalls the last service of the chain, and what stands before every service.
 */

import type { Pace, Scenario } from './play.ts';

export const SCENARIOS: readonly Scenario[] = [
  { id: 'outage', title: 'E answers 503 at once for 60 s', trouble: 'refuses', lasts: 60 },
  { id: 'overload', title: 'E takes four times as long for 30 s', trouble: { slower: 4 }, lasts: 30 },
  { id: 'hang', title: 'E answers nothing for 60 s', trouble: 'hangs', lasts: 60 },
  { id: 'blip', title: 'E answers 503 at once for 1 s', trouble: 'refuses', lasts: 1 },
];

export interface Guard {
  readonly id: string;
  /** The `defaults` of the document. */
  readonly defaults: string;
}

/** Retries stand everywhere as they are by default: two further tries. */
export const GUARDS: readonly Guard[] = [
  { id: 'retries alone', defaults: '{ retry: { budget: off }, circuitBreaker: off, limits: off }' },
  { id: 'budgets', defaults: '{ circuitBreaker: off, limits: off }' },
  { id: 'breakers', defaults: '{ retry: { budget: off }, limits: off }' },
  { id: 'both (default)', defaults: '{}' },
  { id: 'both, openFor: 5s', defaults: '{ circuitBreaker: { openFor: 5s, maxOpenFor: 30s } }' },
  { id: 'both, adaptive', defaults: '{ limits: { concurrency: adaptive } }' },
];

/** E can do twice what is asked of it while all is well. */
export const PACE: Pace = {
  rate: 100,
  before: 30,
  after: 200,
  capacity: { workers: 4, work: 20, backlog: 5_000 },
  seed: 1,
};
