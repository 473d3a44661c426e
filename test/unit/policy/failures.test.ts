/**
 * Sets of failures.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureSet } from '../../../src/policy/failures.ts';

test('a set of failures holds what it was made of and nothing else', () => {
  const set = new FailureSet(['connect', 'timeout', 502, 599, 31, 999]);
  const held = Array.from({ length: 1200 }, (_, status) => status).filter((status) => set.has(status));
  assert.deepEqual(held, [31, 502, 599, 999]);
  const kinds = (['connect', 'reset', 'timeout', 'protocol'] as const).filter((kind) => set.has(kind));
  assert.deepEqual(kinds, ['connect', 'timeout']);
});
