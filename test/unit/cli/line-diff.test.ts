/**
 * The lines in which two texts differ.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lineDiff } from '../../../src/cli/line-diff.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 });
const textOf = (list: readonly string[]) => list.map((line) => `${line}\n`).join('');

/** The number of lines that two lists differ in, worked out the slow way. */
function distance(a: readonly string[], b: readonly string[]): number {
  const common = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < b.length; j++)
      common[i + 1][j + 1] = a[i] === b[j] ? common[i][j] + 1 : Math.max(common[i][j + 1], common[i + 1][j]);
  return a.length + b.length - 2 * common[a.length][b.length];
}

test('a change is shown with three lines around it and its line numbers', () => {
  const before = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
  const after = before.with(4, 'five');
  assert.deepEqual(lineDiff(textOf(before), textOf(after)), [
    '@@ -2 +2 @@',
    ' 2',
    ' 3',
    ' 4',
    '-5',
    '+five',
    ' 6',
    ' 7',
    ' 8',
  ]);
});

test('changes far apart stand apart', () => {
  const before = Array.from({ length: 40 }, (_, i) => `${i}`);
  const after = before.filter((line) => line !== '2').with(30, 'x');
  assert.deepEqual(
    lineDiff(textOf(before), textOf(after))?.filter((line) => !line.startsWith(' ')),
    ['@@ -1 +1 @@', '-2', '@@ -29 +28 @@', '-31', '+x'],
  );
});

test('one text leads to the other, by the fewest lines', () => {
  fc.assert(
    fc.property(lines, lines, (a, b) => {
      const shown = lineDiff(textOf(a), textOf(b))?.filter((line) => !line.startsWith('@@')) ?? [];
      const changed = shown.filter((line) => !line.startsWith(' '));
      assert.equal(changed.length, distance(a, b));
      const left = shown.filter((line) => !line.startsWith('+')).map((line) => line.slice(1));
      const right = shown.filter((line) => !line.startsWith('-')).map((line) => line.slice(1));
      if (distance(a, b) === 0) return;
      // Short as they are, what is not shown stands at both ends of both.
      const rest = a.length - left.length;
      assert.equal(b.length - right.length, rest);
      assert.ok(rest >= 0 && (rest === 0 || a.length > 3));
      if (rest === 0) assert.deepEqual([left, right], [a, b]);
    }),
    { numRuns: 2000 },
  );
});

test('texts that say the same have no lines, and texts with little in common are not compared', () => {
  assert.deepEqual(lineDiff('a\nb\n', 'a\nb\n'), []);
  const far = (name: string) => textOf(Array.from({ length: 2000 }, (_, i) => `${name}${i}`));
  assert.equal(lineDiff(far('a'), far('b')), undefined);
  assert.equal(lineDiff(far('a'), `${far('a')}b\n`)?.at(-1), '+b');
});
