/**
 * What a change of a route means to traffic, in sentences.
 *
 * Rule: what a request has to be, who gets it and which share; everything else is said by path (differences.ts).
 */

import type { MatchSettings, PathMatch, RouteSettings } from '../routing/route.ts';
import { at, differences, keysOf, type Wording, type Wordings } from './differences.ts';
import { goesTo, splitSaid, versionsSaid } from './effect-release.ts';
import { isSecret, type Path, plainText, shown } from './effect-shown.ts';

/** `cart.internal/cart (GET, POST)`, `/cart` on any host */
export function matchSaid({ host = '', path, methods }: MatchSettings): string {
  const where = path?.kind === 'prefix' ? `${host}${path.value}` : [host || 'any host', pathText(path)].join(', ');
  return methods === undefined ? where : `${where} (${methods.join(', ')})`;
}

function pathText(path: MatchSettings['path']): string {
  return path === undefined ? 'any path' : pathSaid(path);
}

/** Where a route as a whole leads. */
export function leadsTo({ release, redirect }: RouteSettings): string {
  if (redirect !== undefined) return `a redirect with ${redirect.status}`;
  const { versions } = release;
  if (versions === undefined) return goesTo(release.split);
  const served = versions.serve.map(({ range, split }) => `${goesTo(split)} for ${range}`);
  return `${served.join(', ')} by the client's version`;
}

export function routeChanges(id: string, before: RouteSettings, after: RouteSettings): string[] {
  return differences(before, after, ['routes', id], WORDINGS);
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
