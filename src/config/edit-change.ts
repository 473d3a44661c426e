/**
 * From what a text says to what it shall say: the places to cut and what to put there.
 *
 * Rule: text and value are walked together, and only where they differ is anything written. Maps lose and get single
 * entries, lists single items; new entries come behind the last one, written as those beside them. Where a collection is
 * in braces its commas are minded (edit-flow.ts). A change that the text does not lend itself to rewrites the value whole.
 * Whether the outcome is right is not asked here: edit.ts reads it again.
 */

import { type Addition, type Arrangement, arrangeFlow, byPlace } from './edit-flow.ts';
import type { Layout, Unit } from './edit-layout.ts';
import { columnOf, headOf, isFirst, isSpaced, lastUnits, lineEnd, lineStart, linesOf, tailOf } from './edit-lines.ts';
import { blockIn, entryIn, flowIn, type Hand, inline, isFull, itemIn, type Like, likeAt, WIDTH } from './edit-write.ts';
import { common, isList, isMap, isSame, type Json, type JsonMap } from './patch.ts';

/** Text to put in place of what stands from `start` to `end`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A value in the text, and what holds it. */
export interface Place {
  readonly layout: Layout;
  readonly within: 'root' | 'map' | 'list' | 'flow';
  /** The entry or item that it is the value of; undefined at the root. */
  readonly unit: Unit | undefined;
}

export class TextChange {
  readonly text: string;
  readonly hand: Hand;
  readonly splices: Splice[] = [];
  /** Values this deep are rewritten whole. */
  private readonly limit: number;

  constructor(text: string, hand: Hand, limit: number) {
    this.text = text;
    this.hand = hand;
    this.limit = limit;
  }

  change(place: Place, before: Json, after: Json, depth = 0): void {
    if (isSame(before, after)) return;
    const { layout } = place;
    const alike = (isMap(before) && isMap(after)) || (isList(before) && isList(after));
    if (!alike || layout.units.length === 0 || layout.form === 'pair' || depth >= this.limit)
      this.replace(place, after);
    else if (this.overflows(place, after)) this.replace(place, after, 'block');
    else if (isMap(before)) this.changeMap(place, before, after as JsonMap, depth);
    else this.changeList(place, before as readonly Json[], after as readonly Json[], depth);
  }

  cut(start: number, end: number, text = ''): void {
    this.splices.push({ start, end, text });
  }

  private changeMap(place: Place, before: JsonMap, after: JsonMap, depth: number): void {
    const { units } = place.layout;
    const removed = new Set<number>();
    for (const [i, { key }] of units.entries()) {
      if (!Object.hasOwn(after, key)) removed.add(i);
      else this.change(this.below(place, i), before[key], after[key], depth + 1);
    }
    const behind = units.length - 1;
    const added = Object.keys(after)
      .filter((key) => !Object.hasOwn(before, key))
      .map((key) => ({ key, value: after[key], behind }));
    this.arrange(place, { removed, added }, after);
  }

  /** Items that are the same stay; what lies between two of them is changed item by item. */
  private changeList(place: Place, before: readonly Json[], after: readonly Json[], depth: number): void {
    const removed = new Set<number>();
    const added: Addition[] = [];
    let from = 0;
    let to = 0;
    for (const [i, j] of [...common(before, after), [before.length, after.length]]) {
      for (; from < i && to < j; from++, to++) this.change(this.below(place, from), before[from], after[to], depth + 1);
      for (; from < i; from++) removed.add(from);
      for (; to < j; to++) added.push({ key: undefined, value: after[to], behind: i - 1 });
      from = i + 1;
      to = j + 1;
    }
    this.arrange(place, { removed, added }, after);
  }

  private below({ layout, within }: Place, index: number): Place {
    const unit = layout.units[index];
    const kind = layout.kind === 'map' ? 'map' : 'list';
    return { layout: unit.value, within: within === 'flow' || layout.form !== 'block' ? 'flow' : kind, unit };
  }

  private arrange(place: Place, arrangement: Arrangement, after: Json): void {
    const { removed, added } = arrangement;
    const { layout } = place;
    if (removed.size === 0 && added.length === 0) return;
    const emptied = removed.size === layout.units.length;
    if (layout.form === 'flow') {
      if (emptied) this.replace(place, after, 'flow');
      else arrangeFlow(this, layout, arrangement);
      return;
    }
    // `- key: value`: the first entry stands on the line of the dash.
    const compact = !isFirst(this.text, layout.start);
    if (compact && (emptied || added.some(({ behind }) => behind < 0))) this.replace(place, after, 'block');
    else this.arrangeLines(place, arrangement, compact, emptied && added.length === 0);
  }

  private arrangeLines(place: Place, { removed, added }: Arrangement, compact: boolean, emptied: boolean): void {
    const { layout, unit } = place;
    const { text, hand } = this;
    const head = compact && removed.has(0) ? this.cutHead(layout, removed) : 0;
    for (const index of removed) {
      if (index < head) continue;
      const { start, end } = linesOf(text, layout, index);
      this.cut(start, end);
    }
    for (const [behind, group] of byPlace(added)) this.addLines(layout, behind, group);
    if (!emptied) return;
    const empty = layout.kind === 'map' ? '{}' : '[]';
    if (unit !== undefined) this.cut(unit.mark, unit.mark, ` ${empty}`);
    else this.cut(layout.start, layout.start, `${empty}${hand.eol}`);
  }

  /** Removes the entries that begin on the line of a dash; how many. What comes behind them moves up. */
  private cutHead({ units, start }: Layout, removed: ReadonlySet<number>): number {
    const { text } = this;
    let count = 1;
    while (removed.has(count)) count++;
    const next = units[count].start;
    const own = headOf(text, next, units[count - 1].value.end);
    // A comment of its own keeps the next entry on its line.
    if (own === lineStart(text, next)) this.cut(start, next);
    else this.cut(start, own, this.hand.eol);
    return count;
  }

