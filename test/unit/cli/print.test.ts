/**
 * Tables, times, colours: what results look like.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paints, printable, table, when } from '../../../src/cli/print.ts';
import { NOW } from '../../support/admin-samples.ts';
import { FakeTerminal } from '../../support/command.ts';

test('columns are aligned by blanks, numbers at the right, and no line ends with a blank', () => {
  const text = table(
    [{ title: 'ID' }, { title: 'N', right: true }, { title: 'WHAT' }],
    [
      ['a', '1000', 'x\ny'],
      ['longer', '2', ''],
    ],
  );
  assert.equal(text, 'ID         N  WHAT\na       1000  x y\nlonger     2\n');
});

test('colours and letters beyond ASCII do not shift a column', () => {
  const { bad } = paints({ terminal: new FakeTerminal(), env: {} });
  const text = table(
    [{ title: 'A' }, { title: 'B' }],
    [
      [bad('äö'), 'x'],
      ['abc', 'y'],
    ],
  );
  assert.deepEqual(text.replaceAll(/\x1b\[\d+m/g, '').split('\n'), ['A    B', 'äö   x', 'abc  y', '']);
});

test('letters of two cells and marks of none do not shift a column', () => {
  const rows = [
    ['世界', 'x'],
    ['e\u0301é한', 'x'],
    ['🚦ab', 'x'],
    ['abcd', 'x'],
  ];
  const lines = table([{ title: 'A' }, { title: 'B' }], rows).split('\n');
  assert.deepEqual(lines, ['A     B', '世界  x', 'e\u0301é한  x', '🚦ab  x', 'abcd  x', '']);
});

test('there are colours on a terminal alone, and none with NO_COLOR or a dumb one', () => {
  const terminal = new FakeTerminal();
  assert.equal(paints({ terminal, env: {} }).bad('x'), '\x1b[31mx\x1b[39m');
  assert.equal(paints({ terminal, env: { NO_COLOR: '' } }).bad('x'), '\x1b[31mx\x1b[39m');
  assert.equal(paints({ terminal, env: { NO_COLOR: '1' } }).bad('x'), 'x');
  assert.equal(paints({ terminal, env: { TERM: 'dumb' } }).bad('x'), 'x');
  assert.equal(paints({ terminal: undefined, env: {} }).bad('x'), 'x');
});

test('times are told as people say them', () => {
  const at = (apart: number) => when(new Date(NOW - apart).toISOString(), NOW);
  assert.equal(at(0), 'now');
  assert.equal(at(59_999), '59s ago');
  assert.equal(at(180_000), '3m ago');
  assert.equal(at(7_200_000), '2h ago');
  assert.equal(at(200_000_000), '2d ago');
  assert.equal(at(-25_000), 'in 25s');
  assert.equal(at(-599_990), 'in 10m');
  assert.equal(at(-59_990), 'in 1m');
  assert.equal(when(undefined, NOW), '');
  assert.equal(when('soon', NOW), 'soon');
});

test('what steers a terminal is shown as an escape, our own colours and line breaks aside', () => {
  assert.equal(
    printable('a\x1b]0;title\x07b\x9bc\u202ed\x1b[2Je'),
    'a\\u001b]0;title\\u0007b\\u009bc\\u202ed\\u001b[2Je',
  );
  assert.equal(printable('\x1b[31mred\x1b[39m\n\tx'), '\x1b[31mred\x1b[39m\n\tx');
});
