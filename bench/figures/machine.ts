/**
 * What a figure must never travel without: the machine, the versions, the commit.
 */

import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memory: number;
  readonly system: string;
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: totalmem(),
    system: `${type()} ${release()}`,
  };
}

export interface Commit {
  readonly revision: string;
  /** The working tree differs from it. */
  readonly dirty: boolean;
}

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The commit of the working tree; undefined outside a repository. */
export function commit(): Commit | undefined {
  const git = (...words: string[]) => spawnSync('git', words, { cwd: ROOT, encoding: 'utf8' });
  const head = git('rev-parse', '--short=12', 'HEAD');
  if (head.status !== 0) return undefined;
  const changed = git('status', '--porcelain', '--untracked-files=no');
  return { revision: head.stdout.trim(), dirty: changed.stdout.trim() !== '' };
}
