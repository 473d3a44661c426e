/**
 * The lines in which two texts differ.
 *
 * Rule: the fewest lines that lead from one to the other (Myers, 1986). Its cost grows with the square of the difference,
 * so it gives up on texts that have little in common; what they share at both ends is cut off before. How it is shown is left
 * to whoever shows it.
 */

/** Lines that differ, at most. */
const FAR = 1500;

/** A line of both texts, of the second alone, or of the first alone. */
export interface Line {
  readonly sign: ' ' | '+' | '-';
  readonly text: string;
}

/** All lines of both, in order; undefined where the texts are too far apart. The end of the last line does not count. */
export function linesBetween(before: string, after: string): readonly Line[] | undefined {
  const a = linesOf(before);
  const b = linesOf(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const middle = compare(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  if (middle === undefined) return undefined;
  const same = (text: string): Line => ({ sign: ' ', text });
  return [...a.slice(0, head).map(same), ...middle, ...a.slice(a.length - tail).map(same)];
}

/** Which lines stand at most `around` lines from one that differs. */
export function nearChange(lines: readonly Line[], around: number): Uint8Array {
  const near = new Uint8Array(lines.length);
  for (const [i, { sign }] of lines.entries()) if (sign !== ' ') near.fill(1, Math.max(0, i - around), i + around + 1);
  return near;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** `best[k]` is how far along `a` a path on diagonal k has come; a copy for each step leads back. */
function compare(a: readonly string[], b: readonly string[]): Line[] | undefined {
  const most = Math.min(a.length + b.length, FAR);
  const best = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const trace: Int32Array[] = [];
  for (let d = 0; d <= most; d++) {
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && best[middle + k - 1] < best[middle + k + 1]);
      let x = down ? best[middle + k + 1] : best[middle + k - 1] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      best[middle + k] = x;
      if (x >= a.length && x - k >= b.length) return backwards(a, b, trace, d);
    }
    trace.push(best.slice(middle - d, middle + d + 1));
  }
  return undefined;
}

function backwards(a: readonly string[], b: readonly string[], trace: readonly Int32Array[], steps: number): Line[] {
  const lines: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = steps; d > 0; d--) {
    const k = x - y;
    const reached = (diagonal: number) => trace[d - 1][diagonal + d - 1] ?? -1;
    const down = k === -d || (k !== d && reached(k - 1) < reached(k + 1));
    // One step from there, then lines that both have.
    const start = down ? reached(k + 1) : reached(k - 1) + 1;
    for (; x > start; y--) lines.push({ sign: ' ', text: a[--x] });
    if (down) lines.push({ sign: '+', text: b[--y] });
    else lines.push({ sign: '-', text: a[--x] });
  }
  while (x > 0) lines.push({ sign: ' ', text: a[--x] });
  return lines.reverse();
}
