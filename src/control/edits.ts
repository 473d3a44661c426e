/**
 * Edits of the document by program: from "this part shall be so" to a text that runs on every thread and stands on the disk.
 *
 * Rule: one edit at a time, from the text that runs. Whether it can be written down is known before it is applied: the new
 * text lies beside the file, whole and synced, when the threads take it, and takes the file's name when they have it. What
 * somebody else did to the file meanwhile is merged where the parts differ, and refused with both sides shown where not.
 */

import type { Document, Problem, ValidReading } from '../config/document.ts';
import { type Effect, effectOf } from '../config/effect.ts';
import { readDocument } from '../config/read.ts';
import { type CheckAnswer, checkText, foresee, type Sent } from './check-text.ts';
import { type Checks, isLarge, type NotChecked } from './checks.ts';
import type { Control, Refusal } from './control.ts';
import { newNames } from './edit-names.ts';
import type { Keeper } from './keeper.ts';
import type { Running } from './view.ts';
import { has, type Wish } from './wish.ts';
import { type NotEdited, refusal, wishedText } from './wished-text.ts';

export interface EditOrder {
  readonly wish: Wish;
  /** The revision it was made from, where the asker says so. */
  readonly ifMatch: string | undefined;
  readonly author: string;
  readonly reason: string;
  /** `api`, `restore`. */
  readonly source: string;
  readonly dryRun: boolean;
  /** Who makes it may have the environment read at new places (edit-names.ts). */
  readonly mayName: boolean;
}

export interface Edited {
  readonly ok: true;
  readonly revision: string;
  readonly parent: string;
  readonly changed: boolean;
  readonly created: boolean;
  readonly merged: boolean;
  readonly written: 'file' | 'state' | 'nowhere';
  readonly effect: Effect;
  /** The document that the effect is told from. */
  readonly before: Document;
  /** Of an edit those that the document did not give rise to before; of a check all. */
  readonly notices: readonly Problem[];
}

/** What came of a check, and the document that its effect is told from. */
export type Checked = (CheckAnswer | NotChecked) & { readonly before: Document };

export interface EditParts {
  readonly control: Control;
  readonly keeper: Keeper;
  readonly checks: Checks;
  /** What problems call the text. */
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A text to be put in force, and the one that it replaces where edits are kept. */
interface Made {
  /** What ran when it was made. */
  readonly before: Running;
  readonly text: string;
  readonly over: string;
  readonly reading: ValidReading;
}

/** The file may change, and another document come into force, between two looks: so often it is tried again. */
const TRIES = 5;

export class Edits {
  private readonly parts: EditParts;
  private queue: Promise<unknown> = Promise.resolve();
  private ended = false;

  constructor(parts: EditParts) {
    this.parts = parts;
  }

  /** From now on every edit is refused; resolves when the one on its way is done. */
  async end(): Promise<void> {
    this.ended = true;
    await this.queue;
  }

  /** Answers once every thread runs it and it stands on the disk, or nothing has changed. */
  apply(order: EditOrder): Promise<Edited | NotEdited> {
    const answer = this.queue.then(() => this.applyNow(order));
    this.queue = answer.catch(() => undefined);
    return answer;
  }

  /** What a text or a document would do. `signal`: whoever asked is gone. */
  async check({ is, text }: Sent, mayName: boolean, signal: AbortSignal): Promise<Checked> {
    const running = this.running();
    const { control, checks, path, env } = this.parts;
    const terms = { mayName, path, env: { ...env }, workersFixed: control.workersFixed };
    const order = { sent: { is, text }, running: running.text, terms };
    const answer = isLarge(order) ? await checks.check(order, signal) : checkText(order.sent, running, terms);
    return { ...answer, before: running.document };
  }

  private async applyNow(order: EditOrder): Promise<Edited | NotEdited> {
    for (let tries = 1; ; tries++) {
      if (this.ended) return refusal('threads', 'the router is about to stop; nothing was changed');
      // What is read of the file meanwhile is read when the edit stands in it.
      const answer = await this.parts.control.alone(() => this.attempt(order, this.running()));
      // Somebody's file was quicker. Who named a revision is told so; who named none means the document as it is by then.
      const late = !answer.ok && answer.why === 'stale' && order.ifMatch === undefined;
      const again = late || (!answer.ok && answer.again === true);
      if (!again || tries === TRIES) return answer;
    }
  }

