/**
 * Request heads that are refused, each with its code and its reason; and a refusal is final: it comes at the same reason
 * however the head is cut, and no further byte takes it back.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { INCOMPLETE, REFUSED } from '../../../src/http1/fields.ts';
import { RequestHead } from '../../../src/http1/request.ts';
import { LIMITS, latin1, NAMES, readRequest } from './feed.ts';

type Case = readonly [bytes: string, reason: string];

/** Refused once its next line end is here at the latest, with every further byte too, and always for the same reason. */
function assertRefused(text: string, reason: string, code = 'bad_request'): void {
  const head = new RequestHead();
  const bytes = latin1(`${text}\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`);
  let refused = false;
  for (let end = 1; end <= bytes.length; end++) {
    const after = head.parse(bytes, 0, end, NAMES, LIMITS);
    if (after === REFUSED) {
      assert.deepEqual([head.refusal, head.code], [reason, code], JSON.stringify(text.slice(0, end)));
      refused = true;
    } else {
      assert.equal(after, INCOMPLETE, `accepted ${JSON.stringify(text)}`);
      assert.ok(!refused, `refused before byte ${end}, and not any more`);
      assert.ok(end < text.length + 2, `not refused: ${JSON.stringify(text)}`);
    }
  }
}

function refusals(title: string, cases: readonly Case[], frame: (bytes: string) => string): void {
  describe(title, () => {
    for (const [bytes, reason] of cases) {
      test(`${JSON.stringify(bytes.slice(0, 60))} is refused: ${reason}`, () => assertRefused(frame(bytes), reason));
    }
  });
}

const METHOD = 'an invalid byte in the method';
const TARGET = 'an invalid byte in the request target';
const VERSION = 'unknown HTTP version';

refusals(
  'request lines',
  [
    ['G(T /x HTTP/1.1', METHOD],
    ['GE\x00T /x HTTP/1.1', METHOD],
    ['GE\xe9T /x HTTP/1.1', METHOD],
    ['GET\t/x HTTP/1.1', METHOD],
    [' GET /x HTTP/1.1', METHOD],
    ['\rGET /x HTTP/1.1', METHOD],
    ['\nGET /x HTTP/1.1', METHOD],
    ['\r\n\r\nGET /x HTTP/1.1', METHOD],
    ['\x16\x03\x01\x02\x00\x01', METHOD],
    ['GET', METHOD],
    [`${'A'.repeat(65)} /x HTTP/1.1`, 'the method is too long'],
    ['GET  /x HTTP/1.1', 'no request target'],
    ['GET ', 'no request target'],
    ['GET HTTP/1.1', 'no HTTP version (HTTP/0.9 is not served)'],
    ['GET /x', 'no HTTP version (HTTP/0.9 is not served)'],
    ['GET /x\nHost: b', 'no HTTP version (HTTP/0.9 is not served)'],
    ['GET /x#y HTTP/1.1', TARGET],
    ['GET /x\ty HTTP/1.1', TARGET],
    ['GET /x\x00y HTTP/1.1', TARGET],
    ['GET /x\x7fy HTTP/1.1', TARGET],
    ['GET /x\x80y HTTP/1.1', TARGET],
    ['GET /x\xffy HTTP/1.1', TARGET],
    ['GET /x  HTTP/1.1', VERSION],
    ['GET /x y HTTP/1.1', VERSION],
    ['GET /x ', VERSION],
    ['GET /x http/1.1', VERSION],
    ['GET /x XTTP/1.1', VERSION],
    ['GET /x HTTQ/1.1', VERSION],
    ['GET /x HTTP 1.1', VERSION],
    ['GET /x HTTP/2.0', VERSION],
    ['GET /x HTTP/0.9', VERSION],
    ['GET /x HTTP/1.2', VERSION],
    ['GET /x HTTP/1.x', VERSION],
    ['GET /x HTTP/1,1', VERSION],
    ['GET /x HTTP/1', VERSION],
    ['GET /x HTTP/1.', VERSION],
    ['GET /x HTTPS/1.1', VERSION],
    ['PRI * HTTP/2.0\r\n\r\nSM', VERSION],
    ['GET /x HTTP/1.10', 'the request line does not end with CRLF'],
    ['GET /x HTTP/1.1 ', 'the request line does not end with CRLF'],
    ['GET /x HTTP/1.1\nHost: b', 'the request line does not end with CRLF'],
    ['GET /x HTTP/1.1\rHost: b', 'a CR without LF in the request line'],
    ['GET /x HTTP/1.1\r', 'a CR without LF in the request line'],
  ],
  (bytes) => bytes,
);

