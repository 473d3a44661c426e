/**
 * From a document to a table: parts bound to each other, counters, names, and refusals that name their place.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../../src/config/compile.ts';
import { blockOf } from '../../../src/routing/route.ts';
import { exchangeOf, factsOf, NO_EDITS, routeSettings } from '../../support/facts.ts';
import { countingSite, documentOf, listenerSettings, tableOf } from '../../support/tables.ts';

const split = (...upstreams: string[]) => upstreams.map((upstream) => ({ upstream, weight: 1 }));

test('blocks are asked for by key, and block 0 is that of no route', () => {
  const site = countingSite();
  const routes = { shop: routeSettings({}, { release: { split: split('cart', 'tax'), mode: 'proxy' } }) };
  const table = compile(documentOf(routes, ['cart', 'tax']), 'r1', site);
  assert.equal(site.blocks.get('route:_none|'), 0);
  const keys = [
    'route:shop|',
    'route:shop|cart',
    'route:shop|tax',
    'upstream:cart',
    'upstream:tax',
    'member:cart|http://127.0.0.1:7001',
    'member:tax|http://127.0.0.1:7001',
    'listener:internal',
  ];
  assert.deepEqual([...site.blocks.keys()].sort(), ['route:_none|', ...keys].sort());
  const route = table.routes.get('shop');
  assert.equal(route?.block, site.blocks.get('route:shop|'));
  assert.deepEqual(
    route?.plan.destinations.map(({ upstream: { id, block } }, i) => [id, block, blockOf(route, i)]),
    ['cart', 'tax'].map((id) => [id, site.blocks.get(`upstream:${id}`), site.blocks.get(`route:shop|${id}`)]),
  );
  assert.equal(table.listeners.get('internal')?.block, site.blocks.get('listener:internal'));
});

test('choices are all sides of split and versions, in order, each once', () => {
  const release = {
    split: [],
    versions: {
      from: [{ query: 'v' }],
      serve: [
        { range: '>=2', split: split('white', 'next') },
        { range: '>=1', split: split('red') },
      ],
      missing: { split: split('old', 'red') },
      unmatched: { status: 426 },
    },
    mode: 'proxy' as const,
  };
  const ids = ['old', 'red', 'next', 'white'];
  const table = tableOf(documentOf({ game: routeSettings({}, { release }) }, ids));
  const sides = table.routes.get('game')?.plan.destinations.map(({ upstream }) => upstream.id);
  assert.deepEqual(sides, ['white', 'next', 'red', 'old']);
});

test('upstreams are lent by the site, those of no route too, and shared between routes', () => {
  const table = tableOf(documentOf({ a: routeSettings({}), b: routeSettings({}) }, ['cart', 'spare']));
  assert.deepEqual([...table.destinations.keys()], ['cart', 'spare']);
  const [a, b] = ['a', 'b'].map((id) => table.routes.get(id));
  assert.equal(a?.plan, b?.plan);
  assert.equal(a?.plan.destinations[0], table.destinations.get('cart'));
  assert.notEqual(a?.firstBlock, b?.firstBlock);
});

test('one set of names serves routes, releases, edits and correlation', () => {
  const routes = {
    shop: routeSettings(
      { headers: { 'x-tenant': 'acme' } },
      {
        release: {
          split: split('cart'),
          sticky: { header: 'x-user-id' },
          override: { header: 'x-side' },
          mode: 'proxy',
          versions: {
            from: [{ header: 'x-client-version' }],
            serve: [],
            missing: { status: 426 },
            unmatched: { status: 426 },
          },
        },
        rewrite: {
          headers: {
            request: { ...NO_EDITS, set: { 'X-Env': 'test' } },
            response: { ...NO_EDITS, remove: ['Server'] },
          },
        },
      },
    ),
  };
  const correlation = { header: 'X-Request-Id', context: ['x-tournament-id'], caller: 'x-caller' };
  const table = tableOf(documentOf(routes, ['cart'], { correlation }));
  const expected = 'x-tenant x-user-id x-side x-client-version x-env server x-request-id x-tournament-id x-caller';
  for (const name of expected.split(' ')) assert.notEqual(table.names.number(name), -1, name);
  assert.deepEqual(table.correlation, {
    header: 'X-Request-Id',
    number: table.names.number('x-request-id'),
    context: [{ name: 'x-tournament-id', number: table.names.number('x-tournament-id') }],
    caller: table.names.number('x-caller'),
  });
  const { rewrite } = table.routes.get('shop')?.plan ?? {};
  assert.deepEqual([...(rewrite?.request?.cut ?? [])], [table.names.number('x-env')]);
  assert.deepEqual([...(rewrite?.response?.cut ?? [])], [table.names.number('server')]);
});

test('without a caller header its number is -1', () => {
  assert.equal(tableOf(documentOf({})).correlation.caller, -1);
});

test('a listener serves only the routes that name it, by its own zone and proxies', () => {
  const listeners = {
    internal: listenerSettings(),
    edge: listenerSettings({ zone: 'edge', trustedProxies: ['10.0.0.0/8'] }),
  };
  const routes = {
    inside: routeSettings({}),
    both: routeSettings({ path: { kind: 'prefix', value: '/x' } }, { listeners: ['internal', 'edge'] }),
  };
  const table = tableOf(documentOf(routes, ['cart'], { listeners }));
  const [internal, edge] = [table.listeners.get('internal'), table.listeners.get('edge')];
  const ask = (target: string) => factsOf({ target }, table.names);
  assert.deepEqual([internal?.match(ask('/')).is, internal?.match(ask('/x')).is], ['route', 'route']);
  assert.deepEqual([edge?.match(ask('/')).is, edge?.match(ask('/x')).is], ['none', 'route']);
  assert.deepEqual([internal?.internal, edge?.internal], [true, false]);
  assert.deepEqual([internal?.trusts('10.1.1.1'), edge?.trusts('10.1.1.1')], [false, true]);
});

test('the table keeps revision and drain, and not the document', () => {
  const document = documentOf({ shop: routeSettings({}) });
  const table = compile(document, 'abc', countingSite());
  assert.equal(table.revision, 'abc');
  assert.deepEqual(table.drain, document.drain);
  assert.ok(!Object.values(table).includes(document));
});

test('a redirecting route has an answer and needs no upstream', () => {
  const settings = routeSettings(
    { path: { kind: 'prefix', value: '/old' } },
    {
      release: { split: [], mode: 'proxy' },
      redirect: { replacePrefix: '/new', status: 301 },
    },
  );
  const route = tableOf(documentOf({ moved: settings }, [])).routes.get('moved');
  assert.deepEqual([route?.plan.answers.length, route?.plan.destinations.length], [1, 0]);
});

test('what cannot be built is refused with the name of its place', () => {
  const cases: [RegExp, () => unknown][] = [
    [
      /route shop: there is no upstream tax/,
      () => tableOf(documentOf({ shop: routeSettings({}, { release: { split: split('tax'), mode: 'proxy' } }) })),
    ],
    [
      /route shop: there is no listener edge/,
      () => tableOf(documentOf({ shop: routeSettings({}, { listeners: ['edge'] }) })),
    ],
    [
      /route shop: match\.path\.regex: .*missing closing/,
      () => tableOf(documentOf({ shop: routeSettings({ path: { kind: 'regex', value: '/(' } }) })),
    ],
    [
      /route shop: release: .*two/,
      () =>
        tableOf(
          documentOf({
            shop: routeSettings(
              {},
              {
                release: {
                  split: [],
                  versions: {
                    from: [],
                    serve: [{ range: 'two', split: split('cart') }],
                    missing: { status: 426 },
                    unmatched: { status: 426 },
                  },
                  mode: 'proxy',
                },
              },
            ),
          }),
        ),
    ],
    [
      /route shop: rewrite\.headers\.request: header Host/,
      () =>
        tableOf(
          documentOf({
            shop: routeSettings(
              {},
              { rewrite: { headers: { request: { ...NO_EDITS, remove: ['Host'] }, response: NO_EDITS } } },
            ),
          }),
        ),
    ],
    [
      /listener internal: trustedProxies: nowhere/,
      () => tableOf(documentOf({}, [], { listeners: { internal: listenerSettings({ trustedProxies: ['nowhere'] }) } })),
    ],
  ];
  for (const [message, build] of cases) assert.throws(build, message);
});

test('the same document gives the same numbers on every thread', () => {
  const document = documentOf({
    shop: routeSettings({ headers: { a: '1', b: '2' } }),
    cart: routeSettings({ headers: { c: '1' } }),
  });
  assert.deepEqual(tableOf(document).names.names, tableOf(document).names.names);
});

test('a hundred thousand routes compile and match', () => {
  const routes = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, i) => [`r${i}`, routeSettings({ path: { kind: 'prefix', value: `/s${i}` } })]),
  );
  const table = tableOf(documentOf(routes));
  const found = table.listeners.get('internal')?.match(factsOf({ target: '/s77777/x?y' }, table.names));
  assert.equal(found?.is === 'route' ? found.route.id : found?.is, 'r77777');
});

test('routes that are alike share a plan, and one that does something of its own does not', () => {
  const plain = (weight: number) => ({ release: { split: [{ upstream: 'cart', weight }], mode: 'proxy' as const } });
  const rewriting = { rewrite: { stripPrefix: '/x', headers: { request: NO_EDITS, response: NO_EDITS } } };
  const routes = {
    own: routeSettings({ path: { kind: 'prefix', value: '/x' } }, { ...plain(100), ...rewriting }),
    a: routeSettings({}, plain(100)),
    b: routeSettings({}, plain(100)),
    off: routeSettings({}, plain(0)),
    alsoOff: routeSettings({}, plain(0)),
  };
  const table = tableOf(documentOf(routes));
  const planOf = (id: string) => table.routes.get(id)?.plan;
  assert.equal(planOf('a'), planOf('b'));
  assert.notEqual(planOf('own'), planOf('a'));
  assert.equal(planOf('own')?.settings, planOf('a')?.settings);
  const request = factsOf({}, table.names);
  for (const id of ['off', 'alsoOff']) {
    const chosen = planOf(id)?.release.choose(exchangeOf(request), request, true);
    assert.match(chosen !== undefined && 'fault' in chosen ? chosen.fault.detail : '', new RegExp(`route ${id} `));
  }
});

test('a fallback upstream is the last of the plan, with counters of its own', () => {
  const site = countingSite();
  const routes = {
    shop: routeSettings({}, { release: { split: split('cart'), mode: 'proxy' }, fallback: { upstream: 'spare' } }),
  };
  const route = compile(documentOf(routes, ['cart', 'spare']), 'r1', site).routes.get('shop');
  assert.deepEqual(route?.plan.fallback, { upstream: 1 });
  assert.deepEqual(
    route?.plan.destinations.map(({ upstream }, i) => [upstream.id, blockOf(route, i)]),
    ['cart', 'spare'].map((id) => [id, site.blocks.get(`route:shop|${id}`)]),
  );
});

test('a fallback reply is ready to be written, its headers as bytes', () => {
  const reply = { status: 503, headers: { 'Content-Type': 'text/plain', 'x-note': 'später' }, body: 'später' };
  const table = tableOf(documentOf({ shop: routeSettings({}, { fallback: { reply } }) }));
  assert.deepEqual(table.routes.get('shop')?.plan.fallback, {
    reply: {
      status: 503,
      headers: [
        ['Content-Type', 'text/plain'],
        ['x-note', Buffer.from('später').toString('latin1')],
      ],
      body: 'später',
    },
  });
});

test('a route with faults or a fallback shares its plan with none that has neither', () => {
  const faults = { abort: { status: 503, percent: 5 } };
  const table = tableOf(
    documentOf({
      plain: routeSettings({}),
      failing: routeSettings({}, { faults }),
      safe: routeSettings({}, { fallback: { reply: { status: 503, headers: {}, body: '' } } }),
    }),
  );
  const [plain, failing, safe] = ['plain', 'failing', 'safe'].map((id) => table.routes.get(id)?.plan);
  assert.deepEqual([plain?.faults, plain?.fallback], [undefined, undefined]);
  assert.equal(failing?.faults, faults);
  assert.notEqual(safe?.fallback, undefined);
});
