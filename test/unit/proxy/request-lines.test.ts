/**
 * The first line and the host of heads for the upstream: the target goes on byte for byte, old and absolute requests become
 * HTTP/1.1 requests that say the same, and rewrites change what they name and nothing else.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HeaderEdit } from '../../../src/policy/policy.ts';
import { AUTHORITY, CLIENT, type Ground, ground, lead, linesIn, passed, UNCHANGED, valuesIn } from './table.ts';

const INTERNAL = ground();

function get(...lines: string[]): string {
  return ['GET /x HTTP/1.1', 'Host: a.example:8080', ...lines, '', ''].join('\r\n');
}

describe('request lines', () => {
  for (const [line, wanted] of [
    ['GET /%7e//x?a=b%20c HTTP/1.1', 'GET /%7e//x?a=b%20c HTTP/1.1'],
    ['purge /x HTTP/1.1', 'purge /x HTTP/1.1'],
    ['OPTIONS * HTTP/1.1', 'OPTIONS * HTTP/1.1'],
    ['GET http://A.example:8080/x?y HTTP/1.1', 'GET /x?y HTTP/1.1'],
    ['GET http://a.example:8080 HTTP/1.1', 'GET / HTTP/1.1'],
    ['OPTIONS http://a.example:8080 HTTP/1.1', 'OPTIONS * HTTP/1.1'],
    ['GET /x HTTP/1.0', 'GET /x HTTP/1.1'],
  ]) {
    test(`${line} goes on as ${wanted}`, () => {
      const { sent } = lead(get('X: y').replace('GET /x HTTP/1.1', line), INTERNAL);
      assert.deepEqual(passed(sent), [wanted, 'Host: a.example:8080', 'X: y']);
    });
  }

  test('a 1.0 client that named no host gets that of the member, one that named it in the target that', () => {
    const without = lead('GET /x HTTP/1.0\r\nX: y\r\n\r\n', INTERNAL);
    assert.deepEqual(passed(without.sent), ['GET /x HTTP/1.1', `Host: ${AUTHORITY}`, 'X: y']);
    assert.deepEqual(valuesIn(without.sent, 'x-forwarded-host'), []);
    assert.deepEqual(valuesIn(without.sent, 'forwarded'), [`for=${CLIENT};proto=http`]);
    assert.deepEqual(valuesIn(without.sent, 'via'), ['1.0 signalbox']);
    const inTarget = lead('GET http://B:81/x HTTP/1.0\r\nX: y\r\n\r\n', INTERNAL);
    assert.deepEqual(passed(inTarget.sent), ['GET /x HTTP/1.1', 'Host: B:81', 'X: y']);
  });

  test('what HTTP/1.0 does not know goes no further', () => {
    const { sent } = lead('POST /x HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n', INTERNAL);
    assert.deepEqual(valuesIn(sent, 'expect'), []);
    assert.deepEqual(valuesIn(lead(get('Expect: 100-continue'), INTERNAL).sent, 'expect'), ['100-continue']);
  });
});

describe('rewrites', () => {
  const edit = (cut: string[], append: string, on: Ground): HeaderEdit => ({
    cut: new Set(cut.map((name) => on.names.number(name))),
    append,
  });

  test('a new target leaves the host, a new host leaves the target', () => {
    const target = (old: string): string => `/new${old}`;
    assert.deepEqual(passed(lead(get('X: y'), INTERNAL, { ...UNCHANGED, target }).sent), [
      'GET /new/x HTTP/1.1',
      'Host: a.example:8080',
      'X: y',
    ]);
    const host = lead(get('X: y'), INTERNAL, { ...UNCHANGED, host: 'new.internal' });
    assert.deepEqual(passed(host.sent), ['GET /x HTTP/1.1', 'Host: new.internal', 'X: y']);
    assert.deepEqual(valuesIn(host.sent, 'x-forwarded-host'), ['a.example:8080']);
    const old = lead('GET /x HTTP/1.0\r\n\r\n', INTERNAL, { ...UNCHANGED, host: 'new.internal' });
    assert.deepEqual(valuesIn(old.sent, 'host'), ['new.internal']);
  });

  test('a target that stays the same leaves its line', () => {
    const { sent } = lead(get('X: y'), INTERNAL, { ...UNCHANGED, target: (old) => old });
    assert.deepEqual(passed(sent), ['GET /x HTTP/1.1', 'Host: a.example:8080', 'X: y']);
  });

  test('edits cut lines wherever they stand and append behind everything', () => {
    const request = edit(['x-user-id', 'cookie'], 'X-User-Id: 8\r\nX-New: z\r\n', INTERNAL);
    const { sent } = lead(get('Cookie: a', 'X: y', 'x-user-id: 7', 'cookie: b'), INTERNAL, { ...UNCHANGED, request });
    assert.deepEqual(passed(sent).slice(2), ['X: y']);
    assert.deepEqual(linesIn(sent).slice(-2), ['X-User-Id: 8', 'X-New: z']);
  });
});
