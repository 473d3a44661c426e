/**
 * `signalbox diff`: what another document would change, in words.
 *
 * Rule: two files are compared without a router, as `serve` would read them here; one file is compared with what runs, by
 * the router itself, which has the environment that counts. A document that is not valid has no effect to speak of.
 */

import type { CheckResult } from '../admin/shapes/change.ts';
import type { Document, ValidReading } from '../config/document.ts';
import { effectOf } from '../config/effect.ts';
import { formatProblem } from '../config/problems.ts';
import { readDocument } from '../config/read.ts';
import { adminOf } from './admin.ts';
import { effectLines } from './change.ts';
import type { Io, Run } from './command.ts';
import { CommandEnd, DONE, FAILED } from './ends.ts';
import type { Given } from './given.ts';
import { json } from './print.ts';
import { problemLines, tally } from './refusal.ts';
import { readFile, readSource } from './source.ts';

/** What `diff` needs to know of a change, and who works it out. */
export type EffectOf = (before: Document | undefined, after: Document) => { readonly words: readonly string[] };

export const diff: Run = async (given, io) => {
  const [before, after] = given.words;
  return after === undefined ? withRunning(before, given, io) : ofFiles(before, after, given, io, effectOf);
};

export function ofFiles(before: string, after: string, given: Given, io: Io, effect: EffectOf): number {
  const old = validIn(before, io);
  const fresh = validIn(after, io);
  const found = effect(old.document, fresh.document);
  if (given.flag('json')) {
    io.out(json({ before: old.revision, after: fresh.revision, effect: found }));
    return DONE;
  }
  const lines = old.revision === fresh.revision ? [same(fresh.revision)] : found.words;
  io.out(lines.map((line) => `${line}\n`).join(''));
  return DONE;
}

function validIn(path: string, io: Io): ValidReading {
  const { text } = readFile(path);
  const reading = readDocument(text, path, io.env);
  if (reading.ok) return reading;
  const errors = reading.problems.filter(({ severity }) => severity === 'error');
  throw new CommandEnd(FAILED, [`${path} is not valid:`, ...errors.map(formatProblem)].join('\n'));
}

async function withRunning(file: string, given: Given, io: Io): Promise<number> {
  const { text, name } = await readSource(file, io);
  const call = { method: 'POST', path: ['config', 'check'], yaml: text, file: name } as const;
  const { value } = await adminOf(given, io).json<CheckResult>(call);
  io.out(given.flag('json') ? json(value) : checkText(value, name));
  return value.valid ? DONE : FAILED;
}

function checkText({ valid, revision, problems, effect }: CheckResult, file: string): string {
  const lines = problemLines(problems, file);
  if (!valid) lines.push(`${file}: ${tally(problems)}`);
  else if (effect === undefined || effect.words.length === 0) lines.push(same(revision ?? ''));
  else lines.push(...effectLines(effect, true), `it would be revision ${revision ?? ''}`);
  return lines.map((line) => `${line}\n`).join('');
}

function same(revision: string): string {
  return `nothing changes: both say the same (revision ${revision})`;
}
