/**
 * The strict reading of paths, with a corpus of tricks that have got past routers before.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainPath } from '../../../src/core/target.ts';
import { hasNul, pathProblem, strictPath } from '../../../src/routing/path.ts';

const strict = (path: string): string => strictPath(plainPath(path));

test('the strict reading resolves what a lenient server might resolve', () => {
  const cases: [path: string, strict: string][] = [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/b/', '/a/b/'],
    ['//a///b//', '/a/b/'],
    ['/a/../b', '/b'],
    ['/a/%2e%2e/b', '/b'],
    ['/a/.%2E/b', '/b'],
    ['/a%2f..%2Fb', '/b'],
    ['/a/..%5cb', '/b'],
    ['/a\\..\\b', '/b'],
    ['/a/./b/.', '/a/b/'],
    ['/a/b/..', '/a/'],
    ['/../../etc', '/etc'],
    ['/..', '/'],
    ['/a/..;/b', '/b'],
    ['/a/..;x=1/b', '/b'],
    ['/a/.;/b', '/a/b'],
    ['/a;x=1/b', '/a;x=1/b'],
    ['/a/%2e%2e%3b/b', '/a/..%3B/b'],
    ['/%252e%252e/b', '/%252e%252e/b'],
    ['/a%252Fb', '/a%252Fb'],
    ['/%c0%ae%c0%ae/b', '/%C0%AE%C0%AE/b'],
    ['/%%32e%%32e/b', '/%252e%252e/b'],
    ['/a/.../b', '/a/.../b'],
    ['/a./b.', '/a./b.'],
    ['/.hidden', '/.hidden'],
    ['/a%20b', '/a%20b'],
  ];
  for (const [path, expected] of cases) assert.equal(strict(path), expected, path);
});

test('a strict reading has nothing left to resolve', () => {
  const unit = fc.constantFrom('/', '\\', '.', '..', '%2e', '%2F', '%5c', '%', ';', 'a', '%25', '2e');
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const once = strict(`/${text}`);
      assert.equal(strictPath(once), once);
      assert.match(once, /^\/(?!\/)/);
      assert.doesNotMatch(once, /\\|\/\/|\/\.\.?(?:\/|;|$)|%2F|%5C/);
    }),
  );
});

test('an encoded NUL is seen, a doubly encoded one is text', () => {
  assert.equal(hasNul(plainPath('/a%00.png')), true);
  assert.equal(hasNul(plainPath('/a%2500.png')), false);
});

test('a path that no request can reach is told with the one to write', () => {
  assert.equal(pathProblem('/cart/%7Eme'), undefined);
  assert.equal(pathProblem('/café'), undefined);
  assert.match(pathProblem('cart') ?? '', /begins with \//);
  assert.match(pathProblem('/cart?x=1') ?? '', /query/);
  assert.match(pathProblem('/a//b') ?? '', /\/a\/b/);
  assert.match(pathProblem('/a%2Fb') ?? '', /\/a\/b/);
  assert.match(pathProblem('/a/../b') ?? '', /\/b/);
  assert.match(pathProblem('/a%00') ?? '', /NUL/);
});
