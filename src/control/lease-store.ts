/**
 * Leases in a file of the state folder, so that a restart of the router does not empty its pools.
 *
 * Rule: written aside, synced and renamed, so that what is there is whole, and readable by this user alone. A file that is
 * torn or of something else is said and passed over. Where nothing can be written that is said once, and the router goes
 * on with what it has in memory. When to write is for lease-keeping.ts.
 */

import { join } from 'node:path';
import type { PlaneLog } from '../core/events.ts';
import type { StoredLease } from '../upstream/lease.ts';
import { writeWhole } from './whole-file.ts';

const { mkdir, readFile } = process.getBuiltinModule('node:fs').promises;

/** What a file of ours begins with; another number is another layout. */
const LAYOUT = 1;

export class LeaseStore {
  private readonly folder: string;
  private readonly path: string;
  private readonly log: PlaneLog;
  private writing: Promise<void> = Promise.resolve();
  private failing = false;

  constructor(folder: string, log: PlaneLog) {
    this.folder = folder;
    this.path = join(folder, 'leases.json');
    this.log = log;
  }

  /** What was saved last; nothing where there is no file, or none that can be read. */
  async load(): Promise<StoredLease[]> {
    try {
      const stored = listIn(await readFile(this.path, 'utf8'));
      if (stored !== undefined) return stored;
      this.log('warn', { path: this.path }, 'this is no list of leases: the router starts without');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT')
        this.log('warn', { path: this.path, err: message }, 'leases cannot be read: the router starts without');
    }
    return [];
  }

  /** Puts this list in place of the one before; one after the other, never rejects. */
  save(leases: readonly StoredLease[]): Promise<void> {
    const text = JSON.stringify({ layout: LAYOUT, leases });
    this.writing = this.writing.then(() => this.write(text));
    return this.writing;
  }

  private async write(text: string): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeWhole(this.path, text);
      if (this.failing) this.log('info', { path: this.path }, 'leases can be saved again');
      this.failing = false;
    } catch (error) {
      const fields = { path: this.path, err: (error as Error).message };
      if (!this.failing) this.log('warn', fields, 'leases cannot be saved: a restart will not know them');
      this.failing = true;
    }
  }
}

/** The leases in a text of ours; undefined where it is none. What they say is looked at by whoever takes them. */
function listIn(text: string): StoredLease[] | undefined {
  const found = parsed(text);
  if (typeof found !== 'object' || found === null || !('layout' in found) || found.layout !== LAYOUT) return undefined;
  const leases: unknown = 'leases' in found ? found.leases : undefined;
  return Array.isArray(leases) && leases.every(isStored) ? leases : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const TEXTS = ['upstream', 'instance', 'url', 'author'] as const;
const NUMBERS = ['weight', 'ttl', 'registeredAt', 'left'] as const;
const OPTIONAL = ['version', 'zone'] as const;

function isStored(value: unknown): value is StoredLease {
  if (typeof value !== 'object' || value === null) return false;
  const of = value as Readonly<Record<string, unknown>>;
  const texts = TEXTS.every((key) => typeof of[key] === 'string');
  const numbers = NUMBERS.every((key) => Number.isFinite(of[key]));
  return texts && numbers && OPTIONAL.every((key) => of[key] === undefined || typeof of[key] === 'string');
}
