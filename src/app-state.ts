/**
 * What a router remembers on the disk beside its document: the audit log, and the edits that are not to go into the file.
 *
 * Rule: nothing of it is loaded before traffic flows, but for edits that belong to the document that is to run. What was
 * decided until the log is open waits for it in its order; from then on an answer waits until its record stands.
 */

import { StartRefused } from './app-contract.ts';
import type { ValidReading } from './config/document.ts';
import { textOf } from './config/providers/regular.ts';
import { readDocument } from './config/read.ts';
import type { Audit, AuditEntry } from './control/audit.ts';
import { type Claim, TAKEN } from './control/claim.ts';
import type { Decision, Proposal } from './control/control.ts';
import type { History } from './control/history.ts';
import type { Keeper } from './control/keeper.ts';
import type { KeptEdits, OnFile } from './control/kept-edits.ts';
import type { View } from './control/view.ts';
import type { Clock } from './core/clock.ts';
import type { PlaneLog } from './core/events.ts';

const { readFile } = process.getBuiltinModule('node:fs').promises;
const { join } = process.getBuiltinModule('node:path');

/** Milliseconds for which it is believed that the file can be written, or cannot. */
const LOOK_AGAIN = 10_000;

/** Of records, while no document says how many. */
const EVERYTHING = { count: Number.POSITIVE_INFINITY, age: Number.POSITIVE_INFINITY };

export interface StateParts {
  readonly folder: string;
  readonly configPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: PlaneLog;
  readonly claim: Claim;
  readonly workersFixed: boolean;
}

/** The first document, as it is proposed. */
export type Start = Proposal & { readonly reading: ValidReading };

export interface WriteBack {
  readonly to: 'file' | 'state';
  readonly path: string;
  readonly writable: boolean;
  readonly detail: string;
}

export class AppState {
  private readonly parts: StateParts;
  private edits: KeptEdits | undefined = undefined;
  private log: { readonly audit: Audit; readonly history: History } | undefined = undefined;
  private readonly early: ((history: History) => Promise<void>)[] = [];
  private looked: { readonly until: number; readonly found: Promise<WriteBack> } | undefined = undefined;

  constructor(parts: StateParts) {
    this.parts = parts;
  }

  /** What shall run: the file, or what edits that were kept beside it have made of it. */
  async startWith(inFile: string, read: ValidReading): Promise<Start> {
    const { configPath: path } = this.parts;
    const start: Start = { text: inFile, reading: read, inFile, path, source: 'start', author: '', reason: '' };
    if (read.document.admin.writeBack) return start;
    const { KeptEdits } = await import('./control/kept-edits.ts');
    const { folder, log, env, claim } = this.parts;
    const store = join(folder, 'edits.json');
    this.edits = await KeptEdits.open(inFile, { store, log, path, env, claim });
    const { text, reading = read } = this.edits.rebase(inFile);
    return { ...start, text, reading };
  }

  /** What shall run where the file has this text by now. */
  rebase(file: string): OnFile {
    return this.edits?.rebase(file) ?? { text: file, reading: undefined };
  }

  /** What was last asked of `rebase` does run. */
  async settle(): Promise<void> {
    await this.edits?.settle();
  }

  readonly record = (decision: Decision): Promise<void> => this.write((history) => history.record(decision));

  /** What was decided beside the document. */
  readonly note = (entry: AuditEntry): Promise<void> => this.write((history) => history.note(entry));

  /** Opens the audit log. */
  async open(view: () => View): Promise<Audit> {
    const { Audit } = await import('./control/audit.ts');
    const { History } = await import('./control/history.ts');
    const { folder, clock, log, configPath, env, claim, workersFixed } = this.parts;
    const limits = view().running?.document.admin.revisions ?? EVERYTHING;
    const audit = await Audit.open({ folder, clock, log, limits, claimed: claim.settle });
    const read = (text: string) => {
      const reading = readDocument(text, configPath, env);
      return reading.ok ? reading.document : undefined;
    };
    const history = new History(audit, read, workersFixed);
    for (const write of this.early.splice(0)) void write(history);
    this.log = { audit, history };
    return audit;
  }

  /** Where edits go; `expect` hears of a text before it is in the file. */
  async keeper(expect: (text: string) => void): Promise<Keeper> {
    if (this.edits !== undefined) return this.edits;
    const { DocumentFile } = await import('./control/document-file.ts');
    const { fileKeeper } = await import('./control/keeper.ts');
    const file = new DocumentFile(this.parts.configPath);
    await file.sweep();
    await this.tellOfKept();
    return fileKeeper(file, expect);
  }

  /** Where edits go, and whether they could. */
  async writeBack(): Promise<WriteBack> {
    const now = this.parts.clock.now();
    if (this.looked === undefined || now >= this.looked.until) {
      this.looked = { until: now + LOOK_AGAIN, found: this.look() };
    }
    const found = await this.looked.found;
    // What was looked up on the disk may be some seconds old; this is known.
    if (found.detail !== '' || this.edits?.differs !== true) return found;
    return { ...found, detail: `what runs has edits that ${this.parts.configPath} does not have` };
  }

  private write(entry: (history: History) => Promise<void>): Promise<void> {
    if (this.log !== undefined) return entry(this.log.history);
    this.early.push(entry);
    return Promise.resolve();
  }

  /** Edits from when they were kept beside the file run no more; whoever made them is not there when that is decided. */
  private async tellOfKept(): Promise<void> {
    const { folder, log } = this.parts;
    const path = join(folder, 'edits.json');
    try {
      const { file, edited } = JSON.parse(await readFile(path, 'utf8')) as { file?: unknown; edited?: unknown };
      if (file !== edited)
        log('warn', { path }, 'edits that were kept beside the file do not run: admin.writeBack is on');
    } catch {
      // There are none, or none that could run.
    }
  }

  private async look(): Promise<WriteBack> {
    const { DocumentFile } = await import('./control/document-file.ts');
    const { configPath, folder, claim } = this.parts;
    const to = this.edits === undefined ? 'file' : 'state';
    const path = this.edits === undefined ? configPath : join(folder, 'edits.json');
    if (to === 'state' && claim.whose === 'theirs') return { to, path, writable: false, detail: TAKEN };
    const { writable, detail } = await new DocumentFile(path).writable();
    return { to, path, writable, detail };
  }

  async stop(): Promise<void> {
    await this.edits?.written();
    await this.log?.history.settled();
    await this.log?.audit.close();
  }
}

/** The document's; throws StartRefused where it cannot be had. */
export async function readText(path: string): Promise<string> {
  try {
    return textOf(await readFile(path));
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException;
    throw new StartRefused(`cannot read the document: ${message}; name another file with --config`);
  }
}
