/**
 * Waiting for conditions, never for fixed times.
 *
 * Rule: every wait has a bound, and says what it waited for when the bound is reached. A bound is generous: it marks a
 * hang, it is no measure of speed.
 */

export const PATIENCE = 5000;

/** Polls until `condition` gives something truthy, and returns it. `limit` in milliseconds. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  limit = PATIENCE,
): Promise<Exclude<T, false | undefined | null | 0 | ''>> {
  const deadline = performance.now() + limit;
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<T, false | undefined | null | 0 | ''>;
    if (performance.now() > deadline) throw new Error(`waited ${limit} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The promise's value, or an error that says what was waited for. `limit` in milliseconds. */
export async function within<T>(what: string | (() => string), promise: Promise<T>, limit = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`waited ${limit} ms for ${typeof what === 'string' ? what : what()}`));
    }, limit);
  });
  try {
    return await Promise.race([promise, bound]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets the event loop go round, so that what was written before is read on its own by whoever listens in this process. */
export async function breathe(rounds = 2): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until a count no longer changes: the same over many polls in a row. Returns it. */
export async function steady(what: string, count: () => number, polls = 60): Promise<number> {
  let last = count();
  let same = 0;
  await until(
    `${what} to come to rest`,
    () => {
      same = count() === last ? same + 1 : 0;
      last = count();
      return same >= polls;
    },
    20_000,
  );
  return last;
}
