/**
 * Which core does what: the proxy alone on one, origin and load on another, or on two others where there are three.
 *
 * Rule: only cores this process may run on are handed out, because in a container they need not begin at 0. With one core
 * or without taskset nothing is pinned, and the bench says so.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { find } from './processes.ts';

const STATUS = '/proc/self/status';

export interface Cores {
  readonly proxy: number | undefined;
  readonly origin: number | undefined;
  readonly load: number | undefined;
}

/** `0-2,5` -> 0, 1, 2, 5: how the kernel writes sets of cores. */
export function coreList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

function shareOut(): Cores {
  const status = existsSync(STATUS) ? readFileSync(STATUS, 'utf8') : '';
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '';
  const [proxy, origin, load = origin] = coreList(allowed);
  if (origin === undefined || find('taskset') === undefined)
    return { proxy: undefined, origin: undefined, load: undefined };
  return { proxy, origin, load };
}

export const CORES = shareOut();

/** The command with taskset before it, where cores can be chosen. */
export function pinned(core: number | undefined, command: readonly string[]): string[] {
  return core === undefined ? [...command] : ['taskset', '-c', String(core), ...command];
}

/** The same on all the cores there are: this process has stepped aside, and its children would with it. */
export function unpinned(command: readonly string[]): string[] {
  const { proxy, origin, load } = CORES;
  return proxy === undefined
    ? [...command]
    : ['taskset', '-c', [...new Set([proxy, origin, load])].join(','), ...command];
}

/** Moves this process off the proxy's core, all its threads. */
export function stepAside(): void {
  if (CORES.origin !== undefined) spawnSync('taskset', ['-a', '-c', '-p', String(CORES.origin), String(process.pid)]);
}
