/**
 * Routes: from the tree to settings.
 *
 * Rule: a route leads to exactly one of upstream, split, versions, redirect, and is served by at least one listener. What
 * is written and cannot have an effect is said as a notice, for what a route wrote itself, not for what it inherits.
 */

import { plainlySaid } from '../release/sides.ts';
import type { RouteSettings } from '../routing/route.ts';
import { refer } from './names.ts';
import { atKey, type Problems } from './problems.ts';
import { isOff, textAt } from './reader.ts';
import { resolveFallback, resolveFaults } from './resolve-fallback.ts';
import { resolveMatch } from './resolve-match.ts';
import { resolveRelease } from './resolve-release.ts';
import { resolveRedirect, resolveRewrite } from './resolve-rewrite.ts';
import { TARGETS } from './shape-route.ts';
import type { Surroundings } from './surroundings.ts';
import { child, has, items, type Node, nameOf } from './tree.ts';

/** `own`: the route as written; `node`: with what it inherits. */
export function resolveRoute(own: Node, node: Node, around: Surroundings, problems: Problems): RouteSettings {
  const match = resolveMatch(child(node, 'match'), problems);
  const { releases, listeners: lists } = around.alike;
  const release = shared(resolveRelease(node, around.names, problems), plainlySaid, releases);
  const redirectNode = child(node, 'redirect');
  const redirect = redirectNode === undefined ? undefined : resolveRedirect(redirectNode, match.path, problems);
  const rewriteNode = child(node, 'rewrite');
  const rewrite = resolveRewrite(
    isOff(rewriteNode) ? undefined : rewriteNode,
    match.path,
    around.correlation,
    problems,
  );
  const listeners = shared(resolveListenerNames(node, around, problems), (ids) => ids.join(' '), lists);
  if (!TARGETS.some((key) => has(node, key))) {
    const advice = 'give it one of `upstream`, `split`, `versions`, `redirect`';
    problems.error(atKey(own), `route "${nameOf(own)}" leads nowhere`, advice);
  }
  noticeIdle(own, node, problems);
  noticeOverride(own, listeners, around, problems);
  const asks = redirect === undefined && release.mode === 'proxy';
  const fallback = asks ? resolveFallback(own, node, release, around, problems) : undefined;
  const faults = asks ? resolveFaults(node, listeners, around, problems) : undefined;
  return {
    match,
    release,
    ...(redirect === undefined ? {} : { redirect }),
    rewrite,
    ...(fallback === undefined ? {} : { fallback }),
    ...(faults === undefined ? {} : { faults }),
    listeners,
  };
}

/** The first value that says the same: one object for all routes that are alike in it makes a large document small. */
function shared<T>(value: T, said: (value: T) => string | undefined, known: Map<string, T>): T {
  const saying = said(value);
  if (saying === undefined) return value;
  const first = known.get(saying);
  if (first === undefined) known.set(saying, value);
  return first ?? value;
}

/** Default: every listener of zone internal. */
function resolveListenerNames(node: Node, around: Surroundings, problems: Problems): readonly string[] {
  const named = child(node, 'listeners');
  if (named === undefined) {
    if (has(node, 'listeners')) return [];
    const internal = Object.keys(around.listeners).filter((id) => around.listeners[id].zone === 'internal');
    if (internal.length === 0) {
      const advice =
        'name its `listeners`: without them a route is served by those of zone internal, and there are none';
      problems.error(atKey(node), `route "${nameOf(node)}" is served by no listener`, advice);
    }
    return internal;
  }
  const ids = items(named).flatMap((item) => refer(item, 'listener', around.names, problems) ?? []);
  if (named.kind === 'list' && named.items.length === 0) {
    const advice = 'name a listener, or remove the key for those of zone internal';
    problems.error(atKey(named), `route "${nameOf(node)}" is served by no listener`, advice);
  }
  return ids;
}

/** Keys whose effect another key takes away. */
function noticeIdle(own: Node, node: Node, problems: Problems): void {
  const idle = (key: string, beside: string): void => {
    const found = child(own, key);
    if (found === undefined || isOff(found)) return;
    problems.notice(atKey(found), `${key} has no effect beside \`${beside}\``, 'remove one of the two');
  };
  if (has(node, 'redirect'))
    for (const key of ['sticky', 'override', 'mode', 'rewrite', 'fallback', 'faults']) idle(key, 'redirect');
  else if (textAt(node, 'mode') === 'redirect')
    for (const key of ['rewrite', 'fallback', 'faults']) idle(key, 'mode: redirect');
  if (has(node, 'upstream')) for (const key of ['sticky', 'override']) idle(key, 'upstream');
}

function noticeOverride(own: Node, listeners: readonly string[], around: Surroundings, problems: Problems): void {
  const override = child(own, 'override');
  if (override === undefined || isOff(override) || listeners.length === 0) return;
  if (listeners.some((id) => around.listeners[id]?.zone !== 'edge')) return;
  const reason = 'override is believed on listeners of zone internal only, and this route has none';
  problems.notice(atKey(override), reason, 'remove it, or serve the route on an internal listener too');
}
