/**
 * Request targets and authorities: the pieces of RFC 3986 that HTTP/1.1 needs.
 *
 * Rule: an authority is taken apart only after every byte of it was checked; user information is never accepted in it
 * (RFC 9110 section 4.2.4).
 */

import { isIPv6 } from 'node:net';
import { HOST } from './bytes.ts';

/** `host[:port]` with a non-empty host: a name, an IPv4 address, or an IPv6 address in brackets. */
export function isHost(value: string): boolean {
  if (value.length === 0 || value.length > 260) return false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code > 127 || HOST[code] !== 1) return false;
  }
  const name = withoutPort(value);
  if (name === undefined || name === '') return false;
  if (name.charCodeAt(0) === 91) return name.endsWith(']') && isIPv6(name.slice(1, -1)) && !name.includes('%');
  return !/[[\]:]/.test(name) && !/%(?![0-9A-Fa-f]{2})/.test(name);
}

/** The host without its port, or undefined where what follows the colon is no port. */
function withoutPort(value: string): string | undefined {
  const colon = value.charCodeAt(0) === 91 ? value.indexOf(':', value.indexOf(']')) : value.indexOf(':');
  if (colon === -1) return value;
  const port = value.slice(colon + 1);
  return /^\d{0,5}$/.test(port) && Number(port) <= 65_535 ? value.slice(0, colon) : undefined;
}

/** The host in lower case, without port; for values that `isHost` accepts. A final dot of a name stays. */
export function hostName(value: string): string {
  return (withoutPort(value) ?? value).toLowerCase();
}

/**
 * Takes `http://authority/path?query` apart; undefined where the target is no such URI, '' where path and query are empty.
 * A backslash stays in the authority, where it is no host: some readers take it for a slash, RFC 3986 knows it nowhere.
 */
export function splitAbsolute(target: string): { authority: string; target: string } | undefined {
  const scheme = /^http:\/\//i.exec(target);
  if (scheme === null) return undefined;
  const from = scheme[0].length;
  let end = from;
  while (end < target.length && target[end] !== '/' && target[end] !== '?') end++;
  const rest = target.slice(end);
  const path = rest === '' || rest.startsWith('/') ? rest : `/${rest}`;
  return { authority: target.slice(from, end), target: path };
}

/** Whether two authorities of http name the same server: case does not matter, nor a port that goes without saying. */
export function sameAuthority(a: string, b: string): boolean {
  const plain = (authority: string): string => authority.toLowerCase().replace(/:80$/, '');
  return plain(a) === plain(b);
}
