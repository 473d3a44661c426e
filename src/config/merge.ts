/**
 * An edit of the text in force, where the text on the disk is by now another one.
 *
 * Rule: the document has parts: `/routes/ID`, and so for upstreams, rollouts and invariants, and `/KEY` else. An edit that
 * touches parts that nobody else has touched is made in the text on the disk, so that both changes stand; one that touches
 * a part that the disk has otherwise is refused, with all three versions (secrets hidden). Nothing is guessed inside a part.
 */

import type { Problem } from './document.ts';
import { editText } from './edit.ts';
import { maskDoubtful } from './masked-unknown.ts';
import { applyPatch, isMap, isSame, type Json, type PatchOperation, valueAt } from './patch.ts';
import { pointerStep } from './tree.ts';
import { writtenOf } from './written.ts';

/** Three versions of a part; null where there is none. */
export interface Conflict {
  readonly pointer: string;
  readonly base: Json;
  readonly file: Json;
  readonly yours: Json;
}

/** `edited`: the disk had what is in force. `merged`: it had not, and both changes are in the text. */
export type Merge =
  | { readonly is: 'edited' | 'merged'; readonly text: string }
  | { readonly is: 'conflict'; readonly conflicts: readonly Conflict[] }
  | { readonly is: 'unreadable'; readonly problems: readonly Problem[] }
  | { readonly is: 'failed'; readonly reason: string };

interface Texts {
  /** In force. */
  readonly base: string;
  /** In the file. */
  readonly disk: string;
}

/** Sections whose entries are parts of their own. */
const SECTIONS = ['routes', 'upstreams', 'rollouts', 'invariants'];

/** Operations on the text in force. */
export function mergeEdit({ base, disk, ops }: Texts & { readonly ops: readonly PatchOperation[] }): Merge {
  if (base === disk) return outcome('edited', base, ops);
  const before = writtenOf(base);
  if (!before.ok) return { is: 'unreadable', problems: before.problems };
  const yours = applyPatch(before.value, ops);
  if (yours === undefined) return { is: 'failed', reason: 'an operation leads to a place that is not there' };
  return mergeValue(before.value, disk, yours);
}

interface WholeTexts extends Texts {
  readonly yours: string;
  /** Parts in which the disk counts, whatever `yours` says of them. */
  readonly given?: readonly string[];
}

/** A whole text that replaces the one in force. */
export function mergeText({ base, disk, yours, given = [] }: WholeTexts): Merge {
  if (base === disk || disk === yours) return { is: 'edited', text: yours };
  const [before, next] = [writtenOf(base), writtenOf(yours)];
  if (!before.ok) return { is: 'unreadable', problems: before.problems };
  if (!next.ok) return { is: 'unreadable', problems: next.problems };
  return mergeValue(before.value, disk, next.value, given);
}

/** The parts in which two texts differ; none where one of them cannot be read. */
export function partsBetween(before: string, after: string): string[] {
  const [a, b] = [writtenOf(before), writtenOf(after)];
  return a.ok && b.ok ? touchedParts(a.value, b.value) : [];
}

function mergeValue(base: Json, disk: string, yours: Json, given: readonly string[] = []): Merge {
  const written = writtenOf(disk);
  if (!written.ok) return { is: 'unreadable', problems: written.problems };
  const file = written.value;
  const touched = touchedParts(base, yours).filter((pointer) => !given.includes(pointer));
  const open = touched.filter((pointer) => !isSame(valueAt(file, pointer), valueAt(yours, pointer)));
  const conflicts = open.filter((pointer) => !isSame(valueAt(file, pointer), valueAt(base, pointer)));
  if (conflicts.length > 0)
    return { is: 'conflict', conflicts: conflicts.map((at) => conflictAt(at, base, file, yours)) };
  return outcome('merged', disk, operationsFor(open, file, yours));
}

function touchedParts(base: Json, yours: Json): string[] {
  return [...new Set([...partsOf(base), ...partsOf(yours)])].filter(
    (pointer) => !isSame(valueAt(base, pointer), valueAt(yours, pointer)),
  );
}

function outcome(is: 'edited' | 'merged', text: string, operations: readonly PatchOperation[]): Merge {
  const edit = editText(text, operations);
  return edit.ok ? { is, text: edit.text } : { is: 'failed', reason: edit.reason };
}

function partsOf(document: Json): string[] {
  if (!isMap(document)) return [''];
  return Object.entries(document).flatMap(([key, value]) => {
    const pointer = pointerStep(key);
    if (!SECTIONS.includes(key) || !isMap(value)) return [pointer];
    return Object.keys(value).map((id) => pointer + pointerStep(id));
  });
}

function conflictAt(pointer: string, base: Json, file: Json, yours: Json): Conflict {
  // The file may be one that nobody has checked yet.
  const shown = (document: Json) => maskDoubtful(valueAt(document, pointer) ?? null, pointer);
  return { pointer, base: shown(base), file: shown(file), yours: shown(yours) };
}

/** What gives `file` these parts of `yours`; a section that is not there yet is made first. */
function operationsFor(parts: readonly string[], file: Json, yours: Json): PatchOperation[] {
  const made = new Set<string>();
  return parts.flatMap((pointer): PatchOperation[] => {
    const value = valueAt(yours, pointer);
    if (value === undefined) return [{ op: 'remove', path: pointer }];
    const section = pointer.slice(0, pointer.lastIndexOf('/'));
    const missing = section !== '' && !isMap(valueAt(file, section)) && !made.has(section);
    if (missing) made.add(section);
    const first: PatchOperation[] = missing ? [{ op: 'add', path: section, value: {} }] : [];
    return [...first, { op: 'add', path: pointer, value }];
  });
}
