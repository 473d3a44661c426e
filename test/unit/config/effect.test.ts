/**
 * What a change does, in words: the sentences that people read, and that nothing stays unsaid or is said too loudly.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectOf } from '../../../src/config/effect.ts';
import { CONTRACT_DOCUMENT, TLS } from '../../support/contract-document.ts';
import { documentIn } from '../../support/reading.ts';

const BASE = CONTRACT_DOCUMENT.replace(TLS, '');

type Edit = readonly [from: string, to: string];

/** The words of an edited text, without the sum. */
function wordsOf(...edits: readonly Edit[]): string[] {
  return effectOf(documentIn(BASE), edited(edits)).words.slice(1);
}

function edited(edits: readonly Edit[], env: Readonly<Record<string, string>> = {}) {
  let text = BASE;
  for (const [from, to] of edits) {
    assert.ok(text.includes(from), `the document has no ${from}`);
    text = text.replace(from, () => to);
  }
  return documentIn(text, env);
}

function says(title: string, edits: readonly Edit[], expected: readonly string[]): void {
  test(title, () => assert.deepEqual(wordsOf(...edits), expected));
}

test('documents of one revision change nothing', () => {
  const effect = effectOf(documentIn(BASE), documentIn(`# a comment\n${BASE}`));
  const none = { added: [], removed: [], changed: [] };
  assert.deepEqual(effect, { words: ['nothing changes'], routes: none, upstreams: none, other: [] });
});

test('the first document is summed up', () => {
  const effect = effectOf(undefined, documentIn(BASE));
  assert.deepEqual(effect.words, ['the first document: 3 routes, 6 upstreams, 2 listeners']);
  assert.deepEqual(effect.routes.added, ['cart', 'checkout', 'game']);
});

test('the first line sums up, and the parts are named', () => {
  const effect = effectOf(
    documentIn(BASE),
    edited([
      ['path: /cart }', 'path: /basket }'],
      ['    mode: proxy', '    mode: redirect'],
      ['cart.internal/cart/7', 'cart.internal/basket/7'],
      ['  tax: {', '  vat: { endpoints: [ http://127.0.0.1:7032 ] }\n  tax: {'],
    ]),
  );
  assert.equal(effect.words[0], '1 upstream added, 2 routes changed, changes in examples');
  assert.deepEqual(effect.routes, { added: [], removed: [], changed: ['cart', 'game'] });
  assert.deepEqual(effect.upstreams, { added: ['vat'], removed: [], changed: [] });
  assert.deepEqual(effect.other, ['examples']);
  assert.ok(effect.words.includes('upstream vat added: 1 endpoint: http://127.0.0.1:7032'));
  assert.ok(effect.words.includes('route game: mode proxy -> redirect'));
});

says(
  'a share that grows is said in percent, once for both sides',
  [['checkout: 95, checkout-v2: 5', 'checkout: 85, checkout-v2: 15']],
  ['route checkout: 10% more goes to checkout-v2 (5% -> 15%)'],
);

says(
  'of three sides each that gains or loses is said',
  [['checkout: 95, checkout-v2: 5', 'checkout: 1, checkout-v2: 1, tax: 1']],
  [
    'route checkout: 28.33% more goes to checkout-v2 (5% -> 33.33%)',
    'route checkout: 33.33% now goes to tax',
    'route checkout: 61.67% less goes to checkout (95% -> 33.33%)',
  ],
);

says(
  'weights that move no share say so',
  [['checkout: 95, checkout-v2: 5', 'checkout: 190, checkout-v2: 10']],
  ['route checkout: weights checkout 95, checkout-v2 5 -> checkout 190, checkout-v2 10, which moves no share'],
);

says(
  'sides in another order are said, and that nobody moves',
  [['checkout: 95, checkout-v2: 5', 'checkout-v2: 5, checkout: 95']],
  [
    'route checkout: its sides stand in another order (checkout, checkout-v2 -> checkout-v2, checkout), which moves nobody',
  ],
);

test('what is added is told with all that it asks for, where it is reached, and that it redirects', () => {
  const before =
    'listeners: { i: { address: "127.0.0.1:1" }, e: { address: "127.0.0.1:2", zone: edge } }\nupstreams: { a: {} }\n';
  const words = (route: string) => effectOf(documentIn(before), documentIn(`${before}routes: { r: ${route} }`)).words;
  const match = '{ path: /r, methods: [GET], headers: { x-tenant: acme, authorization: s3cret }, query: { v: "" } }';
  assert.deepEqual(words(`{ match: ${match}, upstream: a }`), [
    '1 route added',
    'route r added: /r (GET, header x-tenant: acme, header authorization: (not shown), parameter v: "") to a',
  ]);
  assert.deepEqual(words('{ match: { path: /r }, upstream: a, mode: redirect, listeners: [e] }'), [
    '1 route added',
    'route r added: /r at listener e to a, by a redirect',
  ]);
  assert.deepEqual(words('{ upstream: a, listeners: [e, i] }').slice(1), [
    'route r added: any host, any path at listeners e, i to a',
  ]);
});

