/**
 * The one door for change: whoever wants another document proposes it here.
 *
 * Rule: proposals pass one at a time, and each either runs on every thread or changes nothing at all. On the way: read,
 * same revision (nothing to do), cold keys, compile, rehearse, members, ready on every thread, swap. The running table is not
 * touched before the last step. Watching files and answering the API is left to those who propose; who reads or writes the
 * file around a proposal does so while nobody else does (`alone`).
 */

import { compile } from '../config/compile.ts';
import type { Document, Problem, ValidReading } from '../config/document.ts';
import { drySite } from '../config/dry-site.ts';
import { formatProblem } from '../config/problems.ts';
import { readDocument } from '../config/read.ts';
import { rehearse } from '../config/rehearse.ts';
import { tryOut } from '../config/try-out.ts';
import type { Clock } from '../core/clock.ts';
import type { PlaneLog } from '../core/events.ts';
import type { BlockLedger } from '../core/ledger.ts';
import { coldChanges, type Finding, placed } from './cold.ts';
import type { Origin, Running, View } from './view.ts';

export interface Proposal extends Origin {
  readonly text: string;
  /** What problems call the text. */
  readonly path: string;
  /** The text of the file, where `text` has edits on top that nobody finds there: lines are told of this one. */
  readonly inFile?: string | undefined;
  /** The revision it was made from; refused where another one runs by now. */
  readonly parentRevision?: string;
  /** What reading the text gives, where that was done already: a large one takes seconds. */
  readonly reading?: ValidReading | undefined;
}

/** Why a proposal was refused: it is wrong in itself, changes what cannot change, came too late, or a thread balked. */
export type Refusal = 'invalid' | 'cold' | 'stale' | 'threads';

export type Outcome =
  | { readonly ok: true; readonly revision: string; readonly changed: boolean; readonly notices: readonly Problem[] }
  | { readonly ok: false; readonly why: Refusal; readonly problems: readonly Problem[] };

/** What became of a proposal that changed something, or that was wrong. */
export interface Decision {
  readonly origin: Origin;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What ran before; undefined at start. */
  readonly before: Running | undefined;
  readonly text: string | undefined;
  /** What runs since; undefined where it was refused, with the reasons. */
  readonly after: Running | undefined;
  readonly problems: readonly Problem[];
}

/** A document on its way to the threads. */
export interface Order {
  readonly document: Document;
  readonly revision: string;
  readonly blocks: readonly (readonly [key: string, block: number])[];
}

/** All data threads as one. */
export interface Threads {
  /** First phase: empty when every thread has the table ready, else why not. */
  prepare(order: Order): Promise<readonly string[]>;
  /** Second phase: resolves when every thread runs it. */
  commit(order: Order): Promise<void>;
  drop(revision: string): Promise<void>;
}

/** Who serves (upstream/members.ts). Called in this order around a document. */
export interface Members {
  /** The document goes to the threads: look up what it names. */
  expect(upstreams: Document['upstreams']): Promise<void>;
  /** It is in force. */
  settle(blocks: Order['blocks']): void;
  /** It is not. */
  keep(): void;
}

export interface ControlNeeds {
  readonly clock: Clock;
  readonly ledger: BlockLedger;
  readonly threads: Threads;
  readonly members: Members;
  readonly log: PlaneLog;
  /** Where `${NAME}` in a text is looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The number of threads was given at start, so that a document's `workers` has no say. */
  readonly workersFixed: boolean;
  /** Keeps a memory of decisions; an answer waits until it stands. It never rejects. */
  readonly record?: ((decision: Decision) => Promise<void>) | undefined;
}

/** Problems of one proposal that are logged each; all of them are in the view. */
const LOGGED = 20;

export class Control {
  private readonly needs: ControlNeeds;
  private queue: Promise<unknown> = Promise.resolve();
  private turns: Promise<unknown> = Promise.resolve();
  private state: View = { running: undefined, lastReload: undefined };

  constructor(needs: ControlNeeds) {
    this.needs = needs;
  }

  get view(): View {
    return this.state;
  }

  get workersFixed(): boolean {
    return this.needs.workersFixed;
  }

  /** Answers once every thread runs the document, or nothing has changed. */
  propose(proposal: Proposal): Promise<Outcome> {
    const outcome = this.queue
      .then(() => this.decide(proposal))
      .catch((error: unknown) => this.failedOver(proposal, error));
    this.queue = outcome;
    return outcome;
  }

