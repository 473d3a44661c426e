/**
 * Whose exchange it is: correlation ids, W3C Trace Context, callers and context, at either zone.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isCorrelationId, isTraceparent } from '../../../src/proxy/identify.ts';
import { ground, type Led, lead, linesIn } from './table.ts';

const INTERNAL = ground({ caller: 'x-caller' });
const EDGE = ground({ zone: 'edge', caller: 'x-caller' });

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

function get(...lines: string[]): string {
  return ['GET /x HTTP/1.1', 'Host: a', ...lines, '', ''].join('\r\n');
}

/** The traceparent that goes to the upstream. */
function sentParent({ sent }: Led): string {
  const lines = linesIn(sent).filter((line) => /^traceparent:/i.test(line));
  assert.equal(lines.length, 1);
  return lines[0].slice('traceparent: '.length);
}

describe('correlation ids', () => {
  const good = ['a', '0', 'req-7f3a/b:c;d=e&f', "!#$%'()*+./<>?@[]^_`{|}~", 'x'.repeat(256)];
  const bad = ['', ' ', 'a b', 'a\tb', 'a"b', 'a\\b', 'a,b', 'a\x7f', 'a\x00', 'caf\xe9', 'x'.repeat(257), 'a\u2028'];

  for (const id of good) {
    test(`${id.slice(0, 30)} is kept byte for byte`, () => {
      assert.equal(isCorrelationId(id), true);
      const { exchange } = lead(get(`X-Correlation-ID: ${id}`), INTERNAL);
      assert.deepEqual([exchange.correlationId, exchange.idGiven], [id, id]);
    });
  }

  for (const id of bad)
    test(`${JSON.stringify(id.slice(0, 30))} is none`, () => assert.equal(isCorrelationId(id), false));

  for (const line of [
    'x-correlation-id:',
    'x-correlation-id: a b',
    'x-correlation-id: a,b',
    `x-correlation-id: ${'x'.repeat(257)}`,
  ]) {
    test(`${JSON.stringify(line.slice(0, 30))} is replaced by 32 hexadecimal digits`, () => {
      const { exchange } = lead(get(line), INTERNAL);
      assert.equal(exchange.idGiven, undefined);
      assert.match(exchange.correlationId, /^[0-9a-f]{32}$/);
    });
  }

  const byte = fc.nat({ max: 255 }).map((code) => String.fromCharCode(code));

  test('of any bytes that pass, none needs escaping in JSON or ends a header line', () => {
    fc.assert(
      fc.property(fc.string({ unit: byte, maxLength: 20 }), (id) => {
        for (const one of [...id].filter(isCorrelationId)) assert.equal(JSON.stringify(one), `"${one}"`);
        assert.equal(isCorrelationId(id), /^[!#-+\--[\]-~]{1,256}$/.test(id));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a valid traceparent', () => {
  for (const [parent, flags] of [
    [`00-${TRACE}-${SPAN}-00`, '00'],
    [`00-${TRACE}-${SPAN}-01`, '01'],
    [`00-${TRACE}-${SPAN}-03`, '01'],
    [`00-${TRACE}-${SPAN}-fe`, '00'],
    [`00-${TRACE}-${SPAN}-ff`, '01'],
    [`01-${TRACE}-${SPAN}-01`, '01'],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-holds`, '01'],
    [`fe-${TRACE}-${SPAN}-09-`, '01'],
  ]) {
    test(`${parent} continues in version 00 with flags ${flags} and a span of this hop`, () => {
      const led = lead(get(`TraceParent:\t${parent} `, 'tracestate: a=1'), INTERNAL);
      const { exchange } = led;
      assert.deepEqual([exchange.traceId, exchange.parentSpanId], [TRACE, SPAN]);
      assert.match(exchange.spanId, /^[0-9a-f]{16}$/);
      assert.notEqual(exchange.spanId, SPAN);
      assert.equal(sentParent(led), `00-${TRACE}-${exchange.spanId}-${flags}`);
    });
  }
});

const INVALID = [
  '',
  `ff-${TRACE}-${SPAN}-01`,
  `0-${TRACE}-${SPAN}-01`,
  `000-${TRACE}-${SPAN}-01`,
  `0g-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN.toUpperCase()}-01`,
  `00-${TRACE}-${SPAN}-0A`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.slice(1)}-${SPAN}-01`,
  `00-${TRACE}0-${SPAN}-01`,
  `00-${TRACE}-${SPAN.slice(1)}-01`,
  `00-${TRACE}-${SPAN}0-01`,
  `00-${TRACE}-${SPAN}-1`,
  `00-${TRACE}-${SPAN}-001`,
  `00-${TRACE}-${SPAN}-xx`,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${TRACE}-${SPAN}-01-`,
  `cc-${TRACE}-${SPAN}-01more`,
  `cc-${TRACE}-${SPAN}-01.more`,
  `00_${TRACE}_${SPAN}_01`,
  `00 -${TRACE}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
];

describe('an invalid traceparent', () => {
  for (const parent of INVALID) {
    test(`${JSON.stringify(parent)} restarts the trace, without its state`, () => {
      assert.equal(isTraceparent(parent), false);
      const led = lead(get(`traceparent: ${parent}`, 'tracestate: a=1'), INTERNAL);
      const { exchange } = led;
      assert.equal(exchange.parentSpanId, undefined);
      assert.notEqual(exchange.traceId, TRACE);
      assert.equal(sentParent(led), `00-${exchange.traceId}-${exchange.spanId}-01`);
      assert.ok(isTraceparent(sentParent(led)));
    });
  }

  test('in two lines is invalid though each is valid', () => {
    const line = `traceparent: 00-${TRACE}-${SPAN}-01`;
    assert.equal(lead(get(line, line), INTERNAL).exchange.parentSpanId, undefined);
  });

  test('of damaged digits is never taken for a valid one', () => {
    const valid = `00-${TRACE}-${SPAN}-01`;
    const shape =
      /^(?!ff)(?:00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}|(?!00)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\s\S]*)?)$/;
    fc.assert(
      fc.property(fc.nat({ max: valid.length }), fc.nat({ max: 2 }), fc.string({ maxLength: 2 }), (at, out, put) => {
        const value = valid.slice(0, at) + put + valid.slice(at + out);
        assert.equal(isTraceparent(value), shape.test(value), JSON.stringify(value));
      }),
      { numRuns: 3_000 },
    );
  });
});

test('identifiers differ between exchanges, and within one', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const { exchange } = lead(get(), INTERNAL, undefined, seed);
    for (const id of [exchange.correlationId, exchange.traceId, exchange.spanId]) seen.add(id);
  }
  assert.equal(seen.size, 150);
});

describe('caller and context', () => {
  const lines = ['X-Caller: cart', 'x-tenant: acme', 'X-TENANT: b', 'x-caller:\tweb '];

  test('are read in zone internal, in the order of the document, and pass', () => {
    const { exchange, sent } = lead(get(...lines), INTERNAL);
    assert.equal(exchange.caller, 'cart, web');
    assert.deepEqual(exchange.context, [undefined, 'acme, b']);
    for (const line of lines) assert.ok(linesIn(sent).includes(line));
  });

  test('are neither read nor passed in zone edge', () => {
    const { exchange, sent } = lead(get(...lines), EDGE);
    assert.equal(exchange.caller, undefined);
    assert.equal(exchange.context, undefined);
    assert.doesNotMatch(sent, /acme|cart|web/);
  });

  test('are nothing where the document names none', () => {
    const { exchange, sent } = lead(get(...lines), ground({ context: [] }));
    assert.deepEqual([exchange.caller, exchange.context], [undefined, undefined]);
    for (const line of lines) assert.ok(linesIn(sent).includes(line));
  });
});
