/**
 * Who makes room for whom among those that follow live traffic.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Follower, Readers } from '../../../src/admin/readers.ts';

/** `ann@1.1.1.1`, ... come one after the other; what of them is left, and who was turned away. */
function seated(most: number, ...comers: string[]): { left: string[]; refused: string[] } {
  const readers = new Readers(most);
  const left: string[] = [];
  const refused: string[] = [];
  for (const comer of comers) {
    const [name, address] = comer.split('@');
    const follower: Follower = { name, address };
    if (!readers.admit(follower)) {
      refused.push(comer);
      continue;
    }
    left.push(comer);
    readers.add({ destroy: () => left.splice(left.lastIndexOf(comer), 1) }, follower);
  }
  return { left, refused };
}

test('while there is room nobody is turned away, however many he has', () => {
  assert.deepEqual(seated(3, 'a@1', 'a@1', 'a@1'), { left: ['a@1', 'a@1', 'a@1'], refused: [] });
});

test('whoever has most makes room for one who has at least two less', () => {
  assert.deepEqual(seated(3, 'a@1', 'a@1', 'a@1', 'b@1'), { left: ['a@1', 'a@1', 'b@1'], refused: [] });
  assert.deepEqual(seated(3, 'a@1', 'a@1', 'b@1', 'b@1'), { left: ['a@1', 'a@1', 'b@1'], refused: ['b@1'] });
  assert.deepEqual(seated(2, 'a@1', 'b@1', 'c@1'), { left: ['a@1', 'b@1'], refused: ['c@1'] });
});

test('of one token it is the address that counts, of IPv6 its network', () => {
  assert.deepEqual(seated(3, 'a@1', 'a@1', 'a@1', 'a@2'), { left: ['a@1', 'a@1', 'a@2'], refused: [] });
  assert.deepEqual(seated(2, 'a@1::1', 'a@1::2', 'a@1::3'), { left: ['a@1::1', 'a@1::2'], refused: ['a@1::3'] });
});

test('a token at many addresses is one holder', () => {
  assert.deepEqual(seated(3, 'a@1', 'a@2', 'a@3', 'b@1'), { left: ['a@1', 'a@2', 'b@1'], refused: [] });
});
