/**
 * A share of the requests of the last ten seconds, for what is sent beside them: retries and second requests.
 *
 * Rule: one budget for the process. Whoever takes out of it counts itself first, looks then, and takes itself back where that
 * was too much, so that two threads never spend the same last try; that both are refused it may happen.
 */

import { Window } from './window.ts';

/** What is looked back on, milliseconds. */
const LENGTH = 10_000;
const SLOTS_BACK = 10;

export class Budget {
  private readonly requests: Window;
  private readonly spent: Window;
  private readonly share: number;
  private readonly least: number;

  /** `requests` and `spent`: where their words begin. `percent` of the requests, `minPerSecond` where that is more. */
  constructor(words: Int32Array, requests: number, spent: number, percent: number, minPerSecond: number) {
    this.requests = new Window(words, requests, LENGTH, SLOTS_BACK);
    this.spent = new Window(words, spent, LENGTH, SLOTS_BACK);
    this.share = percent / 100;
    this.least = (minPerSecond * LENGTH) / 1000;
  }

  earn(now: number): void {
    this.requests.add(now);
  }

  spend(now: number): boolean {
    this.spent.add(now);
    // The least is a floor, not an extra: a service of few requests may have a try, one of many gets its share and no more.
    if (this.spent.count(now) <= Math.max(this.requests.count(now) * this.share, this.least)) return true;
    this.spent.takeBack(now);
    return false;
  }
}
