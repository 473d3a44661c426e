/**
 * New paths in old targets: what rewrites and redirects do to a target.
 *
 * Rule: everything that is not replaced stays byte for byte, the query always. A result begins with exactly one `/`, even
 * where a prefix is followed by several: a target that begins with `//` names a host to whoever reads it as a reference
 * (RFC 3986 section 4.2).
 */

import { pathEnd, prefixEnd, writtenPath } from '../core/target.ts';

/** A path of the document as it may be sent: plain, and with exactly one slash at its front; '' stays ''. */
export function sentPath(path: string): string {
  const plain = writtenPath(path);
  return plain === '' ? '' : `/${plain.slice(slashes(plain))}`;
}

/** The target with another path; the query stays. */
export function withPath(target: string, path: string): string {
  return path + target.slice(pathEnd(target));
}

/**
 * The target with `replacement` (a sent path) in place of a prefix (whole segments, plain, no slash at its end);
 * undefined where the target does not begin with that prefix.
 */
export function withPrefix(target: string, prefix: string, replacement: string): string | undefined {
  const end = prefixEnd(target, prefix);
  if (end === -1) return undefined;
  const rest = target.slice(end);
  const base = replacement.endsWith('/') ? replacement.slice(0, -1) : replacement;
  if (base !== '') return rest.startsWith('/') ? base + rest : replacement + rest;
  return `/${rest.slice(slashes(rest))}`;
}

/** How many slashes, or backslashes that browsers take for slashes, a text begins with. */
function slashes(text: string): number {
  let count = 0;
  while (text.charCodeAt(count) === 47 || text.charCodeAt(count) === 92) count += 1;
  return count;
}
