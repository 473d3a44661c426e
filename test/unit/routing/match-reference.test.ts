/**
 * The index against a naive reference: random tables and requests, every route tried one after the other.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NameSet } from '../../../src/core/names.ts';
import { plainPath, queryValue } from '../../../src/core/target.ts';
import { strictPath } from '../../../src/routing/path.ts';
import type { MatchSettings } from '../../../src/routing/route.ts';
import { anyMatch, anyRequest } from '../../support/any-match.ts';
import { factsOf, matcherOf, type RequestLike } from '../../support/facts.ts';

type Rank = readonly (number | string)[];

/** Rank of a host: exact, then wildcards by length, then none; undefined where it does not match. */
function hostRank(wanted: string | undefined, host: string): number | undefined {
  if (wanted === undefined) return 1000;
  if (!wanted.startsWith('*.')) return wanted === host ? 0 : undefined;
  const suffix = wanted.slice(1);
  return host.endsWith(suffix) && host.length > suffix.length ? 500 - suffix.length : undefined;
}

function pathRank(wanted: MatchSettings['path'], path: string): readonly [number, number] | undefined {
  if (wanted === undefined) return [3, 0];
  const { kind, value } = wanted;
  if (kind === 'exact') return path === value ? [0, 0] : undefined;
  if (kind === 'regex') return new RegExp(`^(?:${value})$`).test(path) ? [2, 0] : undefined;
  const bare = value.replace(/\/$/, '');
  return path === bare || path.startsWith(`${bare}/`) ? [1, -bare.length] : undefined;
}

function rank(id: string, match: MatchSettings, request: Required<RequestLike>, path: string): Rank | undefined {
  const host = hostRank(match.host, request.host);
  const place = pathRank(match.path, path);
  const { methods, headers, query } = match;
  if (host === undefined || place === undefined) return undefined;
  if (methods !== undefined && !methods.includes(request.method)) return undefined;
  if (!Object.entries(headers).every(([name, value]) => request.headers[name] === value)) return undefined;
  if (!Object.entries(query).every(([name, value]) => queryValue(request.target, name) === value)) return undefined;
  const counts = [-Object.keys(headers).length, -Object.keys(query).length];
  return [host, ...place, methods === undefined ? 1 : 0, ...counts, id];
}

function before(a: Rank, b: Rank): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at !== -1 && a[at] < b[at];
}

function reference(routes: readonly [string, MatchSettings][], request: Required<RequestLike>, path: string): string {
  let best: { id: string; rank: Rank } | undefined;
  for (const [id, match] of routes) {
    const ranked = rank(id, match, request, path);
    if (ranked !== undefined && (best === undefined || before(ranked, best.rank))) best = { id, rank: ranked };
  }
  return best?.id ?? 'none';
}

test('the index answers as a walk through all routes does, for both readings', () => {
  const table = fc.array(anyMatch, { maxLength: 24 });
  fc.assert(
    fc.property(table, fc.array(anyRequest, { minLength: 8, maxLength: 8 }), (matches, requests) => {
      const names = new NameSet();
      const routes = matches.map((match, i): [string, MatchSettings] => [`r${i}`, match]);
      const matcher = matcherOf(routes, names);
      for (const asked of requests) {
        const read = plainPath(asked.target.split('?')[0]);
        const plain = reference(routes, asked, read);
        const expected = plain === reference(routes, asked, strictPath(read)) ? plain : 'ambiguous';
        const found = matcher.match(factsOf(asked, names));
        assert.equal(found.is === 'route' ? found.route.id : found.is, expected);
        assert.equal(found.path, read);
      }
    }),
    { numRuns: 300 },
  );
});

test('a hundred thousand routes on shared and on own hosts all find their way', () => {
  const names = new NameSet();
  const count = 100_000;
  const routes = Array.from({ length: count }, (_, i): [string, Partial<MatchSettings>] => {
    const value = `/team-${i % 97}/service-${i}`;
    return [`r${i}`, { ...(i % 2 === 0 ? {} : { host: `h${i}.internal` }), path: { kind: 'prefix', value } }];
  });
  const matcher = matcherOf(routes, names);
  for (let i = 0; i < count; i += 101) {
    const target = `/team-${i % 97}/service-${i}/x`;
    const found = matcher.match(factsOf({ host: i % 2 === 0 ? 'any' : `h${i}.internal`, target }, names));
    assert.equal(found.is === 'route' ? found.route.id : found.is, `r${i}`);
  }
  assert.equal(matcher.match(factsOf({ target: '/team-1/service-2/x' }, names)).is, 'none');
});
