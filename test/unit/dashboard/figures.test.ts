/**
 * Figures of the dashboard, as people read them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, counted, duration, left, NOTHING, rate, share, span } from '../../../src/dashboard/logic/figures.ts';

test('a rate has two or three digits, and is never rounded to nothing', () => {
  const said = [0, 0.01, 0.4, 3, 9.94, 9.96, 412.4, 999.4, 999.6, 1234, 9949, 34_567].map(rate);
  assert.deepEqual(said, ['0', '<0.1', '0.4', '3', '9.9', '10', '412', '999', '1k', '1.2k', '9.9k', '35k']);
});

test('a share above none never reads as none, and one below all never as all', () => {
  const said = [0, 0.0004, 0.004, 0.02, 0.0994, 0.12, 0.994, 0.997, 1].map(share);
  assert.deepEqual(said, ['0%', '<0.1%', '0.4%', '2%', '9.9%', '12%', '99%', '>99%', '100%']);
});

test('a duration names its unit, and what is not known is a dash', () => {
  assert.deepEqual([0.01, 0.4, 9.94, 48.2, 999.4, 1234].map(duration), [
    '<0.1 ms',
    '0.4 ms',
    '9.9 ms',
    '48 ms',
    '999 ms',
    '1.2 s',
  ]);
  assert.deepEqual([null, undefined, Number.NaN].map(duration), [NOTHING, NOTHING, NOTHING]);
});

test('ages are told by the time of the router, and are unknown without it', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  assert.equal(ago('2026-01-02T03:00:05Z', now), '4 min ago');
  assert.equal(ago('2026-01-02T03:00:05Z', undefined), '');
  assert.equal(left('2026-01-02T03:04:17Z', now), '12 s left');
  assert.equal(left('2026-01-02T03:04:05Z', now), 'due now');
  assert.deepEqual([-5, 59_999, 3_600_000, 400_000_000].map(span), ['0 s', '59 s', '1 h', '4 d']);
});

test('one thing is counted in the singular', () => {
  assert.deepEqual(
    [counted(1, 'circuit'), counted(2, 'circuit'), counted(0, 'reply', 'replies')],
    ['1 circuit', '2 circuits', '0 replies'],
  );
});
