/**
 * Edits that are kept beside the file, where `admin.writeBack` is false: a file that deployments own stays as they wrote it.
 *
 * Rule: the state folder holds the file's text that the edits were made on, and the text they made of it. When the file
 * changes, both changes count where their parts differ; where they do not, the file counts and the log says what was lost, for
 * whoever owns the file owns the document. A file is one that edits are made on only once it is in force, and that is
 * written down too: a start finds what ran before it. What another router has there is left alone (claim.ts).
 */

import { type Merge, mergeText, partsBetween } from '../config/merge.ts';
import type { PlaneLog } from '../core/events.ts';
import { type Claimed, TAKEN } from './claim.ts';
import { DocumentFile, type Staging } from './document-file.ts';
import type { Keeper } from './keeper.ts';

/** As it stands in the state folder. */
interface Pair {
  readonly file: string;
  readonly edited: string;
}

/** What a text of the file makes of the edits, and the parts in which they do not count any more. */
interface Rebased {
  readonly pair: Pair;
  readonly lost: readonly string[];
}

export interface KeptEditsParts {
  readonly path: string;
  readonly log: PlaneLog;
  /** Whether a text is a document. */
  readonly isValid: (text: string) => boolean;
  readonly claim: Claimed;
}

export class KeptEdits implements Keeper {
  readonly to = 'state';
  private readonly store: DocumentFile;
  private readonly parts: KeptEditsParts;
  private pair: Pair;
  private next: Rebased | undefined = undefined;
  /** What runs is to be written once the folder is this router's. */
  private waiting = false;
  /** What is written without an edit. */
  private keeping: Promise<void> = Promise.resolve();

  private constructor(store: DocumentFile, parts: KeptEditsParts, pair: Pair) {
    this.store = store;
    this.parts = parts;
    this.pair = pair;
    parts.claim.onOurs(() => {
      if (this.waiting) void this.keep();
    });
  }

  /** `file`: the text of the file where no edits are kept. */
  static async open(file: string, parts: KeptEditsParts): Promise<KeptEdits> {
    const { path, log } = parts;
    const store = new DocumentFile(path);
    await store.sweep();
    const kept = await readPair(store, log, path);
    return new KeptEdits(store, parts, kept ?? { file, edited: file });
  }

  get differs(): boolean {
    return this.pair.edited !== this.pair.file;
  }

  /** What shall run where the file has this text; `settle` once it does. */
  rebase(file: string): string {
    this.next = this.rebased(file);
    return this.next.pair.edited;
  }

  /** What `rebase` gave last is in force. */
  async settle(): Promise<void> {
    if (this.next === undefined) return;
    const { pair, lost } = this.next;
    const { differs } = this;
    const other = pair !== this.pair;
    this.pair = pair;
    this.next = undefined;
    if (lost.length > 0) {
      const said = 'the file was changed where edits of the API were kept: the file counts, they are dropped';
      this.parts.log('warn', { parts: lost }, said);
    }
    if (differs && other) await this.keep();
  }

  /** The edits cannot be used: the file counts. What is written of them stays until there are others. */
  drop(file: string): void {
    this.pair = { file, edited: file };
    this.next = undefined;
  }

  private rebased(file: string): Rebased {
    const { pair } = this;
    if (file === pair.file) return { pair, lost: [] };
    if (!this.differs) return { pair: { file, edited: file }, lost: [] };
    const texts = { base: pair.file, disk: file, yours: pair.edited };
    const merged = mergeText(texts);
    if (isText(merged)) return { pair: { file, edited: merged.text }, lost: [] };
    if (merged.is === 'conflict') {
      const lost = merged.conflicts.map(({ pointer }) => pointer);
      const rest = mergeText({ ...texts, given: lost });
      if (isText(rest) && this.parts.isValid(rest.text)) return { pair: { file, edited: rest.text }, lost };
    }
    // A file that is no document is refused with its place, and what runs goes on with the edits.
    return { pair: { file, edited: file }, lost: partsBetween(pair.file, pair.edited) };
  }

  /** Where it cannot be written, the next start makes it of what was written before. */
  private keep(): Promise<void> {
    this.keeping = this.keeping.then(() => this.write());
    return this.keeping;
  }

  private async write(): Promise<void> {
    const { path, log, claim } = this.parts;
    this.waiting = claim.whose !== 'ours';
    if (claim.whose === 'unknown') return;
    const staging = this.waiting ? theirs() : await this.store.stage(textOf(this.pair));
    const done = staging.ok ? await staging.staged.commit() : staging;
    if (!done.ok) log('warn', { path, err: done.reason }, 'edits kept beside the file cannot be written anew');
  }

  /** Resolves when nothing is being written that no edit waits for. */
  written(): Promise<void> {
    return this.keeping;
  }

  look(running: string) {
    return Promise.resolve({ is: 'same', text: running } as const);
  }

  async stage(text: string): Promise<Staging> {
    await this.keeping;
    if (this.parts.claim.whose === 'theirs') return theirs();
    const pair = { file: this.pair.file, edited: text };
    const answer = await this.store.stage(textOf(pair));
    if (!answer.ok) return answer;
    const { staged } = answer;
    const commit = async () => {
      const done = await staged.commit();
      if (done.ok) this.pair = pair;
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

function isText(merge: Merge): merge is Extract<Merge, { text: string }> {
  return merge.is === 'edited' || merge.is === 'merged';
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
