/**
 * Durations and sizes: what is read, what is refused, and what whoever is refused is told to write.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatSize, LONGEST, parseDuration, parseSize } from '../../../src/core/duration.ts';

function adviceOf(quantity: ReturnType<typeof parseDuration>): string {
  return quantity.ok ? `${quantity.value} was accepted` : quantity.advice;
}

test('a duration is read in milliseconds, by one unit or several from large to small', () => {
  const texts: [string, number][] = [
    ['250ms', 250],
    ['3s', 3000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2h30m', 9_000_000],
    ['1m5s', 65_000],
    ['1h2m3s4ms', 3_723_004],
    ['0s', 0],
  ];
  for (const [text, value] of texts) assert.deepEqual(parseDuration(text), { ok: true, value }, text);
});

test('a duration that is refused is answered with what was probably meant', () => {
  const texts: [string, string][] = [
    ['30', 'write the unit: `30s` for seconds, `30ms` for milliseconds'],
    ['1.5s', 'write `1s500ms`'],
    ['3 sec', 'write `3s`'],
    ['2 Hours', 'write `2h`'],
    ['90min', 'write `1h30m`'],
    ['500millis', 'write `500ms`'],
  ];
  for (const [text, advice] of texts) assert.equal(adviceOf(parseDuration(text)), advice, text);
});

test('a duration that shows nothing of what was meant is answered with the form', () => {
  for (const text of ['', 'soon', '30m2h', '3s3s', '-3s', '1e3s', '0.0001ms', '3s ago', '٣s', '99999999999s']) {
    const advice = adviceOf(parseDuration(text));
    assert.match(advice, /^(?:write a whole number and its unit|the longest duration)/, text);
  }
});

test('the longest duration is what timers of the platform can count', () => {
  assert.deepEqual(parseDuration(`${LONGEST}ms`), { ok: true, value: LONGEST });
  assert.equal(adviceOf(parseDuration(`${LONGEST + 1}ms`)), 'the longest duration is 596h');
});

test('sizes count by 1024 with an i in the unit and by 1000 without', () => {
  const texts: [string, number][] = [
    ['256B', 256],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['2GiB', 2_147_483_648],
    ['64kB', 64_000],
    ['64KB', 64_000],
    ['1MB', 1_000_000],
    ['1GB', 1_000_000_000],
    ['0B', 0],
  ];
  for (const [text, value] of texts) assert.deepEqual(parseSize(text), { ok: true, value }, text);
});

test('a size that is refused is answered with what was probably meant', () => {
  const texts: [string, string][] = [
    ['64', 'write the unit: `64B` for bytes, `64KiB` for units of 1024 bytes'],
    ['64k', 'write `64KiB`'],
    ['64 kib', 'write `64KiB`'],
    ['1.5MiB', 'write `1536KiB`'],
    ['5mb', 'write `5MB`'],
  ];
  for (const [text, advice] of texts) assert.equal(adviceOf(parseSize(text)), advice, text);
  for (const text of ['', 'big', '-1B', '1TiB']) {
    assert.match(adviceOf(parseSize(text)), /^write a whole number and its unit/, text);
  }
  assert.match(adviceOf(parseSize('999999999999GiB')), /too large to count/);
});

test('a duration is written in the shortest form, and read back as itself', () => {
  assert.equal(formatDuration(0), '0s');
  assert.equal(formatDuration(9_000_000), '2h30m');
  assert.equal(formatDuration(1500), '1s500ms');
  assert.equal(formatDuration(Number.POSITIVE_INFINITY), 'off');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LONGEST }), (value) => {
      assert.deepEqual(parseDuration(formatDuration(value)), { ok: true, value });
    }),
  );
});

test('a size is written by its largest whole unit, and read back as itself', () => {
  assert.equal(formatSize(0), '0B');
  assert.equal(formatSize(65_536), '64KiB');
  assert.equal(formatSize(1000), '1kB');
  assert.equal(formatSize(1001), '1001B');
  assert.equal(formatSize(Number.POSITIVE_INFINITY), 'off');
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      assert.deepEqual(parseSize(formatSize(value)), { ok: true, value });
    }),
  );
});
