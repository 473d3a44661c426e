/**
 * Reading versions and finding the range that serves them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameSet } from '../../../src/core/names.ts';
import type { SourceSettings, VersionsSettings } from '../../../src/release/release.ts';
import { buildVersions, type Ruling, readVersion } from '../../../src/release/versions.ts';
import { exchangeOf, factsOf, type RequestLike } from '../../support/facts.ts';

const SIDES = ['white', 'red', 'old', 'odd'];
const only = (upstream: string) => [{ upstream, weight: 100 }];

const GAME: VersionsSettings = {
  from: [{ header: 'x-client-version' }, { query: 'v' }, { cookie: 'v' }],
  serve: [
    { range: '>=2.0.0', split: only('white') },
    { range: '>=1.4.0 <2.0.0', split: only('red') },
    { range: '>=1.0.0', split: only('odd') },
  ],
  missing: { split: only('old') },
  unmatched: { status: 426 },
};

function asker(settings: VersionsSettings): (request: RequestLike) => Ruling {
  const names = new NameSet();
  const rule = buildVersions(settings, SIDES, 'game', names);
  return (request) => {
    const facts = factsOf(request, names);
    return rule(exchangeOf(facts), facts);
  };
}

function served(ruling: Ruling): string {
  return ruling.is === 'served' ? SIDES[ruling.split.byDraw(0.5)] : ruling.is;
}

test('versions are read with or without v, and missing parts are zeros', () => {
  const cases: [text: string, version: string | undefined][] = [
    ['2.1.0', '2.1.0'],
    ['v2.1.0', '2.1.0'],
    ['V2', '2.0.0'],
    ['2.1', '2.1.0'],
    ['2.1-rc.1', '2.1.0-rc.1'],
    ['2+build.7', '2.0.0'],
    ['2.0.0-rc.1+b', '2.0.0-rc.1'],
    ['1.2.3.4', undefined],
    ['01.2.3', undefined],
    ['2.', undefined],
    ['v', undefined],
    ['latest', undefined],
    ['2.x', undefined],
    ['1.0.0, 2.0.0', undefined],
    ['-1', undefined],
    [`1.0.0-${'a'.repeat(70)}`, undefined],
    ['99999999999999999999.0.0', undefined],
  ];
  for (const [text, version] of cases) assert.equal(readVersion(text)?.version, version, text);
});

test('the first range in list order that holds the version serves', () => {
  const ask = asker(GAME);
  const cases: [version: string, side: string][] = [
    ['2.0.0', 'white'],
    ['v3', 'white'],
    ['1.4.0', 'red'],
    ['1.9.9', 'red'],
    ['1.3.9', 'odd'],
    ['0.9.0', 'refused'],
    ['nonsense', 'refused'],
  ];
  for (const [version, side] of cases) {
    assert.equal(served(ask({ headers: { 'x-client-version': version } })), side, version);
  }
});

test('a pre-release lies before its release, and a range takes it in by ending in -0', () => {
  const headers = { 'x-client-version': '2.0.0-rc.1' };
  assert.equal(served(asker(GAME)({ headers })), 'red');
  for (const range of ['>=2.0.0-0', '2.x', '>=2']) {
    const serve = [{ range, split: only('white') }, ...GAME.serve.slice(1)];
    assert.equal(served(asker({ ...GAME, serve })({ headers })), 'white', range);
  }
  assert.equal(served(asker(GAME)({ headers: { 'x-client-version': '2.1.0-rc.1' } })), 'white');
});

test('the first source that says anything counts, even nonsense', () => {
  const ask = asker(GAME);
  const target = '/game?v=1.5';
  const cookie = 'a=b; v=0.9';
  assert.equal(served(ask({ target, headers: { 'x-client-version': '2', cookie } })), 'white');
  assert.equal(served(ask({ target, headers: { 'x-client-version': '?', cookie } })), 'refused');
  assert.equal(served(ask({ target, headers: { cookie } })), 'red');
  assert.equal(served(ask({ headers: { cookie: 'v=3.1' } })), 'white');
  assert.equal(served(ask({ target: '/game?v=', headers: { 'x-client-version': '' } })), 'old');
  assert.equal(served(ask({})), 'old');
});

test('the ruling carries the version in its full form', () => {
  const ask = asker(GAME);
  assert.equal(ask({ target: '/?v=v2.1' }).version, '2.1.0');
  assert.equal(ask({ target: '/?v=0.1' }).version, '0.1.0');
  assert.equal(ask({}).version, undefined);
});

test('a refusal has the status of the document and tells what to state and where', () => {
  const ask = asker({ ...GAME, missing: { status: 400 } });
  for (const [request, status] of [
    [{}, 400],
    [{ target: '/?v=0.1' }, 426],
    [{ target: '/?v=x' }, 426],
  ] as const) {
    const ruling = ask(request);
    assert.ok(ruling.is === 'refused' && 'fault' in ruling.choosing);
    assert.equal(ruling.choosing.status, status);
    assert.equal(ruling.choosing.fault.kind.code, 'version_not_served');
    assert.match(ruling.choosing.fault.detail, /header x-client-version, query parameter v or cookie v.*>=2\.0\.0/);
  }
});

test('unmatched versions may be served by a side of their own', () => {
  const ask = asker({ ...GAME, unmatched: { split: only('odd') } });
  assert.equal(served(ask({ target: '/?v=0.1' })), 'odd');
  assert.equal(ask({ target: '/?v=0.1' }).version, '0.1.0');
  assert.equal(served(ask({ target: '/?v=x' })), 'odd');
});

test('a flood of different versions gets right rulings', () => {
  const ask = asker(GAME);
  for (let i = 0; i < 3000; i++) {
    const ruling = ask({ target: `/?v=2.${i}.0` });
    assert.deepEqual([served(ruling), ruling.version], ['white', `2.${i}.0`]);
  }
});

test('what is no range is refused when the table is compiled', () => {
  assert.throws(() => asker({ ...GAME, serve: [{ range: 'two', split: only('red') }] }), /Invalid/);
});

test('every kind of source can state the version', () => {
  const from: SourceSettings[] = [{ client: true }];
  const names = new NameSet();
  const rule = buildVersions({ ...GAME, from }, SIDES, 'game', names);
  const facts = factsOf({}, names);
  assert.equal(served(rule(exchangeOf(facts, 0.5, '2'), facts)), 'white');
});