says(
  'a route that answers with a redirect in place of its upstream says nothing of versions',
  [
    ['upstream: cart\n', 'redirect: { host: cart.example }\n'],
    ['route: cart, upstream: cart', 'route: cart'],
  ],
  [
    'route cart: no longer goes to cart',
    'route cart: now answered with a redirect: { host: cart.example, status: 302 }',
    'examples: { request: GET http://cart.internal/cart/7, route: cart } added',
    'examples: { request: GET http://cart.internal/cart/7, route: cart, upstream: cart } removed',
  ],
);

says(
  'what a request has to be is said in plain words',
  [
    ['host: cart.internal, path: /cart }', 'path: { exact: /cart }, methods: [POST], query: { q: "1 2" } }'],
    ['http://cart.internal/cart/7", route: cart, upstream: cart', 'http://x/", route: _none'],
    ['methods: [GET, POST], headers: { x-tenant: acme }', 'headers: { x-tenant: bcme }'],
  ],
  [
    'route cart: host cart.internal -> any host',
    'route cart: path /cart -> exactly /cart',
    'route cart: now only with parameter q: 1 2',
    'route cart: now only POST (was any method)',
    'route checkout: now any method (was only GET, POST)',
    'route checkout: asks for header x-tenant: bcme (was acme)',
    'examples: { request: GET http://x/, route: _none } added',
    'examples: { request: GET http://cart.internal/cart/7, route: cart, upstream: cart } removed',
  ],
);

says(
  'a listener that comes and one that goes are both said',
  [
    ['listeners: [internal, edge]', 'listeners: [internal]'],
    ['upstream: cart\n', 'upstream: cart\n    listeners: [edge]\n'],
    [', upstream: cart }', ', upstream: cart, listener: edge }'],
  ],
  [
    'route cart: now also at listener edge',
    'route cart: no longer at listener internal',
    'route checkout: no longer at listener edge',
    'examples: { request: GET http://cart.internal/cart/7, listener: edge, route: cart, upstream: cart } added',
    'examples: { request: GET http://cart.internal/cart/7, route: cart, upstream: cart } removed',
  ],
);

says(
  'where clients of a version go is said by range',
  [
    ['range: ">=2.0.0", split: { game-white: 100 }', 'range: ">=2.0.0", upstream: game-red'],
    ['        - { range: ">=1.4.0 <2.0.0", upstream: game-red }\n', ''],
    ['missing: game-red', 'missing: { status: 400 }'],
    ['{ query: v }, { cookie: v }]', '{ query: v }]'],
  ],
  [
    "route game: the client's version is what header x-client-version, query v has (was header x-client-version, query v, cookie v)",
    'route game: clients >=2.0.0 go to game-red (was game-white)',
    'route game: clients >=1.4.0 <2.0.0 have no range of their own any more (was game-red)',
    'route game: clients without a version are refused with 400 (was game-red)',
  ],
);

says(
  'what stands in an upstream is said in the units of the document',
  [
    ['attempt: 3s', 'attempt: off'],
    ['bodyLimit: 64KiB', 'bodyLimit: 1MiB'],
    ['{ url: http://127.0.0.1:7002, weight: 2 }', 'http://127.0.0.1:7003'],
    ['concurrency: 1024', 'concurrency: adaptive'],
  ],
  [
    'upstream cart: endpoint http://127.0.0.1:7003 added',
    'upstream cart: endpoint http://127.0.0.1:7002 removed (had weight 2); requests under way there finish',
    'upstream cart: attempt timeout 3s -> off',
    'upstream cart: retry.bodyLimit 64KiB -> 1MiB',
    'upstream cart: limits.concurrency 1024 -> adaptive',
    'upstream cart: connections to the endpoints that stay, and the state of its circuit, stay as they are',
  ],
);

says(
  'listeners, drain, workers, correlation, rollouts and invariants have their sentences',
  [
    ['body: off, connections', 'body: 1MiB, connections'],
    ['workers: 2', 'workers: 3'],
    ['notice: 5s', 'notice: 1m30s'],
    ['[x-user-id, x-tournament-id]', '[x-user-id]'],
    ['minRequests: 50', 'minRequests: 60'],
    ['window: 5m }', 'window: 6m }'],
  ],
  [
    'listener edge: limits.body off -> 1MiB',
    'workers: 2 -> 3',
    'drain: notice 5s -> 1m30s',
    'correlation: context x-tournament-id removed',
    'rollout checkout-v2: minRequests 50 -> 60',
    'invariant orders-flow: window 5m -> 6m',
  ],
);

says(
  'a part that comes, and one that goes, is told with where it leads',
  [
    ['  game:    ', '  game-2:  '],
    ['missing: game-red', 'missing: game-white'],
    ['match: { path: /game }', 'match: { path: /game-2, methods: [GET] }'],
  ],
  [
    "route game-2 added: /game-2 (GET) to game-white for >=2.0.0, game-red for >=1.4.0 <2.0.0 by the client's version",
    "route game removed: /game to game-white for >=2.0.0, game-red for >=1.4.0 <2.0.0 by the client's version",
  ],
);

