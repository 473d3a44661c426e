/**
 * The words of field values: lengths, Connection options, tokens; and lines that are cut out of what was noted.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SHARED } from '../../../src/core/io.ts';
import { NAME, NameSet } from '../../../src/core/names.ts';
import { HEX, HOST, TARGET, TOKEN, VALUE } from '../../../src/http1/bytes.ts';
import {
  type ConnectionOptions,
  CUT,
  Fields,
  INCOMPLETE,
  isToken,
  parseLength,
  REFUSED,
  readConnection,
  trimmed,
} from '../../../src/http1/fields.ts';
import { latin1 } from './feed.ts';

describe('alphabets', () => {
  const alphabets: readonly (readonly [name: string, table: Uint8Array, reference: RegExp])[] = [
    ['tokens', TOKEN, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/],
    ['field values', VALUE, /^[\t\x20-\x7e\x80-\xff]$/],
    ['targets', TARGET, /^[\x21\x22\x24-\x7e]$/],
    ['hosts', HOST, /^[A-Za-z0-9\-._~%!$&'()*+;=[\]:]$/],
  ];
  for (const [name, table, reference] of alphabets) {
    test(`that of ${name} holds exactly its bytes`, () => {
      assert.equal(table.length, 256);
      for (let byte = 0; byte < 256; byte++) {
        assert.equal(table[byte] === 1, reference.test(String.fromCharCode(byte)), `byte ${byte}`);
      }
    });
  }

  test('hexadecimal digits have their values, and no other byte has one', () => {
    for (let byte = 0; byte < 256; byte++) {
      const text = String.fromCharCode(byte);
      assert.equal(HEX[byte], /^[0-9A-Fa-f]$/.test(text) ? Number.parseInt(text, 16) : 255);
    }
  });
});

describe('Content-Length', () => {
  const lengths: readonly (readonly [text: string, length: number])[] = [
    ['0', 0],
    ['00', 0],
    ['5', 5],
    ['005', 5],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', -1],
    ['9007199254740993', -1],
    ['9999999999999999', -1],
    ['0000000000000005', 5],
    ['00000000000000005', -1],
    ['', -1],
    ['-1', -1],
    ['+1', -1],
    ['1 ', -1],
    [' 1', -1],
    ['1,1', -1],
    ['1.0', -1],
    ['1e1', -1],
    ['0x1', -1],
    ['1_0', -1],
    ['\xb2', -1],
    ['/', -1],
    [':', -1],
  ];
  for (const [text, length] of lengths) {
    test(`${JSON.stringify(text)} is ${length === -1 ? 'refused' : length}`, () => {
      assert.equal(parseLength(latin1(`1${text}1`), 1, 1 + text.length), length);
    });
  }

  test('every safe number is read as it is written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (length) => {
        const text = String(length);
        assert.equal(parseLength(latin1(text), 0, text.length), length);
      }),
    );
  });
});

describe('Connection', () => {
  function read(value: string): { refusal: string | undefined; options: ConnectionOptions } {
    const options: ConnectionOptions = { close: false, keepAlive: false, upgrade: false, named: undefined };
    return { refusal: readConnection(latin1(`,${value},`), 1, 1 + value.length, options), options };
  }

  const good: readonly (readonly [
    value: string,
    close: boolean,
    keepAlive: boolean,
    upgrade: boolean,
    named: string[],
  ])[] = [
    ['keep-alive', false, true, false, []],
    ['Keep-Alive', false, true, false, []],
    ['close', true, false, false, []],
    ['CLOSE', true, false, false, []],
    ['close, keep-alive', true, true, false, []],
    ['Upgrade', false, false, true, []],
    ['keep-alive,Upgrade', false, true, true, []],
    ['Upgrade, HTTP2-Settings', false, false, true, ['http2-settings']],
    ['TE', false, false, false, []],
    ['te, X-Own , \tx-own', false, false, false, ['x-own']],
    ['', false, false, false, []],
    [',, ,', false, false, false, []],
    ['x-a,close,x-b', true, false, false, ['x-a', 'x-b']],
    ['proxy-connection, connection', false, false, false, []],
    ['closed', false, false, false, ['closed']],
  ];
  for (const [value, close, keepAlive, upgrade, named] of good) {
    test(`${JSON.stringify(value)} is understood`, () => {
      const { refusal, options } = read(value);
      assert.equal(refusal, undefined);
      assert.deepEqual({ ...options, named: [...(options.named ?? [])] }, { close, keepAlive, upgrade, named });
    });
  }

  const bad: readonly (readonly [value: string, refusal: string])[] = [
    ['host', 'Connection names host'],
    ['close, Host', 'Connection names host'],
    ['Content-Length', 'Connection names content-length'],
    ['x, TRANSFER-ENCODING', 'Connection names transfer-encoding'],
    ['x y', 'a Connection option that is no token'],
    ['"close"', 'a Connection option that is no token'],
    ['close;q=1', 'a Connection option that is no token'],
    ['close\xa0', 'a Connection option that is no token'],
    ['\xa0x-own', 'a Connection option that is no token'],
    ['x\xe9', 'a Connection option that is no token'],
  ];
  for (const [value, refusal] of bad) {
    test(`${JSON.stringify(value)} is refused`, () => assert.equal(read(value).refusal, refusal));
  }
});

test('tokens are made of one token byte or more', () => {
  for (const text of ['a', 'X-Y', "!#$%&'*+-.^_`|~09azAZ"]) assert.equal(isToken(text), true);
  for (const text of ['', ' ', 'a b', 'a:', 'a\x00', 'a\x7f', '\xe9', '\u{1f600}', 'a,b', '"a"']) {
    assert.equal(isToken(text), false, JSON.stringify(text));
  }
});

test('spaces and tabs are trimmed, and nothing else', () => {
  for (const [text, wanted] of [
    [' \ta b\t ', 'a b'],
    ['', ''],
    [' \t ', ''],
    ['\xa0a\xa0', '\xa0a\xa0'],
    ['\x0ba\x0c', '\x0ba\x0c'],
  ]) {
    assert.equal(trimmed(text), wanted);
  }
});

describe('noted lines', () => {
  const names = new NameSet();
  const own = names.add('x-own');
  const HEAD = 'X-Own: 1\r\nOther: o\r\nhost:\t a \t\r\nx-OWN:2  3 \r\nX-Own:\r\n\r\n';

  function scan(text: string, most = 200): { fields: Fields; after: number } {
    const fields = new Fields();
    const bytes = latin1(`##${text}`);
    return { fields, after: fields.scan(bytes, 2, bytes.length, 2, names, most) };
  }

  test('are those whose names the table knows, with values trimmed, relative to the head', () => {
    const { fields, after } = scan(HEAD);
    assert.equal(after, HEAD.length + 2);
    assert.equal(fields.count, 4);
    assert.equal(fields.value(latin1(`##${HEAD}`), 2, own), '1, 2  3, ');
    assert.equal(fields.value(latin1(`##${HEAD}`), 2, NAME.host), 'a');
    assert.equal(fields.value(latin1(`##${HEAD}`), 2, NAME.te), undefined);
    assert.equal(fields.times(own), 3);
    assert.equal(fields.times(NAME.te), 0);
    const line = fields.lines.slice(5, 10);
    assert.equal(HEAD.slice(line[1], line[4]), 'host:\t a \t\r\n');
  });

  test('lines that Connection names are cut, noted before or not, and keep their order', () => {
    const { fields } = scan(HEAD);
    fields.cut(HEAD, 0, new Set(['other', 'host']));
    const numbers = Array.from({ length: fields.count }, (_, i) => fields.lines[i * 5]);
    assert.deepEqual(numbers, [own, CUT, CUT, own, own]);
    assert.equal(fields.value(latin1(`##${HEAD}`), 2, NAME.host), undefined);
    assert.equal(fields.value(latin1(`##${HEAD}`), 2, own), '1, 2  3, ');
    assert.equal(HEAD.slice(fields.lines[6], fields.lines[9]), 'Other: o\r\n');
  });

  test('of an earlier head are forgotten', () => {
    const { fields } = scan(HEAD);
    const bytes = latin1('Host: b\r\n\r\n');
    assert.equal(fields.scan(bytes, 0, bytes.length, 0, names, 200), bytes.length);
    assert.equal(fields.count, 1);
    assert.equal(fields.value(bytes, 0, own), undefined);
  });

  test('more lines than allowed are refused as too many, and the next head is judged anew', () => {
    const { fields, after } = scan(HEAD, 4);
    assert.equal(after, REFUSED);
    assert.equal(fields.tooMany, true);
    assert.equal(fields.refusal, 'more than 4 header fields');
    const bytes = latin1('a b\r\n\r\n');
    assert.equal(fields.scan(bytes, 0, bytes.length, 0, names, 4), REFUSED);
    assert.equal(fields.tooMany, false);
    assert.equal(scan(HEAD, 5).after, HEAD.length + 2);
  });

  test('none is no field section, and a section without its empty line is incomplete', () => {
    assert.equal(scan('').after, INCOMPLETE);
    assert.equal(scan('\r').after, INCOMPLETE);
    assert.equal(scan('\r\n').after, 4);
    assert.equal(scan('A: b\r\n').after, INCOMPLETE);
  });
});

test('a field section reads the same in the shared read buffer, wherever it stands and whatever bytes it holds', () => {
  const names = new NameSet();
  const piece = fc.oneof(
    fc.constantFrom(
      'Host: a',
      `X-Long: ${'v'.repeat(61)}`,
      'Cookie: a=b',
      '\r\n',
      '\r',
      '\n',
      '\0',
      '\x7f',
      '\x80',
      '\xff',
      '\t',
      ':',
      ' ',
    ),
    fc.string({ maxLength: 9 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(9), (pieces, at) => {
      const text = Buffer.from(`${pieces.join('')}\r\n\r\n`, 'latin1');
      SHARED.fill(0x41, 0, at + text.length + 8);
      text.copy(SHARED, at);
      const here = new Fields();
      const there = new Fields();
      const ended = here.scan(SHARED, at, at + text.length, at, names, 200);
      const expected = there.scan(Buffer.from(text), 0, text.length, 0, names, 200);
      assert.equal(ended > 0 ? ended - at : ended, expected);
      assert.equal(here.refusal, there.refusal);
      assert.deepEqual(here.lines.slice(0, here.used), there.lines.slice(0, there.used));
    }),
    { numRuns: 3000 },
  );
});
