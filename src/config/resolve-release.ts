/**
 * Where a route's traffic goes: upstream, split or versions, and what keeps a client on its side.
 *
 * Rule: `upstream: x` is a split of one side with weight 100. Where a route says nothing of clients without a version, or
 * with one that no range holds, they are refused with 426.
 */

import { later } from '../core/later.ts';
import type {
  OtherwiseSettings,
  ReleaseSettings,
  SourceSettings,
  VersionRangeSettings,
  VersionsSettings,
  WeightedSettings,
} from '../release/release.ts';
import { type Names, refer, reportUnknown } from './names.ts';
import { atKey, atValue, type Problems } from './problems.ts';
import { isOff, numberAt, numberOf, textAt, textOf } from './reader.ts';
import { child, entries, has, items, type Node, nameOf, shown } from './tree.ts';

const intersects = later<typeof import('semver/ranges/intersects.js')>('semver/ranges/intersects.js');
const validRange = later<typeof import('semver/ranges/valid.js')>('semver/ranges/valid.js');

const WHOLE = 100;

/** `node`: the route with what it inherits. */
export function resolveRelease(node: Node, names: Names, problems: Problems): ReleaseSettings {
  const versions = child(node, 'versions');
  const sticky = resolveSource(child(node, 'sticky'));
  const override = textAt(child(node, 'override'), 'header');
  return {
    split: versions === undefined ? resolveSides(node, names, problems) : [],
    ...(versions === undefined ? {} : { versions: resolveVersions(versions, names, problems) }),
    ...(sticky === undefined ? {} : { sticky }),
    ...(override === undefined ? {} : { override: { header: override.toLowerCase() } }),
    mode: textAt(node, 'mode') === 'redirect' ? 'redirect' : 'proxy',
  };
}

/** The sides named by `upstream` or `split` of a node. */
function resolveSides(node: Node | undefined, names: Names, problems: Problems): WeightedSettings[] {
  const upstream = refer(child(node, 'upstream'), 'upstream', names, problems);
  if (upstream !== undefined) return [{ upstream, weight: WHOLE }];
  const split = child(node, 'split');
  const sides = entries(split).map(([id, value]) => {
    reportUnknown(id, `"${id}"`, atKey(value), ['upstream'], names, problems);
    return { upstream: id, weight: numberAt(split, id, 0) };
  });
  const whole = split?.kind === 'map' && sides.length === split.entries.size;
  if (split !== undefined && whole && sides.length > 0 && sides.every(({ weight }) => weight === 0))
    problems.error(atKey(split), 'every side of this split has weight 0', 'give at least one of them more');
  return sides;
}

function resolveVersions(node: Node, names: Names, problems: Problems): VersionsSettings {
  const from = items(child(node, 'from')).flatMap((item) => resolveSource(item) ?? []);
  const served = items(child(node, 'serve'));
  const serve = served.flatMap((item): VersionRangeSettings[] => {
    if (item.kind === 'map' && !has(item, 'upstream') && !has(item, 'split')) {
      problems.error(atValue(item), `${nameOf(item)} leads nowhere`, 'give it an `upstream` or a `split`');
    }
    const range = resolveRange(child(item, 'range'), problems);
    const split = resolveSides(item, names, problems);
    return range === undefined ? [] : [{ range, split }];
  });
  noticeOverlaps(served, problems);
  return {
    from,
    serve,
    missing: resolveOtherwise(child(node, 'missing'), names, problems),
    unmatched: resolveOtherwise(child(node, 'unmatched'), names, problems),
  };
}

function resolveRange(node: Node | undefined, problems: Problems): string | undefined {
  const range = textOf(node);
  if (node === undefined || range === undefined) return undefined;
  if (validRange()(range, { includePrerelease: true }) !== null && range.trim() !== '') return range;
  const advice = 'write comparisons of versions: `>=2.0.0`, `>=1.4.0 <2.0.0`, `^1.4.0`';
  problems.error(atValue(node), `range: ${shown(node)} is no range of versions`, advice);
  return undefined;
}

/** Two ranges that hold the same version: allowed, the first in the list wins, but seldom meant. */
function noticeOverlaps(served: readonly Node[], problems: Problems): void {
  const ranges = served.flatMap((item) => {
    const node = child(item, 'range');
    const text = textOf(node);
    return node !== undefined && text !== undefined && validRange()(text) !== null ? [{ node, text }] : [];
  });
  ranges.forEach(({ node, text }, index) => {
    const earlier = ranges.slice(0, index).find((other) => intersects()(other.text, text, { includePrerelease: true }));
    if (earlier === undefined) return;
    const reason = `the range ${shown(node)} holds versions that ${shown(earlier.node)} holds too`;
    problems.notice(atValue(node), reason, 'the first in the list serves them; write ranges that do not meet');
  });
}

function resolveOtherwise(node: Node | undefined, names: Names, problems: Problems): OtherwiseSettings {
  const status = numberOf(child(node, 'status'));
  if (node === undefined || status !== undefined) return { status: status ?? 426 };
  if (node.kind !== 'scalar') return { split: resolveSides(node, names, problems) };
  const upstream = refer(node, 'upstream', names, problems);
  return { split: upstream === undefined ? [] : [{ upstream, weight: WHOLE }] };
}

function resolveSource(node: Node | undefined): SourceSettings | undefined {
  if (node?.kind !== 'map' || isOff(node)) return undefined;
  const header = textAt(node, 'header')?.toLowerCase();
  if (header !== undefined) return { header };
  const query = textAt(node, 'query');
  if (query !== undefined) return { query };
  const cookie = textAt(node, 'cookie');
  if (cookie !== undefined) return { cookie };
  return has(node, 'client') ? { client: true } : undefined;
}

/** Every upstream that a release may lead to. */
export function upstreamsOf(release: ReleaseSettings): Set<string> {
  const { versions } = release;
  const splits = [release.split];
  if (versions !== undefined) {
    for (const { split } of versions.serve) splits.push(split);
    for (const otherwise of [versions.missing, versions.unmatched])
      if ('split' in otherwise) splits.push(otherwise.split);
  }
  return new Set(splits.flat().map(({ upstream }) => upstream));
}
