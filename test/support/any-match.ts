/**
 * Random matches and requests out of so few words that they meet.
 */

import fc from 'fast-check';
import { plainPath } from '../../src/core/target.ts';
import type { MatchSettings } from '../../src/routing/route.ts';
import type { RequestLike } from './facts.ts';

const segment = fc.constantFrom('a', 'b', 'ab', '~', 'c');
const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
const flags = fc.dictionary(fc.constantFrom('h', 'i'), fc.constantFrom('1', '2'), { maxKeys: 2 });
const host = fc.constantFrom('a.example', 'b.a.example', 'c.b.a.example', 'example', 'other');
/** What a route matches: few words, so that many routes come close to one another. */
export const anyMatch: fc.Arbitrary<MatchSettings> = fc
  .record({
    host: fc.option(fc.oneof(host, fc.constantFrom('*.example', '*.a.example')), { nil: undefined }),
    path: fc.option(
      fc.oneof(
        fc.record({ kind: fc.constantFrom('prefix' as const, 'exact' as const), value: path }),
        fc.record({ kind: fc.constant('regex' as const), value: fc.constantFrom('/a.*', '/[ab]/b', '/.*b') }),
      ),
      { nil: undefined },
    ),
    methods: fc.option(fc.subarray(['GET', 'PUT'], { minLength: 1 }), { nil: undefined }),
    headers: flags,
    query: flags,
  })
  .map(({ host: wantedHost, path: wantedPath, methods, headers, query }) => ({
    ...(wantedHost === undefined ? {} : { host: wantedHost }),
    ...(wantedPath === undefined ? {} : { path: wantedPath }),
    ...(methods === undefined ? {} : { methods }),
    headers,
    query,
  }));
const odd = fc
  .array(fc.constantFrom('/a', '/b', '/ab', '/%7E', '/%2e%2e', '/..', '/.', '//', '%2F', '\\', '/c'), {
    minLength: 1,
    maxLength: 6,
  })
  .map((pieces) => `/${pieces.join('').replace(/^\//, '')}`);
const query = fc.constantFrom('', '?h=1', '?h=2&i=1', '?i=2');
/** A request that some of those may match; paths may be tricks. */
export const anyRequest: fc.Arbitrary<Required<RequestLike>> = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'HEAD'),
  host,
  target: fc.tuple(fc.oneof(path, odd), query).map(([first, last]) => first + last),
  headers: flags,
});

/** A match that most likely takes this request: each part left open, or drawn from what the request says. */
export function matchFor({ method, host, target, headers }: Required<RequestLike>): fc.Arbitrary<MatchSettings> {
  // Documents hold paths in plain reading.
  const path = plainPath(target.split('?')[0]);
  const ends = [...path].flatMap((letter, i) => (letter === '/' && i > 0 ? [i] : []));
  const prefixes = ['/', path, ...ends.map((end) => path.slice(0, end))];
  const suffixes = [...host].flatMap((letter, i) => (letter === '.' ? [`*${host.slice(i)}`] : []));
  const paths = fc.oneof(
    fc.constantFrom(...prefixes).map((value) => ({ kind: 'prefix' as const, value })),
    fc.constant({ kind: 'exact' as const, value: path }),
    fc.constant({ kind: 'regex' as const, value: '/.*' }),
  );
  const some = (all: Readonly<Record<string, string>>) => fc.subarray(Object.entries(all)).map(Object.fromEntries);
  return fc
    .record(
      {
        host: fc.constantFrom(host, ...suffixes),
        path: paths,
        methods: fc.constant([method]),
        headers: some(headers),
        query: some(Object.fromEntries(new URLSearchParams(target.split('?')[1] ?? ''))),
      },
      { requiredKeys: ['headers', 'query'] },
    )
    .map((match) => match as MatchSettings); // absent keys are absent
}
