/**
 * What differs between two values of a document, said by path: the wording for everything that has no better one.
 *
 * Rule: two values are the same exactly where their canonical texts are, so that a new revision always has something to
 * say. A special wording takes over at its own path; where it has nothing to say of a difference, the plain one speaks.
 */

import { canonical } from './canonical.ts';
import { isSecret, type Path, plainText, shown } from './effect-shown.ts';

/** What a difference at one path means to traffic; empty: no better words than the plain ones. */
export type Wording = (before: unknown, after: unknown, path: Path) => readonly string[];
/** By path below the part, with dots. */
export type Wordings = Readonly<Record<string, Wording>>;

/** Whether two values mean the same document. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isObject(one) || !isObject(other)) return plain(one) === plain(other);
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
    return one.every((item, index) => same(item, other[index]));
  }
  for (const key of Object.keys(one)) if (!same(one[key], at(other, key))) return false;
  for (const key of Object.keys(other)) if (other[key] !== undefined && !Object.hasOwn(one, key)) return false;
  return true;
}

/** As the canonical text has it. */
function plain(value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'off' : value;
}

/** What stands under a key of a map, which may be called `constructor`. */
export function at(map: unknown, key: string): unknown {
  return isObject(map) && Object.hasOwn(map, key) ? map[key] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value);
}

/** One sentence for each difference. `root`: where the part stands, whose name is said by the caller. */
export function differences(before: unknown, after: unknown, root: Path, wordings: Wordings = {}): string[] {
  const said: string[] = [];
  const walk = (one: unknown, other: unknown, path: Path): void => {
    if (same(one, other)) return;
    const key = path.slice(root.length).join('.');
    const better = Object.hasOwn(wordings, key) ? wordings[key](one, other, path) : [];
    if (better.length > 0) said.push(...better);
    else if (isMap(one) && isMap(other))
      for (const name of keysOf(one, other)) walk(at(one, name), at(other, name), [...path, name]);
    else if (Array.isArray(one) && Array.isArray(other)) said.push(...listSaid(one, other, path, nameOf(path, root)));
    else said.push(valueSaid(one, other, path, nameOf(path, root)));
  };
  walk(before, after, root);
  return said;
}

/** Own keys of either, in order. */
export function keysOf(one: object, other: object): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])];
}

/** A path as the document writes it: what is resolved into groups of its own stands flat there. */
function nameOf(path: Path, root: Path): string {
  return path
    .slice(root.length)
    .filter((key, index) => !(index === 0 && key === 'release') && !(index === 1 && key === 'reply'))
    .map(plainText)
    .join('.');
}

function valueSaid(one: unknown, other: unknown, path: Path, name: string): string {
  const lead = name === '' ? '' : `${name} `;
  const [before, after] = [shown(one, path), shown(other, path)];
  if (isSecret(path)) {
    const isSet = (value: unknown) => value !== undefined && value !== '';
    return `${lead}${isSet(one) === isSet(other) ? 'changed' : isSet(other) ? 'is set' : 'is no longer set'} (not shown)`;
  }
  return before === after ? `${lead}changed where it is not shown: ${after}` : `${lead}${before} -> ${after}`;
}

/** What came and what went; where only the order changed, or how often something stands there, the whole of it. */
function listSaid(one: readonly unknown[], other: readonly unknown[], path: Path, name: string): string[] {
  const lead = name === '' ? '' : `${name} `;
  const here = [...path, '0'];
  const [before, after] = [new Map(byText(one)), new Map(byText(other))];
  const came = [...after].filter(([text]) => !before.has(text)).map(([, item]) => `${lead}${shown(item, here)} added`);
  const went = [...before]
    .filter(([text]) => !after.has(text))
    .map(([, item]) => `${lead}${shown(item, here)} removed`);
  const stayed = [...before.keys()].filter((text) => after.has(text));
  const moved = !same(
    stayed,
    [...after.keys()].filter((text) => before.has(text)),
  );
  const order = `${lead}in another order: ${shown(one, path)} -> ${shown(other, path)}`;
  const said = [...came, ...went, ...(moved ? [order] : [])];
  return said.length > 0 ? said : [valueSaid(one, other, path, name)];
}

function byText(list: readonly unknown[]): [text: string, item: unknown][] {
  return list.map((item) => [canonical(item), item]);
}
