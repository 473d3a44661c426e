/**
 * Heads for the client: what the origin said stays byte for byte, in order; what belongs to the hop is gone, and an old
 * client gets nothing it cannot read.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ReplyHead } from '../../../src/http1/reply.ts';
import type { HeaderEdit } from '../../../src/policy/policy.ts';
import { interimHead } from '../../../src/proxy/heads.ts';
import { replyHead as anyReply } from '../http1/messages.ts';
import { CORRELATION, ground, linesIn, type ReplyParts, relayed, textOn, valuesIn } from './table.ts';

const ON = ground();
const ID = 'req-7f3a';

function readReply(text: string, headRequest = false): ReplyHead {
  const head = new ReplyHead();
  const bytes = Buffer.from(text, 'latin1');
  const after = head.parse(bytes, 0, bytes.length, ON.names, headRequest);
  if (after !== bytes.length) throw new Error(`${head.refusal}: ${JSON.stringify(text)}`);
  return head;
}

function relay(text: string, parts: ReplyParts = {}, edit?: HeaderEdit): string {
  return relayed(readReply(text), ON, { id: ID, ...parts }, edit);
}

/** A 1xx head as it goes on. */
function forwarded(head: ReplyHead): string {
  return textOn((sheet) => interimHead(sheet, head, ON.rules));
}

function ok(...lines: string[]): string {
  return ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');
}

const OWN = `${CORRELATION}: ${ID}`;

test('case, order, duplicates, odd white space and bytes above 0x7f pass as they came', () => {
  const odd = [
    'B: 2',
    'a:1',
    'Set-Cookie: a',
    'A:\t 3 \t',
    'X-Empty:',
    'C: caf\xe9',
    'set-cookie: b',
    'Content-Length: 5',
  ];
  assert.deepEqual(linesIn(relay(ok(...odd))), ['HTTP/1.1 200 OK', ...odd, OWN]);
});

describe('the status line', () => {
  for (const [line, wanted] of [
    ['HTTP/1.1 299 Tr\xe8s\tbien', 'HTTP/1.1 299 Tr\xe8s\tbien'],
    ['HTTP/1.1 200 ', 'HTTP/1.1 200 '],
    ['HTTP/1.1 200', 'HTTP/1.1 200 '],
    ['HTTP/1.0 200', 'HTTP/1.1 200 '],
    ['HTTP/1.0 404 Not Found', 'HTTP/1.1 404 Not Found'],
  ]) {
    test(`${JSON.stringify(line)} goes on as ${JSON.stringify(wanted)}`, () => {
      const text = ok('Connection: x-y', 'X: y', 'X-Y: z').replace('HTTP/1.1 200 OK', line);
      assert.deepEqual(linesIn(relay(text)), [wanted, 'X: y', OWN]);
    });
  }
});

test('what belongs to the hop stops, and so does what Connection names', () => {
  const hop = [
    'Connection: keep-alive, X-Own',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: close',
    'Upgrade: h2',
  ].concat(['Proxy-Authenticate: Basic', 'TE: trailers', 'x-own: 1']);
  assert.deepEqual(linesIn(relay(ok(...hop, 'X: y'))), ['HTTP/1.1 200 OK', 'X: y', OWN]);
});

test('framing goes on in one spelling', () => {
  for (const [line, wanted] of [
    ['content-length:\t5 ', 'content-length: 5'],
    ['Content-Length:\t5', 'Content-Length: 5'],
    ['Transfer-Encoding:Chunked', 'Transfer-Encoding: Chunked'],
  ]) {
    assert.deepEqual(linesIn(relay(ok('A:1', line, 'B:2'))), ['HTTP/1.1 200 OK', 'A:1', wanted, 'B:2', OWN]);
  }
});

test('what the origin says of correlation and upstream is replaced by what the router knows', () => {
  const said = ok('X-Correlation-Id: other', 'x-signalbox-upstream: forged', 'X: y');
  assert.deepEqual(linesIn(relay(said)), ['HTTP/1.1 200 OK', 'X: y', OWN]);
  assert.deepEqual(linesIn(relay(said, { upstream: 'cart' })).slice(-1), ['x-signalbox-upstream: cart']);
});

test('edits cut lines and append behind everything', () => {
  const edit: HeaderEdit = { cut: new Set([ON.names.number('x-tenant')]), append: 'X-Tenant: new\r\n' };
  const lines = linesIn(relay(ok('X-TENANT: old', 'X: y', 'x-tenant: older'), { upstream: 'cart' }, edit));
  assert.deepEqual(lines, ['HTTP/1.1 200 OK', 'X: y', OWN, 'x-signalbox-upstream: cart', 'X-Tenant: new']);
});

describe('a length', () => {
  for (const [status, passes] of [
    ['204 No Content', false],
    ['304 Not Modified', true],
    ['200 OK', true],
  ] as const) {
    test(`with ${status} ${passes ? 'passes' : 'stops'}`, () => {
      const text = ok('Content-Length: 9', 'X: y').replace('200 OK', status);
      assert.deepEqual(valuesIn(relay(text), 'content-length'), passes ? ['9'] : []);
    });
  }

  test('of a reply to HEAD passes', () => {
    const head = readReply(ok('Content-Length: 9'), true);
    assert.deepEqual(valuesIn(relayed(head, ON), 'content-length'), ['9']);
  });
});

