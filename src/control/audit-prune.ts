/**
 * How much of the audit log stays.
 *
 * Rule: pure. Documents count, and what is beside them (orders about circuits, refusals) has a bound of its own, far off: a
 * hundred orders push out no document that could come back, and neither the running one nor its parent. Never more documents
 * than the limit, none that was too old when it was looked at, texts of so many bytes at most; and always the newest record. A
 * document grows old once another one has taken its place: however long it ran, there is a way back to it. Where there are too
 * many, a tenth goes at once, so that not every record rewrites the file.
 */

import type { Kept } from './audit-file.ts';

/** Bytes of all texts together. */
const MOST_TEXT = 2 ** 30;
/** Records beside the documents: the oldest go with what stands before them, but for the running document and its parent. */
const MOST_BESIDE = 10_000;
/** So many mean that something goes round in circles, and memory has an end. */
const FAR_TOO_MANY = 100_000;

export interface TextSizes {
  /** Bytes of all. */
  readonly size: number;
  sizeOf(hash: string): number;
}

/** How many of the oldest records go. `oldest`: nothing stays that was over before this time. */
export function cutOf(kept: readonly Kept[], texts: TextSizes, count: number, oldest: number): number {
  let cut = kept.length > Math.min(count, MOST_BESIDE) ? cutByCount(kept, count) : 0;
  cut = Math.max(cut, cutByAge(kept, oldest));
  if (texts.size > MOST_TEXT) cut = Math.max(cut, cutByText(kept, texts));
  return Math.max(0, Math.min(kept.length - 1, cut));
}

function cutByCount(kept: readonly Kept[], count: number): number {
  const documents: number[] = [];
  const others: number[] = [];
  for (const [index, record] of kept.entries()) (isDocument(record) ? documents : others).push(index);
  const cut = Math.max(firstOf(documents, count), firstOf(others, MOST_BESIDE));
  const running = documents.at(-2) ?? documents.at(-1) ?? kept.length;
  return Math.max(Math.min(cut, running), firstOf(others, FAR_TOO_MANY));
}

/** Where those begin that stay of these records, which may be so many. */
function firstOf(places: readonly number[], count: number): number {
  if (places.length <= count) return 0;
  return places[places.length - Math.max(1, count - Math.floor(count / 10))];
}

/** It put a document in force. */
function isDocument({ revision, beside }: Kept): boolean {
  return revision !== '' && !beside;
}

/** Up to the record of the document that ran at this time. */
function cutByAge(kept: readonly Kept[], oldest: number): number {
  let ran = -1;
  let end = 0;
  for (; end < kept.length && kept[end].at < oldest; end++) {
    if (isDocument(kept[end])) ran = end;
  }
  return ran === -1 ? end : ran;
}

function cutByText(kept: readonly Kept[], texts: TextSizes): number {
  const seen = new Set<string>();
  let sum = 0;
  for (let i = kept.length - 1; i >= 0; i--) {
    for (const text of [kept[i].document, kept[i].replaced]) {
      if (!seen.has(text)) sum += texts.sizeOf(text);
      seen.add(text);
    }
    if (sum > MOST_TEXT) return i + 1;
  }
  return 0;
}
