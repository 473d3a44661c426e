/**
 * What a text or a document would do if it were put in force, without its being so.
 *
 * Rule: pure, from plain data to plain data, so that it gives the same on the control thread and in a thread of its own
 * (check-thread.ts). Of many problems the first are told, and how many there are beside them.
 */

import type { Document, Problem, ValidReading } from '../config/document.ts';
import { type Effect, effectOf } from '../config/effect.ts';
import { readDocument } from '../config/read.ts';
import { readJson } from '../config/sent-json.ts';
import { tryOut } from '../config/try-out.ts';
import { coldChanges, placed } from './cold.ts';
import { newNames } from './edit-names.ts';
import type { Running } from './view.ts';
import type { Wish } from './wish.ts';
import { wishedText } from './wished-text.ts';

/** What is to be checked: a text of YAML in place of the one that runs, or a document as JSON that is edited into it. */
export interface Sent {
  readonly is: 'yaml' | 'json';
  readonly text: string;
}

/** What somebody may do who asks for a check, and where what he sent would run. */
export interface CheckTerms {
  /** He may have the environment read at new places (edit-names.ts). */
  readonly mayName: boolean;
  /** What problems call the text. */
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workersFixed: boolean;
}

/** A check as it is handed over: plain data. */
export interface CheckOrder {
  readonly sent: Sent;
  /** The text that runs. */
  readonly running: string;
  readonly terms: CheckTerms;
}

export type CheckAnswer =
  | {
      readonly is: 'valid';
      readonly revision: string;
      readonly effect: Effect;
      /** All, and not only those that are new. */
      readonly notices: readonly Problem[];
    }
  | { readonly is: 'invalid'; readonly problems: readonly Problem[] }
  /** What was sent cannot even be read. */
  | { readonly is: 'unreadable'; readonly detail: string };

/** What runs, as far as a check looks at it. */
export type CheckedAgainst = Pick<Running, 'document' | 'text' | 'notices' | 'revision'>;

/** Problems that are told. */
const MOST_PROBLEMS = 1000;

export function checkText(sent: Sent, running: CheckedAgainst, terms: CheckTerms): CheckAnswer {
  if (sent.is === 'yaml') return checkWish({ is: 'text', text: sent.text }, running, terms);
  const read = readJson(sent.text);
  if (!read.ok) return { is: 'unreadable', detail: read.detail };
  const { value } = read;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { is: 'unreadable', detail: NO_DOCUMENT };
  }
  return checkWish({ is: 'document', value }, running, terms);
}

export const NO_DOCUMENT = 'a document is a map with `listeners`, `upstreams`, `routes`, ...';

function checkWish(wish: Wish, running: CheckedAgainst, { mayName, path, env, workersFixed }: CheckTerms): CheckAnswer {
  const names = mayName ? [] : newNames(wish, running.text, path);
  if (names.length > 0) return invalid(names);
  const made = wishedText(running.text, { is: 'same', text: running.text }, wish);
  if (!made.ok && made.problems.length > 0) return invalid(made.problems);
  if (!made.ok) {
    const finding = { pointer: '', reason: made.detail, advice: 'make the change in the file' };
    return invalid(placed([finding], path, undefined));
  }
  const reading = readDocument(made.text, path, env, running);
  if (!reading.ok) return invalid(reading.problems);
  const refused = foresee(made.text, reading, running, { path, workersFixed });
  if (refused !== undefined) return invalid(refused.problems);
  const { revision, notices } = reading;
  const effect = effectOf(running.document, reading.document, workersFixed);
  return { is: 'valid', revision, effect, notices: toldOf(notices, 'notice') };
}

/** Why a text that reads well would be refused all the same; undefined where it would not. */
export function foresee(
  text: string,
  reading: ValidReading,
  running: { readonly document: Document; readonly revision: string },
  { path, workersFixed }: Pick<CheckTerms, 'path' | 'workersFixed'>,
): { readonly why: 'cold' | 'invalid'; readonly problems: readonly Problem[] } | undefined {
  if (reading.revision === running.revision) return undefined;
  const cold = coldChanges(running.document, reading.document, workersFixed);
  if (cold.length > 0) return { why: 'cold', problems: placed(cold, path, text) };
  const problems = tryOut(reading.document, reading.revision, text, path);
  return problems.length > 0 ? { why: 'invalid', problems } : undefined;
}

function invalid(problems: readonly Problem[]): CheckAnswer {
  return { is: 'invalid', problems: toldOf(problems, 'error') };
}

/** The first ones, errors before notices, in the order of the text; the last line says how many more there are. */
export function toldOf(problems: readonly Problem[], severity: Problem['severity']): readonly Problem[] {
  if (problems.length <= MOST_PROBLEMS) return problems;
  const errors = problems.filter((problem) => problem.severity === 'error');
  const told = new Set([...new Set([...errors, ...problems])].slice(0, MOST_PROBLEMS));
  const list = problems.filter((problem) => told.has(problem));
  const [{ path }] = problems;
  const reason = `... and ${problems.length - MOST_PROBLEMS} more, which are not listed`;
  const advice = 'mend those above and check again; `signalbox check FILE` lists all';
  return [...list, { severity, path, pointer: '', line: 1, column: 1, reason, advice }];
}
