/**
 * The file of the document, read and written so that whoever looks sees the old text or the new one, whole.
 *
 * Rule: the new text is first written beside the file and brought to the disk (`stage`), so that what can go wrong goes
 * wrong before anything runs; `commit` is one rename. A link is followed to where the text lies. A file that may not be
 * written is not replaced either, although a rename would need leave of its folder alone. Errors are values and say why.
 */

import type { FileHandle } from 'node:fs/promises';
import { readRegular, textOf } from '../config/providers/regular.ts';
import { syncFolder } from './whole-file.ts';

const { lstat, open, readdir, readFile, realpath, rename, unlink } = process.getBuiltinModule('node:fs').promises;
const { basename, dirname, join, resolve } = process.getBuiltinModule('node:path');

/** `moved`: somebody else put another text there in this moment, and a new look may help. */
export type Done = { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly moved?: boolean };

/** A text on the disk beside the file; one of the two ends it. */
export interface Staged {
  /** From now on the file has it. Refused where the file, since `over` was read, got another text. */
  commit(): Promise<Done>;
  drop(): Promise<void>;
}

export type Staging = { readonly ok: true; readonly staged: Staged } | { readonly ok: false; readonly reason: string };

/** Bytes; of most file systems the smallest piece of a file. */
const BLOCK = 4096;

/** Of all that look at files, for two may look at the same at once. */
let count = 0;

export class DocumentFile {
  readonly path: string;
  /** Temporary files that are ours and still in use. */
  private readonly own = new Set<string>();

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** Its text; rejects where it cannot be read or is not UTF-8. */
  async read(): Promise<string> {
    return textOf(await readRegular(this.path));
  }

  /** Writes a text beside the file. `over`: the text it is to replace; with another one in the file, `commit` refuses. */
  async stage(text: string, over?: string): Promise<Staging> {
    let temporary: string | undefined;
    try {
      const target = await this.target();
      await this.mayWrite(target);
      temporary = this.beside(target);
      await this.write(temporary, target, text);
      const kept = temporary;
      return { ok: true, staged: { commit: () => this.commit(kept, target, over), drop: () => this.discard(kept) } };
    } catch (error) {
      if (temporary !== undefined) await this.discard(temporary);
      return { ok: false, reason: this.reasonOf(error) };
    }
  }

  /** Whether an edit could be written now; found out by writing beside the file, as much as a disk that is full has no room for. */
  async writable(): Promise<{ readonly writable: boolean; readonly detail: string }> {
    const staging = await this.stage(' '.repeat(BLOCK));
    if (!staging.ok) return { writable: false, detail: staging.reason };
    await staging.staged.drop();
    return { writable: true, detail: '' };
  }

  /** Removes what processes that are dead left beside the file. For the start. */
  async sweep(): Promise<void> {
    try {
      const target = await this.target();
      const folder = dirname(target);
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        if (isLeftOver(name, basename(target)) && !this.own.has(path)) await unlink(path).catch(() => {});
      }
    } catch {
      // Nobody could have left anything in a folder that cannot be read.
    }
  }

  /** Where the text lies: behind links, or at the path itself where there is no file yet. */
  private async target(): Promise<string> {
    try {
      return await realpath(this.path);
    } catch (error) {
      const link = await lstat(this.path).catch(() => undefined);
      if (link !== undefined) throw error;
      return join(await realpath(dirname(this.path)), basename(this.path));
    }
  }

  /** Opens it to write, and writes nothing: mode bits say little of root, and nothing of a read-only file system. */
  private async mayWrite(target: string): Promise<void> {
    try {
      await (await open(target, 'r+')).close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (await isMountPoint(target))
      throw new Flaw(`${target} is mounted by itself and cannot be replaced; mount its folder`);
  }

  private beside(target: string): string {
    const path = join(dirname(target), `.${basename(target)}.${process.pid}-${++count}.tmp`);
    this.own.add(path);
    return path;
  }

  private async write(path: string, target: string, text: string): Promise<void> {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text, 'utf8');
      await alike(file, target);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  private async commit(temporary: string, target: string, over: string | undefined): Promise<Done> {
    try {
      if ((await this.target()) !== target) throw new Flaw(`${this.path} leads elsewhere by now`, true);
      if (over !== undefined && (await this.read()) !== over)
        throw new Flaw(`${this.path} was changed by somebody else in this moment; try again`, true);
      await rename(temporary, target);
      this.own.delete(temporary);
    } catch (error) {
      await this.discard(temporary);
      return { ok: false, reason: this.reasonOf(error), moved: error instanceof Flaw && error.moved };
    }
    // The rename is done; where the folder cannot be synced the file has the text all the same.
    await syncFolder(dirname(target)).catch(() => {});
    return { ok: true };
  }

  private async discard(temporary: string): Promise<void> {
    await unlink(temporary).catch(() => {});
    this.own.delete(temporary);
  }

  private reasonOf(error: unknown): string {
    if (error instanceof Flaw) return error.message;
    const { code, message } = error as NodeJS.ErrnoException;
    return (REASONS[code ?? ''] ?? (() => `${this.path} cannot be written: ${message}`))(this.path);
  }
}

/** What is wrong, in words of our own. */
class Flaw extends Error {
  readonly moved: boolean;

  constructor(message: string, moved = false) {
    super(message);
    this.moved = moved;
  }
}

/** True of the document, and of the edits beside it, which are written here too. */
const BESIDE = 'have edits kept where they can be: `admin: { writeBack: false }` and a folder for `--state`';
const NO_LEAVE = `give the user of this process leave to, or ${BESIDE}`;

const REASONS: Readonly<Record<string, (path: string) => string>> = {
  EACCES: (path) => `${path} or its folder may not be written; ${NO_LEAVE}`,
  EPERM: (path) => `${path} or its folder may not be written; ${NO_LEAVE}`,
  EROFS: (path) => `${path} lies on a read-only file system; mount its folder writable, or ${BESIDE}`,
  EBUSY: (path) => `${path} is mounted by itself and cannot be replaced; mount its folder`,
  ENOSPC: (path) => `no space is left on the device of ${path}`,
  EDQUOT: (path) => `no space is left for the user of this process where ${path} lies`,
  ENOENT: (path) => `the folder of ${path}, or what it is a link to, is not there`,
};

/** Mode and owner of the file that is replaced, as far as this process may give them; a first one is its owner's alone. */
async function alike(file: FileHandle, target: string): Promise<void> {
  const old = await lstat(target).catch(() => undefined);
  const { uid, gid } = await file.stat();
  if (old !== undefined && (old.uid !== uid || old.gid !== gid)) await file.chown(old.uid, old.gid).catch(() => {});
  await file.chmod(old === undefined ? 0o600 : old.mode & 0o7777);
}

/** A bind mount of a single file: known to Linux alone, and only by name. */
async function isMountPoint(target: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const escaped = target.replaceAll(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return mounts.split('\n').some((line) => line.split(' ', 5)[4] === escaped);
}

function isLeftOver(name: string, of: string): boolean {
  if (!name.startsWith(`.${of}.`)) return false;
  const pid = /^(\d+)-\d+\.tmp$/.exec(name.slice(of.length + 2))?.[1];
  // In a container every process has the same id as the one before it.
  return pid !== undefined && (Number(pid) === process.pid || !isAlive(Number(pid)));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
