/**
 * The lines in which two texts differ, as a unified diff shows them.
 *
 * Rule: what is the same stands around a change only as far as it helps to find the place. The comparison is core/line-diff.ts.
 */

import { type Line, linesBetween, nearChange } from '../core/line-diff.ts';

/** Unchanged lines before and after a change. */
const AROUND = 3;

/** Lines with `+`, `-` or a blank before them, and `@@` where others are left out; undefined where the texts are too far apart. */
export function lineDiff(before: string, after: string): string[] | undefined {
  const lines = linesBetween(before, after);
  return lines === undefined ? undefined : hunks(lines);
}

/** What differs, with a few lines around it. */
function hunks(lines: readonly Line[]): string[] {
  const shown: string[] = [];
  const near = nearChange(lines, AROUND);
  let a = 1;
  let b = 1;
  for (const [i, { sign, text }] of lines.entries()) {
    if (near[i] === 1) {
      if (near[i - 1] !== 1) shown.push(`@@ -${a} +${b} @@`);
      shown.push(`${sign}${text}`);
    }
    if (sign !== '+') a++;
    if (sign !== '-') b++;
  }
  return shown;
}
