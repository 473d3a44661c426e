/**
 * The system's draw: numbers in [0, 1), and identifiers of exactly the digits asked for, none twice, whatever lengths follow
 * one another over the ends of its batches.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Draw, digitsText, systemDraw } from '../../../src/core/draw.ts';
import { seededDraw } from '../../support/draw.ts';

function hex(draw: Draw, words: number): string {
  const at = draw.reserve(words);
  return digitsText(draw.digits, at, words);
}

test('an identifier has the digits asked for, in lower-case hexadecimal', () => {
  for (let words = 0; words <= 64; words++) {
    for (let i = 0; i < 300; i++) assert.match(hex(systemDraw, words), new RegExp(`^[0-9a-f]{${words * 4}}$`));
  }
  assert.throws(() => systemDraw.reserve(65), /at most 64 words/);
});

test('identifiers of any lengths in any order have the digits asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 64 }), { maxLength: 400 }), (lengths) => {
      for (const words of lengths) assert.equal(hex(systemDraw, words).length, words * 4);
    }),
    { numRuns: 50 },
  );
});

test('no identifier comes twice, and no batch begins as another does', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    seen.add(hex(systemDraw, 8));
    seen.add(hex(systemDraw, 4));
  }
  assert.equal(seen.size, 40_000);
});

test('digits that were reserved stay as they are while others are drawn', () => {
  const at = systemDraw.reserve(20);
  const { digits } = systemDraw;
  const before = digitsText(digits, at, 20);
  for (let i = 0; i < 1_000; i++) systemDraw.reserve(20);
  assert.equal(digitsText(digits, at, 20), before);
});

test('every digit comes at every place', () => {
  const places = Array.from({ length: 32 }, () => new Set<string>());
  for (let i = 0; i < 1_000; i++)
    for (const [place, digit] of [...hex(systemDraw, 8)].entries()) places[place].add(digit);
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
  assert.match(hex(one, 8), /^[0-9a-f]{32}$/);
  assert.equal(hex(seededDraw(7), 8), hex(seededDraw(7), 8));
});