  /**
   * Work between what is read and what is proposed of it, or between what is proposed and its being written, one after the
   * other: a reload that has read the file before an edit of it was written would take that edit back.
   */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.turns.then(work);
    this.turns = turn.catch(() => undefined);
    return turn;
  }

  /** A text that could not even be read counts as a proposal, and as refused. */
  unreadable(origin: Origin, problem: Problem): Promise<Outcome> {
    return this.refuse(origin, 'invalid', [problem], undefined);
  }

  private async decide(proposal: Proposal): Promise<Outcome> {
    const { running } = this.state;
    const { text, path, parentRevision } = proposal;
    const refuse = (why: Refusal, findings: readonly Finding[]) =>
      this.refuse(proposal, why, placed(findings, path, proposal.inFile ?? text), text);
    if (parentRevision !== undefined && parentRevision !== running?.revision) {
      const reason = `made from revision ${parentRevision}, but ${running?.revision ?? 'none'} runs`;
      return refuse('stale', [{ pointer: '', reason, advice: 'read the running document and make the change there' }]);
    }
    const reading = proposal.reading ?? readDocument(text, path, this.needs.env, running);
    if (!reading.ok) return this.refuse(proposal, 'invalid', reading.problems, text);
    if (reading.revision === running?.revision) return this.accept(proposal, reading, false);
    const cold = running === undefined ? [] : coldChanges(running.document, reading.document, this.needs.workersFixed);
    if (cold.length > 0) return refuse('cold', cold);
    return this.install(proposal, reading, refuse);
  }

  /** From a document that is right in itself to one that runs. */
  private async install(
    proposal: Proposal,
    reading: ValidReading,
    refuse: (why: Refusal, findings: readonly Finding[]) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { ledger, threads, members } = this.needs;
    const { document, revision } = reading;
    const claim = ledger.claim();
    const problems = compilesHere(reading, (key) => claim.block(key))
      ? []
      : tryOut(document, revision, proposal.text, proposal.path);
    if (problems.length > 0) {
      claim.drop();
      return this.refuse(proposal, 'invalid', problems, proposal.text);
    }
    const order: Order = { document, revision, blocks: claim.entries() };
    await members.expect(document.upstreams);
    const reasons = await threads.prepare(order);
    if (reasons.length > 0) {
      await threads.drop(revision);
      members.keep();
      claim.drop();
      const advice = 'the router runs on with the document it has';
      return refuse(
        'threads',
        reasons.map((reason) => ({ pointer: '', reason, advice })),
      );
    }
    await threads.commit(order);
    members.settle(order.blocks);
    claim.settle();
    return this.accept(proposal, reading, true);
  }

  private failedOver(proposal: Proposal, error: unknown): Promise<Outcome> {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    this.needs.log('error', { err: message, stack }, 'the router itself failed over a document');
    this.needs.members.keep();
    const place = { severity: 'error', path: proposal.path, line: 1, column: 1, pointer: '' } as const;
    const reason = `the router itself failed over this text: ${message}`;
    const advice = 'this is a fault of the router, not of the text; the running document stays in force';
    return this.refuse(proposal, 'invalid', [{ ...place, reason, advice }], proposal.text);
  }

  private async accept(proposal: Proposal, reading: ValidReading, changed: boolean): Promise<Outcome> {
    const { document, revision } = reading;
    const at = this.needs.clock.wall();
    const { source, author, reason, text, path, inFile = text } = proposal;
    const notices = inFile === text ? reading.notices : placed(reading.notices, path, inFile);
    const before = this.state.running;
    const since = changed ? at : (before?.since ?? at);
    const running = { document, revision, text, since, notices };
    this.state = {
      running,
      lastReload: { source, author, reason, at, successful: true, successfulAt: at, problems: [] },
    };
    const fields = { revision, source, author: author || undefined, reason: reason || undefined };
    this.needs.log('info', fields, changed ? 'document in force on all threads' : 'document unchanged');
    if (changed) {
      for (const notice of notices) this.needs.log('info', placeOf(notice), formatProblem(notice));
      const origin = { source, author, reason };
      await this.needs.record?.({ origin, at, before, text, after: running, problems: [] });
    }
    return { ok: true, revision, changed, notices };
  }

  private async refuse(
    { source, author, reason }: Origin,
    why: Refusal,
    problems: readonly Problem[],
    text: string | undefined,
  ): Promise<Outcome> {
    const successfulAt = this.state.lastReload?.successfulAt ?? 0;
    const at = this.needs.clock.wall();
    const before = this.state.running;
    const fields = { source, author: author || undefined, problems: problems.length, revision: before?.revision };
    this.needs.log('error', fields, 'document refused; the running one stays in force');
    for (const problem of problems.slice(0, LOGGED)) {
      this.needs.log(problem.severity === 'error' ? 'error' : 'info', placeOf(problem), formatProblem(problem));
    }
    // Someone who lost a race has to read again; nothing is wrong with what runs or with the file.
    if (why !== 'stale') {
      const lastReload = { source, author, reason, at, successful: false, successfulAt, problems };
      this.state = { ...this.state, lastReload };
      await this.needs.record?.({ origin: { source, author, reason }, at, before, text, after: undefined, problems });
    }
    return { ok: false, why, problems };
  }
}

/** Compiles on this thread first and asks the examples: what fails, fails before any data thread hears of it. */
function compilesHere({ document, revision }: ValidReading, block: (key: string) => number): boolean {
  try {
    const table = compile(document, revision, { ...drySite(), block });
    return rehearse(table, document.examples).length === 0;
  } catch {
    // What it was, and where in the text, is worked out by trying it out once more.
    return false;
  }
}

function placeOf({ path, line, column, pointer }: Problem): Record<string, unknown> {
  return { path, line, column, pointer };
}
