/**
 * A document as it is written: plain JSON, in which `${NAME}` stands as such and no default is filled in.
 *
 * Rule: what the shape calls secret is never shown: `***` stands in its place, and `***` in its place, in a document that
 * is put, means "as it was". A mere reference to the environment (`${TOKEN}`, `${TOKEN:-}`) tells nothing and is shown.
 * The same for whole texts stands in masked-text.ts.
 */

import { holdsSecret, isCredential, MASK } from './credentials.ts';
import type { Problem } from './document.ts';
import { leaveTree, parseTree } from './parse.ts';
import { isList, isMap, type Json, type JsonMap, setOwn, stepsOf } from './patch.ts';
import { Problems } from './problems.ts';
import { Recent } from './recent.ts';
import type { Shape } from './shape.ts';
import { DOCUMENT } from './shape-document.ts';
import type { Node } from './tree.ts';

export type Written =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What a text says, without a look at the environment or the shape. `path` is what problems call the text. */
export function writtenOf(text: string, path = 'routes.yaml'): Written {
  const known = RECENT.of(text);
  if (known !== undefined) return known;
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text;
  const problems = new Problems(path, clean);
  const root = parseTree(clean, problems);
  if (root === undefined || problems.failed) return { ok: false, problems: problems.list() };
  leaveTree(clean, root);
  return RECENT.keep(text, { ok: true, value: jsonOf(root) });
}

/** The same where it was worked out lately: for whoever can do without. */
export function lately(text: string): Json | undefined {
  const known = RECENT.of(text);
  return known?.ok === true ? known.value : undefined;
}

/** One edit asks this five times of two texts. */
const RECENT = new Recent<Written>();

function jsonOf(node: Node): Json {
  if (node.kind === 'map') {
    const map: Record<string, Json> = {};
    for (const [key, value] of node.entries) {
      setOwn(map, key, jsonOf(value));
    }
    return map;
  }
  if (node.kind === 'list') return node.items.map(jsonOf);
  // `.inf` and `.nan` are numbers of YAML, and none of JSON.
  return typeof node.value === 'number' && !Number.isFinite(node.value) ? node.written : node.value;
}

/** The value with every secret hidden. `pointer`: where in the document it stands. */
export function maskSecrets(value: Json, pointer = ''): Json {
  return shapesAt(pointer).reduce<Json>((masked, shape) => onSecrets(masked, undefined, shape, hide), value);
}

/** `next` with what `running` has wherever a secret reads `***`; where `running` has none it stays, and is refused. */
export function unmask(next: Json, running: Json | undefined, pointer = ''): Json {
  return shapesAt(pointer).reduce<Json>((value, shape) => onSecrets(value, running, shape, restore), next);
}

function hide(value: Json): Json {
  return value === null || value === '' || (typeof value === 'string' && REFERENCE.test(value)) ? value : MASK;
}

function restore(value: Json, running: Json | undefined): Json {
  return value === MASK ? (running ?? value) : value;
}

/** A scheme before it tells nothing either. */
const REFERENCE = /^(?:(?:Bearer|Basic|Token) )?\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}$/;

type OnSecret = (value: Json, beside: Json | undefined) => Json;

/** The value with `act` done to each secret in it, what stays the same shared; `beside` is another document, walked along. */
function onSecrets(value: Json, beside: Json | undefined, shape: Shape, act: OnSecret): Json {
  if (shape['x-secret'] === true) return act(value, beside);
  if (!mayHide(shape)) return value;
  let result = value;
  for (const branch of shape.anyOf ?? []) result = onSecrets(result, beside, branch, act);
  if (isList(result) && shape.items !== undefined) {
    const { items } = shape;
    const list = result;
    const changed = list.map((item, i) => onSecrets(item, isList(beside) ? beside[i] : undefined, items, act));
    return changed.some((item, i) => item !== list[i]) ? changed : list;
  }
  if (isMap(result)) return inMap(result, beside, shape, act);
  return typeof result === 'string' && shape.anyOf === undefined && holdsSecret(shape) ? act(result, beside) : result;
}

function inMap(map: JsonMap, beside: Json | undefined, shape: Shape, act: OnSecret): Json {
  const [values] = Object.values(shape.patternProperties ?? {});
  const known = shape.properties ?? {};
  let copy: Record<string, Json> | undefined;
  for (const key of Object.keys(map)) {
    const below = Object.hasOwn(known, key) ? known[key] : values;
    const named = shape['x-credentials'] === true && isCredential(key);
    if (!named && (below === undefined || !mayHide(below))) continue;
    const twin = isMap(beside) && Object.hasOwn(beside, key) ? beside[key] : undefined;
    const changed = named ? act(map[key], twin) : onSecrets(map[key], twin, below, act);
    if (changed === map[key]) continue;
    copy ??= { ...map };
    setOwn(copy, key, changed);
  }
  return copy ?? map;
}

/** Whether there is a secret anywhere below; most of a document has none and is not walked. */
function mayHide(shape: Shape): boolean {
  const known = hiding.get(shape);
  if (known !== undefined) return known;
  const found = shape['x-secret'] === true || shape['x-credentials'] === true || partsOf(shape).some(mayHide);
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
export function shapesAt(pointer: string): Shape[] {
  return (stepsOf(pointer) ?? []).reduce<Shape[]>(
    (shapes, step) => shapes.flatMap((shape) => shapesBelow(shape, step)),
    [DOCUMENT],
  );
}

export function shapesBelow(shape: Shape, step: string): Shape[] {
  if (shape['x-credentials'] === true && isCredential(step)) return [{ 'x-secret': true }];
  const branches = (shape.anyOf ?? []).flatMap((branch) => shapesBelow(branch, step));
  const known = shape.properties ?? {};
  const own = Object.hasOwn(known, step) ? [known[step]] : Object.values(shape.patternProperties ?? {});
  return [...branches, ...own, ...(shape.items === undefined ? [] : [shape.items])];
}
