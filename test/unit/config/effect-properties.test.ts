/**
 * Whatever is changed in a document, something is said of it: no difference is silent, and no difference gives no words.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonical } from '../../../src/config/canonical.ts';
import { same } from '../../../src/config/differences.ts';
import type { Document } from '../../../src/config/document.ts';
import { effectOf } from '../../../src/config/effect.ts';
import { CONTRACT_DOCUMENT, TLS } from '../../support/contract-document.ts';
import { documentIn } from '../../support/reading.ts';

/** Every setting there is, with the policies that the description of the product leaves off. */
const BASE = documentIn(
  CONTRACT_DOCUMENT.replace(TLS, '')
    .replace('game-red: { ', 'game-red: { balance: { hash: { header: x } }, hedge: { after: p95 }, ')
    .replace('circuitBreaker: {', 'circuitBreaker: { failureRate: { percent: 50 },')
    .replace('outliers: {', 'outliers: { successRate: { minMembers: 5 },')
    .replace(
      /(?<=^ {4})upstream: cart\n/m,
      'upstream: cart\n    fallback: { status: 503, headers: { content-type: text/plain }, body: later }\n' +
        '    faults: { delay: { time: 200ms, percent: 10 }, abort: { status: 503, percent: 5 } }\n',
    )
    .replace('set: {}, add: {}', 'set: { x-a: a, authorization: b }, add: { x-b: [b, c] }')
    .replace(
      'token: "${SIGNALBOX_ADMIN_TOKEN:-}"',
      `token: t, tokens: { ci: { role: viewer, sha256: ${'a'.repeat(64)} } }`,
    )
    .replace(
      '\nrollouts:',
      '  away: { match: { path: /away }, redirect: { host: other.example, path: /, port: 81 } }\n\nrollouts:',
    ),
);

type Way = readonly (string | number)[];
type Change = (document: Document) => void;

interface Place {
  readonly way: Way;
  readonly value: unknown;
}

function placesOf(value: unknown, way: Way = []): Place[] {
  const below =
    Array.isArray(value) || (typeof value === 'object' && value !== null)
      ? Object.entries(value).flatMap(([key, part]) =>
          placesOf(part, [...way, Array.isArray(value) ? Number(key) : key]),
        )
      : [];
  return [...below, { way, value }];
}

const PLACES = placesOf(BASE);
const LEAVES = PLACES.filter(({ value }) => value !== undefined && (typeof value !== 'object' || value === null));
const LISTS = PLACES.filter(({ value }) => Array.isArray(value) && value.length > 1);

/** The document with another value at one place. */
function put(document: Document, way: Way, value: unknown): void {
  let at: unknown = document;
  for (const key of way.slice(0, -1)) at = (at as Record<string | number, unknown>)[key];
  (at as Record<string | number, unknown>)[way[way.length - 1]] = value;
}

/** Another value of the same kind. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return value === Number.POSITIVE_INFINITY ? 7 : value + 1000;
  if (typeof value === 'boolean') return !value;
  return `${String(value)}x`;
}

function nameOf(way: Way): string {
  return way.join('/');
}

/** With nothing shared between its parts, as the reading shares what is alike. */
function copy(): Document {
  return mapped(BASE, (entries) => entries) as Document;
}

type Entries = [key: string, value: unknown][];

function mapped(value: unknown, order: (entries: Entries) => Entries): unknown {
  if (Array.isArray(value)) return value.map((item) => mapped(item, order));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(order(Object.entries(value)).map(([key, part]) => [key, mapped(part, order)]));
}

function words(change: Change): string[] {
  const document = copy();
  change(document);
  return effectOf(BASE, document).words;
}

test('another value at any single place is said, and names the part', () => {
  assert.ok(LEAVES.length > 250);
  for (const { way, value } of LEAVES) {
    const said = words((document) => put(document, way, other(value)));
    assert.ok(said.length > 1 && said[0] !== 'nothing changes', nameOf(way));
    const part = ['routes', 'upstreams', 'listeners', 'rollouts', 'invariants'].includes(String(way[0])) ? 1 : 0;
    assert.ok(said[1].includes(String(way[part])), `${nameOf(way)}: ${said[1]}`);
  }
});

