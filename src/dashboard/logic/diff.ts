/**
 * What a revision changed, line by line: from two texts where both are to be had, else from the recorded patch.
 *
 * Rule: lines that are the same stand around a change only as far as they help to find the place. The comparison is
 * core/line-diff.ts, which gives up on texts that have little in common: the page stays usable with ten thousand lines.
 */

import type { PatchOperation } from '../../admin/shapes/change.ts';
import { linesBetween, nearChange } from '../../core/line-diff.ts';

export interface DiffLine {
  readonly is: 'added' | 'removed' | 'same' | 'place';
  readonly text: string;
}

/** Unchanged lines shown before and after a change. */
const AROUND = 2;

const IS = { '+': 'added', '-': 'removed', ' ': 'same' } as const;

/** undefined where the texts are too far apart to compare. */
export function textDiff(before: string, after: string): DiffLine[] | undefined {
  const lines = linesBetween(before, after);
  if (lines === undefined) return undefined;
  const near = nearChange(lines, AROUND);
  return lines.flatMap(({ sign, text }, i): DiffLine[] => {
    if (near[i] !== 1) return [];
    const line: DiffLine = { is: IS[sign], text };
    return near[i - 1] === 1 ? [line] : [{ is: 'place', text: `line ${i + 1}` }, line];
  });
}

const SIGN: Readonly<Record<PatchOperation['op'], DiffLine['is']>> = {
  add: 'added',
  replace: 'added',
  remove: 'removed',
};

/** The patch as lines: each operation's place, then what stands there now. */
export function patchDiff(patch: readonly PatchOperation[]): DiffLine[] {
  return patch.flatMap(({ op, path, value }): DiffLine[] => {
    const place: DiffLine = { is: 'place', text: `${op} ${path}` };
    if (op === 'remove') return [place, { is: SIGN[op], text: path.slice(path.lastIndexOf('/') + 1) }];
    const text = JSON.stringify(value, null, 2) ?? '';
    return [place, ...text.split('\n').map((line): DiffLine => ({ is: SIGN[op], text: line }))];
  });
}
