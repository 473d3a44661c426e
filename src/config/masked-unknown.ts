/**
 * What is shown of a document that may be wrong: only what stands where the shape has a place for it.
 *
 * Rule: secrets are known by their place (written.ts). Under a key that no document has (`admin.tokn`), or in a list where a
 * map should be, nobody can say whether there is one: all of it is hidden.
 */

import { MASK } from './credentials.ts';
import { isList, isMap, type Json, setOwn } from './patch.ts';
import type { Shape } from './shape.ts';
import { maskSecrets, shapesAt, shapesBelow } from './written.ts';

/** The value with every secret hidden, and everything that may be one. `pointer`: where in the document it stands. */
export function maskDoubtful(value: Json, pointer: string): Json {
  return onlyKnown(maskSecrets(value, pointer), shapesAt(pointer));
}

function onlyKnown(value: Json, shapes: readonly Shape[]): Json {
  if (value === null || value === '') return value;
  const fitting = shapes.flatMap(branchesOf).filter((shape) => kindOf(shape) === kindOfValue(value));
  if (fitting.length === 0) return MASK;
  const below = (key: string) => fitting.flatMap((shape) => shapesBelow(shape, key));
  if (isList(value)) return value.map((item, i) => onlyKnown(item, below(String(i))));
  if (!isMap(value)) return value;
  const shown: Record<string, Json> = {};
  for (const [key, part] of Object.entries(value)) setOwn(shown, key, onlyKnown(part, below(key)));
  return shown;
}

function branchesOf(shape: Shape): readonly Shape[] {
  return shape.anyOf === undefined ? [shape] : shape.anyOf.flatMap(branchesOf);
}

/** Of all that is no map and no list, any may be seen where another is due: `workers: many`. */
function kindOf({ type }: Shape): 'map' | 'list' | 'one' {
  if (type === 'array') return 'list';
  return type === 'object' ? 'map' : 'one';
}

function kindOfValue(value: Json): 'map' | 'list' | 'one' {
  if (isList(value)) return 'list';
  return isMap(value) ? 'map' : 'one';
}
