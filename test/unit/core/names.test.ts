/**
 * The numbered header names: found in bytes whatever their case, never taken for a name that only looks alike.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NAME, NameSet, WIRE_NAMES } from '../../../src/core/names.ts';

function find(names: NameSet, text: string): number {
  const bytes = Buffer.from(`(${text})`, 'latin1');
  return names.find(bytes, 1, bytes.length - 1);
}

function mixed(name: string): string {
  return [...name].map((letter, i) => (i % 2 === 0 ? letter.toUpperCase() : letter)).join('');
}

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const token = (most: number) =>
  fc.array(fc.constantFrom(...TOKEN_CHARACTERS), { minLength: 1, maxLength: most }).map((letters) => letters.join(''));

test('the names of the wire have the numbers of their places in the list', () => {
  const names = new NameSet();
  WIRE_NAMES.forEach((name, number) => {
    assert.equal(NAME[name], number);
    assert.equal(names.number(name), number);
    assert.equal(names.names[number], name);
  });
});

for (const spelling of [(name: string) => name, (name: string) => name.toUpperCase(), mixed]) {
  test(`wire names are found when written as ${spelling('content-length')}`, () => {
    const names = new NameSet();
    for (const name of WIRE_NAMES) assert.equal(find(names, spelling(name)), NAME[name]);
  });
}

test('a name is found where it stands, not before or behind', () => {
  const bytes = Buffer.from('xhost: a', 'latin1');
  const names = new NameSet();
  assert.equal(names.find(bytes, 1, 5), NAME.host);
  assert.equal(names.find(bytes, 0, 5), -1);
  assert.equal(names.find(bytes, 1, 4), -1);
});

test('names that differ in one byte, or in length alone, are not the same', () => {
  const names = new NameSet();
  const known = new Set<string>(WIRE_NAMES);
  for (const name of WIRE_NAMES) {
    for (let i = 0; i < name.length; i++) {
      const other = `${name.slice(0, i)}${name[i] === 'z' ? 'y' : 'z'}${name.slice(i + 1)}`;
      if (!known.has(other)) assert.equal(find(names, other), -1, other);
      const cut = name.slice(0, i + 1);
      if (!known.has(cut)) assert.equal(find(names, cut), -1, cut);
    }
    assert.equal(find(names, `${name}s`), -1);
  }
});

test('marks that differ in the bit of upper case stay apart', () => {
  const names = new NameSet();
  const numbers = ['a^b', 'a~b', 'a`b', 'a|b', 'a-b', 'a_b'].map((name) => names.add(name));
  assert.equal(new Set(numbers).size, 6);
  assert.equal(find(names, 'A^B'), numbers[0]);
  assert.equal(find(names, 'A~B'), numbers[1]);
  assert.equal(find(names, 'a\rb'), -1);
});

test('names whose lengths differ by 64 share a place and stay apart', () => {
  const names = new NameSet();
  const short = names.add('x-a');
  const long = names.add(`x-a${'b'.repeat(64)}`);
  const longer = names.add(`x-a${'b'.repeat(128)}`);
  assert.equal(find(names, 'X-A'), short);
  assert.equal(find(names, `x-A${'B'.repeat(64)}`), long);
  assert.equal(find(names, `x-a${'b'.repeat(128)}`), longer);
  assert.equal(find(names, `x-a${'b'.repeat(63)}`), -1);
  assert.equal(find(names, `x-a${'c'.repeat(64)}`), -1);
});

test('a name that is added again keeps its number, whatever its case', () => {
  const names = new NameSet();
  const number = names.add('X-Tenant');
  assert.equal(number, WIRE_NAMES.length);
  assert.equal(names.add('x-tenant'), number);
  assert.equal(names.add('X-TENANT'), number);
  assert.equal(names.add('HOST'), NAME.host);
  assert.equal(names.names.length, WIRE_NAMES.length + 1);
  assert.equal(names.names[number], 'x-tenant');
  assert.equal(names.number('X-tenanT'), number);
  assert.equal(names.number('x-tenants'), -1);
});

test('sets do not share what was added to them', () => {
  const one = new NameSet();
  one.add('x-one');
  assert.equal(find(new NameSet(), 'x-one'), -1);
});

test('a set holds more names than 16 bits can number', () => {
  const names = new NameSet();
  for (let i = 0; i < 70_000; i++) names.add(`x-${i}`);
  for (const i of [0, 32_767, 32_768, 65_535, 69_999]) assert.equal(find(names, `X-${i}`), WIRE_NAMES.length + i);
  assert.equal(find(names, 'x-70000'), -1);
});

test('any set of names finds exactly its names', () => {
  fc.assert(
    fc.property(fc.array(token(8), { maxLength: 30 }), fc.array(token(8), { maxLength: 30 }), (added, asked) => {
      const names = new NameSet();
      const reference = new Map<string, number>(WIRE_NAMES.map((name, number) => [name, number]));
      for (const name of added) {
        const lower = name.toLowerCase();
        if (!reference.has(lower)) reference.set(lower, reference.size);
        assert.equal(names.add(name), reference.get(lower));
      }
      for (const name of [...added, ...asked]) {
        const wanted = reference.get(name.toLowerCase()) ?? -1;
        assert.equal(find(names, name), wanted);
        assert.equal(names.number(name), wanted);
      }
    }),
    { numRuns: 200 },
  );
});
