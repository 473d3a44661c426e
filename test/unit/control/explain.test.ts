/**
 * Why a request goes where: every way it can end, the routes that came close, and the same answer as the matcher's.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Document } from '../../../src/config/document.ts';
import { type ExplainParts, type Explanation, explain } from '../../../src/control/explain.ts';
import type { ExplainRequest } from '../../../src/control/explain-request.ts';
import { DryTable } from '../../../src/control/explain-table.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';
import { documentIn } from '../../support/reading.ts';

const TEXT = `
listeners:
  internal: { address: 127.0.0.1:8080 }
  edge: { address: 127.0.0.1:8081, zone: edge, limits: { target: 100B, head: 1KiB, headers: 4 } }
upstreams:
  cart:
    endpoints: [http://127.0.0.1:7001]
    retry: { attempts: 1 }
    circuitBreaker: { failureRate: { percent: 40, minRequests: 10, window: 5s } }
    limits: { concurrency: 10, queue: 0 }
    hedge: { after: p95, percent: 2 }
  cart-v2: { endpoints: [http://127.0.0.1:7002, http://127.0.0.1:7003], timeout: { attempt: 1m30s, total: off }, retry: off, panicPercent: off }
  red: { endpoints: [http://127.0.0.1:7004] }
  white: { endpoints: [http://127.0.0.1:7005] }
  spare: { endpoints: [http://127.0.0.1:7006], circuitBreaker: off, limits: off }
routes:
  cart:
    match: { host: cart.internal, path: /cart }
    split: { cart: 80, cart-v2: 20 }
    sticky: { header: x-user-id }
    override: { header: x-side }
  item: { match: { host: cart.internal, path: { exact: /cart/item }, methods: [GET], headers: { x-tenant: s3cret }, query: { v: "2" } }, upstream: cart }
  game:
    match: { path: /game }
    versions:
      from: [{ header: x-client-version }]
      serve: [{ range: ">=2.0.0", upstream: white }, { range: ">=1.0.0 <2.0.0", split: { red: 3, white: 1 } }]
      missing: red
  ask-once: { match: { path: /ask }, upstream: cart, mode: redirect, listeners: [internal, edge] }
  ask-many: { match: { path: /ask-many }, upstream: cart-v2, mode: redirect }
  moved: { match: { path: /old }, redirect: { host: new.example, replacePrefix: /new, status: 308 } }
  spared: { match: { path: /spared }, upstream: cart-v2, fallback: { upstream: spare }, rewrite: { stripPrefix: /spared, host: v2.internal, headers: { request: { set: { authorization: s3cret }, remove: [x-old] }, response: { add: { x-by: me } } } } }
  sorry: { match: { path: /sorry }, upstream: cart-v2, fallback: { status: 200, body: later } }
  failing: { match: { path: /failing }, upstream: cart, faults: { abort: { status: 503, percent: 100 }, delay: { time: 2s, percent: 5 } }, listeners: [internal, edge] }
  outside: { match: { host: "*.example.com", path: /shop }, upstream: cart, listeners: [edge] }
`;

interface States {
  readonly circuits?: Readonly<Record<string, string>>;
  readonly why?: { readonly reason: string; readonly until?: number };
  readonly up?: Readonly<Record<string, number>>;
  readonly leased?: Readonly<Record<string, number>>;
}

function partsOf(document: Document, { circuits = {}, up = {}, leased = {}, why }: States = {}): ExplainParts {
  const running = { document, revision: 'r1' };
  const counts = (id: string) => document.upstreams[id].endpoints.length;
  return {
    table: new DryTable(new FakeAlarms(new FakeClock())),
    running: () => running,
    circuit: (id) => ({ state: circuits[id] ?? 'closed', reason: why?.reason ?? '', until: why?.until }),
    members: (id) => ({ members: counts(id), up: up[id] ?? counts(id), leased: leased[id] ?? 0 }),
  };
}

const DOCUMENT = documentIn(TEXT);

function told(request: ExplainRequest, states: States = {}): Explanation {
  const explained = explain(partsOf(DOCUMENT, states), request);
  if ('problem' in explained) assert.fail(`${explained.problem.pointer} ${explained.problem.reason}`);
  return explained;
}

function problemOf(request: ExplainRequest) {
  const explained = explain(partsOf(DOCUMENT), request);
  assert.ok('problem' in explained);
  return `${explained.problem.pointer}: ${explained.problem.reason}; ${explained.problem.advice}`;
}

const shares = ({ upstreams }: Explanation) => upstreams.map(({ id, share }) => [id, share]);
const policy = ({ policies }: Explanation, name: string) =>
  policies.filter((one) => one.name === name).map(({ text }) => text);

test('a proxied request is told from its listener to the state of its upstreams', () => {
  const explained = told({ url: 'http://cart.internal/cart/7' }, { circuits: { 'cart-v2': 'open' } });
  assert.deepEqual(explained.words, [
    'GET http://cart.internal/cart/7 comes in at listener internal',
    'listener edge was tried too and has no route for it',
    'route cart takes it: host cart.internal, path /cart',
    'header x-user-id would keep it on one side, but it carries none (sticky)',
    '80% go to cart, 20% go to cart-v2',
    "cart-v2's circuit is open: requests to it are refused with 503 circuit_open",
  ]);
  assert.deepEqual(explained.upstreams, [
    { id: 'cart', share: 0.8, circuit: 'closed', members: 1, up: 1 },
    { id: 'cart-v2', share: 0.2, circuit: 'open', members: 2, up: 2 },
  ]);
  assert.equal(explained.outcome, 'proxied');
  assert.equal(explained.listener, 'internal');
  assert.equal(explained.route, 'cart');
  assert.equal(explained.status, undefined);
});

test('a sticky key leaves one side with the whole share, the one that traffic with it gets', () => {
  const sides = ['ann', 'bob', 'eve', 'joe', 'kim', 'lea', 'max', 'ned', 'pat', 'sue'].map((user) => {
    const explained = told({ url: 'http://cart.internal/cart', headers: { 'X-User-Id': user } });
    assert.deepEqual(
      explained.upstreams.map(({ share }) => share),
      [1],
    );
    assert.ok(explained.words.includes('header x-user-id keeps it on one side (sticky)'));
    return explained.upstreams[0].id;
  });
  assert.deepEqual([...new Set(sides)].sort(), ['cart', 'cart-v2']);
});

test('an override reaches its side at an internal listener', () => {
  const explained = told({ url: 'http://cart.internal/cart', headers: { 'x-side': 'cart-v2', 'x-user-id': 'ann' } });
  assert.deepEqual(shares(explained), [['cart-v2', 1]]);
  assert.ok(explained.words.includes('header x-side names its side, whatever the weights'));
});

test("the client's version decides which split it meets", () => {
  const at = (version: string) => told({ url: 'http://x/game', headers: { 'x-client-version': version } });
  assert.deepEqual(shares(at('2.1')), [['white', 1]]);
  assert.ok(at('2.1').words.includes("the client's version is 2.1.0"));
  assert.deepEqual(shares(at('1.4.0')), [
    ['red', 0.75],
    ['white', 0.25],
  ]);
  assert.deepEqual(shares(told({ url: 'http://x/game' })), [['red', 1]]);
});

test('a version that nobody serves is refused with 426', () => {
  const explained = told({ url: 'http://x/game', headers: { 'x-client-version': '0.9' } });
  const { outcome, status, code, route, upstreams } = explained;
  assert.deepEqual(
    { outcome, status, code, route, upstreams },
    {
      outcome: 'refused',
      status: 426,
      code: 'version_not_served',
      route: 'game',
      upstreams: [],
    },
  );
  assert.match(
    explained.words.at(-1) ?? '',
    /^the router refuses it with 426 version_not_served: .* is not served; served: >=2\.0\.0 or/,
  );
});

test('a request without a route is refused with 404, and the routes that came close say why not they', () => {
  const explained = told({ method: 'POST', url: 'http://cart.internal/cart7' });
  assert.deepEqual(
    [explained.outcome, explained.status, explained.code, explained.route],
    ['refused', 404, 'no_route', undefined],
  );
  assert.deepEqual(explained.words, [
    'POST http://cart.internal/cart7 comes in at listener internal',
    'listener edge was tried too and has no route for it',
    'the router refuses it with 404 no_route: no route for POST /cart7 on host cart.internal',
  ]);
  assert.deepEqual(explained.others, [{ route: 'cart', why: 'path /cart7 is not under /cart' }]);
});

test('each thing that a route misses is named, and no value that it asks for', () => {
  const near = (request: ExplainRequest) => told(request).others.find(({ route }) => route === 'item')?.why;
  assert.equal(
    near({ method: 'PUT', url: 'http://cart.internal/cart/item?v=3' }),
    'it wants method GET, the request is PUT; header x-tenant is missing; query parameter v has another value than it wants',
  );
  assert.equal(
    near({ url: 'http://cart.internal/cart/item?v=2', headers: { 'x-tenant': 'other' } }),
    'header x-tenant has another value than it wants',
  );
  assert.equal(
    near({ url: 'http://cart.internal/cart/items?v=2', headers: { 'x-tenant': 's3cret' } }),
    'path /cart/items is not exactly /cart/item',
  );
  assert.equal(
    told({ url: 'http://tax.internal/cart/1' }).others.find(({ route }) => route === 'cart')?.why,
    'it wants host cart.internal, the request names tax.internal',
  );
  assert.equal(
    told({ url: 'http://a.example.com/shop', listener: 'internal' }).others[0].why,
    'it is not at listener internal, only at edge',
  );
});

test('a route that lost says by which rule of precedence', () => {
  const explained = told({ url: 'http://cart.internal/cart/item?v=2', headers: { 'x-tenant': 's3cret' } });
  assert.equal(explained.route, 'item');
  assert.ok(
    explained.words.includes(
      'route item takes it: host cart.internal, exact path /cart/item, method GET, header x-tenant, query parameter v',
    ),
  );
  assert.deepEqual(explained.others[0], {
    route: 'cart',
    why: 'it would take the request too, but item comes first: an exact path goes before others',
  });
});

test('a path with two readings is refused with 400, and both are told', () => {
  const explained = told({ url: 'http://cart.internal/cart/../game' });
  assert.deepEqual([explained.outcome, explained.status, explained.code], ['refused', 400, 'bad_request']);
  assert.match(explained.words.at(-1) ?? '', /leads to route cart as it is written, and to route game with/);
});

test('a path is told as it is read where that differs from how it is written', () => {
  const explained = told({ url: 'http://cart.internal/%63art/7?a=%63' });
  assert.equal(explained.route, 'cart');
  assert.ok(explained.words.includes('its path is read as /cart/7'));
});

test('a redirect says where the client is sent', () => {
  const moved = told({ url: 'http://a.internal:8080/old/x?y=1' });
  assert.deepEqual([moved.outcome, moved.status, moved.route], ['redirected', 308, 'moved']);
  assert.equal(moved.words.at(-1), 'the route answers 308 with Location: http://new.example/new/x?y=1');
  const once = told({ url: 'http://x/ask/1?y' }, { circuits: { cart: 'open' } });
  assert.deepEqual([once.outcome, once.status], ['redirected', 307]);
  assert.equal(
    once.words.at(-1),
    'the client is sent to cart itself: 307 with Location: http://127.0.0.1:7001/ask/1?y',
  );
  const many = told({ url: 'http://x/ask-many' });
  assert.equal(
    many.words.at(-1),
    'the client is sent to cart-v2 itself: 307 with Location: http://(a member of cart-v2)/ask-many',
  );
  const joined = told({ url: 'http://x/ask/1' }, { leased: { cart: 1 } });
  assert.match(joined.words.at(-1) ?? '', /Location: http:\/\/\(a member of cart\)\/ask\/1$/);
  assert.deepEqual([once.policies, many.policies], [[], []], 'nothing is sent on its way');
  const nobody = told({ url: 'http://x/ask-many' }, { up: { 'cart-v2': 0 } });
  assert.deepEqual([nobody.outcome, nobody.status, nobody.code], ['refused', 503, 'no_member']);
});

test('where no side can serve, the refusal that traffic would get is the answer', () => {
  const url = 'http://x/game';
  const end = (states: States, asked = url) => {
    const { outcome, status, code } = told({ url: asked }, states);
    return [outcome, status, code];
  };
  assert.deepEqual(end({ circuits: { red: 'open' } }), ['refused', 503, 'circuit_open']);
  assert.deepEqual(end({ circuits: { red: 'isolated' } }), ['refused', 503, 'circuit_isolated']);
  assert.deepEqual(end({ circuits: { red: 'half-open' } }), ['proxied', undefined, undefined]);
  // With `panicPercent` members that are not up are used where there is nobody else; without it they are not.
  assert.deepEqual(end({ up: { red: 0 } }), ['proxied', undefined, undefined]);
  const both = { up: { cart: 0, 'cart-v2': 0 }, circuits: { cart: 'open' } };
  assert.deepEqual(end(both, 'http://cart.internal/cart'), ['refused', 503, 'circuit_open']);
  assert.ok(
    told({ url }, { up: { red: 0 } }).words.includes('none of the 1 members of red is up: all of them are used'),
  );
  const half = (panicPercent: string) => {
    const endpoints = '[http://127.0.0.1:1, http://127.0.0.1:2, http://127.0.0.1:3]';
    const text = `{ upstreams: { a: { endpoints: ${endpoints}, panicPercent: ${panicPercent} } }, routes: { r: { upstream: a } } }`;
    const explained = explain(partsOf(documentIn(text), { up: { a: 1 } }), { url });
    return 'words' in explained && explained.words.at(-1);
  };
  assert.equal(half('50'), '1 of the 3 members of a are up: all of them are used');
  assert.equal(half('30'), '1 of the 3 members of a are up');
});

test('a fallback takes over where its upstream cannot serve', () => {
  const down = { up: { 'cart-v2': 0 } };
  const spared = told({ url: 'http://x/spared/a' }, down);
  assert.equal(spared.outcome, 'proxied');
  assert.ok(
    spared.words.includes('none of the 2 members of cart-v2 is up: requests to it go to spare instead (fallback)'),
  );
  const lost = told({ url: 'http://x/spared/a' }, { ...down, circuits: { spare: 'isolated' } });
  assert.deepEqual([lost.outcome, lost.status, lost.code], ['refused', 503, 'circuit_isolated']);
  const sorry = told({ url: 'http://x/sorry' }, down);
  assert.deepEqual([sorry.outcome, sorry.status, sorry.code], ['refused', 200, 'no_member']);
});

test('policies are told in the words and units of the document', () => {
  const explained = told({ method: 'POST', url: 'http://cart.internal/cart' });
  assert.deepEqual(policy(explained, 'timeout'), [
    'cart: connect 1s, attempt 3s, total 10s, idle 1m',
    'cart-v2: connect 1s, attempt 1m30s, total off, idle 1m',
  ]);
  assert.match(
    policy(explained, 'retry')[0],
    /^cart: 1 further try on connect, reset, timeout, 502, 503, 504, .*; POST is sent again only where it provably was not processed, bodies up to 64KiB; budget 20 % of requests/,
  );
  assert.equal(policy(explained, 'retry')[1], 'cart-v2: off');
  assert.match(
    policy(explained, 'circuitBreaker')[0],
    /opens after 10 failures in a row or 40 % failures of at least 10 attempts in 5s .*, for 30s, again and again up to 5m; lets all through again over 10s/,
  );
  assert.deepEqual(policy(explained, 'limits'), [
    'cart: 10 attempts at once, no queue',
    'cart-v2: 1024 attempts at once, 1024 more wait at most 1s',
  ]);
  assert.deepEqual(policy(explained, 'hedge'), [
    'cart: a second request where none is answered after the p95 of recent replies, for at most 2 % of requests',
  ]);
});

test('rewrites name what they change and show no value of a header', () => {
  const explained = told({ url: 'http://x/spared/a?b' });
  assert.deepEqual(policy(explained, 'rewrite'), ['prefix /spared is cut off, Host becomes v2.internal']);
  assert.deepEqual(policy(explained, 'rewrite.headers'), [
    'of the request: removes x-old, sets authorization; of the response: adds x-by',
  ]);
  assert.ok(explained.words.includes('it goes on as GET /a?b'));
  assert.ok(!JSON.stringify(explained).includes('s3cret'));
});

test('faults that a route makes itself count at internal listeners alone', () => {
  const inside = told({ url: 'http://x/failing' });
  assert.deepEqual([inside.outcome, inside.status, inside.code], ['refused', 503, 'injected']);
  assert.deepEqual(policy(inside, 'faults'), ['100 % of requests are answered 503, 5 % of requests wait 2s']);
  const outside = told({ url: 'http://x/failing', listener: 'edge' });
  assert.equal(outside.outcome, 'proxied');
  assert.match(policy(outside, 'faults')[0], /^none here, only at listeners of zone internal/);
});

test('without a listener the first that has a route is taken, and those tried are told', () => {
  const explained = told({ url: 'http://a.example.com/shop/1' });
  assert.equal(explained.listener, 'edge');
  assert.deepEqual(explained.words.slice(0, 2), [
    'GET http://a.example.com/shop/1 comes in at listener edge',
    'listener internal was tried too and has no route for it',
  ]);
});

test('what the wire refuses is refused as the wire refuses it', () => {
  const end = (request: ExplainRequest) => {
    const { outcome, status, code } = told({ listener: 'edge', ...request });
    return [outcome, status, code];
  };
  const long = (bytes: number) => `http://x/failing/${'a'.repeat(bytes - '/failing/'.length)}`;
  assert.deepEqual(end({ url: long(100) }), ['proxied', undefined, undefined]);
  assert.deepEqual(end({ url: long(101) }), ['refused', 414, 'target_too_long']);
  assert.deepEqual(end({ url: 'http://x/failing', headers: { a: '', b: '', c: '' } }), [
    'proxied',
    undefined,
    undefined,
  ]);
  assert.deepEqual(end({ url: 'http://x/failing', headers: { a: '', b: '', c: '', d: '' } }), [
    'refused',
    431,
    'head_too_large',
  ]);
  assert.deepEqual(end({ url: 'http://x/failing', headers: { a: 'a'.repeat(1024) } }), [
    'refused',
    431,
    'head_too_large',
  ]);
  const refused = ['refused', 431, 'head_too_large'];
  // Lines of one name count each, whatever the case of it.
  assert.deepEqual(end({ url: 'http://x/failing', headers: { a: ['', '', ''] } }), ['proxied', undefined, undefined]);
  assert.deepEqual(end({ url: 'http://x/failing', headers: { a: ['', '', '', ''] } }), refused);
  assert.deepEqual(end({ url: 'http://x/failing', headers: { a: ['', ''], A: ['', ''] } }), refused);
  // The last byte that fits.
  const most = 1024 - 'GET /failing HTTP/1.1\r\nHost: x\r\na: \r\na: \r\n\r\n'.length;
  const filled = (bytes: number) => end({ url: 'http://x/failing', headers: { a: ['', 'a'.repeat(bytes)] } });
  assert.deepEqual([filled(most), filled(most + 1)], [['proxied', undefined, undefined], refused]);
});

test('a header of several lines is read as the wire reads it, and refused where that refuses it', () => {
  const override = (values: string[]) =>
    told({ url: 'http://cart.internal/cart', headers: { 'X-Side': values, 'x-user-id': 'ann' } });
  assert.deepEqual(shares(override(['cart-v2'])), [['cart-v2', 1]]);
  assert.ok(!override(['cart-v2', 'cart']).words.includes('header x-side names its side, whatever the weights'));
  for (const name of ['host', 'content-length', 'transfer-encoding']) {
    const value = { host: 'x', 'content-length': '5', 'transfer-encoding': 'chunked' }[name] ?? '';
    const { outcome, status } = told({ url: 'http://x/failing', headers: { [name]: [value, value] } });
    assert.deepEqual([outcome, status], ['refused', 400], name);
  }
  assert.deepEqual(shares(told({ url: 'http://cart.internal/cart', headers: { 'x-none': [] } })).length, 2);
});

test('what no client could send is a problem with its place', () => {
  const url = 'http://x/';
  assert.equal(problemOf({ url, method: 'G T' }), '/method: is no method; write letters alone, as in `GET`');
  assert.equal(problemOf({ url, method: 'CONNECT' }), '/method: CONNECT is not served; ask for another method');
  assert.match(problemOf({ url: 'ftp://x/' }), /^\/url: ftp is not spoken here/);
  assert.match(problemOf({ url: 'http://x/a#b' }), /^\/url: has a fragment/);
  assert.match(problemOf({ url: 'http://x/é' }), /^\/url: .*; percent-encode it$/);
  assert.match(problemOf({ url: '' }), /^\/url: is no URL/);
  assert.match(problemOf({ url: '/cart' }), /^\/url: names no host/);
  assert.match(problemOf({ url: 'http://a@b/' }), /^\/url: "a@b" is no host/);
  assert.match(problemOf({ url: '*' }), /^\/url: the target \* is for OPTIONS only/);
  assert.match(problemOf({ url, headers: { host: 'a b' } }), /^\/headers\/host: "a b" is no host/);
  assert.match(problemOf({ url, headers: { 'a/b': '' } }), /^\/headers\/a~1b: is no name of a header/);
  assert.match(problemOf({ url, headers: { a: 'x\r\ny: z' } }), /^\/headers\/a: holds a control character/);
  assert.equal(
    problemOf({ url, listener: 'nowhere' }),
    '/listener: there is no listener nowhere; there are: internal, edge',
  );
  assert.equal(
    problemOf({ url, listener: '__proto__' }),
    '/listener: there is no listener __proto__; there are: internal, edge',
  );
  assert.equal(told({ url: '/game', headers: { Host: 'x' } }).route, 'game');
});

test('before a document runs there is nothing to explain', () => {
  const parts = { ...partsOf(DOCUMENT), running: () => undefined };
  const explained = explain(parts, { url: 'http://x/' });
  assert.ok('problem' in explained && explained.problem.reason === 'no document runs yet');
});

test('the table is made once a revision and let go when nobody asks any more', async () => {
  const clock = new FakeClock();
  const alarms = new FakeAlarms(clock);
  const table = new DryTable(alarms);
  const running = { document: DOCUMENT, revision: 'r1' };
  const first = table.of(running);
  assert.equal(table.of(running), first);
  assert.notEqual(table.of({ ...running, revision: 'r2' }), first);
  const second = table.of({ ...running, revision: 'r2' });
  await alarms.run(59_000);
  assert.equal(table.of({ ...running, revision: 'r2' }), second);
  await alarms.run(61_000);
  assert.notEqual(table.of({ ...running, revision: 'r2' }), second);
  await table.prepare({ ...running, revision: 'r3' }, clock);
  const third = table.of({ ...running, revision: 'r3' });
  assert.equal(third.revision, 'r3');
  await table.prepare({ ...running, revision: 'r3' }, clock);
  assert.equal(table.of({ ...running, revision: 'r3' }), third);
  table.stop();
  assert.equal(alarms.pending, 0);
});

test('a circuit that stands in the way is told with its reason, and until when', () => {
  const until = Date.UTC(2026, 0, 2, 3, 4, 5);
  const cart = (state: string, why: { reason: string; until?: number }) =>
    told({ url: 'http://cart.internal/cart/item' }, { circuits: { cart: state }, why }).words.filter((line) =>
      line.startsWith("cart's circuit"),
    );
  assert.deepEqual(cart('isolated', { reason: 'the disk is full', until }), [
    "cart's circuit is isolated (the disk is full, until 2026-01-02T03:04:05.000Z): requests to it are refused with 503 circuit_isolated",
  ]);
  assert.deepEqual(cart('isolated', { reason: '' }), [
    "cart's circuit is isolated: requests to it are refused with 503 circuit_isolated",
  ]);
  assert.deepEqual(cart('open', { reason: '5 failures in a row', until }), [
    "cart's circuit is open (5 failures in a row, until 2026-01-02T03:04:05.000Z): requests to it are refused with 503 circuit_open",
  ]);
  assert.deepEqual(cart('closed', { reason: 'of long ago' }), []);
});

test('a fallback whose own circuit stands in the way is told too', () => {
  const circuits = { 'cart-v2': 'open', spare: 'isolated' };
  const { words } = told({ url: 'http://x/spared/a' }, { circuits, why: { reason: 'why' } });
  assert.deepEqual(words.slice(-2), [
    "cart-v2's circuit is open (why): requests to it go to spare instead (fallback)",
    "spare's circuit is isolated (why): requests to it are refused with 503 circuit_isolated",
  ]);
});
