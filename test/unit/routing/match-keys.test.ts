/**
 * The table of keys where hashes alone would err, where it grows, and where a key is only a part of a text.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyTable, NO_KEY } from '../../../src/routing/match-keys.ts';
import { hashOf } from '../../../src/routing/match-scan.ts';

const find = (table: KeyTable, group: number, text: string) => table.find(group, hashOf(text), text, 0, text.length);

test('two keys of one hash are both found, each with its own numbers', () => {
  const table = new KeyTable(1);
  for (const [i, text] of ['/one', '/other', '/third'].entries()) table.setFact(table.at(0, 7, text), 0, i + 1);
  for (const [i, text] of ['/one', '/other', '/third'].entries()) {
    assert.equal(table.fact(table.find(0, 7, text, 0, text.length), 0), i + 1);
  }
  assert.equal(table.find(0, 7, '/fourth', 0, 7), NO_KEY);
});

test('a key that was given is given again, and its numbers are kept', () => {
  const table = new KeyTable(2);
  const record = table.at(3, hashOf('a'), 'a');
  assert.deepEqual([table.fact(record, 0), table.fact(record, 1)], [0, 0]);
  table.setFact(record, 1, 42);
  assert.equal(table.at(3, hashOf('a'), 'a'), record);
  assert.equal(table.fact(record, 1), 42);
});

test('the same text in two groups makes two keys', () => {
  const table = new KeyTable(0);
  const [one, two] = [table.at(1, 5, 'a'), table.at(2, 5, 'a')];
  assert.notEqual(one, two);
  assert.deepEqual([table.find(1, 5, 'a', 0, 1), table.find(2, 5, 'a', 0, 1)], [one, two]);
  assert.equal(table.find(3, 5, 'a', 0, 1), NO_KEY);
});

test('a key is found as a part of a longer text, and only in its whole length', () => {
  const table = new KeyTable(1);
  const record = table.at(0, 9, '/cart');
  assert.equal(table.find(0, 9, 'xx/cart/7', 2, 7), record);
  assert.equal(table.find(0, 9, 'xx/cart/7', 2, 6), NO_KEY);
  assert.equal(table.find(0, 9, 'xx/cart/7', 2, 8), NO_KEY);
  assert.equal(table.find(0, 9, '', 0, 0), NO_KEY);
  assert.notEqual(table.at(0, 9, ''), NO_KEY, 'nothing is a key like any other');
});

test('bytes beyond ASCII, and a NUL, are no key of the document', () => {
  const table = new KeyTable(1);
  table.at(0, 1, 'ab');
  for (const text of ['a\0', 'ab\0', 'a\u0162', '\u0161b'])
    assert.equal(table.find(0, 1, text, 0, text.length), NO_KEY);
});

test('a table that grew finds all it took in, as a map does, and nothing else', () => {
  const keys = fc.array(fc.tuple(fc.nat(3), fc.stringMatching(/^[a-c/.]{0,80}$/)), { maxLength: 400 });
  // Few hashes, so that most keys meet others.
  const hash = (text: string) => text.length & 3;
  fc.assert(
    fc.property(keys, keys, (given, asked) => {
      const table = new KeyTable(1);
      const map = new Map<string, number>();
      for (const [group, text] of given) {
        table.setFact(table.at(group, hash(text), text), 0, map.size + 1);
        map.set(`${group} ${text}`, map.size + 1);
      }
      for (const [group, text] of [...given, ...asked]) {
        const record = table.find(group, hash(text), text, 0, text.length);
        const known = map.get(`${group} ${text}`);
        assert.equal(record === NO_KEY ? undefined : table.fact(record, 0), known);
      }
    }),
    { numRuns: 60 },
  );
});

test('100,000 keys keep their numbers while the table doubles', () => {
  const table = new KeyTable(3);
  const records = Array.from({ length: 100_000 }, (_, i) => table.at(i % 5, hashOf(`/k/${i}`), `/k/${i}`));
  for (const [i, record] of records.entries()) table.setFact(record, 2, i);
  for (let i = 0; i < 100_000; i++) {
    const record = find(table, i % 5, `/k/${i}`);
    assert.equal(record, records[i]);
    assert.equal(table.fact(record, 2), i);
  }
  assert.equal(find(table, 0, '/k/100000'), NO_KEY);
});
