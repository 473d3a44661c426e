/**
 * What a text of the file makes of the edits that are kept beside it.
 *
 * Rule: pure, and the same at a start as later. The file has to be a document without the edits: a start reads it alone. Where
 * both change one part, or the file no longer has what an edited part needs, the file counts and the edits of that part are
 * dropped; those of other parts stay. Where no part can be named, all are dropped.
 */

import type { Problem, ValidReading } from '../config/document.ts';
import { mergeText, partsBetween } from '../config/merge.ts';
import { readDocument } from '../config/read.ts';
import { tryOut } from '../config/try-out.ts';

/** The file's text that edits were made on, and the text they made of it. */
export interface Pair {
  readonly file: string;
  readonly edited: string;
}

export interface Rebased {
  readonly pair: Pair;
  /** What reading `pair.edited` gave; undefined where it is still to be read. */
  readonly reading: ValidReading | undefined;
  /** Parts that both have changed. */
  readonly lost: readonly string[];
  /** Parts of which the file has not what they need, and what is wrong with the first. */
  readonly broken: readonly string[];
  readonly problem: Problem | undefined;
}

/** How texts are read. */
export interface Reader {
  /** What problems call the text. */
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function rebased(pair: Pair, file: string, reader: Reader): Rebased {
  const alone = { pair: { file, edited: file }, reading: undefined, lost: [], broken: [], problem: undefined };
  if (pair.edited === pair.file) return alone;
  // It is refused with the places that it has, and what runs goes on with the edits.
  if (file !== pair.file && !readDocument(file, reader.path, reader.env).ok) return alone;
  return onTop(pair, file, reader);
}

function onTop(pair: Pair, file: string, reader: Reader): Rebased {
  const touched = partsBetween(pair.file, pair.edited);
  const lost = new Set<string>();
  const broken = new Set<string>();
  let problem: Problem | undefined;
  const answer = (edited: string, reading?: ValidReading): Rebased => {
    const next = file === pair.file && edited === pair.edited ? pair : { file, edited };
    return { pair: next, reading, lost: [...lost], broken: [...broken], problem };
  };
  // Every turn but the last gives up a part more.
  for (;;) {
    const given = [...lost, ...broken];
    const merged = mergeText({ base: pair.file, disk: file, yours: pair.edited, given });
    if (merged.is === 'conflict') {
      for (const { pointer } of merged.conflicts) lost.add(pointer);
      continue;
    }
    const text = merged.is === 'edited' || merged.is === 'merged' ? merged.text : undefined;
    const read = text === undefined ? [] : readWell(text, reader);
    if (text !== undefined && !Array.isArray(read)) return answer(text, read);
    const problems = Array.isArray(read) ? read : [];
    problem ??= problems[0];
    const open = touched.filter((part) => !given.includes(part));
    const guilty = open.filter((part) => problems.some(({ pointer }) => `${pointer}/`.startsWith(`${part}/`)));
    for (const part of guilty.length > 0 ? guilty : open) broken.add(part);
    if (guilty.length === 0 || guilty.length === open.length) return answer(file);
  }
}

/** A reading, or what is wrong with the text. */
function readWell(text: string, { path, env }: Reader): ValidReading | Problem[] {
  const reading = readDocument(text, path, env);
  if (!reading.ok) return reading.problems.filter(({ severity }) => severity === 'error');
  const problems = tryOut(reading.document, reading.revision, text, path);
  return problems.length > 0 ? problems : reading;
}
