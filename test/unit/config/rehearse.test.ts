/**
 * Examples asked of a table: those that hold say nothing, those that fail say what was expected and what was found.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExampleSettings } from '../../../src/config/document.ts';
import { rehearse } from '../../../src/config/rehearse.ts';
import type { ReleaseSettings } from '../../../src/release/release.ts';
import { routeSettings } from '../../support/facts.ts';
import { documentOf, listenerSettings, tableOf } from '../../support/tables.ts';

const split = (...sides: [string, number][]) => sides.map(([upstream, weight]) => ({ upstream, weight }));
const CANARY: ReleaseSettings = { split: split(['v1', 99], ['v2', 1], ['v3', 0]), mode: 'proxy' };

const TABLE = tableOf(
  documentOf(
    {
      cart: routeSettings(
        { host: 'cart.internal', path: { kind: 'prefix', value: '/cart' } },
        { listeners: ['edge', 'internal'] },
      ),
      put: routeSettings({
        path: { kind: 'exact', value: '/put' },
        methods: ['PUT'],
        headers: { 'x-tenant': 'acmé' },
        query: { v: '2' },
      }),
      canary: routeSettings(
        { path: { kind: 'prefix', value: '/canary' } },
        {
          release: { ...CANARY, override: { header: 'x-side' }, sticky: { header: 'x-user-id' } },
        },
      ),
      even: routeSettings(
        { path: { kind: 'prefix', value: '/even' } },
        { release: { split: split(['v1', 1], ['v2', 1], ['v3', 1]), mode: 'proxy' } },
      ),
      game: routeSettings(
        { path: { kind: 'prefix', value: '/game' } },
        {
          release: {
            split: [],
            versions: {
              from: [{ header: 'x-client-version' }],
              serve: [{ range: '>=2.0.0', split: split(['white', 1]) }],
              missing: { split: split(['red', 1]) },
              unmatched: { status: 426 },
            },
            mode: 'proxy',
          },
        },
      ),
      moved: routeSettings(
        { path: { kind: 'exact', value: '/moved' } },
        { release: { split: [], mode: 'proxy' }, redirect: { status: 302, path: '/' } },
      ),
    },
    ['cart', 'v1', 'v2', 'v3', 'white', 'red'],
    { listeners: { internal: listenerSettings(), edge: listenerSettings({ zone: 'edge' }) } },
  ),
);

function failures(...examples: Partial<ExampleSettings>[]): string[] {
  const nothing = { request: '', headers: {}, listener: undefined, route: undefined, upstream: undefined };
  return rehearse(
    TABLE,
    examples.map((example) => ({ ...nothing, ...example })),
  );
}

test('examples that hold say nothing', () => {
  assert.deepEqual(
    failures(
      { request: 'GET http://cart.internal/cart/7', route: 'cart', upstream: 'cart' },
      { request: 'GET http://CART.internal:8080/cart?x=1', route: 'cart', listener: 'internal' },
      { request: 'GET http://tax.internal/cart/7', route: '_none' },
      { request: 'GET http://put.internal?x', route: '_none' },
      { request: 'PUT http://any/put?v=2', headers: { 'X-Tenant': 'acmé' }, route: 'put' },
      { request: 'PUT /put?v=2', headers: { 'X-Tenant': 'acmé' }, route: 'put' },
      { request: 'GET /cart/1', headers: { Host: 'cart.internal' }, route: 'cart' },
      { request: 'OPTIONS *', route: '_none' },
      { request: 'GET http://x/moved', route: 'moved' },
    ),
    [],
  );
});

test('an upstream may be any side that has weight for that request', () => {
  const request = 'GET http://x/canary';
  assert.deepEqual(failures({ request, upstream: 'v1' }, { request, upstream: 'v2' }), []);
  assert.deepEqual(failures({ request, upstream: 'v3', headers: { 'x-side': 'v3' } }), []);
  const [weightless] = failures({ request, upstream: 'v3' });
  assert.match(weightless, /expected upstream v3, but route canary sends it to v1 or v2/);
});

test('every side of an even split is found', () => {
  const request = 'GET http://x/even';
  assert.deepEqual(failures(...['v1', 'v2', 'v3'].map((upstream) => ({ request, upstream }))), []);
});

test('a sticky key leaves one side, the same each time', () => {
  const request = 'GET http://x/canary';
  const headers = { 'x-user-id': 'ann' };
  const failed = failures({ request, headers, upstream: 'v1' }, { request, headers, upstream: 'v2' });
  assert.equal(failed.length, 1);
});

test('the version in the example decides', () => {
  const request = 'GET http://x/game';
  const headers = { 'x-client-version': '2.1' };
  assert.deepEqual(failures({ request, headers, upstream: 'white' }, { request, upstream: 'red' }), []);
  assert.match(failures({ request, upstream: 'white' })[0], /sends it to red$/);
  const [refused] = failures({ request, headers: { 'x-client-version': '1' }, upstream: 'white' });
  assert.match(refused, /route game refuses the request: .*not served/);
});

test('a failure names the example, what was expected, and what was found', () => {
  const cases: [example: Partial<ExampleSettings>, message: RegExp][] = [
    [
      { request: 'GET http://cart.internal/x', route: 'cart' },
      /^example 1 \(GET http:\/\/cart\.internal\/x\): expected route cart, but at listener edge it leads to no route$/,
    ],
    [
      { request: 'GET http://cart.internal/cart', route: '_none' },
      /expected route _none, but at listener internal it leads to route cart$/,
    ],
    [
      { request: 'GET http://x/canary', listener: 'edge', upstream: 'v1' },
      /expected upstream v1, but no route matches at listener edge$/,
    ],
    [{ request: 'GET http://x/moved', upstream: 'cart' }, /route moved has no upstream and answers by itself$/],
    [{ request: 'GET http://x/canary/../game', route: 'game' }, /gets 400 .* route canary .* route game/],
    [{ request: 'GET http://x/', listener: 'nowhere', route: 'cart' }, /there is no listener nowhere$/],
    [{ request: 'cart.internal/cart', route: 'cart' }, /is no request; write a method and a URL/],
    [{ request: 'GET http://x/é', route: '_none' }, /is no request/],
    [{ request: 'GET ', route: '_none' }, /is no request/],
    [
      { request: 'GET http://x/canary', route: 'unknown' },
      /expected route unknown, but at listener internal it leads to route canary$/,
    ],
  ];
  for (const [example, message] of cases) assert.match(failures(example)[0] ?? 'no failure', message);
});

test('every failing example is told, not only the first', () => {
  const failed = failures(
    { request: 'GET /a', route: 'cart' },
    { request: 'GET /b', route: '_none' },
    { request: 'GET /c', route: 'put' },
  );
  assert.deepEqual(
    failed.map((sentence) => sentence.slice(0, 9)),
    ['example 1', 'example 3'],
  );
});
