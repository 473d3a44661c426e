/**
 * The sheet: whatever is put on it stands there byte for byte, in order, however long; and what still waits to be written
 * stays as it is while others are put together.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inQuotes, kept, SHEET_BYTES, Sheet } from '../../../src/core/sheet.ts';
import { latin1 } from '../http1/feed.ts';
import { filled } from './bytes.ts';

const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const long = fc.integer({ min: 0, max: 9_000 }).map((length) => 'l'.repeat(length));
const step = fc.oneof(
  fc.record({ is: fc.constant('text' as const), text: fc.oneof(text, long) }),
  fc.record({ is: fc.constant('put' as const), text: fc.oneof(text, long) }),
  fc.record({ is: fc.constant('copy' as const), text: fc.oneof(text, long) }),
  fc.record({ is: fc.constant('fours' as const), text: fc.constantFrom('', '0123', '0123456789abcdef') }),
  fc.record({ is: fc.constant('byte' as const), text: fc.constantFrom('a', '\xff') }),
  fc.record({ is: fc.constant('whole' as const), text: fc.maxSafeNat().map(String) }),
  fc.record({ is: fc.constant('whole' as const), text: fc.nat(1_000).map(String) }),
);

function put(sheet: Sheet, is: string, what: string): void {
  if (is === 'text') sheet.text(what);
  else if (is === 'put') sheet.put(kept(what));
  else if (is === 'copy') sheet.copy(latin1(`##${what}##`), 2, 2 + what.length);
  else if (is === 'fours')
    sheet.fours(new Int32Array(Uint8Array.from(latin1(`####${what}`)).buffer), 1, what.length / 4);
  else if (is === 'byte') sheet.byte(what.charCodeAt(0));
  else sheet.whole(Number(what));
}

test('what is put stands there in order and byte for byte, on a sheet that has to grow too', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom(1, 64, SHEET_BYTES), (steps, size) => {
      const sheet = new Sheet(size);
      for (let round = 0; round < 2; round++) {
        sheet.begin();
        for (const { is, text: what } of steps) put(sheet, is, what);
        assert.equal(sheet.view().toString('latin1'), steps.map(({ text: what }) => what).join(''));
      }
    }),
    { numRuns: 300 },
  );
});

test('a text stands between quotes of JSON as its parser gives it back, in ASCII, up to the character it ends at', () => {
  const sheet = new Sheet();
  const whatever = fc.oneof(text, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme-ascii' }));
  fc.assert(
    fc.property(whatever, fc.constantFrom(undefined, '?'), (what, end) => {
      sheet.begin();
      sheet.quoted(what, end?.charCodeAt(0));
      const line = sheet.view().toString('latin1');
      assert.match(line, /^[\x20-\x7e]*$/);
      assert.equal(JSON.parse(`"${line}"`), end === undefined ? what : what.split(end)[0]);
      assert.equal(JSON.parse(`"${inQuotes(what)}"`), what);
    }),
    { numRuns: 1_000 },
  );
});

test('no character ends a text that is to be quoted whole, not even the last one there is', () => {
  const sheet = new Sheet();
  sheet.quoted('a\uffffb');
  assert.equal(JSON.parse(`"${sheet.view().toString('latin1')}"`), 'a\uffffb');
});

test('views of one length and of others hold what was put last', () => {
  const sheet = new Sheet();
  const body = filled(Buffer.alloc(2_000));
  for (const [head, end] of [
    ['head \xff\r\n', 1_000],
    ['HEAD \xfe\r\n', 1_000],
    ['h', 1],
    ['h', 1_025],
  ] as const) {
    sheet.begin();
    sheet.text(head);
    sheet.copy(body, 0, end);
    assert.ok(sheet.view().equals(Buffer.concat([latin1(head), body.subarray(0, end)])));
  }
});

test('what waits to be written stays as it is once the sheet was left', () => {
  const sheet = new Sheet();
  sheet.text('first');
  const waiting = sheet.view();
  sheet.leave();
  sheet.begin();
  sheet.text('other');
  assert.deepEqual([waiting.toString(), sheet.view().toString()], ['first', 'other']);
});

test('a body fits as long as head and body stay below the usual size, however large the sheet has grown', () => {
  const sheet = new Sheet();
  sheet.text('h');
  assert.deepEqual([sheet.fits(SHEET_BYTES - 1), sheet.fits(SHEET_BYTES)], [true, false]);
  sheet.text('h'.repeat(SHEET_BYTES * 2));
  assert.equal(sheet.fits(0), false);
});
