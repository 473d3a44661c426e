/**
 * The names a document defines, and references to them.
 *
 * Rule: a reference to a name that is not defined is an error at its place, with the nearest name that is. A name whose
 * part is broken still counts as defined, so that one mistake is reported once.
 */

import { atValue, type Problems, type Spot } from './problems.ts';
import { textOf } from './reader.ts';
import { didYouMean, GUESSES } from './suggest.ts';
import { child, type Node, shown } from './tree.ts';

export type NameKind = 'listener' | 'upstream' | 'route' | 'invariant';

export type Names = Readonly<Record<NameKind, ReadonlySet<string>>>;

/** The listener of a document that names none. */
export const DEFAULT_LISTENER = 'internal';

export function namesOf(root: Node): Names {
  const keys = (key: string): Set<string> => {
    const part = child(root, key);
    return new Set(part?.kind === 'map' ? part.entries.keys() : []);
  };
  const listeners = keys('listeners');
  if (listeners.size === 0) listeners.add(DEFAULT_LISTENER);
  return { listener: listeners, upstream: keys('upstreams'), route: keys('routes'), invariant: keys('invariants') };
}

/** The name in `node`, reported where nothing of this kind has it; undefined where there is no whole text. */
export function refer(node: Node | undefined, kind: NameKind, names: Names, problems: Problems): string | undefined {
  const name = textOf(node);
  if (node === undefined || name === undefined) return undefined;
  reportUnknown(name, shown(node), atValue(node), [kind], names, problems);
  return name;
}

/** Says that nothing of these kinds has the name; `written` is how the message shows it. */
export function reportUnknown(
  name: string,
  written: string,
  spot: Spot,
  kinds: readonly NameKind[],
  names: Names,
  problems: Problems,
): void {
  if (kinds.some((kind) => names[kind].has(name))) return;
  const sections = kinds.map((kind) => `\`${kind}s\``).join(' or ');
  const first = [...new Set(kinds.flatMap((kind) => [...names[kind].values().take(8)]))].slice(0, 8);
  const listed = first.length === 0 ? `define it under ${sections}` : `known: ${first.join(', ')}`;
  const guess = problems.size < GUESSES;
  const advice = guess ? didYouMean(name, new Set(kinds.flatMap((kind) => [...names[kind]])), listed) : listed;
  problems.error(spot, `there is no ${kinds.join(' or ')} ${written}`, advice);
}