const NAME = 'an invalid byte in a field name';
const VALUE = 'a control byte in a field value';
const BEFORE_COLON = 'white space before the colon of a field';
const FOLDED = 'a folded field line';

refusals(
  'field lines',
  [
    ['X : y', BEFORE_COLON],
    ['X\t: y', BEFORE_COLON],
    ['X Y: z', BEFORE_COLON],
    ['Content-Length : 0', BEFORE_COLON],
    ['X', 'a field line without a colon'],
    ['X\n: y', 'a field line without a colon'],
    ['X(Y): z', NAME],
    ['X\x00: y', NAME],
    ['X\x7f: y', NAME],
    ['X\xe9: y', NAME],
    ['X@: y', NAME],
    ['"X": y', NAME],
    ['\x00: y', NAME],
    ['\xe9: y', NAME],
    [': y', 'a field without a name'],
    [' X: y', FOLDED],
    ['\tX: y', FOLDED],
    ['X: y\r\n z', FOLDED],
    ['X: y\r\n\tz', FOLDED],
    ['X: y\r\n \r\nZ: a', FOLDED],
    ['Content-Length:\r\n 0', FOLDED],
    ['X: y\r\n\nZ: a', 'a bare LF as line end'],
    ['X: y\nZ: a', 'a bare LF in a field value'],
    ['X:\nZ: a', 'a bare LF in a field value'],
    ['X: a\rb', 'a CR without LF in a field value'],
    ['X: a\r', 'a CR without LF in a field value'],
    ['X:\r\r', 'a CR without LF in a field value'],
    ['X: y\r\n\rZ: a', 'a CR without LF'],
    ...Array.from({ length: 32 }, (_, byte) => byte)
      .filter((byte) => ![9, 10, 13].includes(byte))
      .map((byte): Case => [`X: a${String.fromCharCode(byte)}b`, VALUE]),
    ['X: a\x7fb', VALUE],
    ['X: \x00', VALUE],
    ['X:\x00', VALUE],
  ],
  (bytes) => `GET /x HTTP/1.1\r\nHost: a\r\n${bytes}`,
);

refusals(
  'framing',
  [
    ['Content-Length: 5\r\nTransfer-Encoding: chunked', 'Content-Length together with Transfer-Encoding'],
    ['Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 0', 'Content-Length together with Transfer-Encoding'],
    ['Content-Length: 5\r\nContent-Length: 5', 'more than one Content-Length'],
    ['Content-Length: 5\r\nX: y\r\ncontent-length: 6', 'more than one Content-Length'],
    ['Transfer-Encoding: chunked\r\ntransfer-encoding: chunked', 'more than one Transfer-Encoding'],
    ...['', '5, 5', '+5', '-5', '5 5', '0x5', '5.0', '5e0', '9007199254740993', '"5"', '\xb2', '5\xa0', 'five'].map(
      (value): Case => [`Content-Length: ${value}`, 'a malformed Content-Length'],
    ),
    ...['', 'gzip', 'identity', 'gzip, chunked', 'chunked, chunked', 'chunked,', ', chunked', 'chunked;q=1', 'chun ked']
      .concat(['"chunked"', 'chunked\xa0', 'xchunked', 'chunke'])
      .map((value): Case => [`Transfer-Encoding: ${value}`, 'a Transfer-Encoding other than one final chunked']),
  ],
  (bytes) => `POST /x HTTP/1.1\r\nHost: a\r\n${bytes}\r\n\r\n`,
);

