/**
 * One text for one meaning: the identity of a document.
 *
 * Rule: keys in order, no white space, Infinity as `"off"`. The revision is the beginning of the hash of that text; values
 * from the environment (tokens among them) count in it, and cannot be read back from it. The text is written by hand and
 * hashed in pieces: of 100,000 routes JSON.stringify made 40 MB in three times as long.
 */

const { createHash } = process.getBuiltinModule('node:crypto');

const REVISION_DIGITS = 12;
/** Characters gathered before they are hashed. */
const PIECE = 65_536;

/** Canonical JSON of plain data. */
export function canonical(value: unknown): string {
  let text = '';
  write(value, (piece) => {
    text += piece;
  });
  return text;
}

/** The first 12 hexadecimal digits of the SHA-256 of the canonical JSON. */
export function revisionOf(document: unknown): string {
  const hash = createHash('sha256');
  let text = '';
  write(document, (piece) => {
    text += piece;
    if (text.length < PIECE) return;
    hash.update(text);
    text = '';
  });
  return hash.update(text).digest('hex').slice(0, REVISION_DIGITS);
}

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
