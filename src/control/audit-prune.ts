/**
 * How much of the audit log stays.
 *
 * Rule: pure. Never more records than the limit, none that was too old when it was looked at, texts of so many bytes at most;
 * and always the newest record. A document grows old once another one has taken its place: however long it ran, there is a way
 * back to it. Where there are too many, a tenth goes at once, so that not every record rewrites the file.
 */

import type { Kept } from './audit-file.ts';

/** Bytes of all texts together. */
const MOST_TEXT = 2 ** 30;

export interface TextSizes {
  /** Bytes of all. */
  readonly size: number;
  sizeOf(hash: string): number;
}

/** How many of the oldest records go. `oldest`: nothing stays that was over before this time. */
export function cutOf(kept: readonly Kept[], texts: TextSizes, count: number, oldest: number): number {
  const room = Math.max(1, count - Math.floor(count / 10));
  let cut = kept.length > count ? kept.length - room : 0;
  cut = Math.max(cut, cutByAge(kept, oldest));
  if (texts.size > MOST_TEXT) cut = Math.max(cut, cutByText(kept, texts));
  return Math.max(0, Math.min(kept.length - 1, cut));
}

/** Up to the record of the document that ran at this time. */
function cutByAge(kept: readonly Kept[], oldest: number): number {
  let ran = -1;
  let end = 0;
  for (; end < kept.length && kept[end].at < oldest; end++) {
    const { revision, beside } = kept[end];
    if (revision !== '' && !beside) ran = end;
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
