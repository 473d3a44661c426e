/**
 * The strict reading of a path: what a lenient server behind the router might take it for.
 *
 * Rule: a path is read twice, plainly (core/target.ts) and strictly, and the router trusts only routes that both lead
 * to. Strict means: codes of unreserved characters decoded, `%2F`, `%5C` and `\` read as `/`, slashes merged, dot
 * segments resolved (RFC 3986 section 5.2.4), encoded ones and those with parameters (`..;x`) too. Codes are decoded once,
 * so `%252e` stays `%252e`. Bytes above 127 are left alone: overlong UTF-8 (`%C0%AE`) is no dot (RFC 3629 section 3).
 */

import { writtenPath } from '../core/target.ts';

/** Whether the path holds an encoded NUL, which cuts paths short in servers that keep them as C strings. */
export function hasNul(path: string): boolean {
  return path.includes('%00');
}

/**
 * The strict reading of a path that begins with `/`, from its plain reading. There every `%` begins a code in upper case,
 * so what looks like `%2F` is one.
 */
export function strictPath(plain: string): string {
  const codes = plain.includes('%2F') || plain.includes('%5C');
  const slashed = codes ? plain.replaceAll('%2F', '/').replaceAll('%5C', '/') : plain;
  const forward = slashed.includes('\\') ? slashed.replaceAll('\\', '/') : slashed;
  return forward.includes('//') || forward.includes('/.') ? resolveDots(forward) : forward;
}

function resolveDots(path: string): string {
  const segments = path.split('/');
  const kept: string[] = [];
  let trailing = false;
  for (const segment of segments) {
    // Tomcat and its kin cut `;parameters` off a segment before they look for dots.
    const semicolon = segment.indexOf(';');
    const name = semicolon === -1 ? segment : segment.slice(0, semicolon);
    const dots = name === '..' || name === '.';
    if (name === '..') kept.pop();
    else if (!dots && segment !== '') kept.push(segment);
    trailing = dots || segment === '';
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${trailing ? '/' : ''}`;
}

/**
 * What is wrong with a path that a document asks to match, exactly or as a prefix; undefined where nothing is. A path
 * whose own strict reading differs would lead its two readings to different routes, so every request for it gets 400.
 */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'a path begins with /';
  if (path.includes('?') || path.includes('#')) return 'a path has no query and no fragment';
  const plain = writtenPath(path);
  if (hasNul(plain)) return 'a path with an encoded NUL is always refused';
  const strict = strictPath(plain);
  return strict === plain ? undefined : `it can also be read as ${strict}, so requests for it are refused; write that`;
}
