/**
 * Request heads that are accepted, and every fact read from them.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NAME } from '../../../src/core/names.ts';
import { FRAMING, INCOMPLETE, REFUSED } from '../../../src/http1/fields.ts';
import { RequestHead } from '../../../src/http1/request.ts';
import { LIMITS, latin1, NAMES, readRequest, requestFacts } from './feed.ts';

/** The facts of a head that must be accepted to its last byte, and of the same head between other bytes. */
function accepted(text: string): RequestHead {
  const { head, after } = readRequest(text);
  assert.equal(after, text.length, `${head.refusal} (${JSON.stringify(text)})`);
  const between = new RequestHead();
  const bytes = latin1(`#\r\n${text}GET /next HTTP/1.1\r\n`);
  assert.equal(between.parse(bytes, 3, bytes.length, NAMES, LIMITS), 3 + text.length);
  assert.deepEqual(requestFacts(between), requestFacts(head));
  return head;
}

function lines(...of: string[]): string {
  return ['GET /x HTTP/1.1', 'Host: a', ...of, '', ''].join('\r\n');
}

describe('the request line', () => {
  const good: readonly (readonly [line: string, method: string, target: string, minor: number])[] = [
    ['GET / HTTP/1.1', 'GET', '/', 1],
    ['POST /x?y=z HTTP/1.0', 'POST', '/x?y=z', 0],
    ['get /x HTTP/1.1', 'get', '/x', 1],
    ['M-SEARCH /x HTTP/1.1', 'M-SEARCH', '/x', 1],
    ["!#$%&'*+-.^_`|~09 /x HTTP/1.1", "!#$%&'*+-.^_`|~09", '/x', 1],
    [`${'A'.repeat(64)} /x HTTP/1.1`, 'A'.repeat(64), '/x', 1],
    ['GET //x//y HTTP/1.1', 'GET', '//x//y', 1],
    ['GET /%2e%2E/%00/%zz% HTTP/1.1', 'GET', '/%2e%2E/%00/%zz%', 1],
    ['GET /a\\b"<>^`{|} HTTP/1.1', 'GET', '/a\\b"<>^`{|}', 1],
    ['GET /?a?b/c@d:e HTTP/1.1', 'GET', '/?a?b/c@d:e', 1],
    [`GET /${'x'.repeat(16_383)} HTTP/1.1`, 'GET', `/${'x'.repeat(16_383)}`, 1],
    ['OPTIONS * HTTP/1.1', 'OPTIONS', '*', 1],
  ];
  for (const [line, method, target, minor] of good) {
    test(`${line.slice(0, 50)} is read`, () => {
      const head = accepted(`${line}\r\nHost: a\r\n\r\n`);
      assert.deepEqual([head.method, head.target, head.minor], [method, target, minor]);
      assert.equal(head.originForm, target !== '*');
      assert.equal(head.fieldsStart, line.length + 2);
    });
  }
});

test('methods that differ from the usual ones in a letter or two stay what they are', () => {
  for (const usual of ['GET', 'POST', 'PUT', 'HEAD']) {
    for (let at = 0; at < usual.length; at++) {
      for (const letter of 'AEGOPST') {
        const method = usual.slice(0, at) + letter + usual.slice(at + 1);
        assert.equal(accepted(`${method} /x HTTP/1.1\r\nHost: a\r\n\r\n`).method, method);
      }
    }
  }
  for (const method of ['GE', 'GETS', 'POS', 'POSTS', 'get', 'Post']) {
    assert.equal(accepted(`${method} /x HTTP/1.1\r\nHost: a\r\n\r\n`).method, method);
  }
});

describe('an absolute target', () => {
  const good: readonly (readonly [line: string, host: string, target: string])[] = [
    ['GET http://a/x HTTP/1.1', 'a', '/x'],
    ['GET HTTP://A/x?y HTTP/1.1', 'a', '/x?y'],
    ['GET http://a HTTP/1.1', 'a', '/'],
    ['GET http://a?x HTTP/1.1', 'a', '/?x'],
    ['GET http://a:80/x HTTP/1.1', 'a', '/x'],
    ['GET http://a:80/x HTTP/1.1', 'A:80', '/x'],
    ['GET http://a/x HTTP/1.1', 'a:80', '/x'],
    ['GET http://a:81/x HTTP/1.1', 'a:81', '/x'],
    ['GET http://[::1]:80/x HTTP/1.1', '[::1]', '/x'],
    ['OPTIONS http://a HTTP/1.1', 'a', '*'],
    ['OPTIONS http://a/ HTTP/1.1', 'a', '/'],
    ['OPTIONS http://a?x HTTP/1.1', 'a', '/?x'],
  ];
  for (const [line, host, target] of good) {
    test(`${line} with Host ${host} is read as ${target}`, () => {
      const head = accepted(`${line}\r\nHost: ${host}\r\n\r\n`);
      assert.equal(head.target, target);
      assert.equal(head.originForm, false);
      assert.equal(head.rawHost, host);
      assert.equal(head.host, host.toLowerCase().replace(/:\d+$/, ''));
    });
  }

  test('names the host of a 1.0 client that sent no Host', () => {
    const head = accepted('GET http://A:81/x HTTP/1.0\r\n\r\n');
    assert.deepEqual([head.rawHost, head.host, head.target], ['A:81', 'a', '/x']);
  });
});

