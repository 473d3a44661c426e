/**
 * A state folder that is held: the log, the texts it names, and the lock that keeps a second router out.
 *
 * Rule: a text is on the disk before the record that names it, and goes after it. What is wrong with what is there is said
 * once, when the folder is taken; it stops nothing.
 */

import type { PlaneLog } from '../core/events.ts';
import { AuditFile, LogTakenAway } from './audit-file.ts';
import type { AuditContent } from './audit-line.ts';
import { type Lock, lockFolder } from './audit-lock.ts';
import { cutOf } from './audit-prune.ts';
import { Texts } from './audit-texts.ts';
import { syncFolder } from './whole-file.ts';

const { mkdir } = process.getBuiltinModule('node:fs').promises;

/** What is kept: so many records, none older than so many milliseconds. */
export interface AuditLimits {
  readonly count: number;
  readonly age: number;
}

export class AuditStore {
  readonly file: AuditFile;
  readonly texts: Texts;
  private readonly folder: string;
  private readonly lock: Lock;
  /** The limits that records were last held against, and when. */
  private looked: { readonly limits: AuditLimits; readonly at: number } | undefined = undefined;

  private constructor(folder: string, lock: Lock, file: AuditFile, texts: Texts) {
    this.folder = folder;
    this.lock = lock;
    this.file = file;
    this.texts = texts;
  }

  /** Makes the folder where there is none. Throws where it cannot be had, or somebody else holds it. */
  static async hold(folder: string, log: PlaneLog): Promise<AuditStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const lock = await lockFolder(folder);
    try {
      const texts = await Texts.open(`${folder}/documents`);
      const file = await AuditFile.open(`${folder}/audit.jsonl`);
      const store = new AuditStore(folder, lock, file, texts);
      await syncFolder(folder);
      store.report(log);
      return store;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Returns when all is on the disk. */
  async write(content: Omit<AuditContent, 'number'>, texts: ReadonlyMap<string, string>): Promise<void> {
    for (const [hash, text] of texts) await this.texts.put(hash, text);
    await this.file.append(content);
  }

  /** Takes out what is too much or too old. `now`: epoch milliseconds. */
  async prune(limits: AuditLimits, now: number): Promise<void> {
    const { file, texts, looked } = this;
    // The file is made anew for records that grow old together, not for each of them.
    const soon = looked !== undefined && looked.limits === limits && now - looked.at < limits.age / 100;
    if (!soon) this.looked = { limits, at: now };
    const cut = cutOf(file.kept, texts, limits.count, soon ? Number.NEGATIVE_INFINITY : now - limits.age);
    if (cut === 0) return;
    await file.prune(cut, now);
    await syncFolder(this.folder);
    // What a line named that cannot be read is evidence.
    if (file.unreadable === 0)
      await texts.keepOnly(new Set(file.kept.flatMap(({ document, replaced }) => [document, replaced])));
  }

  async release(): Promise<void> {
    await this.file.close().catch(() => undefined);
    this.lock.release();
  }

  private report(log: PlaneLog): void {
    const { folder, file } = this;
    if (file.torn > 0)
      log('warn', { folder, bytes: file.torn }, 'the audit log ended in the middle of a record, which is cut off');
    if (file.flaws.length === 0) return;
    const fields = { folder, detail: file.flaws[0].detail, places: file.flaws.length };
    log('error', fields, 'the audit log is not what was written');
  }
}

/** The folder is not what it was when it was taken, so that it has to be taken again. */
export function isTakenAway(error: unknown): boolean {
  return error instanceof LogTakenAway || (error as NodeJS.ErrnoException).code === 'ENOENT';
}
