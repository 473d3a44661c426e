/**
 * What changed between two values, and a patch applied.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  applyPatch,
  common,
  isSame,
  type Json,
  type PatchOperation,
  patchBetween,
  valueAt,
} from '../../../src/config/patch.ts';

test('a patch has one operation for each part that differs, and none for the order of keys', () => {
  const before = { a: 1, b: { c: 1, d: [1, 2] }, e: [{ f: 1, g: 2 }, { f: 2 }], 'x/~': true };
  const after = { e: [{ g: 2, f: 3 }, { f: 2 }], b: { d: [1, 2, 3], c: 1 }, a: 1, h: null };
  assert.deepEqual(patchBetween(before, after), [
    { op: 'replace', path: '/b/d', value: [1, 2, 3] },
    { op: 'replace', path: '/e/0/f', value: 3 },
    { op: 'remove', path: '/x~1~0' },
    { op: 'add', path: '/h', value: null },
  ]);
  assert.deepEqual(patchBetween({ a: 1, b: 2 }, { b: 2, a: 1 }), []);
});

test('whatever two values are, the patch between them leads from one to the other, and changes neither', () => {
  const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(json, json, (before, after) => {
      const kept = structuredClone(before);
      const operations = patchBetween(before, after);
      const result = applyPatch(before, operations);
      assert.ok(isSame(result, after));
      assert.deepEqual(before, kept);
      assert.equal(operations.length === 0, isSame(before, after));
    }),
  );
});

test('operations on lists insert, append, replace and remove', () => {
  const operations: PatchOperation[] = [
    { op: 'add', path: '/a/0', value: 'first' },
    { op: 'add', path: '/a/-', value: 'last' },
    { op: 'replace', path: '/a/1', value: 'one' },
    { op: 'remove', path: '/a/2' },
  ];
  assert.deepEqual(applyPatch({ a: [1, 2] }, operations), { a: ['first', 'one', 'last'] });
});

test('an operation that leads nowhere gives no value', () => {
  const paths: [PatchOperation['op'], string][] = [
    ['remove', '/b'],
    ['replace', '/b'],
    ['add', '/b/c'],
    ['add', '/l/3'],
    ['remove', '/l/2'],
    ['add', '/l/01'],
    ['add', 'a'],
    ['add', '/~2'],
    ['add', '/a/b'],
    ['remove', ''],
  ];
  for (const [op, path] of paths)
    assert.equal(applyPatch({ a: 1, l: [1, 2] }, [{ op, path, value: 1 }]), undefined, path);
});

test('a key of any name is a key, and no way to a prototype', () => {
  const value = JSON.parse('{"__proto__": {"a": 1}}') as Json;
  const patched = applyPatch({}, patchBetween({}, value)) as object;
  assert.equal(JSON.stringify(patched), '{"__proto__":{"a":1}}');
  assert.equal(Object.getPrototypeOf(patched), Object.prototype);
  assert.equal(valueAt({}, '/constructor'), undefined);
  assert.equal(valueAt({ a: ['x'] }, '/a/length'), undefined);
  assert.equal(valueAt({ 'a/b': [{ '~': 1 }] }, '/a~1b/0/~0'), 1);
});

test('the longest common row of two lists is found, ends first', () => {
  assert.deepEqual(common(['a', 'b', 'c', 'd'], ['a', 'c', 'x', 'd']), [
    [0, 0],
    [2, 1],
    [3, 3],
  ]);
  assert.deepEqual(common([], ['a']), []);
});