describe('Host', () => {
  for (const [line, raw, host] of [
    ['Host: a', 'a', 'a'],
    ['Host:a', 'a', 'a'],
    ['HOST:\t A.Example:8080 \t', 'A.Example:8080', 'a.example'],
    ['host: [2001:DB8::1]:443', '[2001:DB8::1]:443', '[2001:db8::1]'],
  ] as const) {
    test(`${JSON.stringify(line)} is read`, () => {
      const head = accepted(`GET /x HTTP/1.1\r\n${line}\r\n\r\n`);
      assert.deepEqual([head.rawHost, head.host], [raw, host]);
    });
  }

  test('may be missing from a 1.0 client', () => {
    const head = accepted('GET /x HTTP/1.0\r\n\r\n');
    assert.deepEqual([head.rawHost, head.host], ['', '']);
  });

  test('of the request before is not the host of the next', () => {
    const head = new RequestHead();
    for (const [text, host] of [
      [lines().replace('Host: a', 'Host: A:1'), 'a'],
      ['GET / HTTP/1.0\r\n\r\n', ''],
      [lines(), 'a'],
      ['GET http://b/ HTTP/1.0\r\n\r\n', 'b'],
      ['GET / HTTP/1.0\r\n\r\n', ''],
    ] as const) {
      assert.equal(head.parse(latin1(text), 0, text.length, NAMES, LIMITS), text.length);
      assert.equal(head.host, host);
    }
    const empty = 'GET / HTTP/1.1\r\nHost:\r\n\r\n';
    assert.equal(head.parse(latin1(empty), 0, empty.length, NAMES, LIMITS), REFUSED);
    const none = 'GET / HTTP/1.1\r\n\r\n';
    assert.equal(head.parse(latin1(none), 0, none.length, NAMES, LIMITS), REFUSED);
  });
});

describe('framing', () => {
  const good: readonly (readonly [line: string, framing: number, length: number])[] = [
    ['X: y', FRAMING.none, 0],
    ['Content-Length: 0', FRAMING.length, 0],
    ['content-length:5', FRAMING.length, 5],
    ['CONTENT-LENGTH: \t 007 \t', FRAMING.length, 7],
    ['Content-Length: 9007199254740991', FRAMING.length, Number.MAX_SAFE_INTEGER],
    ['Transfer-Encoding: chunked', FRAMING.chunked, 0],
    ['transfer-encoding:\tCHUNKED \t', FRAMING.chunked, 0],
  ];
  for (const [line, framing, length] of good) {
    test(`${JSON.stringify(line)} is understood`, () => {
      const head = accepted(lines(line));
      assert.deepEqual([head.framing, head.length], [framing, length]);
    });
  }

  test('of the request before is not that of the next', () => {
    const head = new RequestHead();
    for (const [line, framing] of [
      ['Content-Length: 5', FRAMING.length],
      ['X: y', FRAMING.none],
      ['Transfer-Encoding: chunked', FRAMING.chunked],
      ['X: y', FRAMING.none],
    ] as const) {
      const bytes = latin1(lines(line));
      head.parse(bytes, 0, bytes.length, NAMES, LIMITS);
      assert.equal(head.framing, framing);
      if (framing !== FRAMING.length) assert.equal(head.length, 0);
    }
  });
});

