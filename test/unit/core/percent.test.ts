/**
 * Shares as people read them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentOf } from '../../../src/core/percent.ts';

test('a share above none never reads as none, and one below all never as all', () => {
  const said = [0, 1e-9, 0.0000999, 0.0001, 0.0004, 0.2, 1 / 3, 0.9996, 0.9999, 0.99991, 1 - 1e-9, 1].map(percentOf);
  assert.deepEqual(said, [
    '0%',
    'under 0.01%',
    'under 0.01%',
    '0.01%',
    '0.04%',
    '20%',
    '33.33%',
    '99.96%',
    '99.99%',
    'over 99.99%',
    'over 99.99%',
    '100%',
  ]);
});
