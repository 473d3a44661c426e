/**
 * Targets taken apart: the plain reading, prefixes by whole segments, query parameters.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headText, pathEnd, plainPath, prefixEnd, queryValue, writtenPath } from '../../../src/core/target.ts';

test('the plain reading decodes unreserved codes once and nothing else', () => {
  const cases: [path: string, plain: string][] = [
    ['/cart', '/cart'],
    ['/%63art/%7Euser', '/cart/~user'],
    ['/%2e%2E/x', '/../x'],
    ['/a%2fb%5cc', '/a%2Fb%5Cc'],
    ['/%252e%252e/x', '/%252e%252e/x'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a%20b%3fc', '/a%20b%3Fc'],
    ['/100%', '/100%25'],
    ['/100%25', '/100%25'],
    ['/%zz/%4', '/%25zz/%254'],
    ['/%%32Fx', '/%252Fx'],
    ['/a+b', '/a+b'],
  ];
  for (const [path, plain] of cases) assert.equal(plainPath(path), plain, path);
});

test('reading plainly twice is the same as reading once', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('/', '%', '2', 'e', 'F', '4', '1', 'z', '.') }), (text) => {
      const once = plainPath(`/${text}`);
      assert.equal(plainPath(once), once);
    }),
  );
});

test('a path of the document is written as clients send it', () => {
  assert.equal(writtenPath('/café/%7Ex y'), '/caf%C3%A9/~x%20y');
});

test('a prefix ends only where a segment ends, in whatever spelling', () => {
  const cases: [target: string, prefix: string, end: number][] = [
    ['/cart', '/cart', 5],
    ['/cart/7', '/cart', 5],
    ['/cart?x=/cart/', '/cart', 5],
    ['/carts', '/cart', -1],
    ['/car', '/cart', -1],
    ['/%63art/7', '/cart', 7],
    ['/caf%c3%a9/x', '/caf%C3%A9', 10],
    ['/cart%2F7', '/cart', -1],
    ['/ca?rt', '/cart', -1],
    ['/100%/x', '/100%25', 5],
    ['/x', '', 0],
    ['*', '/cart', -1],
  ];
  for (const [target, prefix, end] of cases) assert.equal(prefixEnd(target, prefix), end, target);
});

test('the first parameter of a name counts, decoded', () => {
  const cases: [target: string, value: string | undefined][] = [
    ['/x', undefined],
    ['/x?', undefined],
    ['/x?v=2', '2'],
    ['/x?a=1&v=2&v=3', '2'],
    ['/x?v', ''],
    ['/x?v&v=2', ''],
    ['/x?v=', ''],
    ['/x?%76=1%2E0+rc', '1.0 rc'],
    ['/x?v=caf%C3%A9', 'café'],
    ['/x?v=%zz', '%zz'],
    ['/x?v=a=b', 'a=b'],
    ['/x?vv=1&xv=2', undefined],
    ['/x?&&v=9', '9'],
    ['/v=1', undefined],
  ];
  for (const [target, value] of cases) assert.equal(queryValue(target, 'v'), value, target);
});

test('queries agree with URLSearchParams wherever that decodes', () => {
  const piece = fc.string({ unit: fc.constantFrom('v', 'w', '=', '&', '+', '%41', '%20', '1') });
  fc.assert(
    fc.property(piece, (query) => {
      assert.equal(queryValue(`/x?${query}`, 'v'), new URLSearchParams(query).get('v') ?? undefined);
    }),
  );
});

test('a path ends at the first question mark', () => {
  assert.equal(pathEnd('/a?b?c'), 2);
  assert.equal(pathEnd('/a'), 2);
});

test('text of the document becomes UTF-8 bytes in a head', () => {
  assert.equal(headText('é'), '\u00c3\u00a9');
});
