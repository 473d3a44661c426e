/**
 * The memory of decisions: what control decides, written into the audit log with the difference it makes.
 *
 * Rule: one record after the other, in the order of the decisions. A start is recorded where its document is another than
 * the last one that ran, with the difference from that. Secrets are in no record but in the texts, which stand in files of
 * their own that only the router's user reads.
 */

import type { Document } from '../config/document.ts';
import { effectOf } from '../config/effect.ts';
import { type PatchOperation, patchBetween } from '../config/patch.ts';
import { formatProblem } from '../config/problems.ts';
import { maskSecrets, writtenOf } from '../config/written.ts';
import type { Audit, AuditEntry } from './audit.ts';
import type { Decision } from './control.ts';

/** Problems of a refused document that stand in its record. */
const SHOWN = 20;

/** Reads a text as it would run; undefined where it is not valid any more. */
export type ReadText = (text: string) => Document | undefined;

export class History {
  private readonly audit: Audit;
  private readonly read: ReadText;
  private readonly workersFixed: boolean;
  private queue: Promise<void> = Promise.resolve();
  private limits: Document['admin']['revisions'] | undefined = undefined;

  /** `workersFixed`: the document's `workers` has no say. */
  constructor(audit: Audit, read: ReadText, workersFixed: boolean) {
    this.audit = audit;
    this.read = read;
    this.workersFixed = workersFixed;
  }

  /** Resolves when the record stands on the disk, or is known not to get there now; never rejects. */
  readonly record = (decision: Decision): Promise<void> => this.next(() => this.write(decision));

  /** The same of what leaves the document as it is. */
  readonly note = (entry: AuditEntry): Promise<void> => this.next(() => this.audit.append(entry));

  /** Resolves when all of it so far has become a record, or is known not to now. */
  settled(): Promise<void> {
    return this.queue;
  }

  private next(write: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(write).catch(() => undefined);
    return this.queue;
  }

  private async write(decision: Decision): Promise<void> {
    const entry =
      decision.before === undefined ? await this.startEntry(decision) : this.entryOf(decision, decision.before);
    if (entry !== undefined) await this.audit.append(entry);
    const limits = decision.after?.document.admin.revisions;
    if (limits !== undefined && !isSame(limits, this.limits)) await this.audit.setLimits(limits);
    this.limits = limits ?? this.limits;
  }

  /** What is new since the last run; undefined where nothing is. */
  private async startEntry(decision: Decision): Promise<AuditEntry | undefined> {
    const last = await this.audit.last();
    const { after } = decision;
    if (after === undefined || last?.revision === after.revision) return undefined;
    const bare = { ...bareEntry(decision), revision: after.revision, patch: [] };
    if (last === undefined) return { ...bare, words: ['first start'] };
    const { revision } = last;
    const text = await this.audit.textOf(revision);
    const document = text === undefined ? undefined : this.read(text);
    if (text === undefined) return { ...bare, parent: revision, words: [`${UNKNOWN} its text is gone`] };
    if (document !== undefined) return this.entryOf(decision, { ...after, revision, text, document });
    return {
      ...bare,
      parent: revision,
      words: [`${UNKNOWN} it is not valid any more`],
      patch: patchOf(text, after.text),
    };
  }

  private entryOf(decision: Decision, before: { revision: string; text: string; document: Document }): AuditEntry {
    const { after } = decision;
    const bare = { ...bareEntry(decision), parent: before.revision };
    if (after === undefined) return { ...bare, result: 'refused', text: undefined, words: [], patch: [] };
    const { words } = effectOf(before.document, after.document, this.workersFixed);
    return { ...bare, revision: after.revision, words, patch: patchOf(before.text, after.text), replaced: before.text };
  }
}

const UNKNOWN = 'what this changes in the document that ran before cannot be told in words:';

function bareEntry({ origin, before, text, problems }: Decision): Omit<AuditEntry, 'words' | 'patch'> {
  const detail = problems.slice(0, SHOWN).map(formatProblem);
  if (problems.length > SHOWN) detail.push(`... and ${problems.length - SHOWN} more`);
  return {
    revision: '',
    parent: before?.revision ?? '',
    ...origin,
    result: 'applied',
    detail: detail.join('\n'),
    text,
  };
}

/** The difference as it is written, secrets masked on both sides. */
function patchOf(before: string, after: string): readonly PatchOperation[] {
  const old = writtenOf(before);
  const now = writtenOf(after);
  return old.ok && now.ok ? patchBetween(maskSecrets(old.value), maskSecrets(now.value)) : [];
}

function isSame(one: Document['admin']['revisions'], other: Document['admin']['revisions'] | undefined): boolean {
  return one.count === other?.count && one.age === other.age;
}
