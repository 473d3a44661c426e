/**
 * Who may have the document read the environment: `${NAME}` at a place where it did not stand.
 *
 * Rule: the environment is the admin's. Whoever could put `${NAME}` into a route would be told its value, by the effect in words,
 * by which example fails, or at the service that the route leads to; and the admin's own token is often one of them. So all
 * others may keep what stands there, and move it within its list, and nothing more.
 */

import type { Problem } from '../config/document.ts';
import { isRead } from '../config/env.ts';
import { isList, isMap, isSame, type Json, valueAt } from '../config/patch.ts';
import { pointerStep } from '../config/tree.ts';
import { writtenOf } from '../config/written.ts';
import { placed } from './cold.ts';
import type { Wish } from './wish.ts';

/** What is wrong with a wish of somebody who may not name variables. `running`: the text that runs. */
export function newNames(wish: Wish, running: string, path: string): readonly Problem[] {
  if (wish.is === 'remove') return [];
  const written = writtenOf(running);
  const before = written.ok ? written.value : null;
  if (wish.is === 'text') {
    const yours = writtenOf(wish.text, path);
    // Where a text is not even right as YAML, what it names is not looked up.
    return yours.ok ? problemsAt(newReferences(yours.value, before, ''), path, wish.text) : yours.problems;
  }
  const pointer = wish.is === 'put' ? `/${wish.section}/${wish.id}` : '';
  return problemsAt(newReferences(wish.value, valueAt(before, pointer), pointer), path, running);
}

/** Where `next` reads the environment, and not as what stands in that place in `running`. */
function newReferences(next: Json, running: Json | undefined, pointer: string): string[] {
  if (typeof next === 'string') return next !== running && isRead(next) ? [pointer] : [];
  if (isList(next)) {
    const known = isList(running) ? running : [];
    return next.flatMap((item, i) =>
      known.some((one) => isSame(item, one)) ? [] : newReferences(item, known[i], `${pointer}/${i}`),
    );
  }
  if (!isMap(next)) return [];
  const known = isMap(running) ? running : {};
  return Object.entries(next).flatMap(([key, value]) => {
    const twin = Object.hasOwn(known, key) ? known[key] : undefined;
    return newReferences(value, twin, pointer + pointerStep(key));
  });
}

function problemsAt(pointers: readonly string[], path: string, text: string): readonly Problem[] {
  const reason = 'only the role admin may have the environment read at a new place';
  const advice = 'write the value itself, or have an admin do it';
  return placed(
    pointers.map((pointer) => ({ pointer, reason, advice })),
    path,
    text,
  );
}
