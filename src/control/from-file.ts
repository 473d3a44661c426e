/**
 * The file as one who proposes: whenever it changes, and when somebody asks.
 *
 * Rule: what cannot be read counts as a proposal, and as refused. How changes are noticed is left to the watcher
 * (config/providers/file.ts), which is loaded when it is first needed.
 */

import type { ValidReading } from '../config/document.ts';
import type { FileWatch } from '../config/providers/file.ts';
import { readRegular, textOf } from '../config/providers/regular.ts';
import type { Control, Outcome } from './control.ts';

/** Edits that are kept beside the file and come on top of it. */
export interface OnTop {
  /** What shall run where the file has this text; `reading` where it was read already. */
  rebase(file: string): { readonly text: string; readonly reading: ValidReading | undefined };
  /** It does. */
  settle(): Promise<void>;
}

const NOTHING: OnTop = { rebase: (text) => ({ text, reading: undefined }), settle: async () => {} };

export class FromFile {
  private readonly path: string;
  private readonly control: Control;
  private readonly onTop: OnTop;
  private watch: FileWatch | undefined = undefined;
  /** How the last reading of the file ended. */
  private last: Outcome | undefined = undefined;

  constructor(path: string, control: Control, onTop = NOTHING) {
    this.path = path;
    this.control = control;
    this.onTop = onTop;
  }

  /** Takes the file up whenever it changes; `known`: its text as it runs. */
  async start(known: string): Promise<void> {
    const { watchFile } = await import('../config/providers/file.ts');
    this.watch = watchFile({
      path: this.path,
      known,
      inTurn: (look) => this.control.alone(look),
      onText: async (text, { cause }) => {
        this.last = await this.propose(text, cause === 'change' ? 'file' : 'reload');
      },
      onError: async (problem) => {
        this.last = await this.control.unreadable({ source: 'file', author: '', reason: '' }, problem);
      },
    });
  }

  /** Reads it now. */
  async reload(): Promise<Outcome> {
    if (this.watch !== undefined) {
      await this.watch.reload();
      if (this.last !== undefined) return this.last;
    }
    return this.control.alone(() => this.readNow());
  }

  private async readNow(): Promise<Outcome> {
    const { path } = this;
    try {
      return await this.propose(textOf(await readRegular(path)), 'reload');
    } catch (error) {
      const reason = `cannot be read: ${(error as Error).message}`;
      const advice = 'the running document stays in force';
      const problem = { severity: 'error', path, line: 1, column: 1, pointer: '', reason, advice } as const;
      return this.control.unreadable({ source: 'reload', author: '', reason: '' }, problem);
    }
  }

  /** The text is about to be written by the router itself, which runs it already. */
  expect(text: string): void {
    this.watch?.expect(text);
  }

  stop(): void {
    this.watch?.stop();
  }

  private async propose(file: string, source: string): Promise<Outcome> {
    const { text, reading } = this.onTop.rebase(file);
    const proposal = { text, reading, inFile: file, path: this.path, source, author: '', reason: '' };
    const outcome = await this.control.propose(proposal);
    if (outcome.ok) await this.onTop.settle();
    return outcome;
  }
}
