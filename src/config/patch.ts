/**
 * What changed between two documents, as a JSON Patch (RFC 6902) of whole values, and a patch applied.
 *
 * Rule: plain data in, plain data out; nothing given is changed, and parts that stay are shared, not copied, so that who
 * compares afterwards passes over them at once. The order of keys in a map counts for nothing, that of a list does.
 */

import { pointerStep } from './tree.ts';

export type Json = string | number | boolean | null | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json;
}

/** `path` is a JSON pointer (RFC 6901). `add` and `replace` carry a value; `add` of a key that is there replaces it. */
export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: Json;
}

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether two values say the same. */
export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  if (!isMap(a) || !isMap(b)) return false;
  // No lists of keys are made: a document has tens of thousands of maps.
  let more = 0;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !isSame(a[key], b[key])) return false;
    more++;
  }
  for (const _ in b) more--;
  return more === 0;
}

/** The steps of a JSON pointer; undefined where it is none. */
export function stepsOf(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What stands at a pointer; undefined where nothing does. */
export function valueAt(value: Json, pointer: string): Json | undefined {
  let at: Json | undefined = value;
  for (const step of stepsOf(pointer) ?? ['']) at = partOf(at, step);
  return at;
}

/** What stands under one step of a pointer; undefined where nothing does. */
export function partOf(value: Json | undefined, step: string): Json | undefined {
  if (isMap(value)) return Object.hasOwn(value, step) ? value[step] : undefined;
  return isList(value) && INDEX.test(step) ? value[Number(step)] : undefined;
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/;

/**
 * The operations that lead from one value to the other. They go down into maps, and into a list only where it keeps its
 * length and maps alone differ in it; any other list is replaced.
 */
export function patchBetween(before: Json, after: Json): PatchOperation[] {
  const operations: PatchOperation[] = [];
  compare(before, after, '', operations);
  return operations;
}

function compare(before: Json, after: Json, path: string, operations: PatchOperation[]): void {
  if (before === after) return;
  if (isMap(before) && isMap(after)) compareMaps(before, after, path, operations);
  else if (isList(before) && isList(after) && differInMaps(before, after))
    for (const [i, item] of before.entries()) compare(item, after[i], path + pointerStep(i), operations);
  else if (!isSame(before, after)) operations.push({ op: 'replace', path, value: after });
}

function compareMaps(before: JsonMap, after: JsonMap, path: string, operations: PatchOperation[]): void {
  for (const [key, value] of Object.entries(before)) {
    const below = path + pointerStep(key);
    if (Object.hasOwn(after, key)) compare(value, after[key], below, operations);
    else operations.push({ op: 'remove', path: below });
  }
  for (const [key, value] of Object.entries(after))
    if (!Object.hasOwn(before, key)) operations.push({ op: 'add', path: path + pointerStep(key), value });
}

function differInMaps(before: readonly Json[], after: readonly Json[]): boolean {
  return (
    before.length === after.length &&
    before.every((item, i) => (isMap(item) && isMap(after[i])) || isSame(item, after[i]))
  );
}

/** The value after all operations, in their order; undefined where one of them leads nowhere. */
export function applyPatch(value: Json, operations: readonly PatchOperation[]): Json | undefined {
  const fresh: Fresh = new WeakSet();
  let result: Json | undefined = value;
  for (const operation of operations) {
    const steps = stepsOf(operation.path);
    if (steps === undefined || result === undefined) return undefined;
    result = applyAt(result, steps, operation, fresh);
  }
  return result;
}

/** Maps that were copied for this patch already: copied for each of 60,000 operations, a large one takes minutes. */
type Fresh = WeakSet<object>;

function applyAt(value: Json, steps: readonly string[], operation: PatchOperation, fresh: Fresh): Json | undefined {
  const [step, ...below] = steps;
  if (step === undefined) return operation.op === 'remove' ? undefined : operation.value;
  if (below.length > 0) {
    const part = partOf(value, step);
    const changed = part === undefined ? undefined : applyAt(part, below, operation, fresh);
    return changed === undefined ? undefined : withPart(value, step, changed, fresh);
  }
  if (isList(value)) return applyInList(value, step, operation);
  if (!isMap(value) || (operation.op !== 'add' && !Object.hasOwn(value, step))) return undefined;
  if (operation.op !== 'remove')
    return operation.value === undefined ? undefined : withPart(value, step, operation.value, fresh);
  const map = ownMap(value, fresh);
  delete map[step];
  return map;
}

/** `value` with another part; a key of the name `__proto__` is a key like any other. */
function withPart(value: Json, step: string, part: Json, fresh: Fresh): Json {
  if (isList(value)) return value.with(Number(step), part);
  if (!isMap(value)) return value;
  const map = ownMap(value, fresh);
  setOwn(map, step, part);
  return map;
}

/** Puts a part into a map of one's own; an assignment to `__proto__` would set the prototype. */
export function setOwn(map: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__') Object.defineProperty(map, key, { value, ...OWN });
  else map[key] = value;
}

const OWN = { enumerable: true, configurable: true, writable: true };

/** The map itself where this patch made it, else a copy. */
function ownMap(map: JsonMap, fresh: Fresh): Record<string, Json> {
  if (fresh.has(map)) return map;
  const copy = { ...map };
  fresh.add(copy);
  return copy;
}

function applyInList(list: readonly Json[], step: string, { op, value }: PatchOperation): Json | undefined {
  const index = op === 'add' && step === '-' ? list.length : INDEX.test(step) ? Number(step) : -1;
  if (index < 0 || index > (op === 'add' ? list.length : list.length - 1)) return undefined;
  if (op === 'remove') return list.toSpliced(index, 1);
  if (value === undefined) return undefined;
  return op === 'add' ? list.toSpliced(index, 0, value) : list.with(index, value);
}

/** Lists longer than this, without what is the same at both ends, are compared item by item in place. */
const ALIGNED = 400;

/** Pairs of indices of items that are the same, in order: the longest such row that fits both lists. */
export function common(before: readonly Json[], after: readonly Json[]): [number, number][] {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && isSame(before[head], after[head])) head++;
  let tail = 0;
  while (tail < shorter - head && isSame(before.at(-1 - tail), after.at(-1 - tail))) tail++;
  const middle = longestRow(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  return [
    ...Array.from({ length: head }, (_, i): [number, number] => [i, i]),
    ...middle.map(([i, j]): [number, number] => [i + head, j + head]),
    ...Array.from({ length: tail }, (_, i): [number, number] => [before.length - tail + i, after.length - tail + i]),
  ];
}

function longestRow(a: readonly Json[], b: readonly Json[]): [number, number][] {
  if (a.length > ALIGNED || b.length > ALIGNED) return [];
  const width = b.length + 1;
  // lengths[i * width + j]: of the longest row in a from i on and b from j on.
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] = isSame(a[i], b[j])
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (isSame(a[i], b[j])) pairs.push([i++, j++]);
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++;
    else j++;
  }
  return pairs;
}
