/**
 * Who asked: X-Forwarded-* and Forwarded (RFC 7239), written anew for a stranger, carried on for a trusted proxy.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { forwardedLines, forwardedThrough } from '../../../src/proxy/identify.ts';
import { ground, read } from './table.ts';

/** RFC 7239 section 4: one element, each parameter a token or a quoted string, no name twice. */
const ELEMENT = /^(?:[a-z]+=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[^"\\]|\\.)*");?)+$/;

function fieldsOf(lines: string): Record<string, string> {
  assert.ok(lines.endsWith('\r\n'));
  const all = lines.slice(0, -2).split('\r\n');
  return Object.fromEntries(all.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
}

describe('for a stranger', () => {
  for (const [address, host, node] of [
    ['192.0.2.7', 'a.example:8080', '192.0.2.7'],
    ['2001:db8::7', '[::1]:80', '"[2001:db8::7]"'],
    ['192.0.2.7', '', '192.0.2.7'],
    ['', 'a', 'unknown'],
  ] as const) {
    test(`at ${JSON.stringify(address)} that named host ${JSON.stringify(host)}, the router says what it saw`, () => {
      const said = fieldsOf(forwardedLines(address, host));
      assert.equal(said['X-Forwarded-For'], address || 'unknown');
      assert.equal(said['X-Forwarded-Proto'], 'http');
      assert.equal(said['X-Forwarded-Host'], host === '' ? undefined : host);
      assert.equal(said.Forwarded, `for=${node};${host === '' ? '' : `host="${host}";`}proto=http`);
      assert.match(said.Forwarded, ELEMENT);
    });
  }
});

const PEER = '10.0.0.1';
const ON = ground({ zone: 'edge', trusted: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '2001:db8::1'] });

function through(...lines: string[]): { said: Record<string, string>; client: string } {
  const text = ['GET / HTTP/1.1', 'Host: a', ...lines, '', ''].join('\r\n');
  const { lines: all, client } = forwardedThrough(read(text, ON), PEER, ON.listener);
  return { said: fieldsOf(all), client };
}

const OWN = `for=${PEER};host="a";proto=http`;

describe('behind a trusted proxy', () => {
  test('that says nothing, the proxy is the client', () => {
    const { said, client } = through();
    assert.equal(client, PEER);
    assert.deepEqual(said, {
      'X-Forwarded-For': PEER,
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'a',
      Forwarded: OWN,
    });
  });

  test('that says nothing in as many lines, the same', () => {
    const { said, client } = through('X-Forwarded-For:', 'Forwarded: ', 'X-Forwarded-Proto:', 'X-Forwarded-Host:');
    assert.equal(client, PEER);
    assert.deepEqual([said['X-Forwarded-For'], said.Forwarded], [PEER, OWN]);
    assert.deepEqual([said['X-Forwarded-Proto'], said['X-Forwarded-Host']], ['http', 'a']);
  });

  test('what it says is kept, several lines in order, and this hop comes behind', () => {
    const { said } = through(
      'X-Forwarded-For: 192.0.2.1',
      'Forwarded: for=192.0.2.1;proto=https',
      'x-forwarded-for: 10.0.0.2',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: shop.example',
      'forwarded: for=10.0.0.2',
    );
    assert.deepEqual(said, {
      'X-Forwarded-For': `192.0.2.1, 10.0.0.2, ${PEER}`,
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'shop.example',
      Forwarded: `for=192.0.2.1;proto=https, for=10.0.0.2, ${OWN}`,
    });
  });
});

test('behind a trusted proxy a 1.0 request without a host names none', () => {
  const { lines } = forwardedThrough(read('GET / HTTP/1.0\r\n\r\n', ON), PEER, ON.listener);
  assert.deepEqual(fieldsOf(lines), {
    'X-Forwarded-For': PEER,
    'X-Forwarded-Proto': 'http',
    Forwarded: `for=${PEER};proto=http`,
  });
});

describe('the client is the first hop from the right that is no trusted proxy', () => {
  for (const [chain, client] of [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1, 10.0.0.2', '192.0.2.1'],
    ['203.0.113.9, 192.0.2.1, 10.0.0.3,10.0.0.2', '192.0.2.1'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['2001:db8::9', '2001:db8::9'],
    ['192.0.2.1, 2001:db8::1', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['192.0.2.1, 10.0.0.2:4711', '192.0.2.1'],
    ['[2001:db8::9]:4711', '2001:db8::9'],
    ['[2001:db8::9]', '2001:db8::9'],
    ['unknown', PEER],
    ['192.0.2.1, unknown', PEER],
    ['192.0.2.1, unknown, 10.0.0.2', '10.0.0.2'],
    ['<script>', PEER],
    ['192.0.2.1, ', PEER],
    [',', PEER],
    ['192.0.2.1.5', PEER],
    ['1', PEER],
  ]) {
    test(`X-Forwarded-For: ${chain}`, () => assert.equal(through(`X-Forwarded-For: ${chain}`).client, client));
  }

  for (const [value, client] of [
    ['for=192.0.2.1', '192.0.2.1'],
    ['For="192.0.2.1"', '192.0.2.1'],
    ['for=192.0.2.1;proto=https;by=10.0.0.9', '192.0.2.1'],
    ['proto=https; for=192.0.2.1', '192.0.2.1'],
    ['for=203.0.113.9, for=192.0.2.1, for=10.0.0.2', '192.0.2.1'],
    ['for="[2001:db8::9]:4711"', '2001:db8::9'],
    ['for="[2001:db8::9]"', '2001:db8::9'],
    ['for="192.0.2.1:4711"', '192.0.2.1'],
    ['for=192.0.2.1, for="10.0.0.2:4711"', '192.0.2.1'],
    ['for=_hidden', PEER],
    ['for=unknown, for=10.0.0.2', '10.0.0.2'],
    ['for=192.0.2.1;host="x;for=203.0.113.9"', '192.0.2.1'],
    ['for=192.0.2.1;host="\\";for=203.0.113.9"', '192.0.2.1'],
    ['for=192.0.2.1;host="never ended;for=203.0.113.9', '192.0.2.1'],
    ['before=203.0.113.9', PEER],
    ['host=a', PEER],
  ]) {
    test(`Forwarded: ${value}`, () => assert.equal(through(`Forwarded: ${value}`).client, client));
  }

  test('X-Forwarded-For counts where both are there', () => {
    assert.equal(through('Forwarded: for=203.0.113.9', 'X-Forwarded-For: 192.0.2.1').client, '192.0.2.1');
  });

  test('and whatever a proxy says, the client is an address and the lines stay lines', () => {
    const said = fc.string({ unit: fc.constantFrom(...'for=;,"[]:.10a \t_-\xe9'), maxLength: 40 });
    fc.assert(
      fc.property(said, said, (chain, forwarded) => {
        const result = through(`X-Forwarded-For: ${chain}`, `Forwarded: ${forwarded}`);
        assert.match(result.client, /^[0-9a-f.:]+$/);
        assert.equal(Object.keys(result.said).length, 4);
      }),
      { numRuns: 500 },
    );
  });
});
