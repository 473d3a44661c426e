/**
 * The readers behind the fuzz tests can tell right from wrong: each bad habit is led astray by the trick it is known for,
 * the grammar reads and refuses what the RFCs say, llhttp listens, and a find becomes small.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Chance, cutAt } from './chance.ts';
import { assertWireReadByAll } from './forward.ts';
import { request } from './generate.ts';
import { readReply, readRequest } from './grammar.ts';
import { type Habits, LenientReader, STRICT } from './lenient.ts';
import { listen } from './llhttp.ts';
import { minimised } from './minimise.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\n';
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

/** What each habit makes two of, and the strict reader another number. */
const LURES: readonly (readonly [habits: Partial<Habits>, bytes: string])[] = [
  [{ wins: 'length' }, `${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`],
  [{ counts: 'last' }, `${HEAD}Content-Length: 15\r\nContent-Length: 3\r\n\r\n${CHUNKS}`],
  [{ bareLf: true }, `${HEAD}X: y\nContent-Length: 15\r\n\r\n${CHUNKS}`],
  [{ bareCr: true }, `${HEAD}X: y\rContent-Length: 15\r\n\r\n${CHUNKS}`],
  [{ blanks: true }, `${HEAD}Content-Length : 15\r\n\r\n${CHUNKS}`],
  [{ folds: true }, `${HEAD}Content-Length: 1\r\nContent-Length:\r\n 15\r\n\r\n${CHUNKS}`],
  [{ within: true }, `${HEAD}Transfer-Encoding: xchunked\r\n\r\n${CHUNKS}`],
  [{ sizeJunk: true }, `${HEAD}Transfer-Encoding: chunked\r\n\r\n0x5 junk\r\nhello\r\n0\r\n\r\n`],
  [{ numbers: true }, `${HEAD}Content-Length: +0xf\r\n\r\n${CHUNKS}`],
  [{ nul: true }, `${HEAD}Content-Length: 15\x00\r\n\r\n${CHUNKS}`],
  [{ marks: true }, `${HEAD}Content_Length: 15\r\n\r\n${CHUNKS}`],
  [{ trailersCount: true }, `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\nabc`],
];

describe('a reader with a bad habit', () => {
  for (const [habits, bytes] of LURES) {
    test(`(${JSON.stringify(habits)}) is led astray`, () => {
      const ends = (one: Habits) => new LenientReader(bytes, one).requests(9).map(({ end, body }) => [end, body]);
      assert.notDeepEqual(ends({ ...STRICT, counts: 'first', ...habits }), ends(STRICT));
      assert.throws(() => assertWireReadByAll(bytes), /is led astray/);
    });
  }

  test('of 205 is led astray by one with a body', () => {
    const bytes = 'HTTP/1.1 205 x\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    assert.throws(() => assertWireReadByAll(bytes, ['GET', 'GET']), /is led astray/);
  });
});

describe('the grammar', () => {
  const kind = (text: string): string => readRequest(text).is;
  test('reads what the RFCs show', () => {
    // RFC 9112 sections 3.2.1, 3.2.2, 3.2.4 and 7.1.
    for (const text of [
      'GET /where?q=now HTTP/1.1\r\nHost: www.example.org\r\n\r\n',
      'GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: www.example.org\r\n\r\n',
      'CONNECT www.example.com:80 HTTP/1.1\r\nHost: www.example.com\r\n\r\n',
      `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n4 ; a = "b;\\"c" \r\nWiki\r\n0\r\nX: y\r\n\r\n`.replace(
        '" \r',
        '"\r',
      ),
      `${HEAD}Content-Length: 5, 5\r\n\r\nhello`,
    ]) {
      const read = readRequest(text);
      assert.ok(read.is === 'message', `${JSON.stringify(read)}: ${text}`);
      assert.equal(read.end, text.length);
    }
  });

  test('refuses what they forbid, and waits for what is not there yet', () => {
    for (const line of ['X : y', ': y', 'X: y\r\n z', 'X: \x00', 'X\xe9: y', 'Host: b', 'Content-Length: -1']) {
      assert.equal(kind(`${HEAD}${line}\r\n\r\n`), 'invalid', line);
    }
    assert.equal(kind('GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n'), 'invalid');
    assert.equal(kind('GET /\\ HTTP/1.1\r\nHost: a\r\n\r\n'), 'invalid');
    assert.equal(kind(`${HEAD}Content-Length: 5\r\n\r\nhell`), 'incomplete');
    assert.equal(kind(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${CHUNKS.slice(0, -1)}`), 'incomplete');
  });

  test('knows where replies end', () => {
    const end = (text: string, method = 'GET', closed = false): unknown => {
      const read = readReply(text, 0, method, closed);
      return read.is === 'message' ? read.end : read.is;
    };
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
    assert.equal(end(`${head}hello!`), head.length + 5);
    assert.equal(end(`${head}hello`, 'HEAD'), head.length);
    assert.equal(end('HTTP/1.1 200 OK\r\n\r\nhello'), 'incomplete');
    assert.equal(end('HTTP/1.1 200 OK\r\n\r\nhello', 'GET', true), 24);
    assert.equal(end('HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n'), 'invalid');
  });
});

test('llhttp listens without leniency', () => {
  assert.equal(listen('GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'request').complete, 1);
  assert.match(listen('GET / HTTP/1.1\r\nHost : a\r\n\r\n', 'request').error, /^HPE_/);
  assert.match(listen(`${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 'request').error, /^HPE_/);
});

test('the same seed makes the same message, cut in the same places', () => {
  const made = [1, 2].map(() => {
    const chance = new Chance(7);
    const text = request(chance);
    return cutAt(text, chance.cuts(text.length));
  });
  assert.deepEqual(made[0], made[1]);
  assert.notEqual(request(new Chance(8)), request(new Chance(9)));
});

test('a find becomes as small as it can be', () => {
  const fails = (text: string): boolean => text.includes('X : y') && text.includes('\r\n\r\n');
  const text = `GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nX : yes\r\nC: d\r\n\r\n${'z'.repeat(300)}`;
  assert.equal(minimised(text, fails).length, 'X : y\r\n\r\n'.length);
});
