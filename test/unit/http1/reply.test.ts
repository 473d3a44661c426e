/**
 * Reply heads: every fact of those that are accepted, and those that are refused, each with its reason, for good.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FRAMING, INCOMPLETE, REFUSED } from '../../../src/http1/fields.ts';
import { MOST_REPLY_HEAD, MOST_REPLY_HEADERS, ReplyHead } from '../../../src/http1/reply.ts';
import { latin1, NAMES, readReply, replyFacts } from './feed.ts';

function accepted(text: string, headRequest = false): ReplyHead {
  const { head, after } = readReply(text, headRequest);
  assert.equal(after, text.length, `${head.refusal} (${JSON.stringify(text)})`);
  const between = new ReplyHead();
  const bytes = latin1(`#\r\n${text}HTTP/1.1 500 next\r\n`);
  assert.equal(between.parse(bytes, 3, bytes.length, NAMES, headRequest), 3 + text.length);
  assert.deepEqual(replyFacts(between), replyFacts(head));
  return head;
}

describe('the status line', () => {
  const good: readonly (readonly [line: string, status: number, minor: number])[] = [
    ['HTTP/1.1 200 OK', 200, 1],
    ['HTTP/1.0 404 Not Found', 404, 0],
    ['HTTP/1.1 200 ', 200, 1],
    ['HTTP/1.1 200', 200, 1],
    ['HTTP/1.1 100 Continue', 100, 1],
    ['HTTP/1.1 599 Tr\xe8s\tbien', 599, 1],
    ['HTTP/1.1 299   ', 299, 1],
  ];
  for (const [line, status, minor] of good) {
    test(`${JSON.stringify(line)} is read`, () => {
      const head = accepted(`${line}\r\nX: y\r\n\r\n`);
      assert.deepEqual([head.status, head.minor, head.fieldsStart], [status, minor, line.length + 2]);
    });
  }
});

describe('the end of a reply (RFC 9112 section 6.3)', () => {
  const { none, length, chunked, close } = FRAMING;
  const cases: readonly (readonly [head: string, framing: number, forHead: number, persistent: boolean])[] = [
    ['HTTP/1.1 200 OK', close, none, false],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5', length, none, true],
    ['HTTP/1.1 200 OK\r\nContent-Length: 0', length, none, true],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding:\tChunked ', chunked, none, true],
    ['HTTP/1.1 204 No Content', none, none, true],
    ['HTTP/1.1 204 No Content\r\nContent-Length: 5', none, none, true],
    ['HTTP/1.1 304 Not Modified', none, none, true],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 1000', none, none, true],
    ['HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked', none, none, true],
    ['HTTP/1.1 100 Continue', none, none, true],
    ['HTTP/1.1 103 Early Hints\r\nContent-Length: 5', none, none, true],
    ['HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5', none, none, true],
    ['HTTP/1.1 205 Reset Content\r\nContent-Length: 0', length, none, true],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close', length, none, false],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive, Close', length, none, false],
    ['HTTP/1.0 200 OK\r\nContent-Length: 5', length, none, false],
    ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive', length, none, false],
    ['HTTP/1.0 200 OK', close, none, false],
  ];
  for (const [text, framing, forHead, persistent] of cases) {
    test(`${JSON.stringify(text)} is understood, for HEAD too`, () => {
      const head = accepted(`${text}\r\n\r\n`);
      assert.equal(head.framing, framing);
      assert.equal(head.persistent, persistent);
      assert.equal(accepted(`${text}\r\n\r\n`, true).framing, forHead);
    });
  }
});

describe('Keep-Alive', () => {
  for (const [value, seconds] of [
    ['timeout=5', 5],
    ['timeout=5, max=100', 5],
    ['max=100,Timeout = "7"', 7],
    ['max=100', -1],
    ['timeout=', -1],
    ['xtimeout=5', -1],
    ['timeout=0', 0],
    ['timeout=1234567', 123_456],
    ['', -1],
  ] as const) {
    test(`${JSON.stringify(value)} promises ${seconds === -1 ? 'nothing' : `${seconds} s`}`, () => {
      assert.equal(accepted(`HTTP/1.1 204 x\r\nKeep-Alive: ${value}\r\n\r\n`).keepAliveSeconds, seconds);
    });
  }
});

describe('101', () => {
  const switched = (lines: string, offer: string): boolean => {
    return accepted(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`).switchesTo(offer);
  };

  test('switches to what was offered, in any case, and to nothing else', () => {
    const websocket = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    for (const offer of ['websocket', 'WebSocket', 'talk/2,\twebsocket ']) assert.ok(switched(websocket, offer), offer);
    for (const offer of ['', 'talk', 'websocket/1', 'web socket']) assert.ok(!switched(websocket, offer), offer);
    assert.ok(!switched('Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n', 'websocket'));
  });

  test('that names no protocol, or does not say upgrade in Connection, switches nothing', () => {
    assert.ok(!switched('Connection: Upgrade\r\n', 'websocket'));
    assert.ok(!switched('Connection: Upgrade\r\nUpgrade:\r\n', ''));
    assert.ok(!switched('Upgrade: websocket\r\n', 'websocket'));
    const old = accepted('HTTP/1.0 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    assert.ok(!old.switchesTo('websocket'), 'HTTP/1.0 knows no 101');
  });
});

test('nothing of the reply before is left in the next', () => {
  const head = new ReplyHead();
  const full =
    'HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: close, upgrade, x-own\r\nUpgrade: w\r\nKeep-Alive: timeout=9\r\nX-Own: y\r\n\r\n';
  assert.equal(head.parse(latin1(full), 0, full.length, NAMES, false), full.length);
  assert.deepEqual([head.upgrade, head.keepAliveSeconds, head.length], ['w', 9, 5]);
  const plain = 'HTTP/1.1 200 OK\r\nX-Own: y\r\n\r\n';
  assert.equal(head.parse(latin1(plain), 0, plain.length, NAMES, false), plain.length);
  assert.deepEqual(replyFacts(head), replyFacts(accepted(plain)));
});

/** Refused once its next line end is here at the latest, with every further byte too, always for the same reason. */
function assertRefused(text: string, reason: string): void {
  const head = new ReplyHead();
  const bytes = latin1(`${text}\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`);
  let refused = false;
  for (let end = 1; end <= bytes.length; end++) {
    const after = head.parse(bytes, 0, end, NAMES, false);
    if (after === REFUSED) {
      assert.equal(head.refusal, reason, JSON.stringify(text.slice(0, end)));
      refused = true;
    } else {
      assert.equal(after, INCOMPLETE, `accepted ${JSON.stringify(text)}`);
      assert.ok(!refused, `refused before byte ${end}, and not any more`);
      assert.ok(end < text.length + 2, `not refused: ${JSON.stringify(text)}`);
    }
  }
}

