/**
 * What a revision changed, line by line: from two texts where both are to be had, else from the recorded patch.
 *
 * Rule: lines that are the same stand around a change only as far as they help to find the place. Texts too long to be
 * compared quickly are not: the page must stay usable with a document of ten thousand lines.
 */

import type { PatchOperation } from '../../admin/shapes/change.ts';

export interface DiffLine {
  readonly is: 'added' | 'removed' | 'same' | 'place';
  readonly text: string;
}

/** Unchanged lines shown before and after a change. */
const AROUND = 2;
/** Cells of the table that comparing may take. */
const MOST_CELLS = 4_000_000;

/** undefined where the changed middle is too long to compare. */
export function textDiff(before: string, after: string): DiffLine[] | undefined {
  const [a, b] = [before.trimEnd().split('\n'), after.trimEnd().split('\n')];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const middle = compare(a.slice(start, a.length - end), b.slice(start, b.length - end));
  if (middle === undefined) return undefined;
  const same = (lines: string[]): DiffLine[] => lines.map((text) => ({ is: 'same', text }));
  return gathered([...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))]);
}

/** Longest common subsequence, by the table of its lengths. */
function compare(a: readonly string[], b: readonly string[]): DiffLine[] | undefined {
  const width = b.length + 1;
  if ((a.length + 1) * width > MOST_CELLS) return undefined;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j;
      lengths[at] = a[i] === b[j] ? lengths[at + width + 1] + 1 : Math.max(lengths[at + width], lengths[at + 1]);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ is: 'same', text: a[i] });
      i++;
      j++;
    } else if (j === b.length || (i < a.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) {
      lines.push({ is: 'removed', text: a[i++] });
    } else lines.push({ is: 'added', text: b[j++] });
  }
  return lines;
}

/** Leaves out what is the same and far from any change. */
function gathered(lines: readonly DiffLine[]): DiffLine[] {
  const near = new Set<number>();
  lines.forEach((line, i) => {
    if (line.is === 'same') return;
    for (let each = i - AROUND; each <= i + AROUND; each++) near.add(each);
  });
  const kept: DiffLine[] = [];
  lines.forEach((line, i) => {
    if (!near.has(i)) return;
    if (!near.has(i - 1)) kept.push({ is: 'place', text: `line ${i + 1}` });
    kept.push(line);
  });
  return kept;
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
