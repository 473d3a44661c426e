/**
 * A file as the source of documents: whoever saves it, in whatever way, is heard.
 *
 * Rule: the directory is watched, not the file, because editors, deployments and ConfigMap mounts put another file or link
 * in its place; a poll is the net below. Only a changed text is told, once the writing has settled; a file that cannot be
 * read is told once, and told to be back even with the text it had. What the text means is left to read.ts.
 */

import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Problem } from '../document.ts';
import { NoFile, NotUtf8, readRegular, textOf } from './regular.ts';

/** Why a text is told: the first one, another one, or because someone asked. */
export type FileCause = 'start' | 'change' | 'reload';

export interface FileSource {
  readonly path: string;
  readonly cause: FileCause;
}

export interface FileWatchSettings {
  readonly path: string;
  /** May return a promise; nothing is told before it settled, and `reload` waits for it. What it throws is told as a problem. */
  readonly onText: (text: string, source: FileSource) => void | Promise<void>;
  readonly onError: (problem: Problem) => void | Promise<void>;
  /** A text that was read before; it is not told again. */
  readonly known?: string;
  readonly clock?: Clock;
  /** Has a look, and what is told of it, wait for its turn; without it every look begins at once. */
  readonly inTurn?: (look: () => Promise<void>) => Promise<void>;
  /** Milliseconds between two looks that nothing called for. */
  readonly pollMs?: number;
  /** Milliseconds without a change in the directory before the file is read. */
  readonly debounceMs?: number;
}

export interface FileWatch {
  /** From now on nothing is told. */
  stop(): void;
  /** Reads now and tells the text even if it is the same; settled when it was told. */
  reload(): Promise<void>;
  /** Whoever writes the file says so beforehand, each time: this text is not told when it is found. */
  expect(text: string): void;
}

/** Watches a file until `stop`. Without `known` its text is told at once, with the cause `start`. */
export function watchFile(settings: FileWatchSettings): FileWatch {
  const watched = new WatchedFile(settings);
  watched.begin();
  return {
    stop: () => watched.stop(),
    reload: () => watched.look('reload'),
    expect: (text) => watched.expect(text),
  };
}

/** How often a file that changes under the reader is read for someone who waits. */
const READINGS = 5;
/** Texts that can be written between two looks. */
const EXPECTED = 1_000;
/** A directory that never rests is read this many debounces after its first change at the latest. */
const PATIENCE = 10;

class WatchedFile {
  private readonly settings: FileWatchSettings;
  private readonly path: string;
  private readonly clock: Clock;
  private readonly inTurn: (look: () => Promise<void>) => Promise<void>;
  private readonly debounceMs: number;
  /** Directory -> its watcher, and what tells it from another directory of the same name. */
  private readonly watchers = new Map<string, { watcher: FSWatcher; identity: string }>();
  private poll: NodeJS.Timeout | undefined = undefined;
  private pause: NodeJS.Timeout | undefined = undefined;
  /** When the first change came that was not looked at yet, monotonic milliseconds. */
  private waitingSince: number | undefined = undefined;
  /** What the file looked like from outside when it was read last. */
  private stamp = '';
  /** Hash of the text told last. */
  private told: string | undefined;
  /** Hashes of texts that are about to be there, in this order; a look may come before, between or after them. */
  private expected: string[] = [];
  /** Why it could not be read, as told last. */
  private failure: string | undefined = undefined;
  /** How often the file was found empty, one time after the other. */
  private emptyLooks = 0;
  private looking: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(settings: FileWatchSettings) {
    this.settings = settings;
    this.path = resolve(settings.path);
    this.clock = settings.clock ?? systemClock;
    this.debounceMs = settings.debounceMs ?? 100;
    this.inTurn = settings.inTurn ?? ((look) => look());
    this.told = settings.known === undefined ? undefined : hashOf(settings.known);
  }

