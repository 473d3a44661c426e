/**
 * Which ends of an attempt count as failures.
 *
 * Rule: asked once per attempt with a status, so a status is one bit of a small table; kinds of faults are asked only where
 * something went wrong.
 */

import type { Failure } from './policy.ts';

/** Statuses have three digits. */
const STATUSES = 1000;

export class FailureSet {
  private readonly statuses = new Uint32Array(Math.ceil(STATUSES / 32));
  private readonly kinds = new Set<Failure>();

  constructor(failures: readonly Failure[]) {
    for (const failure of failures) {
      if (typeof failure !== 'number') this.kinds.add(failure);
      else if (failure >= 0 && failure < STATUSES) this.statuses[failure >>> 5] |= 1 << (failure & 31);
    }
  }

  has(failure: Failure): boolean {
    if (typeof failure !== 'number') return this.kinds.has(failure);
    return ((this.statuses[failure >>> 5] >>> (failure & 31)) & 1) === 1;
  }
}
