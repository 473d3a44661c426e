/**
 * A document read with one before it at hand is the document that reading it alone gives.
 *
 * Whatever was changed in between: a part, what parts share, the names they refer to, a place in the text. What stays is the
 * very same object.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Document } from '../../../src/config/document.ts';
import { editText } from '../../../src/config/edit.ts';
import type { Before } from '../../../src/config/known.ts';
import { isList, isMap, type Json, patchBetween } from '../../../src/config/patch.ts';
import { readDocument } from '../../../src/config/read.ts';
import { writtenOf } from '../../../src/config/written.ts';
import { CONTRACT_DOCUMENT, TLS } from '../../support/contract-document.ts';
import { type Chance, chanceOf, pick } from '../../support/styled.ts';

const ENV = { HOST: 'shop.internal', PORT: '7009' };

const BEFORE = `${CONTRACT_DOCUMENT.replace(TLS, '').replace(
  'defaults: {}',
  'defaults: { timeout: { attempt: 2s }, rewrite: { headers: { request: { set: { x-a: "1" } } } } }',
)}`.replace(
  /^routes:$/m,
  `routes:
  read: { match: { host: "\${HOST}", path: /read }, upstream: cart }
  twin: { match: { path: /game }, upstream: cart }
  idle: { match: { path: /idle }, upstream: cart, sticky: { header: x } }`,
);

/** As a running router has it: what was written is at hand. */
function before(text: string): Before | undefined {
  const reading = readDocument(text, 'routes.yaml', ENV);
  if (!reading.ok) return undefined;
  assert.ok(writtenOf(text).ok);
  return { document: reading.document, text, notices: reading.notices };
}

function known(text: string): Before {
  const found = before(text);
  assert.ok(found !== undefined, JSON.stringify(readDocument(text, 'routes.yaml', ENV)));
  return found;
}

function read(text: string, of: Before): Document {
  const reading = readDocument(text, 'routes.yaml', ENV, of);
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.document;
}

/** The value with one thing in it changed: gone, another one's, or a value of some kind. */
function changed(value: Json, chance: Chance, all: Json): Json {
  if (isMap(value) && Object.keys(value).length > 0) {
    const key = pick(chance, Object.keys(value));
    if (chance() < 0.12) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
    if (chance() < 0.08) return { ...value, [`${key}x`]: value[key] };
    return { ...value, [key]: changed(value[key], chance, all) };
  }
  if (isList(value) && value.length > 0) {
    const at = Math.floor(chance() * value.length);
    return chance() < 0.3 ? value.toSpliced(at, 1) : value.with(at, changed(value[at], chance, all));
  }
  return pick(chance, ['off', '3s', 1, 7, true, 'cart', '/cart', '${HOST}', 'GET', '1', all]);
}

/** Any scalar of the document. */
function someScalar(value: Json, chance: Chance): Json {
  if (isMap(value))
    return Object.keys(value).length === 0 ? value : someScalar(value[pick(chance, Object.keys(value))], chance);
  return isList(value) && value.length > 0 ? someScalar(pick(chance, value), chance) : value;
}

test('a document read with the one before it says what it says read alone, after any change of values', () => {
  let kept = 0;
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 12 }), (seed, changes) => {
      const chance = chanceOf(seed);
      let of = known(BEFORE);
      for (let i = 0; i < changes; i++) {
        const written = writtenOf(of.text);
        assert.ok(written.ok);
        const next = changed(written.value, chance, someScalar(written.value, chance));
        const edit = editText(of.text, patchBetween(written.value, next));
        if (!edit.ok) continue;
        const alone = readDocument(edit.text, 'routes.yaml', ENV);
        const beside = readDocument(edit.text, 'routes.yaml', ENV, of);
        assert.deepEqual(beside, alone);
        if (!beside.ok) continue;
        kept += Object.entries(beside.document.routes).filter(([id, route]) => of.document.routes[id] === route).length;
        of = { ...beside, text: edit.text };
      }
    }),
    { numRuns: 400 },
  );
  assert.ok(kept > 1000, `${kept} routes were the very same`);
});

test('and after any change of the text', () => {
  const of = known(BEFORE);
  fc.assert(
    fc.property(
      fc.nat(BEFORE.length),
      fc.nat(12),
      fc.constantFrom('', ' ', '\n', 'x', '1', '"', '{ }', '# ', '\n\n', 'off', '.inf', '${HOST}', '&a ', '\ufeff'),
      (at, length, put) => {
        const text = BEFORE.slice(0, at) + put + BEFORE.slice(at + length);
        assert.deepEqual(readDocument(text, 'routes.yaml', ENV, of), readDocument(text, 'routes.yaml', ENV));
      },
    ),
    { numRuns: 2000 },
  );
  assert.equal(read(BEFORE, of).routes.cart, of.document.routes.cart);
});

test('an edit of one route leaves all others the very same objects, wherever they stand by now', () => {
  const of = known(BEFORE);
  const text = `# one line more\n${BEFORE.replace('path: /read', 'path: /written')}`;
  const document = read(text, of);
  const same = Object.keys(document.routes).filter((id) => document.routes[id] === of.document.routes[id]);
  assert.deepEqual(document.routes.read?.match.path, { kind: 'prefix', value: '/written' });
  // What gave a notice is read again, for its place.
  assert.deepEqual(same.sort(), ['cart', 'checkout', 'twin']);
  for (const [id, upstream] of Object.entries(document.upstreams)) assert.equal(upstream, of.document.upstreams[id]);
});

test('a route is read again where an upstream that it names is gone', () => {
  const text =
    'upstreams: { a: { endpoints: [ "http://a:1" ] }, b: { endpoints: [ "http://b:1" ] } }\nroutes:\n  r: { match: { path: /r }, upstream: b }\n';
  const gone = text.replace(', b: { endpoints: [ "http://b:1" ] }', '');
  const reading = readDocument(gone, 'routes.yaml', ENV, known(text));
  assert.ok(!reading.ok);
  assert.match(reading.problems[0]?.reason ?? '', /there is no upstream "b"/);
});

test('everything is read again where defaults have changed, or what was written is not at hand', () => {
  const of = known(BEFORE);
  const document = read(BEFORE.replace('attempt: 2s', 'attempt: 1s'), of);
  for (const [id, upstream] of Object.entries(of.document.upstreams)) assert.notEqual(document.upstreams[id], upstream);
  for (const text of ['a: 1', 'b: 1', 'c: 1']) writtenOf(text);
  const again = read(`${BEFORE}\n`, of);
  assert.deepEqual(again, of.document);
  for (const [id, route] of Object.entries(of.document.routes)) assert.notEqual(again.routes[id], route);
});
