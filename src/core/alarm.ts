/**
 * Something to be done later, on the control thread.
 *
 * Rule: a timer each, so that a process with nothing to do later is not woken; data threads have a wheel instead
 * (core/timers.ts). Whoever sets an alarm gets what cancels it. Tests bring alarms that ring when they say so.
 */

/** What setTimeout can wait, milliseconds; more would fire at once. */
const LONGEST_TIMER = 2_147_483_647;

export interface Alarms {
  /** Calls `ring` once after so many milliseconds; the result cancels it. */
  after(milliseconds: number, ring: () => void): () => void;
}

export const systemAlarms: Alarms = {
  after: (milliseconds, ring) => {
    const timer = setTimeout(ring, Math.min(Math.max(0, milliseconds), LONGEST_TIMER));
    return () => clearTimeout(timer);
  },
};

/** Resolves with the promise, or after so many milliseconds if that comes first. */
export async function atMost(alarms: Alarms, milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let cancel = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = alarms.after(milliseconds, resolve);
  });
  await Promise.race([promise, late]);
  cancel();
}
