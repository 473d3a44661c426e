/**
 * Replies of the router's own: problem details (RFC 9457) with Proxy-Status (RFC 9209), framed so that any reader finds their
 * end, whatever the words in them.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Exchange } from '../../../src/core/exchange.ts';
import { FAULTS, type FaultCode, fault } from '../../../src/core/fault.ts';
import { FRAMING } from '../../../src/http1/fields.ts';
import type { Reply } from '../../../src/policy/policy.ts';
import { faultReply, type ReplyContext, replyText } from '../../../src/proxy/respond.ts';
import { readReply } from '../http1/feed.ts';
import { linesIn, valuesIn } from './table.ts';

const REQUEST = { method: 'GET', target: '/', host: 'a', minor: 1, field: () => undefined };

function exchange(): Exchange {
  const one = new Exchange(0, 0.5, REQUEST, 'internal', '192.0.2.7', 'r1');
  one.idGiven = 'req-7f3a';
  return one;
}

const CONTEXT: ReplyContext = {
  correlationHeader: 'X-Correlation-ID',
  close: false,
  minor: 1,
  head: false,
  wall: Date.UTC(2026, 0, 2, 3, 4, 5),
};

/** A reply's head, and its body as text, read by the codec to its last byte. */
function parts(reply: Reply, context: Partial<ReplyContext> = {}): { head: string; body: string; length: number } {
  const text = replyText(exchange(), reply, { ...CONTEXT, ...context });
  assert.match(text, /^[^\u0100-\uffff]*$/, 'the text is bytes');
  const { head, after } = readReply(text, context.head);
  assert.ok(after > 0, head.refusal);
  assert.equal(head.status, reply.status);
  if (!context.head) assert.equal(head.framing === FRAMING.length ? head.length : 0, text.length - after);
  else assert.equal(text.length, after);
  return { head: head.text(), body: Buffer.from(text.slice(after), 'latin1').toString('utf8'), length: head.length };
}

const CODES = Object.keys(FAULTS) as FaultCode[];

/** A string of structured fields (RFC 9651 section 3.3.3), its text. */
function stringIn(value: string): string {
  const [, text] = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/.exec(value) ?? assert.fail(`not a string: ${value}`);
  return text.replace(/\\(.)/g, '$1');
}

