/**
 * Another commit of this repository, checked out beside the working tree for as long as the bench runs.
 *
 * Rule: it is a git worktree in the bench's own folder with the dependencies of the working tree, and it goes with the
 * bench, however that ends. Where the lock files differ, the figure compares dependencies too, and the bench says so.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../figures/machine.ts';
import { atExit } from './processes.ts';

function git(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', words, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${words.join(' ')}: ${stderr.trim()}`);
  return stdout.trim();
}

export interface Revision {
  readonly root: string;
  /** As short as git makes it. */
  readonly commit: string;
  readonly sameDependencies: boolean;
}

/** Checks a commit out below `folder`; it goes at the exit. */
export function checkOut(asked: string, folder: string): Revision {
  const commit = git('rev-parse', '--short=9', '--verify', `${asked}^{commit}`);
  const root = join(folder, `revision-${commit}`);
  git('worktree', 'add', '--detach', root, commit);
  atExit(() => spawnSync('git', ['worktree', 'remove', '--force', root], { cwd: ROOT }));
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const lock = (place: string) => readFileSync(join(place, 'package-lock.json'), 'utf8');
  return { root, commit, sameDependencies: lock(root) === lock(ROOT) };
}
