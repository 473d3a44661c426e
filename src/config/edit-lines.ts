/**
 * Lines of a text, and which of them belong to an entry: its own, the comment above it, what is indented below it.
 *
 * Rule: a comment directly above an entry, at the entry's column, is that entry's; one that is indented deeper than the
 * entry above it belongs to that one; any other stays where it is. The comment that begins the file belongs to the file.
 */

import type { Layout, Unit } from './edit-layout.ts';

export function lineStart(text: string, at: number): number {
  let start = at;
  while (start > 0 && !isBreak(text, start - 1)) start--;
  return start;
}

/** Where the line of `at` ends, before its break. */
export function lineEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && !isBreak(text, end)) end++;
  return end;
}

/** Where the line below begins; the end of the text where there is none. */
export function nextLine(text: string, at: number): number {
  const end = lineEnd(text, at);
  return text.startsWith('\r\n', end) ? end + 2 : Math.min(end + 1, text.length);
}

/** Where the line above the one that begins at `start` begins. */
function lineAbove(text: string, start: number): number {
  const back = text.startsWith('\r\n', start - 2) ? 2 : 1;
  return lineStart(text, Math.max(0, start - back));
}

export function columnOf(text: string, at: number): number {
  return at - lineStart(text, at);
}

/** Whether nothing but spaces stands in front of it on its line. */
export function isFirst(text: string, at: number): boolean {
  return text.slice(lineStart(text, at), at).trim() === '';
}

function isBreak(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 10 || code === 13;
}

function isBlank(text: string, start: number): boolean {
  return start < text.length && text.slice(start, lineEnd(text, start)).trim() === '';
}

/** The column of the comment that is all that stands on the line; -1 where something else does. */
function commentColumn(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return text[at] === '#' ? at - start : -1;
}

/** Where the lines of what stands at `at` begin, with the comment above it; never above `floor`. */
export function headOf(text: string, at: number, floor: number): number {
  const own = lineStart(text, at);
  const column = at - own;
  let head = own;
  while (head > 0) {
    const above = lineAbove(text, head);
    if (above < floor || commentColumn(text, above) !== column) return head;
    head = above;
  }
  return own;
}

/** Where the lines of what begins at `column` and ends at `end` are over, deeper comments below it included. */
export function tailOf(text: string, end: number, column: number): number {
  let tail = nextLine(text, end);
  for (let at = tail; at < text.length; at = nextLine(text, at)) {
    if (isBlank(text, at)) continue;
    if (commentColumn(text, at) <= column) break;
    tail = nextLine(text, at);
  }
  return tail;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The lines that go with a unit that stands on lines of its own, and the blank ones that would be left over. */
export function linesOf(text: string, { units }: Layout, index: number): Span {
  const unit = units[index];
  const floor = index > 0 ? units[index - 1].value.end : 0;
  let start = headOf(text, unit.start, floor);
  let end = tailOf(text, unit.value.end, columnOf(text, unit.start));
  const above = blankAbove(text, start, floor);
  const below = blankBelow(text, end);
  const last = index === units.length - 1;
  if (above < start && (last || below > end)) start = above;
  else if (index === 0 && !last) end = below;
  return { start, end };
}

function blankAbove(text: string, start: number, floor: number): number {
  let at = start;
  while (at > 0) {
    const above = lineAbove(text, at);
    if (above < floor || !isBlank(text, above)) break;
    at = above;
  }
  return at;
}

function blankBelow(text: string, end: number): number {
  let at = end;
  while (isBlank(text, at)) at = nextLine(text, at);
  return at;
}

/** Entries looked at to learn how their kind is written; the last ones, as a new one comes behind them. */
const LOOKED_AT = 8;

export function lastUnits({ units }: Layout): readonly Unit[] {
  return units.slice(-LOOKED_AT);
}

/** Whether entries are kept apart by blank lines. */
export function isSpaced(text: string, layout: Layout): boolean {
  const units = lastUnits(layout);
  let spaced = 0;
  for (const [i, unit] of units.entries()) {
    const floor = units[i - 1]?.value.end;
    if (floor === undefined) continue;
    const head = headOf(text, unit.start, floor);
    if (blankAbove(text, head, floor) < head) spaced++;
  }
  return units.length > 1 && spaced * 2 >= units.length - 1;
}
