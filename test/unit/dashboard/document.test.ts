/**
 * What the dashboard makes of written routes and of revisions: weights, rows, sample requests, lines that changed.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patchDiff, textDiff } from '../../../src/dashboard/logic/diff.ts';
import { History } from '../../../src/dashboard/logic/history.ts';
import { hashOf, placeOf } from '../../../src/dashboard/logic/place.ts';
import { filtered, matchWords, rowsOf, sorted, targetsOf } from '../../../src/dashboard/logic/rows.ts';
import { headersIn, requestFor } from '../../../src/dashboard/logic/sample-request.ts';
import { portion, splitsOf, withWeights } from '../../../src/dashboard/logic/weights.ts';
import { frameOf } from '../../support/frames.ts';

const GAME = {
  match: { path: '/game' },
  note: 'kept',
  versions: {
    serve: [
      { range: '>=2', split: { white: 90, red: 10 } },
      { range: '>=1', upstream: 'red' },
    ],
  },
};

test('weights are found wherever a route splits, and moved without touching anything else', () => {
  const [split] = splitsOf(GAME);
  assert.deepEqual(split, {
    label: 'versions >=2',
    path: ['versions', 'serve', 0, 'split'],
    weights: { white: 90, red: 10 },
  });
  const moved = withWeights(GAME, split.path, { white: 50, red: 50 }) as typeof GAME;
  assert.deepEqual(moved.versions.serve[0], { range: '>=2', split: { white: 50, red: 50 } });
  assert.deepEqual([moved.note, moved.versions.serve[1]], ['kept', GAME.versions.serve[1]]);
  assert.equal(GAME.versions.serve[0].split?.white, 90);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.
  assert.deepEqual(splitsOf({ split: { a: '${W}' } }), []);
});

test('a share is a part of all weights, and nothing where there are none', () => {
  assert.deepEqual([portion({ a: 3, b: 1 }, 'a'), portion({ a: 0 }, 'a'), portion({ a: 1 }, 'b')], [0.75, 0, 0]);
});

test('a row says what a route matches and where it goes', () => {
  assert.equal(
    matchWords({ match: { host: 'h', path: { exact: '/a' }, methods: ['GET'], headers: { x: '1' } } }),
    'h = /a GET +1',
  );
  assert.equal(matchWords({}), '');
  assert.deepEqual(targetsOf({ split: { a: 3, b: 1 } }), [
    { upstream: 'a', share: 0.75 },
    { upstream: 'b', share: 0.25 },
  ]);
  assert.deepEqual(
    targetsOf(GAME).map(({ upstream }) => upstream),
    ['white', 'red'],
  );
  assert.deepEqual(targetsOf({ upstream: 'x' }), [{ upstream: 'x', share: undefined }]);
});

test('routes with and without traffic have rows, filtered by every word and sorted down with the name last', () => {
  const history = new History();
  const frame = frameOf(0, [
    ['w', 'cart', 'c', 5, 0],
    ['w', 'aaa', 'c', 5, 0],
    ['w', '_none', '', 1, 0],
  ]);
  history.push(frame);
  const rows = rowsOf(
    [
      { id: 'cart', value: { match: { path: '/cart' }, upstream: 'c' } },
      { id: 'idle', value: {} },
    ],
    frame,
    history,
  );
  assert.deepEqual(
    sorted(rows, 'rate', true).map(({ id }) => id),
    ['aaa', 'cart', '_none', 'idle'],
  );
  assert.deepEqual(
    filtered(rows, ' /CART c').map(({ id }) => id),
    ['cart'],
  );
  assert.deepEqual(rows.find(({ id }) => id === 'idle')?.p99, null);
});

test('the request that is explained first is one that the route takes', () => {
  const route = {
    match: { host: '*.shop.example', path: { exact: '/a b' }, methods: ['PUT'], query: { v: 2 }, headers: { x: 'y' } },
  };
  assert.deepEqual(requestFor(route), { method: 'PUT', url: 'http://any.shop.example/a b?v=2', headers: 'x: y' });
  assert.deepEqual(requestFor({}), { method: 'GET', url: 'http://localhost/', headers: '' });
  assert.deepEqual(headersIn('a: b: c\nnonsense\nd:e'), { a: 'b: c', d: 'e' });
  assert.deepEqual(headersIn('a: 1\nA: 2\na: 3\na:'), { a: ['1', '3', ''], A: '2' });
});

test('two texts differ by the lines that changed, with some around them', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\n';
  const lines = textDiff(before, before.replace('d\n', 'D\nD2\n'));
  assert.deepEqual(
    lines?.map(({ is, text }) => `${is[0]} ${text}`),
    ['p line 2', 's b', 's c', 'r d', 'a D', 'a D2', 's e', 's f'],
  );
  assert.deepEqual(textDiff('a\n', 'a'), []);
});

test('texts that are too long to compare are not, and one changed line of many is still found', () => {
  const many = (prefix: string): string => Array.from({ length: 5000 }, (_, i) => `${prefix}${i}`).join('\n');
  assert.equal(textDiff(many('a'), many('b')), undefined);
  assert.equal(textDiff(many('a'), many('a').replace('a4000', 'x'))?.filter(({ is }) => is === 'added').length, 1);
});

test('a patch reads as its places and values', () => {
  const lines = patchDiff([
    { op: 'replace', path: '/routes/cart/upstream', value: 'x' },
    { op: 'remove', path: '/routes/old' },
  ]);
  assert.deepEqual(
    lines.map(({ is, text }) => `${is[0]} ${text}`),
    ['p replace /routes/cart/upstream', 'a "x"', 'p remove /routes/old', 'r old'],
  );
});

test('a place survives the address bar, and anything else there is the map', () => {
  const place = { tab: 'upstreams', kind: 'upstream', id: 'a b/c%' } as const;
  assert.deepEqual(placeOf(hashOf(place)), place);
  assert.deepEqual(
    ['', '#/nowhere', '#/routes/route/%', '#/events'].map((hash) => placeOf(hash).tab),
    ['map', 'map', 'routes', 'events'],
  );
});
