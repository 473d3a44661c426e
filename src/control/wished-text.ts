/**
 * The text that fulfils a wish, or why there is none.
 *
 * Rule: pure. A text is taken as it is, its hidden secrets put back; all else is edited into the text that runs, and merged
 * with what somebody did to the file meanwhile.
 */

import type { Problem } from '../config/document.ts';
import { unmaskText } from '../config/masked-text.ts';
import { type Conflict, mergeEdit, mergeText } from '../config/merge.ts';
import { writtenOf } from '../config/written.ts';
import type { Standing } from './keeper.ts';
import { opsFor, type Wish } from './wish.ts';

export type EditRefusal =
  | 'stale'
  | 'not_found'
  | 'forbidden'
  | 'invalid'
  | 'cold'
  | 'conflict'
  | 'unwritable'
  | 'threads';

export interface NotEdited {
  readonly ok: false;
  readonly why: EditRefusal;
  readonly detail: string;
  readonly problems: readonly Problem[];
  readonly conflicts: readonly Conflict[];
  /** The file got another text while the edit was on its way: from a new look at it the edit may succeed. */
  readonly again?: boolean;
}

/** `running`: the text that runs; `disk`: the file. */
export function wishedText(
  running: string,
  disk: Standing,
  wish: Wish,
): { readonly ok: true; readonly text: string } | NotEdited {
  if (wish.is === 'text') {
    const yours = unmaskText(wish.text, running);
    // What is no YAML at all is told by reading it, with its place.
    const text = yours.ok ? yours.text : wish.text;
    if (disk.is === 'same') return { ok: true, text };
    return mergedOf(mergeText({ base: running, disk: disk.text, yours: text }));
  }
  const written = writtenOf(running);
  if (!written.ok) return refusal('invalid', 'the running text cannot be edited');
  const ops = opsFor(written.value, wish);
  if (ops === undefined) {
    const what = wish.is === 'remove' ? `there is no ${wish.section.slice(0, -1)} ${wish.id}` : 'nothing to edit';
    return refusal('not_found', what);
  }
  if (ops.length === 0 && disk.is === 'same') return { ok: true, text: running };
  return mergedOf(mergeEdit({ base: running, disk: disk.text, ops }));
}

const TAKE_FIRST = 'have the router take it (SIGHUP; its log says if it is refused) or undo it, and write again';

function mergedOf(merged: ReturnType<typeof mergeEdit>): { readonly ok: true; readonly text: string } | NotEdited {
  switch (merged.is) {
    case 'edited':
    case 'merged':
      return { ok: true, text: merged.text };
    case 'conflict': {
      const parts = merged.conflicts.map(({ pointer }) => pointer).join(', ');
      const detail = `the file on disk was changed in the same parts (${parts}) and that change does not run yet`;
      return { ...refusal('conflict', `${detail}; ${TAKE_FIRST}`), conflicts: merged.conflicts };
    }
    case 'unreadable': {
      const detail =
        'the file on disk was changed and is not valid, so that the edit cannot be written into it; mend it first';
      return { ...refusal('conflict', detail), problems: merged.problems };
    }
    default:
      return refusal('unwritable', merged.reason);
  }
}

export function refusal(why: EditRefusal, detail: string): NotEdited {
  return { ok: false, why, detail, problems: [], conflicts: [] };
}
