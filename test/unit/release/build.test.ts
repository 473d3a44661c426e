/**
 * The release of a route: override, version, split and sticky key together.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameSet } from '../../../src/core/names.ts';
import { buildRelease } from '../../../src/release/build.ts';
import type { Choosing, ReleaseSettings } from '../../../src/release/release.ts';
import { sidesOf } from '../../../src/release/sides.ts';
import { exchangeOf, factsOf, type RequestLike } from '../../support/facts.ts';

interface Asked extends RequestLike {
  readonly draw?: number;
  readonly client?: string;
  readonly edge?: boolean;
}

/** Answers with the upstream chosen, or the code of the fault. */
function chooser(settings: ReleaseSettings): (asked: Asked) => string {
  const choose = choosing(settings);
  return (asked) => {
    const choice = choose(asked);
    return 'index' in choice ? sidesOf(settings)[choice.index] : choice.fault.kind.code;
  };
}

function choosing(settings: ReleaseSettings): (asked: Asked) => Choosing {
  const names = new NameSet();
  const release = buildRelease('game', settings, names);
  return ({ draw, client, edge = false, ...request }) => {
    const facts = factsOf(request, names);
    return release.choose(exchangeOf(facts, draw, client), facts, !edge);
  };
}

const split = (...sides: [string, number][]) => sides.map(([upstream, weight]) => ({ upstream, weight }));
const CANARY: ReleaseSettings = { split: split(['v1', 95], ['v2', 5], ['v3', 0]), mode: 'proxy' };
const GAME: ReleaseSettings = {
  split: [],
  versions: {
    from: [{ header: 'x-client-version' }],
    serve: [
      { range: '>=2.0.0', split: split(['white', 50], ['white-next', 50]) },
      { range: '>=1.0.0', split: split(['red', 100]) },
    ],
    missing: { split: split(['red', 100]) },
    unmatched: { status: 426 },
  },
  mode: 'proxy',
};

test('sides are numbered in the order in which the settings first name them', () => {
  assert.deepEqual(sidesOf(CANARY), ['v1', 'v2', 'v3']);
  assert.deepEqual(sidesOf(GAME), ['white', 'white-next', 'red']);
});

test('without further settings the draw decides', () => {
  const ask = chooser(CANARY);
  assert.deepEqual([ask({ draw: 0.1 }), ask({ draw: 0.96 })], ['v1', 'v2']);
});

test('plain choices are made ahead, not per request', () => {
  const choose = choosing(CANARY);
  assert.equal(choose({ draw: 0.1 }), choose({ draw: 0.2 }));
});

test('a sticky key decides in place of the draw, and the draw where there is no key', () => {
  const ask = chooser({ ...CANARY, split: split(['v1', 50], ['v2', 50]), sticky: { header: 'x-user-id' } });
  const sides = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const headers = { 'x-user-id': `user-${i}` };
    const side = ask({ headers, draw: 0 });
    assert.equal(ask({ headers, draw: 0.999 }), side);
    sides.add(side);
  }
  assert.equal(sides.size, 2);
  assert.deepEqual([ask({ draw: 0 }), ask({ draw: 0.999 })], ['v1', 'v2']);
  assert.deepEqual([ask({ headers: { 'x-user-id': '' }, draw: 0.999 })], ['v2']);
});

test('the client address can be the sticky key', () => {
  const ask = chooser({ ...CANARY, split: split(['v1', 50], ['v2', 50]), sticky: { client: true } });
  const sides = Array.from({ length: 50 }, (_, i) => ask({ client: `10.0.0.${i}`, draw: 0 }));
  assert.deepEqual(new Set(sides), new Set(['v1', 'v2']));
});

test('an override reaches any side by name, also at weight 0', () => {
  const ask = chooser({ ...CANARY, sticky: { header: 'x-user-id' }, override: { header: 'X-Side' } });
  assert.equal(ask({ headers: { 'x-side': 'v3', 'x-user-id': 'ann' } }), 'v3');
  assert.equal(ask({ headers: { 'x-side': 'v2' }, draw: 0 }), 'v2');
});

test('an override is ignored at the edge and where the route has no such side', () => {
  const ask = chooser({ ...CANARY, override: { header: 'x-side' } });
  assert.equal(ask({ headers: { 'x-side': 'v3' }, draw: 0, edge: true }), 'v1');
  assert.equal(ask({ headers: { 'x-side': 'v9' }, draw: 0 }), 'v1');
  assert.equal(ask({ headers: { 'x-side': 'V3' }, draw: 0 }), 'v1');
});

test('the version chooses first, then the split inside it', () => {
  const ask = chooser(GAME);
  const headers = { 'x-client-version': '2.3' };
  assert.deepEqual([ask({ headers, draw: 0.2 }), ask({ headers, draw: 0.8 })], ['white', 'white-next']);
  assert.equal(ask({ headers: { 'x-client-version': '1.0' }, draw: 0.8 }), 'red');
  assert.equal(ask({ draw: 0.8 }), 'red');
  assert.equal(ask({ headers: { 'x-client-version': '0.1' } }), 'version_not_served');
});

test('a sticky key stays inside what the version allows', () => {
  const ask = chooser({ ...GAME, sticky: { header: 'x-user-id' } });
  for (let i = 0; i < 30; i++) {
    const user = { 'x-user-id': `u${i}` };
    assert.match(ask({ headers: { ...user, 'x-client-version': '2' } }), /^white/);
    assert.equal(ask({ headers: { ...user, 'x-client-version': '1' } }), 'red');
  }
});

test('an override goes before the version, even one that is not served', () => {
  const ask = chooser({ ...GAME, override: { header: 'x-side' } });
  assert.equal(ask({ headers: { 'x-side': 'red', 'x-client-version': '2' } }), 'red');
  assert.equal(ask({ headers: { 'x-side': 'white', 'x-client-version': '0.1' } }), 'white');
  assert.equal(ask({ headers: { 'x-side': 'white', 'x-client-version': '0.1' }, edge: true }), 'version_not_served');
});

test('the choice carries the version the client stated', () => {
  const choose = choosing(GAME);
  assert.deepEqual(choose({ headers: { 'x-client-version': 'v1.5' } }), { index: 2, version: '1.5.0' });
  assert.deepEqual(choose({}), { index: 2, version: undefined });
});

test('where every side has weight 0 the request is refused with 503', () => {
  const choice = choosing({ split: split(['v1', 0]), mode: 'proxy' })({});
  assert.ok('fault' in choice);
  assert.deepEqual([choice.fault.kind.code, choice.status], ['no_member', 503]);
  assert.match(choice.fault.detail, /route game .* weight 0/);
});
