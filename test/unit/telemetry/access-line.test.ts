/**
 * An access log line says exactly what happened, whatever a client sent: it parses as JSON, is pure ASCII, and every fact
 * comes back as it was.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Exchange } from '../../../src/core/exchange.ts';
import { FAULTS, type FaultCode, fault } from '../../../src/core/fault.ts';
import { Sheet } from '../../../src/core/sheet.ts';
import { AccessLines } from '../../../src/telemetry/access-line.ts';
import { seededDraw } from '../../support/draw.ts';

const CONTEXT = ['x-user-id', 'x-tournament-id'];
const TIME = 1_700_000_000_123;

/** What a test says of an exchange; the rest is a request that went well. */
type Told = Partial<Omit<Exchange, 'request' | 'correlationId' | 'traceId' | 'spanId'>>;

function exchangeOf(told: Told): Exchange {
  const {
    method = 'GET',
    target = '/cart/7',
    host = 'cart.internal',
    listener = 'internal',
    client = '10.0.0.9',
  } = told;
  const request = { method, target, host, minor: 1, field: () => undefined };
  const exchange = new Exchange(0, 0.5, request, listener, client, told.revision ?? 'abc123');
  const { method: _m, target: _t, host: _h, listener: _l, client: _c, revision: _r, ...rest } = told;
  return Object.assign(exchange, { idGiven: 'c-1', status: 200, attempts: 1, totalTime: 1 }, rest);
}

function lineOf(exchange: Exchange, names: readonly string[], lines = new AccessLines(42, 'host-1')): string {
  const sheet = new Sheet();
  lines.put(sheet, exchange, TIME, names);
  return sheet.view().toString('latin1');
}

function parsed(told: Told, names = CONTEXT, exchange = exchangeOf(told)): Record<string, unknown> {
  const line = lineOf(exchange, names);
  assert.match(line, /^[\x20-\x7e]*\n$/, 'one line, pure ASCII');
  return JSON.parse(line) as Record<string, unknown>;
}

test('a line carries every fact of the contract, in the shape of pino', () => {
  const exchange = exchangeOf({
    idGiven: 'id-7',
    context: ['u1', 't1'],
    caller: 'web',
    route: 'cart',
    upstream: 'cart-v2',
    member: 'http://127.0.0.1:7002',
    version: '2.1.0',
    status: 502,
    fault: fault('upstream_reset', 'gone'),
    attempts: 3,
    bytesIn: 12,
    bytesOut: 123_456,
    totalTime: 12.3456,
    queueTime: 0.5,
    connectTime: 1,
    firstByteTime: 11.0004,
    traceGiven: 'a'.repeat(32),
    parentSpanId: 'c'.repeat(16),
  });
  exchange.drawIds(seededDraw(1));
  const line = parsed({}, CONTEXT, exchange);
  assert.deepEqual(line, {
    level: 30,
    time: TIME,
    pid: 42,
    hostname: 'host-1',
    correlationId: 'id-7',
    context: { 'x-user-id': 'u1', 'x-tournament-id': 't1' },
    caller: 'web',
    listener: 'internal',
    client: '10.0.0.9',
    method: 'GET',
    host: 'cart.internal',
    path: '/cart/7',
    route: 'cart',
    upstream: 'cart-v2',
    member: 'http://127.0.0.1:7002',
    version: '2.1.0',
    status: 502,
    code: 'upstream_reset',
    detail: 'gone',
    attempts: 3,
    bytesIn: 12,
    bytesOut: 123_456,
    durations: { total: 12.346, queue: 0.5, connect: 1, firstByte: 11 },
    revision: 'abc123',
    traceId: 'a'.repeat(32),
    spanId: exchange.spanId,
    parentSpanId: 'c'.repeat(16),
    msg: 'exchange',
  });
});

test('facts that an exchange never got are left out', () => {
  const line = parsed({ status: 404, attempts: 0, fault: fault('no_route', 'none') });
  for (const absent of ['context', 'caller', 'route', 'upstream', 'member', 'version', 'traceId', 'parentSpanId']) {
    assert.equal(absent in line, false, absent);
  }
  assert.deepEqual(line.durations, { total: 1 });
});