test('secrets change without being told', () => {
  const hash = 'ab'.repeat(32);
  const secretive: Edit[] = [
    [
      'token: "${SIGNALBOX_ADMIN_TOKEN:-}"',
      `token: "\${S}", tokens: { ci: { role: viewer, sha256: ${hash} } }, limits: { body: 2MiB }`,
    ],
    ['http://127.0.0.1:9500/alerts', '"http://127.0.0.1:9500/${S}"'],
    ['request: { set: {}', 'request: { set: { authorization: "Bearer ${S}", x-api-key: "${S}" }'],
    ['headers: { x-tenant: acme }', 'headers: { x-tenant: acme, x-auth-token: "${S}" }'],
  ];
  const [one, other] = [edited(secretive, { S: 'wolf' }), edited(secretive, { S: 'bear' })];
  const came = effectOf(documentIn(BASE), one).words;
  const moved = effectOf(one, other).words;
  for (const words of [came, moved]) assert.doesNotMatch(words.join('\n'), /wolf|bear|abab/);
  assert.deepEqual(moved.slice(1), [
    'route checkout: asks for another header x-auth-token: (not shown)',
    'route checkout: rewrite.headers.request.set.authorization changed (not shown)',
    'route checkout: rewrite.headers.request.set.x-api-key changed (not shown)',
    'admin: token changed (not shown)',
    'alerts: webhooks http://127.0.0.1:9500/... added',
    'alerts: webhooks http://127.0.0.1:9500/... removed',
  ]);
  assert.ok(came.includes('admin: tokens.ci none -> { role: viewer, sha256: (not shown) }'));
  assert.ok(came.includes('admin: token is set (not shown)'));
});

test('a value never breaks the line or passes for something else', () => {
  const words = wordsOf([
    'rewrite: { stripPrefix: /checkout,',
    `fallback: { status: 503, body: "a\\nroute cart removed\\u202e -> b${'x'.repeat(1000)}" }\n    rewrite: {`,
  ]);
  assert.ok(words.every((word) => /^[\x20-\x7e]+$/.test(word) && word.length < 500));
  assert.match(words[1], /^route checkout: fallback none -> \{ reply: \{ status: 503, .*body: "a\\nroute cart/);
});

/** So many routes, each leading where `upstream` says. */
function crowd(count: number, upstream: (i: number) => string): string {
  const routes = Array.from(
    { length: count },
    (_, i) => `  r${i}: { match: { path: /r${i} }, upstream: ${upstream(i)} }\n`,
  );
  return `upstreams:\n  a: { endpoints: [http://127.0.0.1:1] }\n  b: { endpoints: [http://127.0.0.1:2] }\nroutes:\n${routes.join('')}`;
}

test('a large change is told by its first parts, and by how many there are beside them', () => {
  const before = documentIn(crowd(2000, () => 'a'));
  const after = documentIn(`workers: 3\n${crowd(2000, (i) => (i < 1000 ? 'b' : 'a')).replace(':2]', ':3]')}`);
  const { words, routes } = effectOf(before, after);
  assert.equal(routes.changed.length, 1000);
  assert.equal(words.length, 100);
  assert.equal(words[0], '1000 routes changed, 1 upstream changed, changes in workers');
  assert.equal(words[1], 'route r0: goes to b (was a)');
  const told = words.filter((word) => word.startsWith('route ')).length;
  assert.ok(words.includes(`... and ${1000 - told} more routes`));
  assert.ok(words.includes('upstream b: endpoint http://127.0.0.1:3 added'));
  assert.equal(words[99], 'workers: one per core -> 3');
});

test('a part with many changes does not drown the others', () => {
  const split = (weight: number) =>
    Array.from({ length: 40 }, (_, i) => `u${i}: ${i % 2 === 0 ? weight : 1}`).join(', ');
  const text = (weight: number) =>
    `upstreams:\n${Array.from({ length: 40 }, (_, i) => `  u${i}: { endpoints: [http://127.0.0.1:${i + 1}] }\n`).join('')}` +
    `routes:\n  many: { match: { path: /a }, split: { ${split(weight)} } }\n  one: { match: { path: /${weight} }, upstream: u0 }\n`;
  const { words } = effectOf(documentIn(text(1)), documentIn(text(3)));
  assert.equal(words.filter((word) => word.startsWith('route many')).length, 12);
  assert.equal(words[12], 'route many: ... and 29 more changes');
  assert.equal(words[13], 'route one: path /1 -> /3');
});

test('parts may have the names of what every object has', () => {
  const text = (path: string) =>
    `upstreams: { constructor: { endpoints: [http://127.0.0.1:1] } }\nroutes: { toString: { match: { path: ${path} }, upstream: constructor } }\n`;
  const none = documentIn('{}');
  const { words, routes, upstreams } = effectOf(none, documentIn(text('/a')));
  assert.deepEqual([routes.added, upstreams.added], [['toString'], ['constructor']]);
  assert.equal(words.length, 3);
  assert.deepEqual(effectOf(documentIn(text('/a')), none).routes.removed, ['toString']);
});
