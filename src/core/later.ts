/**
 * Packages that are loaded when they are first asked for, at once and whole.
 *
 * Rule: only what a start seldom needs and that takes long to load (measured: pino 20 ms, semver 17 ms, re2js 8 ms, with
 * everything in the compile cache). Nobody waits for them under traffic: a data thread calls `loadAll` before it opens a
 * port, the control thread as soon as traffic flows. By then there are descriptors to be had, too, which is not so when
 * the first thing to log is that there are none left.
 */

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const known: (() => unknown)[] = [];

/** What gives the package `name`, as `require` has it; loads it at the first call. */
export function later<T>(name: string): () => T {
  let loaded: T | undefined;
  const load = (): T => {
    loaded ??= require(name) as T; // who asks says what a package of that name exports
    return loaded;
  };
  known.push(load);
  return load;
}

/** Loads what was promised to anybody and is not here yet. */
export function loadAll(): void {
  for (const load of known) load();
}
