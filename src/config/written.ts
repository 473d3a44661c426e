/**
 * A document as it is written: plain JSON, in which `${NAME}` stands as such and no default is filled in.
 *
 * Rule: what the shape calls secret is never shown: `***` stands in its place, and `***` in its place, in a document that
 * is put, means "as it was". A mere reference to the environment (`${TOKEN}`, `${TOKEN:-}`) tells nothing and is shown.
 * The same for whole texts stands in masked-text.ts.
 */

import type { Problem } from './document.ts';
import { parseTree } from './parse.ts';
import { isList, isMap, type Json, type JsonMap, stepsOf } from './patch.ts';
import { Problems } from './problems.ts';
import type { Shape } from './shape.ts';
import { DOCUMENT } from './shape-document.ts';
import type { Node } from './tree.ts';

export type Written =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What a text says, without a look at the environment or the shape. `path` is what problems call the text. */
export function writtenOf(text: string, path = 'routes.yaml'): Written {
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text;
  const problems = new Problems(path, clean);
  const root = parseTree(clean, problems);
  if (root === undefined || problems.failed) return { ok: false, problems: problems.list() };
  return { ok: true, value: jsonOf(root) };
}

function jsonOf(node: Node): Json {
  if (node.kind === 'map') {
    const map: Record<string, Json> = {};
    for (const [key, value] of node.entries) {
      if (key === '__proto__') Object.defineProperty(map, key, { value: jsonOf(value), ...OWN });
      else map[key] = jsonOf(value);
    }
    return map;
  }
  if (node.kind === 'list') return node.items.map(jsonOf);
  // `.inf` and `.nan` are numbers of YAML, and none of JSON.
  return typeof node.value === 'number' && !Number.isFinite(node.value) ? node.written : node.value;
}

/** An assignment to `__proto__` would set the prototype. */
const OWN = { enumerable: true, configurable: true, writable: true };

export const MASK = '***';

/** The value with every secret hidden. `pointer`: where in the document it stands. */
export function maskSecrets(value: Json, pointer = ''): Json {
  return shapesAt(pointer).reduce<Json>((masked, shape) => onSecrets(masked, undefined, shape, hide) ?? null, value);
}

/** `next` with what `running` has wherever a secret reads `***`; without the key where `running` has none. */
export function unmask(next: Json, running: Json, pointer = ''): Json {
  const unmasked = shapesAt(pointer).reduce<Json | undefined>(
    (value, shape) => (value === undefined ? undefined : onSecrets(value, running, shape, restore)),
    next,
  );
  return unmasked ?? null;
}

function hide(value: Json): Json {
  return value === null || value === '' || (typeof value === 'string' && REFERENCE.test(value)) ? value : MASK;
}

function restore(value: Json, running: Json | undefined): Json | undefined {
  return value === MASK ? running : value;
}

const REFERENCE = /^\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}$/;

type OnSecret = (value: Json, beside: Json | undefined) => Json | undefined;

/** The value with `act` done to each secret in it; `beside` is another document, walked along. */
function onSecrets(value: Json, beside: Json | undefined, shape: Shape, act: OnSecret): Json | undefined {
  if (shape['x-secret'] === true) return act(value, beside);
  if (!mayHide(shape)) return value;
  let result: Json | undefined = value;
  for (const branch of shape.anyOf ?? [])
    result = result === undefined ? undefined : onSecrets(result, beside, branch, act);
  if (isList(result) && shape.items !== undefined) {
    const { items } = shape;
    return result.flatMap((item, i) => onSecrets(item, isList(beside) ? beside[i] : undefined, items, act) ?? []);
  }
  return isMap(result) ? inMap(result, beside, shape, act) : result;
}

function inMap(map: JsonMap, beside: Json | undefined, shape: Shape, act: OnSecret): Json {
  const [values] = Object.values(shape.patternProperties ?? {});
  const known = shape.properties ?? {};
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]): [string, Json][] => {
      const below = Object.hasOwn(known, key) ? known[key] : values;
      const twin = isMap(beside) && Object.hasOwn(beside, key) ? beside[key] : undefined;
      const changed = below === undefined ? value : onSecrets(value, twin, below, act);
      return changed === undefined ? [] : [[key, changed]];
    }),
  );
}

/** Whether there is a secret anywhere below; most of a document has none and is not walked. */
function mayHide(shape: Shape): boolean {
  const known = hiding.get(shape);
  if (known !== undefined) return known;
  const found = shape['x-secret'] === true || partsOf(shape).some(mayHide);
  hiding.set(shape, found);
  return found;
}

const hiding = new WeakMap<Shape, boolean>();

function partsOf(shape: Shape): Shape[] {
  const { anyOf = [], properties = {}, patternProperties = {}, items } = shape;
  const below = [...anyOf, ...Object.values(properties), ...Object.values(patternProperties)];
  return items === undefined ? below : [...below, items];
}

/** The shapes that what stands at a pointer may have. */
function shapesAt(pointer: string): Shape[] {
  return (stepsOf(pointer) ?? []).reduce<Shape[]>(
    (shapes, step) => shapes.flatMap((shape) => shapesBelow(shape, step)),
    [DOCUMENT],
  );
}

function shapesBelow(shape: Shape, step: string): Shape[] {
  const branches = (shape.anyOf ?? []).flatMap((branch) => shapesBelow(branch, step));
  const known = shape.properties ?? {};
  const own = Object.hasOwn(known, step) ? [known[step]] : Object.values(shape.patternProperties ?? {});
  return [...branches, ...own, ...(shape.items === undefined ? [] : [shape.items])];
}
