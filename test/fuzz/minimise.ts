/**
 * Making a failing input small: lines, then halves, then single bytes are left out as long as it still fails.
 */

/** The smallest text found for which `fails` is true; it must be for `text`. */
export function minimised(text: string, fails: (text: string) => boolean): string {
  let smallest = text;
  for (;;) {
    const before = smallest.length;
    smallest = withoutParts(smallest.split(/(?<=\n)/), fails);
    for (let size = 1 << Math.floor(Math.log2(Math.max(smallest.length, 1))); size >= 1; size >>= 1) {
      smallest = withoutRuns(smallest, size, fails);
    }
    if (smallest.length === before) return smallest;
  }
}

function withoutParts(parts: readonly string[], fails: (text: string) => boolean): string {
  let left = [...parts];
  for (let i = parts.length - 1; i >= 0; i--) {
    const fewer = left.filter((_, j) => j !== i);
    if (fails(fewer.join(''))) left = fewer;
  }
  return left.join('');
}

function withoutRuns(text: string, size: number, fails: (text: string) => boolean): string {
  let left = text;
  for (let at = 0; at + size <= left.length; ) {
    const fewer = left.slice(0, at) + left.slice(at + size);
    if (fails(fewer)) left = fewer;
    else at += size;
  }
  return left;
}
