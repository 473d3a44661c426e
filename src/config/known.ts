/**
 * What a text says as another one said it that was read before, so that it need not be read again.
 *
 * Rule: a route or an upstream is known where it is written as it was, and so is all that its reading looks at beside it
 * (`defaults`; for routes also listeners, the correlation header, and the names they may refer to). It then has the very
 * settings of the document before, as the same object, and whoever compares or packs passes over it at once. Whatever gave
 * a notice is read again, for notices have places. Reading with and without is the same document; only the time differs: of
 * an edit of one route in a thousand it saves a third.
 */

import type { DestinationSettings, RouteSettings } from '../routing/route.ts';
import type { Document, Problem } from './document.ts';
import { isList, isMap, type Json, partOf } from './patch.ts';
import { child, type Node, pointerStep } from './tree.ts';
import { lately } from './written.ts';

/** A document that was read, and from what. Its environment is the one that the next is read with. */
export interface Before {
  readonly document: Document;
  readonly text: string;
  readonly notices: readonly Problem[];
}

export interface Known {
  /** Parts of the new tree that need no look. */
  readonly nodes: ReadonlySet<Node>;
  readonly routes: ReadonlyMap<Node, RouteSettings>;
  readonly upstreams: ReadonlyMap<Node, DestinationSettings>;
}

const NOTHING: Known = { nodes: new Set(), routes: new Map(), upstreams: new Map() };

/** `root`: as it was parsed. Nothing is known where what `before` was read from is not at hand any more. */
export function knownOf(root: Node, before: Before | undefined): Known {
  const written = before === undefined ? undefined : lately(before.text);
  if (before === undefined || !isMap(written) || root.kind !== 'map') return NOTHING;
  // What is noticed in `defaults` is noticed where a part inherits it.
  const noticed = new Set(before.notices.map(({ pointer }) => pointer.split('/', 3).join('/')));
  if (before.notices.some(({ pointer }) => pointer.startsWith('/defaults'))) return NOTHING;
  if (!alike(child(root, 'defaults'), partOf(written, 'defaults'))) return NOTHING;
  const { document } = before;
  const upstreams = partsOf(root, written, 'upstreams', document.upstreams, noticed);
  const routes = standsAround(root, written)
    ? partsOf(root, written, 'routes', document.routes, noticed)
    : NOTHING.routes;
  return { nodes: new Set<Node>([...upstreams.keys(), ...routes.keys()]), routes, upstreams };
}

/** Whether all that routes look at beside themselves is as it was; names may have come, but none gone. */
function standsAround(root: Node, written: Json): boolean {
  const same = ['listeners', 'correlation'].every((key) => alike(child(root, key), partOf(written, key)));
  const names = partOf(written, 'upstreams');
  const now = child(root, 'upstreams');
  return same && (!isMap(names) || (now?.kind === 'map' && Object.keys(names).every((id) => now.entries.has(id))));
}

function partsOf<T>(
  root: Node,
  written: Json,
  section: string,
  settings: Readonly<Record<string, T>>,
  noticed: ReadonlySet<string>,
): ReadonlyMap<Node, T> {
  const parts = new Map<Node, T>();
  const now = child(root, section);
  const old = partOf(written, section);
  if (now?.kind !== 'map' || !isMap(old)) return parts;
  for (const [id, node] of now.entries) {
    if (!Object.hasOwn(settings, id) || noticed.has(`/${section}${pointerStep(id)}`)) continue;
    if (alike(node, partOf(old, id))) parts.set(node, settings[id]);
  }
  return parts;
}

/** Whether a tree that nobody has changed says what was written. */
function alike(node: Node | undefined, written: Json | undefined): boolean {
  if (node === undefined || written === undefined) return node === written;
  if (node.kind === 'scalar') return node.value === written;
  if (node.kind === 'list') {
    return (
      isList(written) && node.items.length === written.length && node.items.every((item, i) => alike(item, written[i]))
    );
  }
  if (!isMap(written)) return false;
  let more = 0;
  for (const _ in written) more++;
  if (node.entries.size !== more) return false;
  for (const [key, value] of node.entries) if (!alike(value, partOf(written, key))) return false;
  return true;
}
