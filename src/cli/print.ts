/**
 * How results look: columns, times as people say them, colours, JSON.
 *
 * Rule: columns are aligned by blanks alone, so that `awk` and `cut` read them too. Colours only repeat what a word says.
 * What the router sends may hold bytes that steer a terminal (a reason, a name): on a terminal they are shown as escapes; and
 * what people wrote (a reason) keeps to its line wherever it goes, for another line would look like one of ours.
 */

import { formatDuration } from '../core/duration.ts';
import type { Io } from './command.ts';

const { stripVTControlCharacters } = process.getBuiltinModule('node:util');

export type Paint = (text: string) => string;

export interface Paints {
  readonly dim: Paint;
  readonly bold: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly odd: Paint;
}

const plain: Paint = (text) => text;
const sgr =
  (on: number, off: number): Paint =>
  (text) =>
    text === '' ? '' : `\x1b[${on}m${text}\x1b[${off}m`;

const PLAIN: Paints = { dim: plain, bold: plain, good: plain, bad: plain, odd: plain };
const COLOURED: Paints = { dim: sgr(2, 22), bold: sgr(1, 22), good: sgr(32, 39), bad: sgr(31, 39), odd: sgr(33, 39) };

/** https://no-color.org: any value but an empty one. */
export function paints({ terminal, env }: Pick<Io, 'terminal' | 'env'>): Paints {
  const without = terminal === undefined || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  return without ? PLAIN : COLOURED;
}

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly right?: true;
}

/** Lines of aligned columns, two blanks between; a cell holds one line. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { dim }: Paints = PLAIN,
): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll(/\s+/g, ' ')));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...cells.map((row) => width(row[i] ?? ''))));
  const line = (row: readonly string[], paint: Paint) =>
    columns
      .map(({ right }, i) => {
        const cell = row[i] ?? '';
        const blanks = ' '.repeat(Math.max(0, widths[i] - width(cell)));
        return right ? blanks + paint(cell) : paint(cell) + blanks;
      })
      .join('  ')
      .trimEnd();
  const titles = line(
    columns.map(({ title }) => title),
    dim,
  );
  return [titles, ...cells.map((row) => line(row, plain))].map((text) => `${text}\n`).join('');
}

/** What East Asian scripts and pictures take: two cells of a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;

/** Cells of a terminal. */
function width(text: string): number {
  let cells = 0;
  for (const char of stripVTControlCharacters(text))
    cells += /[\p{Mn}\p{Me}\p{Cf}]/u.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return cells;
}

/** `3m ago`, `in 25s`, `now`: the two largest units would be more exact than anybody reads. */
export function when(at: string | undefined, now: number): string {
  const time = at === undefined ? Number.NaN : Date.parse(at);
  if (Number.isNaN(time)) return at ?? '';
  const apart = now - time;
  if (Math.abs(apart) < 1000) return 'now';
  // What was just set to 10m ends in 10m, though a part of the first second is gone.
  return apart > 0 ? `${span(apart)} ago` : `in ${span(-apart, Math.round)}`;
}

const SPANS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
] as const;

/** The largest unit alone. */
export function span(milliseconds: number, whole: (count: number) => number = Math.floor): string {
  const [size, unit] = SPANS.find(([least]) => whole(milliseconds / 1000) * 1000 >= least) ?? SPANS[3];
  return milliseconds < 1000 ? formatDuration(milliseconds) : `${whole(milliseconds / size)}${unit}`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** One JSON document. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Text for a terminal: of everything that steers one, only our colours and line breaks are left. */
export function printable(text: string): string {
  return text.replaceAll(/\x1b\[\d+m|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, (found) =>
    found.length > 1 ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const STEERS = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** What somebody wrote, within one line, and without any colour. */
export function inLine(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(STEERS, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
