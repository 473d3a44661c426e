/**
 * Waiting that can be ended, and being told to end.
 *
 * Rule: nothing sleeps on when the command is to end.
 */

import type { Io } from './command.ts';

/** After so many milliseconds, or at once when `signal` aborts. */
export function pause({ alarms }: Pick<Io, 'alarms'>, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = alarms.after(milliseconds, done);
    signal.addEventListener('abort', done);
  });
}

/** Runs `work` with a signal that aborts when the process is told to end. */
export async function untilTold<T>(
  { onSignal }: Pick<Io, 'onSignal'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const told = new AbortController();
  const stop = onSignal(() => told.abort());
  try {
    return await work(told.signal);
  } finally {
    stop();
  }
}
