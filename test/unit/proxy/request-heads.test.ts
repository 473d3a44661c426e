/**
 * Heads for the upstream: what is kept stays byte for byte and in order, what belongs to the hop is gone, framing and host
 * mean the same behind the router, and the router's own lines come last.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { requestHead } from '../http1/messages.ts';
import { CLIENT, CORRELATION, ground, lead, linesIn, passed, read, valuesIn } from './table.ts';

const INTERNAL = ground();
const EDGE = ground({ zone: 'edge' });

const ID = 'req-7f3a';
const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function get(...lines: string[]): string {
  return ['GET /x HTTP/1.1', 'Host: a.example:8080', ...lines, '', ''].join('\r\n');
}

test('case, order, duplicates, odd white space and bytes above 0x7f pass as they came', () => {
  const odd = [
    'B: 2',
    'a:1',
    'A:\t 3 \t',
    'X-Empty:',
    'x-empty: ',
    'C: caf\xe9 \xff',
    'B: 2',
    'cookie: a=b',
    'Via: 1.0 fred',
  ];
  assert.deepEqual(passed(lead(get(...odd), INTERNAL).sent), ['GET /x HTTP/1.1', 'Host: a.example:8080', ...odd]);
});

test('the lines of the router come behind them, each once', () => {
  const { sent, exchange } = lead(get('X: y'), INTERNAL);
  assert.deepEqual(linesIn(sent).slice(3), [
    `x-correlation-id: ${exchange.correlationId}`,
    `traceparent: 00-${exchange.traceId}-${exchange.spanId}-01`,
    `X-Forwarded-For: ${CLIENT}`,
    'X-Forwarded-Proto: http',
    'X-Forwarded-Host: a.example:8080',
    `Forwarded: for=${CLIENT};host="a.example:8080";proto=http`,
    'Via: 1.1 signalbox',
  ]);
});

describe('what belongs to the hop stops', () => {
  const HOP = [
    'Connection: keep-alive',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: close',
    'TE: gzip',
    'Upgrade: w',
  ].concat(['Proxy-Authorization: Basic x', 'Proxy-Authenticate: Basic', 'HTTP2-Settings: x']);
  for (const line of HOP) {
    test(line, () => {
      const { sent } = lead(get('A: 1', line, 'B: 2', line.toLowerCase()), INTERNAL);
      assert.deepEqual(passed(sent).slice(2), ['A: 1', 'B: 2']);
      assert.deepEqual(valuesIn(sent, line.slice(0, line.indexOf(':'))), []);
    });
  }

  test('and so does what Connection names, known to the table or not, in any case', () => {
    const text = get(
      'X-One: 1',
      'X-Two: 2',
      'Connection: x-one, X-USER-ID',
      'x-user-id: 7',
      'X-ONE: 3',
      'connection: via',
      'Via: x',
    );
    assert.deepEqual(passed(lead(text, INTERNAL).sent).slice(2), ['X-Two: 2']);
    assert.deepEqual(valuesIn(lead(text, INTERNAL).sent, 'via'), ['1.1 signalbox']);
  });

  test('even where it is the last line, or the only one', () => {
    assert.deepEqual(passed(lead(get('Connection: close'), INTERNAL).sent), [
      'GET /x HTTP/1.1',
      'Host: a.example:8080',
    ]);
    const first = 'GET /x HTTP/1.1\r\nTE: x\r\nHost: a\r\n\r\n';
    assert.deepEqual(passed(lead(first, INTERNAL).sent), ['GET /x HTTP/1.1', 'Host: a']);
  });

  test('TE: trailers passes, with the option that keeps it to the hop', () => {
    const { sent } = lead(get('te: gzip, Trailers', 'X: y'), INTERNAL);
    assert.deepEqual(valuesIn(sent, 'te'), ['trailers']);
    assert.deepEqual(valuesIn(sent, 'connection'), ['TE']);
    assert.deepEqual(valuesIn(lead(get('TE: gzip'), INTERNAL).sent, 'connection'), []);
  });

  test('an upgrade passes, with its protocols and the option that asks for it', () => {
    const { sent } = lead(get('Connection: keep-alive, Upgrade', 'upgrade: a/1,  b'), INTERNAL);
    assert.deepEqual(valuesIn(sent, 'upgrade'), ['a/1,  b']);
    assert.deepEqual(valuesIn(sent, 'connection'), ['upgrade']);
  });

  test('an upgrade to h2c does not', () => {
    const { sent } = lead(get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: x'), INTERNAL);
    for (const name of ['upgrade', 'connection', 'http2-settings']) assert.deepEqual(valuesIn(sent, name), []);
  });
});

describe('host and framing go on in one spelling, the name in its own case', () => {
  for (const [line, wanted] of [
    ['Content-Length:5', 'Content-Length: 5'],
    ['content-LENGTH:\t5', 'content-LENGTH: 5'],
    ['Content-Length:  5', 'Content-Length: 5'],
    ['Content-Length: 5 ', 'Content-Length: 5'],
    ['Content-Length: 5\t', 'Content-Length: 5'],
    ['Content-Length: 5', 'Content-Length: 5'],
    ['Transfer-Encoding:chunked', 'Transfer-Encoding: chunked'],
    ['transfer-encoding:\t \tChunked\t ', 'transfer-encoding: Chunked'],
  ] as const) {
    test(JSON.stringify(line), () => {
      assert.deepEqual(passed(lead(get('A: 1', line, 'B:2'), INTERNAL).sent).slice(2), ['A: 1', wanted, 'B:2']);
    });
  }

  test('"HOST:\\ta \\t"', () => {
    const text = 'GET /x HTTP/1.1\r\nX:\ty \r\nHOST:\ta \t\r\n\r\n';
    assert.deepEqual(passed(lead(text, INTERNAL).sent), ['GET /x HTTP/1.1', 'X:\ty ', 'HOST: a']);
  });
});

describe('correlation and trace', () => {
  test('a valid id is passed as its line came, an invalid or doubled one is made anew', () => {
    const { sent, exchange } = lead(get(`X-Correlation-ID:\t${ID} `), INTERNAL);
    assert.ok(linesIn(sent).includes(`X-Correlation-ID:\t${ID} `));
    assert.deepEqual(valuesIn(sent, CORRELATION), [ID]);
    assert.equal(exchange.correlationId, ID);
    for (const lines of [['x-correlation-id: a b'], [`x-correlation-id: ${ID}`, `X-Correlation-Id: ${ID}`]]) {
      const anew = lead(get(...lines), INTERNAL);
      assert.deepEqual(valuesIn(anew.sent, CORRELATION), [anew.exchange.correlationId]);
      assert.notEqual(anew.exchange.correlationId, ID);
    }
  });

  test('at the edge no id, no trace and no context of a client goes on', () => {
    const lines = [
      `x-correlation-id: ${ID}`,
      `traceparent: ${PARENT}`,
      'tracestate: a=1',
      'X-User-Id: 7',
      'x-tenant: t',
    ];
    const { sent, exchange } = lead(get(...lines, 'X: y'), EDGE);
    assert.deepEqual(passed(sent).slice(2), ['X: y']);
    assert.deepEqual(valuesIn(sent, CORRELATION), [exchange.correlationId]);
    for (const name of ['tracestate', 'x-user-id', 'x-tenant']) assert.deepEqual(valuesIn(sent, name), []);
    assert.ok(!sent.includes(ID) && !sent.includes(PARENT.slice(3, 35)));
  });

  test('tracestate goes on with the trace it belongs to, and only with it', () => {
    assert.deepEqual(
      valuesIn(lead(get(`traceparent: ${PARENT}`, 'tracestate: a=1', 'Tracestate: b=2'), INTERNAL).sent, 'tracestate'),
      ['a=1', 'b=2'],
    );
    assert.deepEqual(valuesIn(lead(get('traceparent: 00-x', 'tracestate: a=1'), INTERNAL).sent, 'tracestate'), []);
    assert.deepEqual(valuesIn(lead(get('tracestate: a=1'), INTERNAL).sent, 'tracestate'), []);
  });

  test('what a client says of itself and of earlier attempts is not believed', () => {
    const forged = [
      'X-Forwarded-For: 1.1.1.1',
      'Forwarded: for=1.1.1.1',
      'x-forwarded-proto: https',
      'X-Forwarded-Host: b',
    ].concat(['x-signalbox-attempt: 9', 'x-signalbox-deadline-ms: 9']);
    const { sent } = lead(get(...forged), INTERNAL);
    assert.deepEqual(passed(sent).length, 2);
    assert.deepEqual(valuesIn(sent, 'x-forwarded-for'), [CLIENT]);
    assert.deepEqual(valuesIn(sent, 'x-forwarded-proto'), ['http']);
    assert.deepEqual(valuesIn(sent, 'x-forwarded-host'), ['a.example:8080']);
  });
});

const HOP_NAMES =
  /^(?:connection|keep-alive|proxy-connection|te|upgrade|proxy-authorization|proxy-authenticate|http2-settings)$/;
const ANEW = /^(?:traceparent|forwarded|x-forwarded-(?:for|proto|host)|x-signalbox-(?:attempt|deadline-ms))$/;
const ONE_SPELLING = /^(?:host|content-length|transfer-encoding)$/;

/** The lines that must pass, from the text alone: what the rules say, said a second time. */
function mustPass(text: string, keptId: boolean, keptState: boolean): string[] {
  const named = valuesIn(text, 'connection')
    .join(',')
    .toLowerCase()
    .split(/[\t ]*,[\t ]*/);
  return linesIn(text)
    .slice(1)
    .flatMap((line) => {
      const name = line.slice(0, line.indexOf(':')).toLowerCase();
      if (HOP_NAMES.test(name) || ANEW.test(name) || named.includes(name)) return [];
      if ((name === CORRELATION && !keptId) || (name === 'tracestate' && !keptState)) return [];
      if (!ONE_SPELLING.test(name)) return [line];
      return [`${line.slice(0, name.length)}: ${line.slice(name.length + 1).replace(/^[\t ]+|[\t ]+$/g, '')}`];
    });
}

