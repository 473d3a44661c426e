/**
 * The corpus: one trick a file, in readable form, with where it is known from and what must become of it.
 *
 * A file has a head of lines (title, `from:`, `expect:` and for replies `asked:`), a line `----`, and the bytes: latin1, with
 * `\r`, `\n`, `\\`, `\xNN`, and `\{N:text}` for text N times. Line breaks of the file mean nothing. Behind a second line
 * `---- passed on as` stands what leaves the router, without the lines it writes itself.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, 'corpus');

/** refused: with this kind of reason. passed: as the file says. agreed: whatever the verdict, all properties hold. */
export type Expectation =
  | { readonly is: 'refused'; readonly kind: string }
  | { readonly is: 'passed'; readonly as: string }
  | { readonly is: 'agreed' };

export interface Entry {
  /** Path below the corpus, without extension. */
  readonly file: string;
  /** Folder below `requests` or `replies`. */
  readonly group: string;
  /** Subject of the sentence "... is refused". */
  readonly name: string;
  readonly from: string;
  readonly expect: Expectation;
  /** Replies: the method of the request, or `upgrade`. */
  readonly asked: string;
  readonly bytes: string;
}

/** Refusals by what they are about. */
const KINDS: readonly (readonly [kind: string, reason: RegExp])[] = [
  ['expect', /^an Expect/],
  ['limit', /(?:head|target)(?: is)? longer than|more than \d+ header/],
  ['framing', /Content-Length|Transfer-Encoding|framing field|body in a 205/],
  ['trailer', /trailer/],
  ['chunk', /chunk/],
  ['connection', /Connection/],
  ['host', /Host(?! disagrees)/],
  ['target', /target|CONNECT|fragment/],
  ['status', /status|reason phrase|in a reply$/],
  ['line', /method|version|request line/i],
  ['field', /field|CR without LF|bare LF|control byte/],
];

export function kindOf(reason: string): string {
  return KINDS.find(([, pattern]) => pattern.test(reason))?.[0] ?? 'other';
}

const NAMED: Readonly<Record<string, string>> = { r: '\r', n: '\n', '\\': '\\', '}': '}' };

/** Bytes from their readable form. */
export function bytesOf(text: string): string {
  return text
    .replaceAll('\n', '')
    .replace(/\\\{(\d+):((?:[^}\\]|\\.)*)\}|\\x([0-9a-f]{2})|\\([rn\\}])/g, (_, count, again, hex, named) => {
      if (count !== undefined) return bytesOf(again).repeat(Number(count));
      return hex === undefined ? NAMED[named] : String.fromCharCode(Number.parseInt(hex, 16));
    });
}

/** The readable form of bytes: a line break behind each LF, long runs of one byte counted. */
export function readable(bytes: string): string {
  const one = (byte: string): string => {
    if (byte === '\r') return '\\r';
    if (byte === '\n') return '\\n\n';
    if (byte === '\\') return '\\\\';
    return /[\x20-\x7e]/.test(byte) ? byte : `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  };
  const runs = bytes.replace(/([^\r\n\\}])\1{39,}|./gs, (run, repeated) => {
    return repeated === undefined ? one(run) : `\\{${run.length}:${one(repeated)}}`;
  });
  // Editors like to take blanks from the ends of lines.
  return `${runs.replace(/\n$/, '').replace(/ $/, '\\x20')}\n`;
}

function parse(file: string): Entry {
  const [head, body, as] = readFileSync(join(ROOT, `${file}.txt`), 'latin1').split(/^----.*\n/m);
  const [name, ...lines] = head.trimEnd().split('\n');
  const said = new Map(
    lines.map((line): [string, string] => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
  );
  const [is, kind] = (said.get('expect') ?? '').split(' ');
  const known = is === 'agreed' || (is === 'refused' && kind !== undefined) || (is === 'passed' && as !== undefined);
  if (body === undefined || !known) throw new Error(`${file}.txt is no entry of the corpus`);
  const expect: Expectation =
    is === 'refused' ? { is, kind } : is === 'passed' ? { is, as: bytesOf(as ?? '') } : { is: 'agreed' };
  const [, group] = file.split('/');
  const asked = said.get('asked') ?? 'GET';
  return { file, group, name, from: said.get('from') ?? '', expect, asked, bytes: bytesOf(body) };
}

/** All entries of a side, in the order of their names. */
export function corpus(side: 'requests' | 'replies'): Entry[] {
  const files = readdirSync(join(ROOT, side), { recursive: true, encoding: 'utf8' });
  const texts = files.filter((file) => file.endsWith('.txt')).sort();
  return texts.map((file) => parse(`${side}/${file.slice(0, -4)}`));
}

/** Writes a find down; returns its path. */
export function keep(side: 'requests' | 'replies', name: string, from: string, asked: string, bytes: string): string {
  const file = `${side}/finds/${name.replaceAll(/[^a-z0-9]+/gi, '-')}`;
  const heads = [name, `from: ${from}`, 'expect: agreed', ...(side === 'replies' ? [`asked: ${asked}`] : [])];
  const path = join(ROOT, `${file}.txt`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${heads.join('\n')}\n----\n${readable(bytes)}`, 'latin1');
  return path;
}
