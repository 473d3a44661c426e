/**
 * An outcome as a table for people.
 *
 * Rule: every figure is a median; the ratio of the first peer to another is the median of the ratios of their rotations,
 * with its quartiles, so that a reader sees how far to trust it.
 */

import type { Outcome, Row } from './outcome.ts';
import { median, ratios, spread } from './statistics.ts';

/** A Markdown table with columns of even width. */
export function aligned(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const widths = head.map((label, i) => Math.max(label.length, ...cells.map((row) => row[i].length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [head, widths.map((width) => '-'.repeat(width)), ...cells].map(line).join('\n');
}

/** `1.23 (1.20 - 1.31)`: what the first row's figure is of this one's; empty for the first itself. */
function ratioOf(first: Row, row: Row, key: string): string {
  if (row === first || row.samples[key] === undefined || first.samples[key] === undefined) return '';
  // A peer whose figure is 0, say a growth, has no ratio.
  const finite = ratios(first.samples[key], row.samples[key]).filter(Number.isFinite);
  if (finite.length === 0) return '';
  const { low, middle, high } = spread(finite);
  return `${middle.toFixed(3)} (${low.toFixed(3)} - ${high.toFixed(3)})`;
}

export function table({ id, title, columns, rows, notes }: Outcome): string {
  const [main] = columns;
  const first = rows[0];
  const head = ['', ...columns.map(({ label }) => label), `${first.peer} / this`];
  const cells = rows.map((row) => [
    row.peer,
    ...columns.map(({ key, digits }) => (key in row.samples ? median(row.samples[key]).toFixed(digits) : '')),
    ratioOf(first, row, main.key),
  ]);
  return [`${id}: ${title}`, '', aligned(head, cells), ...notes].join('\n');
}
