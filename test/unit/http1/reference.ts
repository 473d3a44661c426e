/**
 * A second reader of request heads: slow, made of regular expressions, sharing no line of code with the one under test.
 *
 * Rule: it knows only whole heads, and says what RFC 9110 and 9112 make of one, or that they refuse it. Where the two
 * readers disagree, one of them is wrong.
 */

import { WIRE_NAMES } from '../../../src/core/names.ts';

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const LINE = new RegExp(`^(${TOKEN}) ([!"$-~]+) HTTP/1\\.([01])$`);
const FIELD = new RegExp(`^(${TOKEN}):[\\t ]*([\\t\\x20-\\x7e\\x80-\\xff]*?)[\\t ]*$`);
const NAME = "(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+";
const AUTHORITY = new RegExp(`^(${NAME}|\\[[0-9A-Fa-f:.]+\\])(?::(\\d{0,5}))?$`);
const ABSOLUTE = /^http:\/\/([^/?]*)(.*)$/i;
/** Options that are no names of fields, or of fields that never go further. */
const OWN_OPTIONS = ['', 'close', 'keep-alive', 'upgrade', 'te', 'proxy-connection', 'connection'];

export interface Read {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly minor: number;
  readonly framing: 'none' | 'length' | 'chunked';
  readonly length: number;
  /** Lower-case name -> joined values, without the lines that Connection names. */
  readonly values: ReadonlyMap<string, string>;
}

/** Where a head must end if it is one: behind its first empty line, or -1 where there is none. */
export function endOf(text: string): number {
  const at = text.indexOf('\r\n\r\n');
  return at === -1 ? -1 : at + 4;
}

/** Reads a head that ends with its first empty line; undefined where it is refused. */
export function readHead(text: string): Read | undefined {
  const [first, ...rest] = text.slice(0, -4).split('\r\n');
  const line = LINE.exec(first);
  const fields = rest.map((one) => FIELD.exec(one));
  if (line === null || line[1].length > 64 || fields.includes(null)) return undefined;
  const values = fields.map((one): [string, string] => [one?.[1].toLowerCase() ?? '', one?.[2] ?? '']);
  const [, method, target, version] = line;
  const minor = Number(version);
  if (values.some(([name]) => isLikeFraming(name)) || !isClearExpect(of(values, 'expect'))) return undefined;
  const host = hostOf(method, target, minor, of(values, 'host'));
  const body = bodyOf(minor, of(values, 'content-length'), of(values, 'transfer-encoding'));
  const named = optionsOf(of(values, 'connection'));
  if (host === undefined || body === undefined || named === undefined) return undefined;
  const joined = new Map<string, string>();
  for (const [name, value] of values) {
    if (named.has(name) || isLikeAnother(name, values)) continue;
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { method, minor, ...host, ...body, values: joined };
}

const plain = (name: string): string => name.replaceAll(/[^a-z0-9]/g, '-');

/** A name of marks that some servers take for one of these. */
function isLikeFraming(name: string): boolean {
  return plain(name) !== name && ['content-length', 'transfer-encoding'].includes(plain(name));
}

/** The same for the names of the wire and those of the head itself, all of which the test's table knows. */
function isLikeAnother(name: string, values: readonly (readonly [string, string])[]): boolean {
  const all = [...WIRE_NAMES, ...values.map((value) => value[0])];
  const others = all.filter((other) => other !== name && plain(other) === plain(name));
  // They are looked for among those whose first byte has the same place in its row of the code table.
  const place = (text: string) => text.charCodeAt(0) % 32;
  return name !== plain(name) && others.some((other) => place(other) === place(name));
}

function isClearExpect(lines: readonly string[]): boolean {
  const said = lines
    .filter((line) => line !== '')
    .join(', ')
    .toLowerCase();
  return said === '100-continue' || !said.includes('100-continue');
}

function of(values: readonly (readonly [string, string])[], wanted: string): string[] {
  return values.filter(([name]) => name === wanted).map(([, value]) => value);
}

function nameIn(authority: string): string | undefined {
  const parts = AUTHORITY.exec(authority);
  if (parts === null || Number(parts[2] ?? 0) > 65_535 || authority.length > 260) return undefined;
  if (parts[1].startsWith('[') && !URL.canParse(`http://${parts[1]}/`)) return undefined;
  return parts[1].toLowerCase();
}

function hostOf(
  method: string,
  target: string,
  minor: number,
  hosts: string[],
): { host: string; target: string } | undefined {
  if (method === 'CONNECT' || hosts.length > 1 || (hosts.length === 0 && minor === 1)) return undefined;
  const named = hosts.length === 0 ? '' : nameIn(hosts[0]);
  if (named === undefined) return undefined;
  if (target.startsWith('/') || (target === '*' && method === 'OPTIONS')) return { host: named, target };
  const [, authority, rest] = ABSOLUTE.exec(target) ?? [];
  if (authority === undefined) return undefined;
  const host = nameIn(authority);
  const plain = (one: string): string => one.toLowerCase().replace(/:80$/, '');
  if (host === undefined || (hosts.length === 1 && plain(hosts[0]) !== plain(authority))) return undefined;
  const empty = method === 'OPTIONS' ? '*' : '/';
  return { host: named || host, target: rest === '' ? empty : rest.startsWith('/') ? rest : `/${rest}` };
}

type Body = Pick<Read, 'framing' | 'length'>;

function bodyOf(minor: number, lengths: string[], codings: string[]): Body | undefined {
  if (lengths.length + codings.length > 1) return undefined;
  if (codings.length === 1) {
    return minor === 1 && /^chunked$/i.test(codings[0]) ? { framing: 'chunked', length: 0 } : undefined;
  }
  if (lengths.length === 0) return { framing: 'none', length: 0 };
  if (!/^\d{1,16}$/.test(lengths[0]) || BigInt(lengths[0]) > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return { framing: 'length', length: Number(lengths[0]) };
}

function optionsOf(lines: string[]): Set<string> | undefined {
  const named = new Set<string>();
  for (const part of lines.join(',').split(',')) {
    const option = part.replace(/^[\t ]+|[\t ]+$/g, '').toLowerCase();
    if (OWN_OPTIONS.includes(option)) continue;
    if (!new RegExp(`^${TOKEN}$`).test(option)) return undefined;
    if (['host', 'content-length', 'transfer-encoding'].includes(option)) return undefined;
    named.add(option);
  }
  return named;
}