test('of any request, exactly what must pass passes, in order, and reads the same behind the router', () => {
  const id = fc.constantFrom('', `X-Correlation-Id: ${ID}\r\n`, 'x-correlation-id: a b\r\n');
  const trace = fc.constantFrom(
    '',
    `traceparent: ${PARENT}\r\n`,
    'tracestate: a=1\r\n',
    `tracestate: a=1\r\nTraceparent: ${PARENT}\r\n`,
  );
  fc.assert(
    fc.property(requestHead, id, trace, (head, idLine, traceLines) => {
      const start = head.indexOf('\r\n') + 2;
      const text = `${head.slice(0, start)}${idLine}${head.slice(start, -2)}${traceLines}\r\n`;
      const led = lead(text, INTERNAL);
      const behind = read(led.sent, INTERNAL);
      const { method, target, host, rawHost, framing, length } = led.head;
      assert.deepEqual(
        [behind.method, behind.target, behind.host, behind.rawHost, behind.framing, behind.length, behind.minor],
        [method, target, host, rawHost, framing, length, 1],
      );
      const wanted = mustPass(text, led.exchange.idGiven !== undefined, led.exchange.parentSpanId !== undefined);
      assert.deepEqual(linesIn(led.sent).slice(0, wanted.length + 1), [`${method} ${target} HTTP/1.1`, ...wanted]);
      const own = linesIn(led.sent).slice(wanted.length + 1);
      const names = own.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
      assert.deepEqual(names, [
        ...(led.exchange.idGiven !== undefined ? [] : [CORRELATION]),
        ...['traceparent', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'via'],
        ...(led.head.upgrade !== '' ? ['connection', 'upgrade'] : led.head.teTrailers ? ['te', 'connection'] : []),
      ]);
    }),
    { numRuns: 1_000 },
  );
});