test('the query never reaches the log', () => {
  assert.equal(parsed({ target: '/pay?token=secret' }).path, '/pay');
  assert.equal(parsed({ target: '/?a=b?c' }).path, '/');
  assert.equal(parsed({ target: '*', method: 'OPTIONS' }).path, '*');
});

test('only the allowed context headers are written, by name, and only where present', () => {
  assert.deepEqual(parsed({ context: [undefined, 't'] }).context, { 'x-tournament-id': 't' });
  assert.equal('context' in parsed({ context: [undefined, undefined] }), false);
  assert.equal('context' in parsed({ context: ['u'] }, []), false, 'a revision whose names are forgotten');
});

test('a pooled connection without a queue says so', () => {
  const { durations } = parsed({ queueTime: 0, connectTime: 0, firstByteTime: 0.25, totalTime: 3000.0005 });
  assert.deepEqual(durations, { total: 3000.001, queue: 0, connect: 0, firstByte: 0.25 });
});

test('the same place is told apart by member, upstream, route, listener and revision', () => {
  const lines = new AccessLines(1, 'h');
  const facts = { listener: 'internal', route: 'r', upstream: 'u', member: 'm', revision: 'v' };
  const others = (['listener', 'route', 'upstream', 'member', 'revision'] as const).map((key) => ({
    ...facts,
    [key]: 'x',
  }));
  for (const told of [facts, ...others, facts, { ...facts, route: undefined }, ...others.toReversed()]) {
    const line = JSON.parse(lineOf(exchangeOf({ ...told, block: 5 }), [], lines)) as Record<string, unknown>;
    const { listener, route, upstream, member, revision } = line;
    assert.deepEqual({ listener, route, upstream, member, revision }, { ...told });
  }
});

/** What can stand in a head: bytes as latin1, control characters included, since refused heads are logged too. */
const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
/** What can stand in a document. */
const text = fc.string({ unit: 'binary' });
const ms = fc.double({ min: -1, max: 1e7, noNaN: true });

test('whatever a client or a document says, the line parses and gives every fact back', () => {
  const facts = fc.record({
    idGiven: bytes,
    context: fc.array(fc.option(bytes, { nil: undefined }), { maxLength: 2 }),
    caller: fc.option(bytes, { nil: undefined }),
    target: bytes.map((path) => path.replaceAll('?', '')),
    host: bytes,
    client: bytes,
    listener: text,
    route: fc.option(text, { nil: undefined }),
    upstream: fc.option(text, { nil: undefined }),
    member: fc.option(text, { nil: undefined }),
    version: fc.option(bytes, { nil: undefined }),
    status: fc.nat(999),
    attempts: fc.nat(10),
    bytesIn: fc.maxSafeNat(),
    bytesOut: fc.maxSafeNat(),
    totalTime: ms,
    queueTime: ms,
    connectTime: ms,
    firstByteTime: ms,
    fault: fc.option(
      fc.constantFrom(...(Object.keys(FAULTS) as FaultCode[])).map((code) => fault(code, 'what "happened"\n')),
      { nil: undefined },
    ),
  });
  fc.assert(
    fc.property(facts, (told) => {
      const line = parsed(told);
      assert.equal(line.correlationId, told.idGiven);
      for (const key of ['caller', 'host', 'client', 'listener', 'version'] as const) {
        assert.equal(line[key], told[key], key);
      }
      for (const key of ['route', 'upstream', 'member', 'status', 'attempts', 'bytesIn', 'bytesOut'] as const) {
        assert.equal(line[key], told[key], key);
      }
      assert.equal(line.path, told.target);
      assert.equal(line.code, told.fault?.kind.code);
      assert.equal(line.detail, told.fault?.detail);
      const context = Object.fromEntries(
        told.context.flatMap((value, i) => (value === undefined ? [] : [[CONTEXT[i], value]])),
      );
      assert.deepEqual(line.context ?? {}, context);
      const { total } = line.durations as { total: number };
      assert.ok(Math.abs(total - Math.max(0, told.totalTime)) <= 0.0006, `${total} for ${told.totalTime}`);
    }),
    { numRuns: 500 },
  );
});
