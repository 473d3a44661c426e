/**
 * Entries and items in braces and brackets: taken out and put in, with their commas.
 *
 * Rule: what stands on lines of its own goes and comes by whole lines, with its comment, as in block form; what shares a
 * line is cut out from comma to comma. A comma behind the last one is kept where there was one, and not made where there
 * was none: the text may be JSON.
 */

import { type Layout, skipSpace, type Unit } from './edit-layout.ts';
import { columnOf, headOf, isFirst, lineEnd, linesOf, tailOf } from './edit-lines.ts';
import { flowEntry, flowIn, type Hand } from './edit-write.ts';
import type { Json } from './patch.ts';

/** What a collection loses and gets. */
export interface Arrangement {
  readonly removed: ReadonlySet<number>;
  readonly added: readonly Addition[];
}

export interface Addition {
  /** undefined in a list. */
  readonly key: string | undefined;
  readonly value: Json;
  /** Behind the unit of this index; -1: in front of all. */
  readonly behind: number;
}

/** Additions that come to stand in one place, place by place. */
export function byPlace(added: readonly Addition[]): [behind: number, added: Addition[]][] {
  return [...Map.groupBy(added, ({ behind }) => behind)];
}

/** What flow collections need of a change. */
export interface Cutting {
  readonly text: string;
  readonly hand: Hand;
  cut(start: number, end: number, text?: string): void;
}

/** At least one of the units stays. */
export function arrangeFlow(change: Cutting, layout: Layout, { removed, added }: Arrangement): void {
  const { text } = change;
  const { units } = layout;
  for (let first = 0; first < units.length; first++) {
    if (!removed.has(first) || removed.has(first - 1)) continue;
    let last = first;
    while (removed.has(last + 1)) last++;
    cutRun(change, layout, first, last);
  }
  const stays = units.findLastIndex((_, i) => !removed.has(i));
  const seated = added.map((addition) => ({ ...addition, behind: standing(removed, addition.behind) }));
  for (const [behind, group] of byPlace(seated)) add(change, layout, removed, behind, group);
  const trailing = commaBehind(text, units[units.length - 1]) !== undefined;
  const comma = commaBehind(text, units[stays]);
  if (comma === undefined || trailing || stays === units.length - 1) return;
  if (!seated.some(({ behind }) => behind === stays)) change.cut(comma, comma + 1);
}

/** The last unit up to this one that stays; -1 where none does. */
function standing(removed: ReadonlySet<number>, index: number): number {
  let at = index;
  while (removed.has(at)) at--;
  return at;
}

function cutRun(change: Cutting, layout: Layout, first: number, last: number): void {
  const { text } = change;
  const { units } = layout;
  if (units.slice(first, last + 1).every((_, i) => hasOwnLines(text, layout, first + i))) {
    for (let i = first; i <= last; i++) {
      const { start, end } = linesOf(text, layout, i);
      change.cut(start, end);
    }
    return;
  }
  const from = units[first].start;
  const next = units[last + 1]?.start;
  if (next !== undefined) {
    const comment = commentIn(text, units[last].value.end, next);
    // Only a comment on a line of its own is the next one's.
    const own = comment !== undefined && comment > lineEnd(text, units[last].value.end) ? comment : next;
    change.cut(from, own, own === next || /\s/.test(text[from - 1]) ? '' : ' ');
    return;
  }
  const before = units[first - 1].value.end;
  const to = units[last].value.end;
  if (commentIn(text, before, from) === undefined) change.cut(before, to);
  else change.cut(headOf(text, from, before), to);
}

function commentIn(text: string, start: number, end: number): number | undefined {
  const found = /(?<=[\s,])#/.exec(text.slice(start, end));
  return found === null ? undefined : start + found.index;
}

/** The offset of the comma behind a unit. */
function commaBehind(text: string, { value }: Unit): number | undefined {
  const at = skipSpace(text, value.end);
  return text[at] === ',' ? at : undefined;
}

/** Whether nothing else stands on its lines, brackets included. */
function hasOwnLines(text: string, { units, end }: Layout, index: number): boolean {
  const unit = units[index];
  const last = lineEnd(text, unit.value.end);
  return isFirst(text, unit.start) && last < (units[index + 1]?.start ?? end - 1);
}

function add(
  change: Cutting,
  layout: Layout,
  removed: ReadonlySet<number>,
  behind: number,
  added: readonly Addition[],
): void {
  const { text, hand } = change;
  const { units } = layout;
  const parts = added.map(({ key, value }) => (key === undefined ? flowIn(value, hand) : flowEntry(key, value, hand)));
  const unit = units[behind];
  if (unit === undefined) {
    const start = units.find((_, i) => !removed.has(i))?.start ?? units[0].start;
    const gap = isFirst(text, start) ? `,${hand.eol}${' '.repeat(columnOf(text, start))}` : ', ';
    change.cut(start, start, parts.map((part) => part + gap).join(''));
    return;
  }
  const end = unit.value.end;
  if (!hasOwnLines(text, layout, behind)) {
    change.cut(end, end, parts.map((part) => `, ${part}`).join(''));
    return;
  }
  const lead = ' '.repeat(columnOf(text, unit.start));
  if (commaBehind(text, unit) === undefined) change.cut(end, end, ',');
  const at = tailOf(text, end, lead.length);
  // The last one of all has a comma only where the last one had.
  const stay = units.some((_, i) => i > behind && !removed.has(i));
  const more = stay || commaBehind(text, units[units.length - 1]) !== undefined;
  const lines = parts.map((part, i) => `${lead}${part}${i < parts.length - 1 || more ? ',' : ''}${hand.eol}`);
  change.cut(at, at, lines.join(''));
}
