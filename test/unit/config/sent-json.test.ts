/**
 * JSON that somebody sends: a key that stands twice is refused with its place, whatever stands around it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJson } from '../../../src/config/sent-json.ts';

const detailOf = (text: string) => {
  const read = readJson(text);
  return read.ok ? undefined : read.detail;
};
const twice = (pointer: string) => `the body has a key twice: ${pointer}; keep one of the two`;

test('a key that stands twice in one object of JSON is refused with its pointer', () => {
  assert.equal(detailOf('{"a":1,"a":1}'), twice('/a'));
  assert.equal(detailOf('{ "r": { "x": {}, "y": [1, {"k": [], "k": {}}] } }'), twice('/r/y/1/k'));
  assert.equal(detailOf('[[],[0,"a",{"b":{"c":1},"b":{}}]]'), twice('/1/2/b'));
  assert.equal(detailOf('{"a":{"deep":[1,2]},"b":2,"a":{}}'), twice('/a'));
  assert.equal(detailOf('\ufeff{"a/b~":1,"a/b~":2}'), twice('/a~1b~0'));
  assert.equal(detailOf('{"":1,"":2}'), twice('/'));
});

test('two ways to write a key are one key', () => {
  assert.equal(detailOf('{"a":1,"\\u0061":2}'), twice('/a'));
  assert.equal(detailOf('{"\\"":1,"\\u0022":2}'), twice('/"'));
});

test('the same word in other places is no key twice', () => {
  for (const text of [
    '{"a":"a","b":["a","a",{"a":{"a":1}},{"a":"\\"a\\":1,"}],"c":{"a":"{\\"a\\":1,\\"a\\":2}"}}',
    '["a","a"]',
    '{"a":"\\\\","A":"\\\\\\"","b":"{","c":"]"}',
    '"a"',
    '[]',
    '1',
    '{"a":[{},[],{}],"b":[[[]]]}',
  ])
    assert.deepEqual(readJson(text), { ok: true, value: JSON.parse(text) });
});

test('a pointer too long to be read is told by its end', () => {
  const name = 'x'.repeat(1000);
  assert.equal(detailOf(`{"${name}":1,"${name}":1}`)?.length, twice('...').length + 300);
});
