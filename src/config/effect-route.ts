/**
 * What a change of a route means to traffic, in sentences.
 *
 * Rule: what a request has to be, who gets it and which share; everything else is said by path (differences.ts).
 */

import type { ListenerSettings, MatchSettings, PathMatch, RouteSettings } from '../routing/route.ts';
import { at, differences, keysOf, same, type Wording, type Wordings } from './differences.ts';
import { goesTo, splitGone, splitSaid, versionsSaid } from './effect-release.ts';
import { isSecret, type Path, plainText, shown } from './effect-shown.ts';

/**
 * What comes to a route as a whole: `cart.internal/cart (GET, POST)`, or `/cart (header x-tenant: acme) at listener edge`.
 * `usual`: the listeners of a route that names none.
 */
export function takes(id: string, { match, listeners }: RouteSettings, usual: readonly string[]): string {
  const { host = '', path, methods, headers, query } = match;
  const where = path?.kind === 'prefix' ? `${host}${path.value}` : [host || 'any host', pathText(path)].join(', ');
  const asked = (kind: 'headers' | 'query', noun: string) =>
    Object.entries(kind === 'headers' ? headers : query).map(
      ([name, value]) => `${noun} ${plainText(name)}: ${shown(value, ['routes', id, 'match', kind, name])}`,
    );
  const asks = [...(methods ?? []), ...asked('headers', 'header'), ...asked('query', 'parameter')];
  const at = same(listeners.toSorted(), usual.toSorted())
    ? ''
    : ` at listener${listeners.length === 1 ? '' : 's'} ${listeners.join(', ')}`;
  return `${where}${asks.length === 0 ? '' : ` (${asks.join(', ')})`}${at}`;
}

function pathText(path: MatchSettings['path']): string {
  return path === undefined ? 'any path' : pathSaid(path);
}

/** Where a route as a whole leads. */
export function leadsTo({ release, redirect }: RouteSettings): string {
  if (redirect !== undefined) return `a redirect with ${redirect.status}`;
  const { versions, mode } = release;
  const how = mode === 'redirect' ? ', by a redirect' : '';
  if (versions === undefined) return goesTo(release.split) + how;
  const served = versions.serve.map(({ range, split }) => `${goesTo(split)} for ${range}`);
  return `${served.join(', ')} by the client's version${how}`;
}

/** The listeners of a route that names none. */
export function usualListeners(listeners: Readonly<Record<string, ListenerSettings>>): string[] {
  return Object.keys(listeners).filter((id) => listeners[id].zone === 'internal');
}

export function routeChanges(id: string, before: RouteSettings, after: RouteSettings): string[] {
  const wordings = after.redirect === undefined ? WORDINGS : { ...WORDINGS, 'release.split': splitGone };
  return differences(before, after, ['routes', id], wordings);
}

/** A wording of two texts; silent where they are the same, so that the plain wording speaks. */
function fromTo<T>(say: (value: T | undefined) => string, tell: (before: string, after: string) => string): Wording {
  return (before, after) => {
    // Whatever stands at the path that the wording is for is of the settings' type.
    const [one, other] = [say(before as T | undefined), say(after as T | undefined)];
    return one === other ? [] : [tell(one, other)];
  };
}

function pathSaid(path: PathMatch | undefined): string {
  if (path === undefined) return 'any path';
  const value = plainText(path.value);
  return path.kind === 'prefix' ? value : path.kind === 'exact' ? `exactly ${value}` : `matching ${value}`;
}

function methodsSaid(methods: readonly string[] | undefined): string {
  return methods === undefined ? 'any method' : `only ${[...methods].sort().join(', ')}`;
}

/** What a header or parameter must say. */
function conditions(kind: 'header' | 'parameter'): Wording {
  const condition = (path: Path, name: string, value: unknown) =>
    `${kind} ${plainText(name)}: ${shown(value, [...path, name])}`;
  return (before, after, path) =>
    keysOf(Object(before), Object(after)).flatMap((name) => {
      const [old, now] = [at(before, name), at(after, name)];
      if (old === now) return [];
      if (old === undefined) return [`now only with ${condition(path, name, now)}`];
      if (now === undefined) return [`no longer asks for ${condition(path, name, old)}`];
      if (isSecret([...path, name])) return [`asks for another ${condition(path, name, now)}`];
      return [`asks for ${condition(path, name, now)} (was ${shown(old, [...path, name])})`];
    });
}

const atListeners: Wording = (before, after) => {
  const [old, now] = [before as readonly string[], after as readonly string[]];
  const came = now.filter((id) => !old.includes(id)).map((id) => `now also at listener ${id}`);
  const went = old.filter((id) => !now.includes(id)).map((id) => `no longer at listener ${id}`);
  return [...came, ...went];
};

const sentElsewhere: Wording = (before, after, path) => {
  if (before === undefined) return [`now answered with a redirect: ${shown(after, path)}`];
  return after === undefined ? [`no longer answered with a redirect (was ${shown(before, path)})`] : [];
};

const WORDINGS: Wordings = {
  'match.host': fromTo(
    (host?: string) => (host === undefined ? 'any host' : plainText(host)),
    (old, now) => `host ${old} -> ${now}`,
  ),
  'match.path': fromTo(pathSaid, (old, now) => `path ${old} -> ${now}`),
  'match.methods': fromTo(methodsSaid, (old, now) => `now ${now} (was ${old})`),
  'match.headers': conditions('header'),
  'match.query': conditions('parameter'),
  'release.split': splitSaid,
  'release.versions': versionsSaid,
  listeners: atListeners,
  redirect: sentElsewhere,
};
