/**
 * How long to wait: before a thread starts again, and for an answer.
 *
 * Rule: a thread that lived a while starts again at once; one that dies young waits, twice as long each time, so that a
 * thread that cannot live does not eat a core. Tests bring pauses of their own.
 */

import { type Clock, systemClock } from '../core/clock.ts';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** A thread that lived this long died of something new. */
const LONG_LIFE = 30_000;
/** What setTimeout can wait, milliseconds; more would fire at once. */
const LONGEST_TIMER = 2_147_483_647;

export interface Pauses {
  /** The thread of this lane starts now. */
  begun(lane: number): void;
  /** The thread of this lane died; `again` is called after a pause, whose length in milliseconds is returned. */
  after(lane: number, again: () => void): number;
  /** The promise's value, or `otherwise` after `limit` milliseconds. */
  within<T>(promise: Promise<T>, limit: number, otherwise: T): Promise<T>;
  /** Nothing is called any more. */
  stop(): void;
}

export function restPauses(clock: Clock = systemClock): Pauses {
  const lanes = new Map<number, { begun: number; pause: number }>();
  const timers = new Set<NodeJS.Timeout>();
  return {
    begun: (lane) => {
      lanes.set(lane, { begun: clock.now(), pause: lanes.get(lane)?.pause ?? 0 });
    },
    after: (lane, again) => {
      const { begun, pause: last } = lanes.get(lane) ?? { begun: clock.now(), pause: 0 };
      const pause = clock.now() - begun >= LONG_LIFE ? 0 : Math.min(LONGEST_PAUSE, last * 2 || FIRST_PAUSE);
      lanes.set(lane, { begun, pause });
      const timer = setTimeout(() => {
        timers.delete(timer);
        again();
      }, pause);
      timers.add(timer);
      return pause;
    },
    within: async (promise, limit, otherwise) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<typeof otherwise>((resolve) => {
        timer = setTimeout(() => resolve(otherwise), Math.min(limit, LONGEST_TIMER));
      });
      const value = await Promise.race([promise, late]);
      clearTimeout(timer);
      return value;
    },
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