  begin(): void {
    this.poll = setInterval(() => void this.look('change', true), this.settings.pollMs ?? 2000);
    this.poll.unref();
    void this.look('change');
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.poll);
    clearTimeout(this.pause);
    for (const { watcher } of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  expect(text: string): void {
    this.expected = [...this.expected.slice(1 - EXPECTED), hashOf(text)];
  }

  /** One look at a time, in the order they were asked for. `cheap`: not if the file looks the same from outside. */
  look(cause: FileCause, cheap = false): Promise<void> {
    this.looking = this.looking.then(() => this.inTurn(() => this.lookNow(cause, cheap)));
    return this.looking;
  }

  private async lookNow(cause: FileCause, cheap: boolean): Promise<void> {
    if (this.stopped) return;
    // Watchers first: a change that comes after the reading is then heard.
    await this.keepWatching();
    let text: string | undefined;
    try {
      if (cheap && this.failure === undefined && (await stampOf(this.path)) === this.stamp) return;
      text = await this.read(cause === 'reload');
    } catch (error) {
      await this.fail(error);
    }
    if (text === undefined || this.stopped || (cause !== 'reload' && this.isBeingSaved(text))) return;
    await this.tell(text, cause);
  }

  /** Who saves in place empties the file first: an empty one is told only when it stays so. */
  private isBeingSaved(text: string): boolean {
    this.emptyLooks = text === '' ? this.emptyLooks + 1 : 0;
    if (this.emptyLooks === 0 || this.emptyLooks > PATIENCE) return false;
    this.changed();
    return true;
  }

  /** The text; undefined where it is still being written, unless someone waits for it (`now`). */
  private async read(now: boolean): Promise<string | undefined> {
    for (let tries = 1; ; tries++) {
      const before = await stampOf(this.path);
      const bytes = await readRegular(this.path);
      const settled = (await stampOf(this.path)) === before;
      if (settled || (now && tries === READINGS)) {
        this.stamp = before;
        return textOf(bytes);
      }
      if (!now) {
        this.changed();
        return undefined;
      }
    }
  }

  private async tell(text: string, cause: FileCause): Promise<void> {
    const hash = hashOf(text);
    const index = this.expected.lastIndexOf(hash);
    if (index !== -1) this.told = hash;
    // What was there before it is gone: were it found again, somebody else would have put it there. So it is with all of
    // them behind a text of somebody else, which the router's own writing does not replace.
    if (hash !== this.told || index !== -1) this.expected.splice(0, index === -1 ? this.expected.length : index + 1);
    if (cause !== 'reload' && hash === this.told && this.failure === undefined) return;
    const source: FileSource = { path: this.settings.path, cause: this.told === undefined ? 'start' : cause };
    this.told = hash;
    this.failure = undefined;
    try {
      await this.settings.onText(text, source);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      await this.complain(
        `the text was read, but not taken over: ${what}`,
        'this is a fault of the router; please report it',
      );
    }
  }

  private async fail(error: unknown): Promise<void> {
    const { reason, advice } = readingFlaw(error);
    this.stamp = '';
    if (this.stopped || this.failure === reason) return;
    this.failure = reason;
    await this.complain(reason, advice);
  }

  private async complain(reason: string, advice: string): Promise<void> {
    const path = this.settings.path;
    await this.settings.onError({ severity: 'error', path, line: 1, column: 1, pointer: '', reason, advice });
  }

  /** Something happened in a watched directory: looks once it rests, or has not rested for too long. */
  private changed(): void {
    if (this.stopped) return;
    const now = this.clock.now();
    this.waitingSince ??= now;
    const longest = this.waitingSince + PATIENCE * this.debounceMs - now;
    clearTimeout(this.pause);
    this.pause = setTimeout(
      () => {
        this.waitingSince = undefined;
        void this.look('change');
      },
      Math.max(0, Math.min(this.debounceMs, longest)),
    );
    this.pause.unref();
  }

  /** Watches where the file is named and, behind links, where it lies. */
  private async keepWatching(): Promise<void> {
    const wanted = new Map<string, string>();
    for (const directory of new Set([dirname(this.path), dirname(await realpath(this.path).catch(() => this.path))])) {
      const identity = await identityOf(directory);
      if (identity !== undefined) wanted.set(directory, identity);
    }
    if (this.stopped) return;
    for (const [directory, { watcher, identity }] of this.watchers) {
      if (wanted.get(directory) === identity) continue;
      watcher.close();
      this.watchers.delete(directory);
    }
    for (const [directory, identity] of wanted) if (!this.watchers.has(directory)) this.watch(directory, identity);
  }

  private watch(directory: string, identity: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.changed());
      // A watcher that breaks is made anew at the next look; the poll sees what it missed.
      watcher.on('error', () => {
        watcher.close();
        if (this.watchers.get(directory)?.watcher === watcher) this.watchers.delete(directory);
      });
      this.watchers.set(directory, { watcher, identity });
    } catch {
      // No watcher to be had (their number is limited by the system): the poll alone has to do.
    }
  }
}

/** Everything about a file that changes when its text may have. Links are followed. */
async function stampOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

async function identityOf(directory: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(directory, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function readingFlaw(error: unknown): { reason: string; advice: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return { reason: 'there is no such file', advice: 'put it back; what runs goes on unchanged' };
  if (code === 'EACCES' || code === 'EPERM')
    return { reason: 'the file may not be read', advice: 'let the user of this process read it' };
  if (code === 'EISDIR') return { reason: 'this is a directory', advice: 'name the file in it' };
  if (error instanceof NoFile)
    return { reason: 'this is a pipe or a device', advice: 'put a file there; what runs goes on unchanged' };
  if (error instanceof NotUtf8) return { reason: 'the file is not UTF-8', advice: 'save it as UTF-8' };
  const what = error instanceof Error ? error.message : String(error);
  return { reason: `the file cannot be read: ${what}`, advice: 'see the reason; what runs goes on unchanged' };
}
