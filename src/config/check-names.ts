/**
 * Headers that a document asks for and that never come: look-alikes of others that it, or the router, speaks of.
 *
 * Rule: what the wire leaves out (http1/fields.ts) is said here, at the part that asks for it. A name with marks (`x_tenant`)
 * is left out where any other name is the same to servers that know no marks; one without marks is not.
 */

import { plainName, WIRE_NAMES } from '../core/names.ts';
import type { SourceSettings } from '../release/release.ts';
import type { DestinationSettings, RouteSettings } from '../routing/route.ts';
import type { Document } from './document.ts';
import { atKey, type Problems } from './problems.ts';
import { child, type Node } from './tree.ts';

/** Who asks for headers: the key of the document, and the id of the part, if it has one. */
interface Asking {
  readonly key: 'correlation' | 'upstreams' | 'routes';
  readonly id?: string;
  readonly headers: readonly string[];
}

type Named = Pick<Document, 'correlation' | 'upstreams' | 'routes'>;

export function noticeLookAlikes(root: Node, document: Named, problems: Problems): void {
  const asking = [...askingOf(document)];
  if (!asking.some(({ headers }) => headers.some(isMarked))) return;
  const spoken = new Map<string, Set<string>>();
  const speak = (name: string): void => {
    const plain = plainName(name);
    spoken.set(plain, (spoken.get(plain) ?? new Set()).add(name.toLowerCase()));
  };
  for (const name of WIRE_NAMES) speak(name);
  for (const { headers } of asking) for (const name of headers) speak(name);
  for (const route of Object.values(document.routes)) for (const name of editedBy(route)) speak(name);
  for (const { key, id, headers } of asking) {
    const part = child(root, key);
    const node = id === undefined ? part : child(part, id);
    for (const name of node === undefined ? [] : new Set(headers.filter(isMarked))) {
      const other = [...(spoken.get(plainName(name)) ?? [])].find((one) => one !== name.toLowerCase());
      if (other === undefined || node === undefined) continue;
      const reason = `the header ${name} never comes: it looks like ${other}, which is spoken of too, and is left out`;
      problems.notice(atKey(node), reason, 'name one of the two everywhere, best the one without marks');
    }
  }
}

function isMarked(name: string): boolean {
  return /[^0-9a-z-]/i.test(name);
}

function* askingOf({ correlation, upstreams, routes }: Named): Generator<Asking> {
  const { header, context, caller } = correlation;
  yield { key: 'correlation', headers: [header, ...context, ...(caller === undefined ? [] : [caller])] };
  for (const [id, settings] of Object.entries(upstreams)) yield { key: 'upstreams', id, headers: keyOf(settings) };
  // Nearly every route of a large document asks for no header.
  for (const id in routes) if (asksAny(routes[id])) yield { key: 'routes', id, headers: askedBy(routes[id]) };
}

function asksAny({ match, release: { versions, sticky, override } }: RouteSettings): boolean {
  for (const _ in match.headers) return true;
  return versions !== undefined || sticky !== undefined || override !== undefined;
}

function keyOf({ balance }: DestinationSettings): string[] {
  return typeof balance === 'object' && 'header' in balance.hash ? [balance.hash.header] : [];
}

function askedBy({ match, release: { versions, sticky, override } }: RouteSettings): string[] {
  const sources: SourceSettings[] = [...(versions?.from ?? []), ...(sticky === undefined ? [] : [sticky])];
  const named = sources.flatMap((source) => ('header' in source ? [source.header] : []));
  return [...Object.keys(match.headers), ...named, ...(override === undefined ? [] : [override.header])];
}

/** Headers that are cut before the route's own are written. */
function editedBy({ rewrite: { headers } }: RouteSettings): string[] {
  return [headers.request, headers.response].flatMap(({ set, remove }) => [...Object.keys(set), ...remove]);
}
