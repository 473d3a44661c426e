/**
 * The members of an upstream: which come first, which are found, how they are counted.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '../../../src/admin/shapes/status.ts';
import { inTrouble, membersLike, stateWords } from '../../../src/dashboard/logic/members.ts';

const member = (id: string, state: Member['state'], part: Partial<Member> = {}): Member => {
  return { id: `http://${id}:80`, from: 'file', state, weight: 1, good: 1, bad: 0, ...part };
};

const MEMBERS: readonly Member[] = [
  member('10.0.0.1', 'up', { zone: 'a' }),
  member('10.0.0.2', 'draining', { instance: 'tax-7f' }),
  member('10.0.0.3', 'ejected'),
  member('10.0.0.4', 'up', { version: '3.1.4' }),
  member('10.0.0.5', 'unhealthy'),
];

const ids = (some: readonly Member[]): string[] => some.map(({ id }) => id.slice('http://10.0.0.'.length, -3));

test("those that cannot serve come first, and within a state the order is the router's", () => {
  assert.deepEqual(ids(inTrouble(MEMBERS)), ['5', '3', '2', '1', '4']);
});

test('a member is found by its address, instance, state, version and zone, by all words together', () => {
  for (const [text, found] of [
    ['', ['1', '2', '3', '4', '5']],
    ['0.0.4', ['4']],
    ['TAX', ['2']],
    ['up zone a', ['1']],
    ['version 3.1', ['4']],
    ['ejected unhealthy', []],
  ] as const) {
    assert.deepEqual(ids(membersLike(MEMBERS, text)), found, text);
  }
});

test('states are counted, the worst first, and those that nobody is in are not named', () => {
  assert.equal(stateWords(MEMBERS), '1 unhealthy, 1 ejected, 1 draining, 2 up');
  assert.equal(stateWords([member('10.0.0.1', 'up')]), '1 up');
});