const LINE = 'no HTTP/1 status line';
const STATUS = 'an invalid status';

const BAD_LINES: readonly (readonly [line: string, reason: string])[] = [
  ['ICY 200 OK', LINE],
  ['http/1.1 200 OK', LINE],
  ['HTTP/2.0 200 OK', LINE],
  ['\r\nHTTP/1.1 200 OK', LINE],
  [' HTTP/1.1 200 OK', LINE],
  ['GET / HTTP/1.1', LINE],
  ['220 mail.example ESMTP', LINE],
  ['\x15\x03\x01\x00\x02\x02\x46', LINE],
  ['<html>', LINE],
  ['HTTP/1.2 200 OK', 'unknown HTTP version in a reply'],
  ['HTTP/1.x 200 OK', 'unknown HTTP version in a reply'],
  ['HTTP/1.10 200 OK', STATUS],
  ['HTTP/1.1  200 OK', STATUS],
  ['HTTP/1.1\t200 OK', STATUS],
  ['HTTP/1.1 20 OK here', STATUS],
  ['HTTP/1.1 099 OK', STATUS],
  ['HTTP/1.1 000 OK', STATUS],
  ['HTTP/1.1 600 OK', STATUS],
  ['HTTP/1.1 999 OK', STATUS],
  ['HTTP/1.1 -20 OK', STATUS],
  ['HTTP/1.1 abc OK', STATUS],
  ['HTTP/1.1 2000 OK', 'an invalid status line'],
  ['HTTP/1.1 200\tOK', 'an invalid status line'],
  ['HTTP/1.1 200OK', 'an invalid status line'],
  ['HTTP/1.1 200\x00', 'an invalid status line'],
  ['HTTP/1.1 200\n', 'an invalid status line'],
  ['HTTP/1.1 200 O\x00K', 'an invalid byte in the reason phrase'],
  ['HTTP/1.1 200 O\x7fK', 'an invalid byte in the reason phrase'],
  ['HTTP/1.1 200 OK\nX: y', 'an invalid byte in the reason phrase'],
  ['HTTP/1.1 200 O\rK', 'a CR without LF in the status line'],
  ['HTTP/1.1 200\rX', 'a CR without LF in the status line'],
];

