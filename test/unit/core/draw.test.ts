/**
 * The system's draw: numbers in [0, 1), and identifiers of exactly the digits asked for, none twice, whatever lengths follow
 * one another over the ends of its batches.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemDraw } from '../../../src/core/draw.ts';
import { seededDraw } from '../../support/draw.ts';

test('an identifier has the digits asked for, in lower-case hexadecimal', () => {
  for (let digits = 0; digits <= 64; digits++) {
    for (let i = 0; i < 300; i++) assert.match(systemDraw.hex(digits), new RegExp(`^[0-9a-f]{${digits}}$`));
  }
});

test('identifiers of any lengths in any order have the digits asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 64 }), { maxLength: 400 }), (lengths) => {
      for (const digits of lengths) assert.equal(systemDraw.hex(digits).length, digits);
    }),
    { numRuns: 50 },
  );
});

test('no identifier comes twice, and no batch begins as another does', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    seen.add(systemDraw.hex(32));
    seen.add(systemDraw.hex(16));
  }
  assert.equal(seen.size, 40_000);
});

test('every digit comes at every place', () => {
  const places = Array.from({ length: 32 }, () => new Set<string>());
  for (let i = 0; i < 1_000; i++)
    for (const [place, digit] of [...systemDraw.hex(32)].entries()) places[place].add(digit);
  for (const digits of places) assert.equal(digits.size, 16);
});

test('chance lies in [0, 1) and reaches all of it', () => {
  const tenths = new Set<number>();
  for (let i = 0; i < 10_000; i++) {
    const drawn = systemDraw.chance();
    assert.ok(drawn >= 0 && drawn < 1);
    tenths.add(Math.floor(drawn * 10));
  }
  assert.equal(tenths.size, 10);
});

test('the draw that tests own repeats itself, and lies in [0, 1) evenly', () => {
  const [one, two, other] = [seededDraw(7), seededDraw(7), seededDraw(8)];
  const tenths = new Float64Array(10);
  for (let i = 0; i < 10_000; i++) {
    const drawn = one.chance();
    assert.equal(two.chance(), drawn);
    assert.notEqual(other.chance(), drawn);
    tenths[Math.floor(drawn * 10)]++;
  }
  for (const count of tenths) assert.ok(count > 850 && count < 1_150, String(tenths));
  assert.match(one.hex(32), /^[0-9a-f]{32}$/);
});