describe('a fault', () => {
  for (const code of CODES) {
    test(`of ${code} becomes problem details with its code, and Proxy-Status with a registered error`, () => {
      const { kind } = fault(code, 'what happened');
      const { head, body } = parts(faultReply(exchange(), fault(code, 'what happened'), kind.status));
      assert.deepEqual(JSON.parse(body), {
        type: `urn:signalbox:fault:${code}`,
        title: kind.title,
        status: kind.status,
        detail: 'what happened',
        code,
        correlationId: 'req-7f3a',
      });
      assert.ok(body.endsWith('}\n'));
      assert.deepEqual(valuesIn(head, 'content-type'), ['application/problem+json']);
      assert.deepEqual(valuesIn(head, 'cache-control'), ['no-store']);
      assert.deepEqual(valuesIn(head, 'proxy-status'), [
        `signalbox; error=${kind.proxyError}; details="${code}: what happened"`,
      ]);
      const retries = kind.status === 503 || kind.status === 429;
      assert.deepEqual(valuesIn(head, 'retry-after'), retries ? ['1'] : []);
    });
  }

  test('of 426 names a protocol in Upgrade, and Upgrade among the connection options, beside what else stands there', () => {
    const upgrade = fault('version_not_served', 'x');
    for (const [context, options] of [
      [{}, 'Upgrade'],
      [{ close: true }, 'close, Upgrade'],
      [{ minor: 0 }, 'keep-alive, Upgrade'],
    ] as const) {
      const { head } = parts(faultReply(exchange(), upgrade, 426), context);
      assert.deepEqual([valuesIn(head, 'upgrade'), valuesIn(head, 'connection')], [['HTTP/1.1'], [options]]);
    }
    const { head } = parts(faultReply(exchange(), upgrade, 404));
    assert.deepEqual([valuesIn(head, 'upgrade'), valuesIn(head, 'connection')], [[], []]);
  });

  test('may be told with a status that a route names', () => {
    const { head, body } = parts(faultReply(exchange(), fault('version_not_served', 'x'), 410));
    assert.match(head, /^HTTP\/1\.1 410 Gone\r\n/);
    assert.equal(JSON.parse(body).status, 410);
  });

  test('keeps its details whole up to 512 characters', () => {
    for (const length of [512, 513]) {
      const detail = 'x'.repeat(length - 'no_route: '.length);
      const { head } = parts(faultReply(exchange(), fault('no_route', detail), 404));
      assert.equal(head.includes('...'), length > 512);
    }
  });

  test('says any words without breaking head or body, and its head stays small', () => {
    const words = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(
        '"\\"',
        'a\r\nX: y\r\n\r\n',
        '\x00\x7f',
        '\u2028\ud800',
        'caf\xe9',
        '\\'.repeat(20_000),
        'x'.repeat(20_000),
      ),
    );
    fc.assert(
      fc.property(words, (detail) => {
        const { head, body } = parts(faultReply(exchange(), fault('no_route', detail), 404));
        assert.equal(JSON.parse(body).detail, detail);
        assert.ok(head.length < 2_000, `${head.length} bytes`);
        const [value] = valuesIn(head, 'proxy-status');
        const told = stringIn(value.slice(value.indexOf('details=') + 8));
        const shown = `no_route: ${detail}`.replace(/[^ -~]/g, '?');
        assert.ok(told === shown || (told.endsWith('...') && shown.startsWith(told.slice(0, -3))), told);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a reply of the router', () => {
  const plain: Reply = {
    status: 200,
    headers: [
      ['X', 'y'],
      ['X', 'z'],
    ],
    body: 'h\xe9llo \u{1f600}',
  };

  test('has date, its headers, the correlation id and a length in bytes', () => {
    const { head, body, length } = parts(plain);
    assert.deepEqual(linesIn(head), [
      'HTTP/1.1 200 OK',
      'Date: Fri, 02 Jan 2026 03:04:05 GMT',
      'X: y',
      'X: z',
      'X-Correlation-ID: req-7f3a',
      'Content-Length: 11',
    ]);
    assert.deepEqual([body, length], [plain.body, 11]);
  });

  test('to HEAD tells the length and sends no body', () => {
    const { head, body } = parts(plain, { head: true });
    assert.deepEqual(valuesIn(head, 'content-length'), ['11']);
    assert.equal(body, '');
  });

  test('without a body has a length of 0, but for 204, which has none', () => {
    assert.deepEqual(valuesIn(parts({ status: 302, headers: [], body: '' }).head, 'content-length'), ['0']);
    assert.deepEqual(valuesIn(parts({ status: 204, headers: [], body: '' }).head, 'content-length'), []);
  });

  for (const [close, minor, wanted] of [
    [false, 1, []],
    [true, 1, ['close']],
    [false, 0, ['keep-alive']],
    [true, 0, ['close']],
  ] as const) {
    test(`tells a 1.${minor} client ${close ? 'that must leave' : 'that may stay'} ${JSON.stringify(wanted)}`, () => {
      assert.deepEqual(valuesIn(parts(plain, { close, minor }).head, 'connection'), wanted);
    });
  }

  test('of any status has a reason phrase of its own or a plain one', () => {
    for (let status = 200; status < 600; status++) {
      assert.match(
        parts({ status, headers: [], body: [204, 205, 304].includes(status) ? '' : 'x' }).head,
        /^HTTP\/1\.1 \d{3} [A-Z]/,
      );
    }
  });

  test('carries the date as IMF-fixdate (RFC 9110 section 5.6.7)', () => {
    const days = fc.date({ min: new Date(0), max: new Date(Date.UTC(2100, 0)), noInvalidDate: true });
    const shape =
      /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;
    fc.assert(
      fc.property(days, (day) => {
        const [date] = valuesIn(parts(plain, { wall: day.getTime() }).head, 'date');
        assert.match(date, shape);
        assert.equal(Date.parse(date), Math.floor(day.getTime() / 1_000) * 1_000);
      }),
      { numRuns: 200 },
    );
  });
});
