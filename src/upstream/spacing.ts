/**
 * Work by key that rests in proportion to what it costs.
 *
 * Rule: what is asked for is done at once, unless the last time was a moment ago; what is asked for meanwhile is done
 * together, once. So a change in a small list is told at once, and a thousand changes of a list of ten thousand do not
 * keep the control thread from everything else.
 */

import type { Alarms } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';

/** How many times as long as the work took it rests. */
const REST = 5;

export interface SpacingNeeds {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly work: (key: string) => Promise<void>;
}

interface Waiting {
  readonly done: PromiseWithResolvers<void>;
  readonly cancel: () => void;
}

export class Spacing {
  private readonly needs: SpacingNeeds;
  /** Key -> until when it rests, monotonic. */
  private readonly rests = new Map<string, number>();
  private readonly waiting = new Map<string, Waiting>();

  constructor(needs: SpacingNeeds) {
    this.needs = needs;
  }

  /** Does the work of a key as soon as may be; resolves with it. */
  soon(key: string): Promise<void> {
    const waiting = this.waiting.get(key);
    if (waiting !== undefined) return waiting.done.promise;
    const rest = (this.rests.get(key) ?? 0) - this.needs.clock.now();
    return rest > 0 ? this.later(key, rest) : this.work(key);
  }

  /** Nothing is done any more. */
  stop(): void {
    for (const { cancel, done } of this.waiting.values()) {
      cancel();
      done.resolve();
    }
    this.waiting.clear();
  }

  private later(key: string, rest: number): Promise<void> {
    const done = Promise.withResolvers<void>();
    const cancel = this.needs.alarms.after(rest, () => {
      this.waiting.delete(key);
      done.resolve(this.work(key));
    });
    this.waiting.set(key, { done, cancel });
    return done.promise;
  }

  private work(key: string): Promise<void> {
    const { clock, work } = this.needs;
    const began = clock.now();
    const done = work(key);
    const now = clock.now();
    this.rests.set(key, now + REST * (now - began));
    return done;
  }
}