test('another order in any list is said', () => {
  assert.ok(LISTS.length > 15);
  for (const { way, value } of LISTS) {
    const said = words((document) => put(document, way, (value as unknown[]).toReversed()));
    assert.ok(said.length > 1 && said[0] !== 'nothing changes', nameOf(way));
  }
});

test('whatever is left out is said, and so is its coming back', () => {
  const named = PLACES.filter(({ way, value }) => value !== undefined && typeof way[way.length - 1] === 'string');
  for (const { way } of named.filter(({ way }) => way.length > 2)) {
    const optional = nameOf(way).match(
      /^(routes\/[^/]+\/(match\/(host|path|methods|headers\/.*|query\/.*)|fallback|faults.*|redirect\/[^/]+|release\/(sticky|override))|admin\/tokens\/.*|(rollouts|invariants)\/.*|examples.*)$/,
    );
    if (optional === null) continue;
    const document = copy();
    put(document, way, undefined);
    assert.ok(effectOf(BASE, document).words.length > 1, nameOf(way));
    assert.ok(effectOf(document, BASE).words.length > 1, nameOf(way));
  }
});

/** A change of the second leaf is said beside one of the first. */
function assertBothSaid(one: Place, two: Place): void {
  const alone = words((document) => put(document, one.way, other(one.value)));
  const both = words((document) => {
    put(document, one.way, other(one.value));
    put(document, two.way, other(two.value));
  });
  assert.notDeepEqual(both, alone, `${nameOf(one.way)} hides ${nameOf(two.way)}`);
}

// Of those who get another single side it is said which, and not with which of all possible weights.
const SINGLE = /versions\/(?:serve\/\d+|missing|unmatched)|cart\/release\/split/;
const sideOf = ({ way }: Place) => SINGLE.exec(nameOf(way))?.[0];
const apart = (one: Place, two: Place) => one !== two && (sideOf(one) === undefined || sideOf(one) !== sideOf(two));

test('of two changes of one part none hides the other', () => {
  for (const part of [
    'routes/cart',
    'routes/checkout',
    'routes/game',
    'routes/away',
    'upstreams/cart',
    'upstreams/game-red',
  ]) {
    const leaves = LEAVES.filter(({ way }) => nameOf(way).startsWith(`${part}/`));
    assert.ok(leaves.length > 4, part);
    for (const one of leaves) for (const two of leaves) if (apart(one, two)) assertBothSaid(one, two);
  }
});

test('of two changes anywhere none hides the other', () => {
  const leaf = fc.constantFrom(...LEAVES);
  const pair = fc.tuple(leaf, leaf).filter(([one, two]) => apart(one, two));
  fc.assert(
    fc.property(pair, ([one, two]) => assertBothSaid(one, two)),
    { numRuns: 500 },
  );
});

test('keys in another order change nothing', () => {
  const reversed = mapped(BASE, (entries) => entries.toReversed()) as Document;
  assert.deepEqual(effectOf(BASE, reversed).words, ['nothing changes']);
});

test('two values are the same exactly where their canonical texts are', () => {
  const leaf = fc.constantFrom<unknown>(0, 1, Number.POSITIVE_INFINITY, 'off', '', 'a', true, false, null);
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 3 }), tie('map')),
    map: fc.dictionary(
      fc.constantFrom('a', 'b', 'toString', '__proto__'),
      fc.option(tie('value'), { nil: undefined }),
      { maxKeys: 3 },
    ),
  }));
  fc.assert(
    fc.property(value, value, (one, two) => {
      assert.equal(same(one, two), canonical(one) === canonical(two));
      assert.ok(same(one, structuredClone(one)));
    }),
    { numRuns: 3000 },
  );
});
