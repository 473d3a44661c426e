/**
 * What a part inherits from `defaults`.
 *
 * Rule: own keys win; maps are merged key by key, everything else (texts, lists, and the maps that their shape calls
 * whole: a split, a sticky key) is replaced. A key displaces the inherited ones that its shape says it excludes, so a route
 * with a split drops an inherited upstream. `off` is a value like any other: it replaces an inherited policy, and a
 * policy replaces an inherited `off`. Nodes keep their places, so a problem is reported where it was written.
 */

import { meantBranch } from './check-shape.ts';
import { type Shape, TOKEN } from './shape.ts';
import type { MapNode, Node } from './tree.ts';

/** `own` with what it inherits of `defaults`, as far as `shape` knows the keys. Neither is changed. */
export function inherit(own: Node, defaults: Node | undefined, shape: Shape): Node {
  if (defaults?.kind !== 'map' || own.kind !== 'map' || own.broken || defaults.broken) return own;
  const properties = shape.properties ?? {};
  const inherited = [...defaults.entries].filter(
    ([key]) => Object.hasOwn(properties, key) && !own.entries.has(key) && !isDisplaced(key, own, shape),
  );
  const merged = [...own.entries].map(([key, value]): [string, Node] => {
    const below = defaults.entries.get(key);
    return [key, below === undefined ? value : inheritValue(value, below, properties[key])];
  });
  return { ...own, entries: new Map([...merged, ...inherited]) };
}

function inheritValue(own: Node, inherited: Node, shape: Shape | undefined): Node {
  if (own.kind !== 'map' || inherited.kind !== 'map' || shape === undefined) return own;
  const form = meantBranch(own, shape) ?? shape;
  if (form['x-whole'] === true) return own;
  return form.patternProperties === undefined ? inherit(own, inherited, form) : inheritNames(own, inherited, form);
}

/**
 * Maps from names to texts (match.headers, rewrite.headers.request.set): every name counts by itself, that of a header in
 * whatever case.
 */
function inheritNames(own: MapNode, inherited: MapNode, { patternProperties = {} }: Shape): Node {
  const same = Object.hasOwn(patternProperties, TOKEN) ? (name: string) => name.toLowerCase() : (name: string) => name;
  const names = new Set([...own.entries.keys()].map(same));
  const rest = [...inherited.entries].filter(([name]) => !names.has(same(name)));
  return { ...own, entries: new Map([...rest, ...own.entries]) };
}

function isDisplaced(key: string, own: MapNode, shape: Shape): boolean {
  return (shape['x-exclusive'] ?? []).some(
    (group) => group.includes(key) && group.some((rival) => rival !== key && own.entries.has(rival)),
  );
}