describe('status lines', () => {
  for (const line of ['HTTP/1.1', 'HTTP/1.1 ', 'HTTP/1.1 20', 'HTTP/1.1\n']) {
    test(`${JSON.stringify(line)} is refused as soon as it ends`, () => {
      assertRefused(line, STATUS);
    });
  }

  for (const [line, reason] of BAD_LINES) {
    test(`${JSON.stringify(line)} is refused: ${reason}`, () => assertRefused(line, reason));
  }
});

const CODING = 'a Transfer-Encoding other than one final chunked';

const BAD_FIELDS: readonly (readonly [lines: string, reason: string])[] = [
  ['X : y', 'white space before the colon of a field'],
  ['X: y\r\n z', 'a folded field line'],
  ['X', 'a field line without a colon'],
  [': y', 'a field without a name'],
  ['X: a\x00b', 'a control byte in a field value'],
  ['X: a\rb', 'a CR without LF in a field value'],
  ['X: a\nY: b', 'a bare LF in a field value'],
  ['Content-Length: 5\r\nContent-Length: 5\r\n', 'more than one Content-Length'],
  ['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', 'Content-Length together with Transfer-Encoding'],
  ['Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', 'Content-Length together with Transfer-Encoding'],
  ['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', 'more than one Transfer-Encoding'],
  ['Content-Length: 5, 5\r\n', 'a malformed Content-Length'],
  ['Content-Length: -1\r\n', 'a malformed Content-Length'],
  ['Content-Length:\r\n', 'a malformed Content-Length'],
  ['Transfer-Encoding: gzip\r\n', CODING],
  ['Transfer-Encoding: gzip, chunked\r\n', CODING],
  ['Transfer-Encoding: chunked\xa0\r\n', CODING],
  ['Transfer-Encoding:\r\n', CODING],
  ['Connection: Content-Length\r\n', 'Connection names content-length'],
  ['Connection: a b\r\n', 'a Connection option that is no token'],
];

describe('reply fields', () => {
  for (const [lines, reason] of BAD_FIELDS) {
    test(`${JSON.stringify(lines)} is refused: ${reason}`, () => assertRefused(`HTTP/1.1 200 OK\r\n${lines}`, reason));
  }

  for (const [status, reason] of [
    ['100 x', 'Transfer-Encoding in a 100 reply'],
    ['101 x', 'Transfer-Encoding in a 101 reply'],
    ['204 x', 'Transfer-Encoding in a 204 reply'],
  ]) {
    test(`Transfer-Encoding with ${status} is refused`, () => {
      assertRefused(`HTTP/1.1 ${status}\r\nTransfer-Encoding: chunked\r\n`, reason);
    });
  }

  for (const lines of ['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n']) {
    test(`205 with ${lines.slice(0, -2)} is refused, but for HEAD`, () => {
      assertRefused(`HTTP/1.1 205 Reset Content\r\n${lines}`, 'a body in a 205 reply');
      assert.equal(accepted(`HTTP/1.1 205 Reset Content\r\n${lines}\r\n`, true).framing, FRAMING.none);
    });
  }

  test('Transfer-Encoding from an origin of HTTP/1.0 is refused', () => {
    assertRefused('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n', 'Transfer-Encoding in HTTP/1.0');
  });
});

test('a reply head of exactly the limit passes, and one byte more is refused, whole or not', () => {
  const of = (length: number): string => {
    const frame = 'HTTP/1.1 200 OK\r\nX: \r\n\r\n';
    return frame.replace('X: ', `X: ${'y'.repeat(length - frame.length)}`);
  };
  assert.equal(readReply(of(MOST_REPLY_HEAD)).after, MOST_REPLY_HEAD);
  const { head, after } = readReply(of(MOST_REPLY_HEAD + 1));
  assert.deepEqual([after, head.refusal], [REFUSED, `a head longer than ${MOST_REPLY_HEAD} bytes`]);
  assert.equal(readReply(of(MOST_REPLY_HEAD + 1).slice(0, MOST_REPLY_HEAD - 1)).after, INCOMPLETE);
  assert.equal(readReply(of(MOST_REPLY_HEAD + 1).slice(0, MOST_REPLY_HEAD)).after, REFUSED);
});

test('as many lines as the limit pass, and one more is refused', () => {
  const of = (count: number): string => `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(count)}\r\n`;
  assert.equal(readReply(of(MOST_REPLY_HEADERS)).after, of(MOST_REPLY_HEADERS).length);
  const { head, after } = readReply(of(MOST_REPLY_HEADERS + 1));
  assert.deepEqual([after, head.refusal], [REFUSED, `more than ${MOST_REPLY_HEADERS} header fields`]);
});
