/**
 * An edit of a text that leaves alone whatever it does not say: comments, order, quotes, indentation, line breaks.
 *
 * Rule: the operations only say what the text shall mean; how it is changed follows from comparing that with what it means
 * now. Nothing is believed: the new text is read again, and one that does not mean what it should is thrown away, and the
 * part around the change, then its section, is written anew. It stays with js-yaml, whose events tell where everything
 * stands: with a second library for edits, two would have to agree on what a text means.
 */

import { type Splice, TextChange } from './edit-change.ts';
import { type Layout, layoutOf } from './edit-layout.ts';
import { columnOf, isFirst } from './edit-lines.ts';
import type { Hand } from './edit-write.ts';
import { applyPatch, isMap, isSame, type Json, type PatchOperation } from './patch.ts';
import { writtenOf } from './written.ts';

export type Edit = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

/** How deep single values are changed: to the bottom, else parts (`/routes/cart`) are rewritten, else sections. */
const LIMITS = [Number.POSITIVE_INFINITY, 2, 1];

const BOM = '\ufeff';

/** The text after the operations. One that says what it should already comes back as it is. */
export function editText(text: string, operations: readonly PatchOperation[]): Edit {
  const written = writtenOf(text);
  if (!written.ok) return { ok: false, reason: `the text is not valid YAML: ${written.problems[0]?.reason ?? ''}` };
  const before = written.value;
  const after = applyPatch(before, operations);
  if (after === undefined) return { ok: false, reason: 'an operation leads to a place that is not there' };
  if (!isMap(before) || !isMap(after)) return { ok: false, reason: 'only a map can be a document' };
  if (isSame(before, after)) return { ok: true, text };
  const mark = text.startsWith(BOM) ? BOM : '';
  const clean = text.slice(mark.length);
  const eol = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
  // A last line without a break has one while it is edited.
  const end = /[\r\n]$/.test(clean) ? '' : eol;
  for (const limit of LIMITS) {
    const whole = changed(clean + end, eol, before, after, limit);
    const edited = mark + whole.slice(0, whole.length - (whole.endsWith(end) ? end.length : 0));
    const again = writtenOf(edited);
    if (again.ok && isSame(again.value, after)) return { ok: true, text: edited };
  }
  return { ok: false, reason: 'the text is written in a way that this edit cannot follow; change the file by hand' };
}

/** By itself, so that the layout is no longer in memory when the new text is read. */
function changed(text: string, eol: string, before: Json, after: Json, limit: number): string {
  const layout = layoutOf(text);
  const change = new TextChange(text, handOf(text, layout, eol), limit);
  change.change({ layout, within: 'root', unit: undefined }, before, after);
  return spliced(text, change.splices);
}

/** All splices at once; what is put into a part that is cut out stays. */
function spliced(text: string, splices: readonly Splice[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, text: put } of splices.toSorted((a, b) => a.start - b.start)) {
    if (start > at) result += text.slice(at, start);
    result += put;
    at = Math.max(at, end);
  }
  return result + text.slice(at);
}

function handOf(text: string, root: Layout, eol: string): Hand {
  const step = stepOf(text, root, 'map') ?? 2;
  const json = root.form === 'flow' && text[root.units[0]?.start ?? -1] === '"';
  return { eol, step, dash: stepOf(text, root, 'list') ?? step, json };
}

/** By how much the first map, or list, in lines of its own stands right of its key. */
function stepOf(text: string, { units }: Layout, kind: Layout['kind']): number | undefined {
  for (const { start, value } of units) {
    if (value.form !== 'block') continue;
    const found = value.kind === kind ? columnOf(text, value.start) - columnOf(text, start) : undefined;
    if (found !== undefined && isFirst(text, value.start)) return found;
    const below = stepOf(text, value, kind);
    if (below !== undefined) return below;
  }
  return undefined;
}