describe('the end of the connection', () => {
  for (const [close, minor, wanted] of [
    [false, 1, []],
    [true, 1, ['close']],
    [false, 0, ['keep-alive']],
    [true, 0, ['close']],
  ] as const) {
    test(`is told a 1.${minor} client ${close ? 'that must leave' : 'that may stay'} as ${JSON.stringify(wanted)}`, () => {
      assert.deepEqual(valuesIn(relay(ok('Connection: keep-alive'), { close, minor }), 'connection'), wanted);
    });
  }
});

describe('a 1.0 client', () => {
  test('hears of no coding: neither of chunks that are taken off for it, nor in a reply to HEAD', () => {
    const chunked = ok('Transfer-Encoding: chunked', 'X: y');
    for (const headRequest of [false, true]) {
      const parts = { id: ID, minor: 0, close: true };
      const sent = relayed(readReply(chunked, headRequest), ON, parts);
      assert.deepEqual(linesIn(sent), ['HTTP/1.1 200 OK', 'X: y', OWN, 'Connection: close']);
    }
    assert.deepEqual(valuesIn(relay(chunked), 'transfer-encoding'), ['chunked']);
  });
});

test('101 goes on with its protocol and the option that asks for it', () => {
  const text = ok('Upgrade:  a/1 ', 'X: y', 'Connection: Upgrade').replace('200 OK', '101 Switching Protocols');
  const lines = linesIn(relay(text, { close: true }));
  assert.deepEqual(lines, ['HTTP/1.1 101 Switching Protocols', 'X: y', OWN, 'Connection: upgrade', 'Upgrade: a/1']);
});

describe('a 1xx head', () => {
  const interim = (text: string): string[] => linesIn(forwarded(readReply(text)));

  test('passes as it came, without what belongs to the hop and without a length', () => {
    const text =
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\nX: y\r\nContent-Length: 0\r\nlink: </b>\r\n\r\n';
    assert.deepEqual(interim(text), ['HTTP/1.1 103 Early Hints', 'Link: </a>', 'link: </b>']);
  });

  test('of an old or careless origin becomes one of HTTP/1.1', () => {
    assert.deepEqual(interim('HTTP/1.0 100\r\n\r\n'), ['HTTP/1.1 100 ']);
  });
});

const HOP =
  /^(?:connection|keep-alive|proxy-connection|te|upgrade|proxy-authorization|proxy-authenticate|http2-settings)$/;
const OURS = /^(?:x-correlation-id|x-signalbox-upstream)$/;

test('of any reply, exactly what must pass passes, in order, and ends where it ended', () => {
  fc.assert(
    fc.property(anyReply, fc.boolean(), (text, close) => {
      const head = readReply(text);
      const sent = head.status < 200 ? forwarded(head) : relay(text, { close });
      const behind = readReply(sent);
      assert.deepEqual([behind.status, behind.minor, behind.framing], [head.status, 1, head.framing]);
      const bodiless = head.status < 200 || head.status === 204;
      if (!bodiless) assert.equal(behind.length, head.length);
      const named = valuesIn(text, 'connection')
        .join(',')
        .toLowerCase()
        .split(/[\t ]*,[\t ]*/);
      const wanted = linesIn(text)
        .slice(1)
        .flatMap((line) => {
          const name = line.slice(0, line.indexOf(':')).toLowerCase();
          if (HOP.test(name) || OURS.test(name) || named.includes(name)) return [];
          if (!/^(?:content-length|transfer-encoding)$/.test(name)) return [line];
          if (bodiless && name === 'content-length') return [];
          return [`${line.slice(0, name.length)}: ${line.slice(name.length + 1).replace(/^[\t ]+|[\t ]+$/g, '')}`];
        });
      const own = head.status < 200 ? [] : [OWN, ...(close ? ['Connection: close'] : [])];
      assert.deepEqual(linesIn(sent).slice(1), [...wanted, ...own]);
    }),
    { numRuns: 1_000 },
  );
});

describe('a reply without Date', () => {
  const date = 'Fri, 02 Jan 2026 03:04:05 GMT';

  test('gets the time it came, one with Date keeps its own', () => {
    assert.deepEqual(linesIn(relay(ok('A: 1'), { date })), ['HTTP/1.1 200 OK', 'A: 1', OWN, `Date: ${date}`]);
    for (const name of ['Date', 'date', 'DATE']) assert.ok(readReply(ok(`${name}: yesterday`)).dated);
    for (const name of ['Data', 'X-Date', 'Age']) assert.ok(!readReply(ok(`${name}: yesterday`)).dated);
  });

  test('is one whose Date goes no further', () => {
    const head = readReply(ok('Connection: date', 'Date: yesterday'));
    assert.ok(!head.dated);
    const sent = relayed(head, ON, { date });
    assert.deepEqual(valuesIn(sent, 'date'), [date]);
  });

  test('stays without where the document removes it or writes another', () => {
    const cut = new Set([ON.names.number('date')]);
    assert.deepEqual(valuesIn(relay(ok(), { date }, { cut, append: '' }), 'date'), []);
    assert.deepEqual(valuesIn(relay(ok(), { date }, { cut, append: 'Date: mine\r\n' }), 'date'), ['mine']);
  });
});
