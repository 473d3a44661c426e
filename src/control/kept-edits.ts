/**
 * Edits that are kept beside the file, where `admin.writeBack` is false: a file that deployments own stays as they wrote it.
 *
 * Rule: the state folder holds the file's text that the edits were made on, and the text they made of it. When the file
 * changes, both changes count where they can (rebased-edits.ts); where they cannot, the file counts and the log says what was
 * lost, for whoever owns the file owns the document. A file is one that edits are made on only once it is in force, and that
 * is written down too, once the folder is this router's: a start finds what ran before it. What another router has there is
 * left alone (claim.ts).
 */

import type { ValidReading } from '../config/document.ts';
import type { PlaneLog } from '../core/events.ts';
import { type Claimed, TAKEN } from './claim.ts';
import { DocumentFile, type Staging } from './document-file.ts';
import type { Keeper } from './keeper.ts';
import { type Pair, type Reader, type Rebased, rebased } from './rebased-edits.ts';

/** What shall run; `reading` where it was read already. */
export interface OnFile {
  readonly text: string;
  readonly reading: ValidReading | undefined;
}

export interface KeptEditsParts extends Reader {
  /** Where they are kept. */
  readonly store: string;
  readonly log: PlaneLog;
  readonly claim: Claimed;
}

export class KeptEdits implements Keeper {
  readonly to = 'state';
  private readonly store: DocumentFile;
  private readonly parts: KeptEditsParts;
  private pair: Pair;
  private next: Rebased | undefined = undefined;
  /** The pair is in force. */
  private runs = false;
  /** What is in the folder is an older pair. */
  private late = false;
  private writing: Promise<unknown> = Promise.resolve();

  private constructor(store: DocumentFile, parts: KeptEditsParts, pair: Pair) {
    this.store = store;
    this.parts = parts;
    this.pair = pair;
    parts.claim.onOurs(() => {
      this.writing = this.writing.then(() => store.sweep());
      void this.keep();
    });
  }

  /** `file`: the text of the file where no edits are kept. */
  static async open(file: string, parts: KeptEditsParts): Promise<KeptEdits> {
    const store = new DocumentFile(parts.store);
    const kept = await readPair(store, parts.log, parts.store);
    return new KeptEdits(store, parts, kept ?? { file, edited: file });
  }

  get differs(): boolean {
    return this.pair.edited !== this.pair.file;
  }

  get inFile(): string {
    return this.pair.file;
  }

  /** What shall run where the file has this text; `settle` once it does. */
  rebase(file: string): OnFile {
    const { pair, runs, parts } = this;
    const same = runs && file === pair.file;
    this.next = same
      ? { pair, reading: undefined, lost: [], broken: [], problem: undefined }
      : rebased(pair, file, parts);
    return { text: this.next.pair.edited, reading: this.next.reading };
  }

  /** What `rebase` gave last is in force. */
  async settle(): Promise<void> {
    if (this.next === undefined) return;
    const { differs, pair: before, next } = this;
    this.pair = next.pair;
    this.next = undefined;
    this.runs = true;
    this.tell(next);
    // Where the file is the same, it is the environment that has changed: with the old one back the edits are too.
    if (!differs || next.pair === before || next.pair.file === before.file) return;
    this.late = true;
    await this.keep();
  }

  private tell({ lost, broken, problem }: Rebased): void {
    const { log } = this.parts;
    if (lost.length > 0) {
      const said = 'the file was changed where edits of the API were kept: the file counts, they are dropped';
      log('warn', { parts: lost }, said);
    }
    if (broken.length > 0) {
      const said = 'edits kept beside the file are not valid any more: the file counts, they are dropped';
      log('warn', { parts: broken, pointer: problem?.pointer, reason: problem?.reason }, said);
    }
  }

  /** One after the other, in a folder of one's own; where it cannot be written, the next start makes it of what was there. */
  private keep(): Promise<void> {
    const written = this.writing.then(() => this.write());
    this.writing = written;
    return written;
  }

  private async write(): Promise<void> {
    const { store: path, log, claim } = this.parts;
    if (!this.late || claim.whose === 'unknown') return;
    this.late = claim.whose === 'theirs';
    const staging = this.late ? theirs() : await this.store.stage(textOf(this.pair));
    const done = staging.ok ? await staging.staged.commit() : staging;
    if (!done.ok) log('warn', { path, err: done.reason }, 'edits kept beside the file cannot be written anew');
  }

  /** Resolves when nothing more is on its way to the disk. */
  async written(): Promise<void> {
    await this.writing;
  }

  look(running: string) {
    return Promise.resolve({ is: 'same', text: running } as const);
  }

  async stage(text: string): Promise<Staging> {
    await this.writing;
    if (this.parts.claim.whose === 'theirs') return theirs();
    const pair = { file: this.pair.file, edited: text };
    const answer = await this.store.stage(textOf(pair));
    if (!answer.ok) return answer;
    const { staged } = answer;
    const commit = async () => {
      // What waited for the folder is older.
      await this.writing;
      const done = await staged.commit();
      if (done.ok) {
        this.pair = pair;
        this.late = false;
      }
      return done;
    };
    return { ok: true, staged: { commit, drop: () => staged.drop() } };
  }
}

function theirs() {
  return { ok: false, reason: TAKEN } as const;
}

function textOf(pair: Pair): string {
  return `${JSON.stringify(pair)}\n`;
}

async function readPair(store: DocumentFile, log: PlaneLog, path: string): Promise<Pair | undefined> {
  try {
    const { file, edited } = JSON.parse(await store.read()) as Partial<Pair>;
    if (typeof file === 'string' && typeof edited === 'string') return { file, edited };
    log('warn', { path }, 'the edits kept there cannot be read: the file counts');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log('warn', { path, err: (error as Error).message }, 'the edits kept there cannot be read: the file counts');
    }
  }
  return undefined;
}
