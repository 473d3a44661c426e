/**
 * A list in a file of the state folder, so that a restart of the router knows it.
 *
 * Rule: written aside, synced and renamed, so that what is there is whole, and readable by this user alone. A file that is
 * torn or of something else is said and passed over. Where nothing can be written that is said once, and the router goes
 * on with what it has in memory; what another router has there is left alone (claim.ts). When to write is for whoever has
 * the list.
 */

import type { PlaneLog } from '../core/events.ts';
import { type Claimed, OURS, TAKEN } from './claim.ts';
import { writeWhole } from './whole-file.ts';

const { mkdir, readFile } = process.getBuiltinModule('node:fs').promises;
const { dirname } = process.getBuiltinModule('node:path');

/** What a file of ours begins with; another number is another layout. */
const LAYOUT = 1;

export interface ListKind<T> {
  /** The key that the list stands under. */
  readonly key: string;
  /** What log lines call it. */
  readonly name: string;
  /** What an entry says is looked at by whoever takes it. */
  isEntry(value: unknown): value is T;
}

export class ListFile<T> {
  private readonly path: string;
  private readonly kind: ListKind<T>;
  private readonly log: PlaneLog;
  private readonly claim: Claimed;
  private writing: Promise<void> = Promise.resolve();
  private failing = false;
  /** What is to be written once the folder is this router's. */
  private waiting: string | undefined = undefined;

  constructor(path: string, kind: ListKind<T>, log: PlaneLog, claim = OURS) {
    this.path = path;
    this.kind = kind;
    this.log = log;
    this.claim = claim;
    claim.onOurs(() => {
      if (this.waiting !== undefined) void this.put(this.waiting);
    });
  }

  /** What was saved last; nothing where there is no file, or none that can be read. */
  async load(): Promise<T[]> {
    const { path, log } = this;
    const { name } = this.kind;
    try {
      const stored = this.listIn(await readFile(path, 'utf8'));
      if (stored !== undefined) return stored;
      log('warn', { path }, `this is no list of ${name}: the router starts without`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') log('warn', { path, err: message }, `${name} cannot be read: the router starts without`);
    }
    return [];
  }

  /** Puts this list in place of the one before; one after the other, never rejects. */
  save(list: readonly T[]): Promise<void> {
    return this.put(JSON.stringify({ layout: LAYOUT, [this.kind.key]: list }));
  }

  private put(text: string): Promise<void> {
    this.writing = this.writing.then(() => this.write(text));
    return this.writing;
  }

  private async write(text: string): Promise<void> {
    const { path, log, claim } = this;
    const { name } = this.kind;
    this.waiting = claim.whose === 'ours' ? undefined : text;
    if (claim.whose === 'unknown') return;
    try {
      if (claim.whose === 'theirs') throw new Error(TAKEN);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeWhole(path, text);
      if (this.failing) log('info', { path }, `${name} can be saved again`);
      this.failing = false;
    } catch (error) {
      const fields = { path, err: (error as Error).message };
      if (!this.failing) log('warn', fields, `${name} cannot be saved: a restart will not know them`);
      this.failing = true;
    }
  }

  /** The list in a text of ours; undefined where it is none. */
  private listIn(text: string): T[] | undefined {
    const found = parsed(text);
    if (typeof found !== 'object' || found === null || !('layout' in found) || found.layout !== LAYOUT)
      return undefined;
    const list: unknown = (found as Readonly<Record<string, unknown>>)[this.kind.key];
    return Array.isArray(list) && list.every((entry) => this.kind.isEntry(entry)) ? list : undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
