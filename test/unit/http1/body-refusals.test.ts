/**
 * Chunked bodies that are refused, each with its reason, at the same byte however they are cut.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readBody } from './body-feed.ts';

const GUARDED = new Set(['traceparent', 'x-correlation-id']);

const SIZE = 'an invalid byte in a chunk size';
const NO_SIZE = 'no chunk size';
const TOO_LARGE = 'a chunk size too large';
const LINE = 'a chunk size line without CRLF';
const LONGER = 'chunk data longer than its size';
const NO_CRLF = 'chunk data without CRLF';
const EXTENSION = 'a malformed chunk extension';
const IN_EXTENSION = 'a control byte in a chunk extension';
const NAME = 'an invalid byte in a trailer name';
const TRAILER = 'a control byte in a trailer';

/** The bytes up to and with the one that is refused. */
const BAD: readonly (readonly [bytes: string, reason: string])[] = [
  ['\r', NO_SIZE],
  ['\n', NO_SIZE],
  [';', NO_SIZE],
  [' ', NO_SIZE],
  ['-', NO_SIZE],
  ['+', NO_SIZE],
  ['g', NO_SIZE],
  ['"', NO_SIZE],
  ['\x00', NO_SIZE],
  ['\xff', NO_SIZE],
  ['0x', SIZE],
  ['5 ', SIZE],
  ['5\t', SIZE],
  ['5\x0b', SIZE],
  ['5_', SIZE],
  ['5g', SIZE],
  ['5G', SIZE],
  ['5\x00', SIZE],
  ['5,', SIZE],
  ['5\n', SIZE],
  ['0\n', SIZE],
  ['5=', SIZE],
  ['00000000000000005', TOO_LARGE],
  ['20000000000000', TOO_LARGE],
  ['ffffffffffffff', TOO_LARGE],
  ['5\r\r', LINE],
  ['5\rh', LINE],
  ['0\r\r', LINE],
  ['5\r\nhello0', LONGER],
  ['5\r\nhello\n', LONGER],
  ['5\r\nhello ', LONGER],
  ['5\r\nhello\r\r', NO_CRLF],
  ['5\r\nhello\r0', NO_CRLF],
  ['5\r\nhello\r\n\r', NO_SIZE],
  ['5;\r', EXTENSION],
  ['5;;', EXTENSION],
  ['5;=', EXTENSION],
  ['5; ', EXTENSION],
  ['5;a ', EXTENSION],
  ['5;a\n', EXTENSION],
  ['5;a,', EXTENSION],
  ['5;a"', EXTENSION],
  ['5;a\xe9', EXTENSION],
  ['5;a=\r', EXTENSION],
  ['5;a=;', EXTENSION],
  ['5;a==', EXTENSION],
  ['5;a= ', EXTENSION],
  ['5;a=b=', EXTENSION],
  ['5;a=b ', EXTENSION],
  ['5;a=b"', EXTENSION],
  ['5;a=b\n', EXTENSION],
  ['5;a=\x00', EXTENSION],
  ['5;a="b"c', EXTENSION],
  ['5;a="b"=', EXTENSION],
  ['5;a="b""', EXTENSION],
  ['5;a="b"\n', EXTENSION],
  ['5;a="\r', IN_EXTENSION],
  ['5;a="\n', IN_EXTENSION],
  ['5;a="\x00', IN_EXTENSION],
  ['5;a="\x7f', IN_EXTENSION],
  ['5;a="\\\r', IN_EXTENSION],
  ['5;a="\\\x01', IN_EXTENSION],
  ['5;a\rb', LINE],
  ['0;\r', EXTENSION],
  ['0\r\n ', NAME],
  ['0\r\n\t', NAME],
  ['0\r\n\n', NAME],
  ['0\r\n:', NAME],
  ['0\r\n\x00', NAME],
  ['0\r\n\xe9', NAME],
  ['0\r\nX ', NAME],
  ['0\r\nX\r', NAME],
  ['0\r\nX\n', NAME],
  ['0\r\nX: y\r\n ', NAME],
  ['0\r\nX:\x00', TRAILER],
  ['0\r\nX: y\n', TRAILER],
  ['0\r\nX: y\x7f', TRAILER],
  ['0\r\nX: y\r\r', 'a CR without LF in a trailer'],
  ['0\r\nX: y\rZ', 'a CR without LF in a trailer'],
  ['0\r\n\r\r', 'a CR without LF after the last chunk'],
  ['0\r\n\rX', 'a CR without LF after the last chunk'],
  ['0\r\nX: y\r\n\rX', 'a CR without LF after the last chunk'],
  ['5\r\nhello\r\n0\r\nContent-Length:', 'content-length as a trailer'],
  ['0\r\nX: y\r\nTRANSFER-encoding:', 'transfer-encoding as a trailer'],
  ['0\r\nTransfer_Encoding:', 'transfer_encoding as a trailer'],
  ['0\r\nX.Correlation.Id:', 'x.correlation.id as a trailer'],
  ...['host', 'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect', 'content-type']
    .concat(['content-encoding', 'content-range', 'authorization', 'proxy-authorization', 'cookie', 'set-cookie'])
    .concat(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', ...GUARDED])
    .map((name): [string, string] => [`0\r\n${name}:`, `${name} as a trailer`]),
];

const REST = ' x\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n';

describe('chunked bodies', () => {
  for (const [bytes, reason] of BAD) {
    test(`${JSON.stringify(bytes)} is refused: ${reason}`, () => {
      const how = { guarded: GUARDED };
      const before = readBody([bytes.slice(0, -1)], how);
      assert.deepEqual([before.refusal, before.done], ['', false], 'refused too early');
      for (let cut = 0; cut < bytes.length; cut++) {
        const { consumed, refusal, done } = readBody([bytes.slice(0, cut), bytes.slice(cut) + REST], how);
        assert.deepEqual([consumed, refusal, done], [-1, reason, false]);
      }
      assert.equal(readBody([...bytes], how).refusal, reason);
    });
  }

  test('names that are guarded for one body are not for the next', () => {
    assert.equal(readBody(['0\r\ntraceparent: x\r\n\r\n']).done, true);
    assert.equal(readBody(['0\r\ntraceparents: x\r\n\r\n'], { guarded: GUARDED }).done, true);
  });

  test('a size of 2^53 - 1 is counted, one more is not', () => {
    assert.equal(readBody(['1fffffffffffff\r\nx']).dataBytes, 1);
    assert.equal(readBody(['20000000000000\r\nx']).refusal, TOO_LARGE);
  });

  test('extensions are bounded over the whole body', () => {
    // The semicolon belongs to the line, the bytes behind it count, the CR too.
    const chunk = `1;${'a'.repeat(1_023)}\r\nx\r\n`;
    assert.equal(readBody([`${chunk.repeat(16)}0\r\n\r\n`]).done, true);
    assert.equal(readBody([`${chunk.repeat(16)}1;a`]).refusal, 'chunk extensions too long');
    assert.equal(readBody([`1;a="${'b'.repeat(20_000)}`]).refusal, 'chunk extensions too long');
  });

  test('trailers are bounded', () => {
    const line = `X: ${'y'.repeat(1_019)}\r\n`;
    assert.equal(line.length, 1_024);
    assert.equal(readBody([`0\r\n${line.repeat(63)}\r\n`]).done, true);
    assert.equal(readBody([`0\r\n${line.repeat(65)}\r\n`]).refusal, 'trailers too long');
    assert.equal(readBody([`0\r\n${'x'.repeat(70_000)}`]).refusal, 'trailers too long');
  });
});
