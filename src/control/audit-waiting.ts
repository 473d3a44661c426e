/**
 * A record on its way to the disk, with the texts that it names.
 *
 * Rule: pure. What people write has an end here, and so has a patch; a text has none.
 */

import { canonical } from '../config/canonical.ts';
import { type AuditContent, type AuditDecision, sha256 } from './audit-line.ts';

export interface Waiting {
  readonly content: Omit<AuditContent, 'number'>;
  /** By their hashes. */
  readonly texts: ReadonlyMap<string, string>;
}

interface Entry extends Omit<AuditDecision, 'patchOmitted'> {
  readonly text: string | undefined;
  readonly replaced?: string | undefined;
}

/** Bytes of a patch; a longer one is left out. */
const LONGEST_PATCH = 65_536;
const LONGEST_TEXT = 4096;
const MOST_WORDS = 128;

/** `at`: epoch milliseconds. */
export function waitingOf({ text, replaced, patch, ...entry }: Entry, at: number): Waiting {
  const patchOmitted = Buffer.byteLength(canonical(patch)) > LONGEST_PATCH;
  const document = text === undefined ? '' : sha256(text);
  const before = replaced === undefined ? '' : sha256(replaced);
  const content = {
    ...entry,
    author: short(entry.author),
    reason: short(entry.reason),
    detail: short(entry.detail),
    words: entry.words.slice(0, MOST_WORDS).map(short),
    patch: patchOmitted ? [] : patch,
    patchOmitted,
    at,
    document,
    ...(replaced === undefined ? {} : { replaced: before }),
  };
  const texts = new Map<string, string>();
  if (text !== undefined) texts.set(document, text);
  if (replaced !== undefined) texts.set(before, replaced);
  return { content, texts };
}

/** How much memory a record takes while it waits. */
export function charactersOf({ texts }: Waiting): number {
  let sum = 0;
  for (const { length } of texts.values()) sum += length;
  return sum;
}

function short(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT).toWellFormed()}...`;
}
