/**
 * Rules for the single texts of a document: hosts, paths, headers, addresses.
 *
 * Rule: each function says what is wrong and what to write, or undefined; where the text stands is its caller's to know.
 * Paths are written as the plain reading of a request has them (core/target.ts), because that is what they are compared with.
 */

import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** What is wrong with a text, and what to write instead. */
export interface Flaw {
  readonly reason: string;
  readonly advice: string;
}

function flaw(reason: string, advice: string): Flaw {
  return { reason, advice };
}

/** A path or prefix: begins with a slash, and means the same in the plain and in the strict reading of a request. */
export function pathFlaw(path: string): Flaw | undefined {
  if (!path.startsWith('/')) return flaw('does not begin with a slash', 'write `/` in front of it');
  if (/[\u0000-\u001f\u007f]/.test(path)) return flaw('holds a control character', 'remove it');
  const mark = /[?#]/.exec(path)?.[0];
  if (mark !== undefined) {
    const advice =
      mark === '?' ? 'write the path alone; parameters stand under `match.query`' : 'remove what follows it';
    return flaw(`holds a \`${mark}\`, which no path does`, advice);
  }
  if (path.includes('\\')) return flaw('holds a backslash', 'write slashes');
  if (path.includes('//')) return flaw('holds two slashes in a row', 'write one');
  return codeFlaw(path) ?? dotFlaw(path);
}

function codeFlaw(path: string): Flaw | undefined {
  for (const { 0: code } of path.matchAll(/%.{0,2}/g)) {
    if (!/^%[0-9A-Fa-f]{2}$/.test(code))
      return flaw(`holds \`${code}\`, which is no percent-code`, 'write a literal % as `%25`');
    const char = String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/[A-Za-z0-9._~-]/.test(char))
      return flaw(`holds \`${code}\`, which stands for \`${char}\``, `write \`${char}\``);
    if (char === '/' || char === '\\')
      return flaw(`holds \`${code}\`, with which every request is refused: it reads in two ways`, 'write a slash');
  }
  return undefined;
}

function dotFlaw(path: string): Flaw | undefined {
  const dots = path.split('/').find((segment) => segment === '.' || segment === '..');
  return dots === undefined ? undefined : flaw(`holds the segment \`${dots}\``, 'write the path that it leads to');
}

/** A host to match: a name, an address, or `*.` and a name. Lower case is not asked for. */
export function hostFlaw(host: string, wildcard: boolean): Flaw | undefined {
  if (wildcard && host.startsWith('*.')) return host.includes('*', 1) ? STAR : nameFlaw(host.slice(2));
  if (host.includes('*')) return wildcard ? STAR : flaw('holds a `*`', 'write one host');
  if (host.startsWith('['))
    return isIPv6(host.slice(1, -1)) && host.endsWith(']') ? undefined : flaw('is no IPv6 address', 'write `[::1]`');
  if (host.includes(':') && isIPv6(host)) return flaw('is an IPv6 address without brackets', `write \`[${host}]\``);
  return nameFlaw(host);
}

const STAR = flaw('holds a `*` that does not stand alone in front', 'write `*.example.com`, for one label or more');

function nameFlaw(host: string): Flaw | undefined {
  if (host === '') return flaw('is empty', 'write a host, or remove the key');
  if (host.includes('://')) return flaw('is a URL', 'write the host alone');
  if (/:\d*$/.test(host)) return flaw('holds a port', 'write the host alone: the port in a Host header does not count');
  if (/[/?#@]/.test(host)) return flaw('is more than a host', 'write the host alone');
  const ascii = [...host].some((char) => char > '~') ? domainToASCII(host) : '';
  if (ascii !== '') return flaw('holds letters outside ASCII', `write \`${ascii}\``);
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  const labels = name.split('.');
  const valid = labels.every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
  if (valid && name.length <= 253) return undefined;
  return flaw('is no host', 'write labels of letters, digits and `-`, with dots between');
}

/** What is wrong with the value of a header that is written or compared. RFC 9110 section 5.5. */
export function valueFlaw(value: string): Flaw | undefined {
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value))
    return flaw('holds a control character or a line break', 'write visible characters, spaces and tabs');
  return value === value.trim() ? undefined : flaw('has spaces around it, which no header carries', 'remove them');
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`; undefined where the text is none. Port 0: the system chooses. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, six, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (six !== undefined) return isIPv6(six) ? { host: six, port } : undefined;
  return isIP(name) === 4 || name === 'localhost' ? { host: name, port } : undefined;
}

/** What to write in place of a text that is no address. */
export function addressAdvice(text: string): string {
  const port = /^:?(\d{1,5})$/.exec(text)?.[1];
  if (port !== undefined) return `write \`127.0.0.1:${port}\`, or \`0.0.0.0:${port}\` for every interface`;
  if (isIPv6(text)) return `write \`"[${text}]:8080"\``;
  if (isIP(text) === 4 || text === 'localhost') return `write the port too: \`${text}:8080\``;
  return 'write an IP address (or localhost) and a port: `127.0.0.1:8080`, `"[::1]:8080"`';
}

export function isLoopback({ host }: Address): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
