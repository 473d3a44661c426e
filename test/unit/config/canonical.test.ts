/**
 * The canonical text of a document: one for each meaning, whatever the order of its keys.
 *
 * Random JSON is read back and compared, and written again with all keys in reverse.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonical, revisionOf } from '../../../src/config/canonical.ts';

/** The same value with the keys of every map in reverse. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reversed(part)]),
  );
}

test('JSON that is read back says the same, and the order of keys changes nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(canonical(value)), JSON.parse(JSON.stringify(value)));
      assert.equal(canonical(reversed(value)), canonical(value));
      const document = { routes: { a: { value } }, upstreams: { b: { value } }, rest: value };
      assert.equal(revisionOf(reversed(document) as typeof document), revisionOf(document));
    }),
  );
});

test('keys stand in the order of their UTF-16 units, in small maps and in large ones', () => {
  for (const count of [2, 24, 25, 300]) {
    const keys = Array.from({ length: count }, (_, i) => `${String.fromCharCode(65 + ((i * 37) % 60))}${i}`);
    const text = canonical(Object.fromEntries(keys.map((key) => [key, 1])));
    assert.equal(text, `{${[...keys].sort().map((key) => `${JSON.stringify(key)}:1`)}}`);
  }
});

test('what is undefined says nothing, and Infinity is off', () => {
  assert.equal(canonical({ b: undefined, a: { z: undefined }, c: [Number.POSITIVE_INFINITY] }), '{"a":{},"c":["off"]}');
});