refusals(
  'hosts and targets',
  [
    ['GET /x HTTP/1.1\r\nX: y', 'no Host'],
    ['GET http://a/x HTTP/1.1\r\nX: y', 'no Host'],
    ['GET /x HTTP/1.1\r\nHost: a\r\nHost: a', 'more than one Host'],
    ['GET /x HTTP/1.0\r\nHost: a\r\nHOST: a', 'more than one Host'],
    ['GET /x HTTP/1.1\r\nHost:', 'an empty Host'],
    ['GET /x HTTP/1.1\r\nHost: \t', 'an empty Host'],
    ['GET /x HTTP/1.0\r\nHost:', 'an empty Host'],
    ['GET http://a/x HTTP/1.1\r\nHost:', 'an empty Host'],
    ...[
      'a b',
      'a, b',
      'a,b',
      'u@a',
      'a/b',
      'a:b',
      'a:80:80',
      '::1',
      '[::1',
      'http://a',
      'a\x80',
      'a\\b',
      ':80',
      '[::::]',
    ].map((host): Case => [`GET /x HTTP/1.1\r\nHost: ${host}`, 'an invalid Host']),
    ['GET http://a/x HTTP/1.1\r\nHost: b', 'Host disagrees with the request target'],
    ['GET http://a:81/x HTTP/1.1\r\nHost: a', 'Host disagrees with the request target'],
    ['GET http://a/x HTTP/1.0\r\nHost: a.b', 'Host disagrees with the request target'],
    ['GET http://u@a/x HTTP/1.1\r\nHost: a', 'an invalid host in the request target'],
    ['GET http://a\\x HTTP/1.1\r\nHost: a', 'an invalid host in the request target'],
    ['GET http://a\\@b/x HTTP/1.1\r\nHost: a', 'an invalid host in the request target'],
    ['GET http:///x HTTP/1.1\r\nHost: a', 'an invalid host in the request target'],
    ['GET http://a:b/x HTTP/1.0', 'an invalid host in the request target'],
    ['GET https://a/x HTTP/1.1\r\nHost: a', 'the request target is neither a path nor an http URI'],
    ['GET a:80 HTTP/1.1\r\nHost: a', 'the request target is neither a path nor an http URI'],
    ['GET x HTTP/1.1\r\nHost: a', 'the request target is neither a path nor an http URI'],
    ['GET ?x HTTP/1.1\r\nHost: a', 'the request target is neither a path nor an http URI'],
    ['GET \\x HTTP/1.1\r\nHost: a', 'the request target is neither a path nor an http URI'],
    ['GET *x HTTP/1.1\r\nHost: a', 'the request target is neither a path nor an http URI'],
    ['GET * HTTP/1.1\r\nHost: a', 'the target * is for OPTIONS only'],
    ['options * HTTP/1.1\r\nHost: a', 'the target * is for OPTIONS only'],
    ['CONNECT a:80 HTTP/1.1\r\nHost: a:80', 'CONNECT is not served'],
    ['CONNECT /x HTTP/1.1\r\nHost: a', 'CONNECT is not served'],
  ],
  (bytes) => `${bytes}\r\n\r\n`,
);

refusals(
  'expectations',
  ['y 100-continue', '100-continue, y', '100-continue;q=1', '"100-continue"', '100-continue\r\nExpect: 100-continue']
    .concat(['100-continue\r\nX: y\r\nexpect: other', 'other\r\nExpect: 100-continue', '\xa0100-continue'])
    .map((value): Case => [`Expect: ${value}`, 'an Expect that only some read as 100-continue']),
  (bytes) => `POST /x HTTP/1.1\r\nHost: a\r\n${bytes}\r\n\r\n`,
);

refusals(
  'what Connection and old versions may not say',
  [
    ['HTTP/1.1\r\nHost: a\r\nConnection: close, host', 'Connection names host'],
    ['HTTP/1.1\r\nHost: a\r\nConnection: Content-Length', 'Connection names content-length'],
    ['HTTP/1.1\r\nHost: a\r\nConnection: Transfer-Encoding', 'Connection names transfer-encoding'],
    ['HTTP/1.1\r\nHost: a\r\nConnection: a b', 'a Connection option that is no token'],
    ['HTTP/1.0\r\nTransfer-Encoding: chunked', 'Transfer-Encoding in HTTP/1.0'],
  ],
  (bytes) => `GET /x ${bytes}\r\n\r\n`,
);

test('a target beyond its limit, a head beyond its own and too many lines have codes of their own', () => {
  assertRefused(
    `GET /${'x'.repeat(16_384)} HTTP/1.1`,
    'the request target is longer than 16384 bytes (limits.target)',
    'target_too_long',
  );
  const many = `GET /x HTTP/1.1\r\nHost: a${'\r\nX: y'.repeat(200)}\r\n\r\n`;
  assertRefused(many, 'more than 200 header fields (limits.headers)', 'head_too_large');
  const large = `GET /x HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(65_536)}\r\n\r\n`;
  const { head, after } = readRequest(large);
  assert.deepEqual([after, head.code], [REFUSED, 'head_too_large']);
  assert.equal(head.refusal, 'the head is longer than 65536 bytes (limits.head)');
});
