/**
 * Whatever document and request: an explanation says what the compiled table says, of the winner and of everybody else.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Explanation, explain } from '../../../src/control/explain.ts';
import { precedence } from '../../../src/control/explain-others.ts';
import { DryTable } from '../../../src/control/explain-table.ts';
import { NameSet } from '../../../src/core/names.ts';
import type { WeightedSettings } from '../../../src/release/release.ts';
import type { MatchSettings } from '../../../src/routing/route.ts';
import { anyMatch, anyRequest, matchFor } from '../../support/any-match.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';
import { exchangeOf, factsOf, matcherOf, type RequestLike, routeSettings } from '../../support/facts.ts';
import { documentOf, listenerSettings, tableOf } from '../../support/tables.ts';

type Asked = Required<RequestLike>;

const SIDES = ['v1', 'v2', 'v3'];
const LISTENERS = { internal: listenerSettings(), edge: listenerSettings({ zone: 'edge' }) };
const anySplit = fc
  .tuple(...SIDES.map((upstream) => fc.record({ upstream: fc.constant(upstream), weight: fc.nat(3) })))
  .filter((sides) => sides.some(({ weight }) => weight > 0));
const anyRoute = fc.record({
  match: anyMatch,
  split: anySplit,
  sticky: fc.boolean(),
  listeners: fc.subarray(['internal', 'edge'], { minLength: 1 }),
});
const anyRoutes = fc.array(anyRoute, { maxLength: 12 });

function documentFrom(routes: readonly (typeof anyRoute extends fc.Arbitrary<infer T> ? T : never)[]) {
  const settings = routes.map(({ match, split, sticky, listeners }, i) => {
    const release = { split, mode: 'proxy' as const, ...(sticky ? { sticky: { header: 'h' } } : {}) };
    return [`r${i}`, routeSettings(match, { release, listeners })] as const;
  });
  return documentOf(Object.fromEntries(settings), SIDES, { listeners: LISTENERS });
}

function told(document: ReturnType<typeof documentFrom>, { method, target, host, headers }: Asked, listener?: string) {
  const running = { document, revision: 'r1' };
  const parts = {
    table: new DryTable(new FakeAlarms(new FakeClock())),
    running: () => running,
    circuit: () => ({ state: 'closed', reason: '', until: undefined }),
    members: () => ({ members: 1, up: 1, leased: 0 }),
  };
  const explained = explain(parts, { method, url: `http://${host}${target}`, headers, listener });
  if ('problem' in explained) assert.fail(explained.problem.reason);
  return explained;
}

test('the route of an explanation is the one that the table of that listener finds', () => {
  fc.assert(
    fc.property(anyRoutes, anyRequest, fc.constantFrom('internal', 'edge'), (routes, asked, listener) => {
      const document = documentFrom(routes);
      const table = tableOf(document);
      const found = table.listeners.get(listener)?.match(factsOf(asked, table.names));
      const explained = told(document, asked, listener);
      assert.equal(explained.route, found?.is === 'route' ? found.route.id : undefined);
      const expected = { route: undefined, none: 'no_route', ambiguous: 'bad_request' } as const;
      assert.equal(explained.code, expected[found?.is ?? 'none']);
      assert.equal(explained.outcome, found?.is === 'route' ? 'proxied' : 'refused');
    }),
    { numRuns: 1000 },
  );
});

test('the shares are those that many draws come to', () => {
  const asked = { method: 'GET', host: 'x', target: '/', headers: {} };
  fc.assert(
    fc.property(anySplit, fc.boolean(), (split, sticky) => {
      const document = documentFrom([{ match: { headers: {}, query: {} }, split, sticky, listeners: ['internal'] }]);
      for (const headers of [{}, { h: '1' }] as const) {
        const { upstreams } = told(document, { ...asked, headers });
        assert.deepEqual(Object.fromEntries(upstreams.map(({ id, share }) => [id, share])), counted(document, headers));
      }
      assert.equal(
        told(document, asked).upstreams.length,
        split.filter(({ weight }: WeightedSettings) => weight > 0).length,
      );
    }),
  );
});

/** 5040 draws, which every sum of these weights divides, evenly spread. */
function counted(document: ReturnType<typeof documentFrom>, headers: Readonly<Record<string, string>>) {
  const table = tableOf(document);
  const route = table.routes.get('r0');
  const request = factsOf({ host: 'x', headers }, table.names);
  const draws = 5040;
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const choosing = route?.plan.release.choose(exchangeOf(request, (i + 0.5) / draws), request, true);
    assert.ok(route !== undefined && choosing !== undefined && 'index' in choosing);
    const { id } = route.plan.destinations[choosing.index].upstream;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].map(([id, count]) => [id, Math.round((count / draws) * 1e12) / 1e12]));
}

/** What a table of this route alone makes of the request: `route` where it takes it. */
function alone(id: string, match: MatchSettings, asked: Asked): string {
  const names = new NameSet();
  return matcherOf([[id, match]], names).match(factsOf(asked, names)).is;
}

/** A request with routes of which about half would take it. */
const anyContest = anyRequest.chain((asked) =>
  fc.tuple(
    fc.constant(asked),
    fc
      .array(fc.tuple(anyRoute, fc.option(matchFor(asked), { nil: undefined })), { maxLength: 8 })
      .map((pairs) => pairs.map(([route, fitting]) => (fitting === undefined ? route : { ...route, match: fitting }))),
  ),
);

function othersOf({ others }: Explanation) {
  const too = others.filter(({ why }) => why.startsWith('it would take the request too, but '));
  return { too, not: others.filter((other) => !too.includes(other)) };
}

test('a route is said to lose by precedence where it alone would take the request, and to miss something where not', () => {
  let lost = 0;
  let missed = 0;
  fc.assert(
    fc.property(anyContest, ([asked, routes]) => {
      const everywhere = routes.map((route) => ({ ...route, listeners: ['internal'] }));
      const { too, not } = othersOf(told(documentFrom(everywhere), asked));
      const end = (id: string) => alone(id, routes[Number(id.slice(1))].match, asked);
      for (const { route } of too) assert.notEqual(end(route), 'none');
      for (const { route, why } of not) assert.notEqual(end(route), 'route', why);
      lost += too.length;
      missed += not.length;
    }),
    { numRuns: 1000 },
  );
  assert.ok(lost > 100 && missed > 40, `${lost} lost, ${missed} missed something`);
});

test('of two routes that would both take a request, the one that is said to come first is the one that does', () => {
  let both = 0;
  const rules = new Set<string>();
  const contest = anyRequest.chain((asked) => fc.tuple(fc.constant(asked), matchFor(asked), matchFor(asked)));
  fc.assert(
    fc.property(contest, ([asked, a, b]) => {
      const names = new NameSet();
      const routes = [
        ['a', a],
        ['b', b],
      ] as const;
      const found = matcherOf(routes, names).match(factsOf(asked, names));
      if (found.is !== 'route' || !routes.every(([id, match]) => alone(id, match, asked) === 'route')) return;
      both++;
      const { order, rule } = precedence(...routes);
      assert.equal(order < 0 ? 'a' : 'b', found.route.id, rule);
      rules.add(rule);
    }),
    { numRuns: 3000 },
  );
  assert.ok(both > 1000, `${both} requests that both take`);
  assert.equal(rules.size, 9, [...rules].join('\n'));
});