  private addLines(layout: Layout, behind: number, added: readonly Addition[]): void {
    const { text, hand } = this;
    const { units } = layout;
    const column = columnOf(text, units[0].start);
    const spaced = isSpaced(text, layout);
    const lines = added.flatMap((addition) => {
      const own = this.linesFor(layout, addition, column);
      return !spaced ? own : behind < 0 ? [...own, ''] : ['', ...own];
    });
    const at = behind < 0 ? headOf(text, units[0].start, 0) : tailOf(text, units[behind].value.end, column);
    this.cut(at, at, lines.join(hand.eol) + hand.eol);
  }

  private linesFor(layout: Layout, { key, value }: Addition, column: number): string[] {
    const like = this.likeIn(layout, value);
    if (key === undefined) return itemIn(value, column, like, this.hand);
    return entryIn(key, value, { column, like, values: this.valuesColumn(layout) }, this.hand);
  }

  /** How the last one of the same kind is written. */
  private likeIn(layout: Layout, value: Json): Like {
    const kind = isList(value) ? 'list' : 'map';
    const twin = lastUnits(layout).findLast((unit) => unit.value.kind === kind && unit.value.units.length > 0);
    if (twin === undefined) return undefined;
    return twin.value.form === 'block' ? 'block' : 'flow';
  }

  /** The column at which all values begin although their keys differ in length; undefined where they do not. */
  private valuesColumn(layout: Layout): number | undefined {
    const { text } = this;
    const units = lastUnits(layout);
    const column = columnOf(text, units[0].value.start);
    const lined = units.every(({ mark, value }) => columnOf(text, value.start) === column && value.start > mark);
    const padded = units.some(({ mark, value }) => value.start > mark + 1 && lineEnd(text, mark) > value.start);
    return lined && padded ? column : undefined;
  }

  /** Whether a collection in one line would grow over the margin. */
  private overflows({ layout, within }: Place, after: Json): boolean {
    if (layout.form !== 'flow' || within === 'flow' || this.hand.json) return false;
    const { text } = this;
    const room = WIDTH - columnOf(text, layout.start);
    const length = layout.end - layout.start;
    const oneLine = lineEnd(text, layout.start) >= layout.end;
    return oneLine && length <= room && flowIn(after, this.hand).length > room;
  }

  /** Puts another value in the place of a whole one. */
  replace(place: Place, value: Json, like: Like = undefined): void {
    const { layout, within, unit } = place;
    const { hand, text } = this;
    const quote = layout.form === 'single' || layout.form === 'double' ? layout.form : undefined;
    const flow = within === 'flow' || hand.json;
    const column = columnOf(text, layout.form === 'empty' ? layout.start + 1 : layout.start);
    const kept = layout.units.length > 0 && layout.form === 'block' && isSameKind(layout, value) ? 'block' : like;
    const key = unit === undefined || within !== 'map' ? WIDTH : columnOf(text, unit.start);
    const wish = likeAt(key, value, kept, hand);
    const line = flow || !isFull(value) ? flowIn(value, hand, quote) : inline(value, column, wish, hand);
    if (unit === undefined) this.replaceRoot(layout, value, line);
    else if (line !== undefined) this.replaceByLine(layout, unit, line);
    else if (within === 'list') this.replaceItem(layout, unit, value);
    else this.replaceByLines(layout, unit, value);
  }

  private replaceRoot({ start, end }: Layout, value: Json, line: string | undefined): void {
    const { text, hand } = this;
    const column = columnOf(text, start);
    this.cut(start, end, line ?? blockIn(value, column, hand).join(hand.eol).trimStart());
  }

  private replaceByLine({ form, start, end }: Layout, { mark, bare }: Unit, line: string): void {
    const { text } = this;
    if (form === 'empty') this.cut(mark, mark, bare ? `: ${line}` : ` ${line}`);
    else if (lineEnd(text, mark) >= start) this.cut(start, end, line);
    else {
      this.cut(mark, mark, ` ${line}`);
      this.cut(lineEnd(text, mark), lineEnd(text, end));
    }
  }

  private replaceItem(layout: Layout, { start, mark }: Unit, value: Json): void {
    const { text, hand } = this;
    const lines = blockIn(value, columnOf(text, start) + 2, hand).join(hand.eol);
    const rest = text.slice(layout.end, lineEnd(text, layout.end)).trim();
    if (rest === '' || layout.form === 'block') this.cut(mark, lineEnd(text, layout.end), ` ${lines.trimStart()}`);
    else this.replaceAbove(layout, mark, lines);
  }

  private replaceByLines(layout: Layout, { start, mark }: Unit, value: Json): void {
    const { text, hand } = this;
    const onLine = lineEnd(text, mark) >= layout.start;
    const step = isList(value) ? hand.dash : hand.step;
    const column = onLine || !isSameKind(layout, value) ? columnOf(text, start) + step : columnOf(text, layout.start);
    const lines = blockIn(value, column, hand).join(hand.eol);
    if (onLine) this.replaceAbove(layout, mark, lines);
    else this.cut(lineEnd(text, mark), lineEnd(text, layout.end), hand.eol + lines);
  }

  /** The value goes from the line, whose comment stays; `lines` come below it. */
  private replaceAbove({ end }: Layout, mark: number, lines: string): void {
    this.cut(mark, end);
    const below = lineEnd(this.text, end);
    this.cut(below, below, this.hand.eol + lines);
  }
}

function isSameKind({ kind }: Layout, value: Json): boolean {
  return isList(value) ? kind === 'list' : isMap(value) && kind === 'map';
}
