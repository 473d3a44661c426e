/**
 * Rewrites of the target on its way to the upstream.
 *
 * Rule: works on the target as it came. The prefix is found in the plain reading, so `/%63art/7` loses `/cart` too, and
 * what follows it goes on byte for byte. A target without the prefix, and `*` of OPTIONS, stay as they are.
 */

import { writtenPath } from '../core/target.ts';
import type { RewriteSettings } from './policy.ts';
import { sentPath, withPath, withPrefix } from './splice.ts';

export type TargetRewrite = (target: string) => string;

/** The rewrite of a route's targets, undefined where they go unchanged: path, else replacePrefix, else stripPrefix. */
export function targetRewrite(settings: RewriteSettings): TargetRewrite | undefined {
  const { path, replacePrefix, stripPrefix } = settings;
  if (path !== undefined) {
    const anew = sentPath(path);
    return (target) => (target === '*' ? target : withPath(target, anew));
  }
  if (replacePrefix !== undefined) return prefixRewrite(replacePrefix.prefix, replacePrefix.with);
  return stripPrefix === undefined ? undefined : prefixRewrite(stripPrefix, '');
}

function prefixRewrite(prefix: string, replacement: string): TargetRewrite | undefined {
  const plain = withoutSlash(writtenPath(prefix));
  const anew = sentPath(replacement);
  // Nothing in place of nothing: the target must not even lose doubled slashes.
  if (plain === '' && withoutSlash(anew) === '') return undefined;
  return (target) => withPrefix(target, plain, anew) ?? target;
}

/** A prefix as it is compared: without a slash at its end. */
export function withoutSlash(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
}
