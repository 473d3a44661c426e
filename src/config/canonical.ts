/**
 * One text for one meaning: the identity of a document.
 *
 * Rule: keys in order, no white space, Infinity as `"off"`. The revision is the beginning of the hash of that text, in which
 * each route and each upstream stands as its own hash, so that those that stay are not written out again; values from the
 * environment (tokens among them) count in it, and cannot be read back from it. The text is written by hand: JSON.stringify
 * took three times as long.
 */

const { hash } = process.getBuiltinModule('node:crypto');

const REVISION_DIGITS = 12;

/** Canonical JSON of plain data. */
export function canonical(value: unknown): string {
  let text = '';
  write(value, (piece) => {
    text += piece;
  });
  return text;
}

type Parts = Readonly<Record<string, object>>;

/** What counts for the revision of a document; everything else in it does too. */
export interface Identified {
  readonly routes: Parts;
  readonly upstreams: Parts;
}

/** 12 hexadecimal digits. `remember`: documents that have parts in common with this one are likely to come. */
export function revisionOf(document: Identified, remember = false): string {
  const { routes, upstreams } = document;
  const text = canonical({ ...document, routes: hashes(routes, remember), upstreams: hashes(upstreams, remember) });
  return hash('sha256', text).slice(0, REVISION_DIGITS);
}

function hashes(parts: Parts, remember: boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parts).map(([id, part]) => {
      const known = HASHES.get(part) ?? hash('sha256', canonical(part), 'base64url');
      if (remember) HASHES.set(part, known);
      return [id, known];
    }),
  );
}

/** Of parts of documents, which nobody changes. */
const HASHES = new WeakMap<object, string>();

function write(value: unknown, take: (piece: string) => void): void {
  if (typeof value !== 'object' || value === null) take(plain(value));
  else if (Array.isArray(value)) writeList(value, take);
  else writeMap(value, take);
}

function writeList(list: readonly unknown[], take: (piece: string) => void): void {
  take('[');
  for (const [i, part] of list.entries()) {
    if (i > 0) take(',');
    write(part, take);
  }
  take(']');
}

/** What is undefined says nothing. */
function writeMap(map: object, take: (piece: string) => void): void {
  const of = map as Readonly<Record<string, unknown>>;
  let piece = '{';
  let first = true;
  for (const key of inOrder(Object.keys(map))) {
    const part = of[key];
    if (part === undefined) continue;
    piece += `${first ? '' : ','}${quoted(key)}:`;
    first = false;
    if (typeof part !== 'object' || part === null) {
      piece += plain(part);
    } else {
      take(piece);
      piece = '';
      write(part, take);
    }
  }
  take(`${piece}}`);
}

/** Most maps have a few keys, for which a comparing function called by `sort` is the greater part of the work. */
const FEW = 24;

/** Sorts in place, by UTF-16 units. */
function inOrder(keys: string[]): string[] {
  if (keys.length > FEW) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i];
    let at = i;
    for (; at > 0 && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
    keys[at] = key;
  }
  return keys;
}

function plain(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === Number.POSITIVE_INFINITY) return '"off"';
  return JSON.stringify(value) ?? 'null';
}

/** Most strings of a document need nothing but their quotes. */
function quoted(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}
