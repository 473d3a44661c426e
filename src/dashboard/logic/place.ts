/**
 * Where in the dashboard somebody is: a tab, and perhaps a route, upstream or caller that is looked at.
 *
 * Rule: it stands in the address behind `#`, so that a place can be sent to a colleague and "back" works; what does not
 * read as a place is the map.
 */

export const TABS = ['map', 'routes', 'upstreams', 'revisions', 'events'] as const;
export type Tab = (typeof TABS)[number];

export type Kind = 'route' | 'upstream' | 'caller';

export interface Place {
  readonly tab: Tab;
  readonly kind?: Kind | undefined;
  readonly id?: string | undefined;
}

const FORM = /^#\/(\w+)(?:\/(route|upstream|caller)\/([^/]+))?$/;

/** `#/map/route/cart` */
export function placeOf(hash: string): Place {
  const [, tab, kind, id] = FORM.exec(hash) ?? [];
  const known = TABS.find((each) => each === tab);
  if (known === undefined) return { tab: 'map' };
  if (kind === undefined || id === undefined) return { tab: known };
  try {
    return { tab: known, kind: kind as Kind, id: decodeURIComponent(id) };
  } catch {
    return { tab: known };
  }
}

export function hashOf({ tab, kind, id }: Place): string {
  return kind === undefined || id === undefined ? `#/${tab}` : `#/${tab}/${kind}/${encodeURIComponent(id)}`;
}