describe('options', () => {
  function facts(...of: string[]): Record<string, unknown> {
    const head = accepted(lines(...of));
    const { upgrade, teTrailers, expectContinue, connection } = head;
    const { close, keepAlive } = connection;
    return { upgrade, teTrailers, expectContinue, close, keepAlive };
  }

  const nothing = { upgrade: '', teTrailers: false, expectContinue: false, close: false, keepAlive: false };
  const cases: readonly (readonly [name: string, lines: string[], facts: object])[] = [
    ['none', [], {}],
    ['close', ['Connection: close'], { close: true }],
    [
      'close and keep-alive in two lines',
      ['Connection: close', 'Connection: Keep-Alive'],
      { close: true, keepAlive: true },
    ],
    ['an upgrade', ['Connection: Upgrade', 'Upgrade: websocket'], { upgrade: 'websocket' }],
    [
      'an upgrade among others',
      ['Upgrade: a/1, b', 'Connection: keep-alive, upgrade'],
      { upgrade: 'a/1, b', keepAlive: true },
    ],
    [
      'an upgrade with a body of no length',
      ['Connection: Upgrade', 'Upgrade: w', 'Content-Length: 0'],
      { upgrade: 'w' },
    ],
    ['an upgrade that Connection does not ask for', ['Upgrade: websocket'], {}],
    ['an upgrade to nothing', ['Connection: Upgrade', 'Upgrade:'], {}],
    ['an upgrade to h2c', ['Connection: Upgrade', 'Upgrade: H2C'], {}],
    ['an upgrade to h2c among others', ['Connection: Upgrade', 'Upgrade: websocket, h2c'], {}],
    ['an upgrade with a body', ['Connection: Upgrade', 'Upgrade: w', 'Content-Length: 1'], {}],
    ['an upgrade with chunks', ['Connection: Upgrade', 'Upgrade: w', 'Transfer-Encoding: chunked'], {}],
    ['TE: trailers', ['TE: trailers'], { teTrailers: true }],
    ['TE: Trailers', ['TE:Trailers '], { teTrailers: true }],
    ['trailers among other codings', ['TE: gzip;q=0.5, trailers , deflate'], { teTrailers: true }],
    ['trailers in a second line', ['TE: gzip', 'TE: trailers'], { teTrailers: true }],
    ['TE without trailers', ['TE: gzip, xtrailers, trailers;q=1'], {}],
    ['Expect', ['Expect: 100-Continue'], { expectContinue: true }],
    ['Expect that Connection names', ['Expect: 100-continue', 'Connection: expect'], {}],
    ['another expectation', ['Expect: 200-ok'], {}],
  ];
  for (const [name, of, wanted] of cases) {
    test(`of ${name} are read`, () => assert.deepEqual(facts(...of), { ...nothing, ...wanted }));
  }

  test('of HTTP/1.1 mean nothing from a 1.0 client', () => {
    const head = accepted(
      'GET /x HTTP/1.0\r\nConnection: Upgrade, keep-alive\r\nUpgrade: w\r\nExpect: 100-continue\r\n\r\n',
    );
    assert.deepEqual([head.upgrade, head.expectContinue, head.connection.keepAlive], ['', false, true]);
  });

  test('of the request before are not those of the next', () => {
    const head = new RequestHead();
    const full = lines(
      'Connection: close, upgrade, x-own',
      'Upgrade: w',
      'TE: trailers',
      'Expect: 100-continue',
      'X-Own: y',
    );
    assert.equal(head.parse(latin1(full), 0, full.length, NAMES, LIMITS), full.length);
    const plain = lines('X-Own: y');
    const fresh = accepted(plain);
    assert.equal(head.parse(latin1(plain), 0, plain.length, NAMES, LIMITS), plain.length);
    assert.deepEqual(requestFacts(head), requestFacts(fresh));
  });
});

describe('limits', () => {
  const text = lines('X: y', 'Y: z');
  const limits = (change: object) => readRequest(text, NAMES, { ...LIMITS, ...change });

  test('a head of exactly the limit passes, and one byte more is too large', () => {
    assert.equal(limits({ head: text.length }).after, text.length);
    const { head, after } = limits({ head: text.length - 1 });
    assert.deepEqual([after, head.code], [REFUSED, 'head_too_large']);
  });

  test('as many lines as the limit pass, and one more is too large', () => {
    assert.equal(limits({ headers: 3 }).after, text.length);
    const { head, after } = limits({ headers: 2 });
    assert.deepEqual(
      [after, head.code, head.refusal],
      [REFUSED, 'head_too_large', 'more than 2 header fields (limits.headers)'],
    );
  });

  test('a target of exactly the limit passes, and one byte more is too long', () => {
    assert.equal(limits({ target: 2 }).after, text.length);
    const { head, after } = limits({ target: 1 });
    assert.deepEqual([after, head.code], [REFUSED, 'target_too_long']);
  });

  test('a head that never ends is refused at its limit, a target at its own', () => {
    const most = { ...LIMITS, head: 1_000, target: 100 };
    const endless = `${lines().slice(0, -2)}X: ${'y'.repeat(2_000)}`;
    assert.equal(readRequest(endless.slice(0, 999), NAMES, most).after, INCOMPLETE);
    assert.equal(readRequest(endless.slice(0, 1_000), NAMES, most).head.code, 'head_too_large');
    const long = `GET /${'x'.repeat(200)}`;
    assert.equal(readRequest(long.slice(0, 104), NAMES, most).after, INCOMPLETE);
    assert.equal(readRequest(long.slice(0, 105), NAMES, most).head.code, 'target_too_long');
  });
});

test('values of any header of the table are read, repeated lines joined in order', () => {
  const { head } = readRequest(lines('Cookie: a=1', 'X: y', 'cookie:\tb=2 ', 'TE: x'));
  assert.equal(head.field(NAME.cookie), 'a=1, b=2');
  assert.equal(head.field(NAME.host), 'a');
  assert.equal(head.field(NAME.forwarded), undefined);
});