  private async attempt(order: EditOrder, running: Running): Promise<Edited | NotEdited> {
    const { wish, dryRun, ifMatch } = order;
    if (ifMatch !== undefined && ifMatch !== running.revision) {
      return refusal('stale', `made from revision ${ifMatch}, but ${running.revision} runs`);
    }
    const names = order.mayName ? [] : newNames(wish, running.text, this.parts.path);
    if (names.length > 0) return { ...refusal('forbidden', 'the edit needs the role admin'), problems: names };
    const disk = await this.parts.keeper.look(running.text);
    if (disk.is === 'gone') return refusal('unwritable', disk.reason);
    const made = wishedText(running.text, disk, wish);
    if (!made.ok) return made;
    const reading = this.read(made.text, running);
    if (!reading.ok) return { ...refusal('invalid', 'the document would not be valid'), problems: reading.problems };
    const { revision } = reading;
    const answer: Edited = {
      ok: true,
      revision,
      parent: running.revision,
      changed: revision !== running.revision,
      created: wish.is === 'put' && !has(running.text, wish),
      merged: disk.is === 'other',
      written: 'nowhere',
      effect: effectOf(running.document, reading.document, this.parts.control.workersFixed),
      before: running.document,
      notices: newOf(reading.notices, running.notices),
    };
    const nothing = !answer.changed && made.text === disk.text;
    if (dryRun && !nothing)
      return this.foreseen(made.text, reading, running) ?? (await this.unwritable(made.text, disk.text)) ?? answer;
    if (nothing) return answer;
    return this.install(order, { before: running, text: made.text, over: disk.text, reading }, answer);
  }

  /** Why it would be refused though it reads well. */
  private foreseen(text: string, reading: ValidReading, running: Running): NotEdited | undefined {
    const { control, path } = this.parts;
    const refused = foresee(text, reading, running, { path, workersFixed: control.workersFixed });
    if (refused === undefined) return undefined;
    return { ...refusal(refused.why, detailOf(refused.why, refused.problems)), problems: refused.problems };
  }

  /** Why it could not be written down, found out as a write finds out. */
  private async unwritable(text: string, over: string): Promise<NotEdited | undefined> {
    const staging = await this.parts.keeper.stage(text, over);
    if (!staging.ok) return refusal('unwritable', staging.reason);
    await staging.staged.drop();
    return undefined;
  }

  /** Staged, in force, written: in this order. */
  private async install(
    order: EditOrder,
    { before, text, over, reading }: Made,
    answer: Edited,
  ): Promise<Edited | NotEdited> {
    const { control, keeper, path } = this.parts;
    const staging = await keeper.stage(text, over);
    if (!staging.ok) return refusal('unwritable', staging.reason);
    const { staged } = staging;
    const { source, author, reason } = order;
    // Whoever sent a text has that one; else there is only the file to look at.
    const inFile = order.wish.is === 'text' ? undefined : keeper.inFile;
    const proposal = { text, inFile, path, source, author, reason, reading, parentRevision: before.revision };
    const outcome = await control.propose(proposal);
    if (!outcome.ok) {
      await staged.drop();
      return { ...refusal(outcome.why, detailOf(outcome.why, outcome.problems)), problems: outcome.problems };
    }
    const done = await staged.commit();
    if (done.ok) return { ...answer, written: keeper.to };
    // It runs, and cannot be kept: back to what both agree on.
    const back = `the edit could not be written: ${done.reason}`;
    await control.propose({ text: before.text, path, source, author, reason: back, parentRevision: reading.revision });
    return { ...refusal('unwritable', back), again: done.moved === true };
  }

  private read(text: string, running: Running) {
    return readDocument(text, this.parts.path, this.parts.env, running);
  }

  private running(): Running {
    const { running } = this.parts.control.view;
    if (running === undefined) throw new Error('no document is in force');
    return running;
  }
}

/** What was said before need not be said again; lines move, so that places do not count. */
function newOf(notices: readonly Problem[], before: readonly Problem[]): Problem[] {
  const keyOf = ({ pointer, reason }: Problem) => `${pointer} ${reason}`;
  const known = new Set(before.map(keyOf));
  return notices.filter((notice) => !known.has(keyOf(notice)));
}

function detailOf(why: Refusal, problems: readonly Problem[]): string {
  switch (why) {
    case 'stale':
      return problems[0]?.reason ?? 'another document runs by now';
    case 'cold':
      return 'the document changes what a running router cannot change';
    case 'threads':
      return `a data thread could not take it: ${problems[0]?.reason ?? ''}`;
    default:
      return 'the document would not be valid';
  }
}
