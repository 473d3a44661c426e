/**
 * Edits that are kept beside the file, where `admin.writeBack` is false: a file that deployments own stays as they wrote it.
 *
 * Rule: the state folder holds the file's text that the edits were made on, and the text they made of it. When the file
 * changes, both changes count where their parts differ; where they do not, the file counts and the log says what was lost, for
 * whoever owns the file owns the document.
 */

import { mergeText } from '../config/merge.ts';
import type { PlaneLog } from '../core/events.ts';
import { DocumentFile, type Staging } from './document-file.ts';
import type { Keeper } from './keeper.ts';

/** As it stands in the state folder. */
interface Pair {
  readonly file: string;
  readonly edited: string;
}

export class KeptEdits implements Keeper {
  readonly to = 'state';
  private readonly store: DocumentFile;
  private readonly log: PlaneLog;
  private pair: Pair;

  private constructor(store: DocumentFile, log: PlaneLog, pair: Pair) {
    this.store = store;
    this.log = log;
    this.pair = pair;
  }

  /** `file`: the text of the file as it is now. */
  static async open(path: string, file: string, log: PlaneLog): Promise<KeptEdits> {
    const store = new DocumentFile(path);
    await store.sweep();
    const kept = await readPair(store, log, path);
    const edits = new KeptEdits(store, log, kept ?? { file, edited: file });
    edits.rebase(file);
    return edits;
  }

  /** What shall run. */
  get text(): string {
    return this.pair.edited;
  }

  get differs(): boolean {
    return this.pair.edited !== this.pair.file;
  }

  /** The file has another text now: what shall run. */
  rebase(file: string): string {
    if (file === this.pair.file) return this.pair.edited;
    if (!this.differs) {
      this.pair = { file, edited: file };
      return file;
    }
    const merged = mergeText({ base: this.pair.file, disk: file, yours: this.pair.edited });
    // It is refused with its place, and what runs goes on with the edits: they are not given up for a slip in the file.
    if (merged.is === 'unreadable') return file;
    const kept = merged.is === 'merged' || merged.is === 'edited';
    const edited = kept ? merged.text : file;
    if (!kept) {
      const parts = merged.is === 'conflict' ? merged.conflicts.map(({ pointer }) => pointer) : [];
      this.log(
        'warn',
        { parts },
        'the file was changed where edits of the API were kept: the file counts, they are dropped',
      );
    }
    this.pair = { file, edited };
    return edited;
  }

  /** The edits cannot be used: the file counts. */
  drop(): void {
    this.pair = { file: this.pair.file, edited: this.pair.file };
  }

  look(running: string) {
    return Promise.resolve({ is: 'same', text: running } as const);
  }

  async stage(text: string): Promise<Staging> {
    const pair = { file: this.pair.file, edited: text };
    const answer = await this.store.stage(`${JSON.stringify(pair)}\n`);
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
