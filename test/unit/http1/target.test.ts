/**
 * Authorities and absolute targets: what is a host, what its name is without port, and where a URI is cut.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostName, isHost, splitAbsolute } from '../../../src/http1/target.ts';

const HOSTS: readonly (readonly [value: string, name: string])[] = [
  ['a', 'a'],
  ['A.Example', 'a.example'],
  ['a.example.', 'a.example.'],
  ['a:80', 'a'],
  ['a:', 'a'],
  ['a:0', 'a'],
  ['a:65535', 'a'],
  ['a:00080', 'a'],
  ['127.0.0.1:7001', '127.0.0.1'],
  ['1', '1'],
  ['[::1]', '[::1]'],
  ['[::1]:8080', '[::1]'],
  ['[::1]:', '[::1]'],
  ['[2001:DB8::a]:443', '[2001:db8::a]'],
  ['[::ffff:10.0.0.1]', '[::ffff:10.0.0.1]'],
  ['x_y-z~1', 'x_y-z~1'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['a%2Db', 'a%2db'],
  ["a!$&'()*+;=b", "a!$&'()*+;=b"],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ['a'.repeat(260), 'a'.repeat(260)],
];

for (const [value, name] of HOSTS) {
  test(`${value.slice(0, 40)} is a host of name ${name.slice(0, 40)}`, () => {
    assert.equal(isHost(value), true);
    assert.equal(hostName(value), name);
  });
}

const NOT_HOSTS = [
  '',
  ':80',
  ':',
  'a:b',
  'a:-1',
  'a:+1',
  'a: 80',
  'a:80:80',
  'a:65536',
  'a:99999',
  'a:000080',
  'a:0x50',
  'a:8e1',
  'u@a',
  'u:p@a',
  'a/b',
  'a?b',
  'a#b',
  'a\\b',
  'a b',
  'a\tb',
  ' a',
  'a ',
  'a"b',
  '<a>',
  'a^b',
  'a`b',
  'a{b}',
  'a|b',
  'a\x00',
  'a\x7f',
  'a\x80',
  'caf\xe9',
  'a%',
  'a%2',
  'a%zz',
  '::1',
  '[',
  ']',
  '[]',
  '[]:80',
  '[::1',
  '::1]',
  '[::1]]',
  '[[::1]]',
  '[::1]a',
  '[::1]a:80',
  '[::1]:b',
  '[::1]:65536',
  '[::1]:80:80',
  '[::::]',
  '[1]',
  '[127.0.0.1]',
  '[1:2:3:4:5:6:7:8:9]',
  '[12345::]',
  '[::1%eth0]',
  '[::1%25eth0]',
  '[v1.x]',
  'a[::1]',
  'http://a',
  'a'.repeat(261),
];

for (const value of NOT_HOSTS) {
  test(`${JSON.stringify(value.slice(0, 40))} is no host`, () => assert.equal(isHost(value), false));
}

test('no text makes isHost throw, and what it accepts has a name without port, in lower case', () => {
  const piece = fc.constantFrom(
    'a',
    'Z',
    '0',
    '.',
    ':',
    '[',
    ']',
    '%',
    '2',
    'f',
    '-',
    '@',
    '/',
    ' ',
    '\xff',
    '::1',
    ':80',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const value = pieces.join('');
      if (!isHost(value)) return;
      const name = hostName(value);
      assert.notEqual(name, '');
      assert.equal(name, name.toLowerCase());
      assert.ok(value.toLowerCase().startsWith(name));
      assert.match(value.slice(name.length), /^(?::\d{0,5})?$/);
      assert.ok(isHost(name));
    }),
    { numRuns: 3_000 },
  );
});

const URIS: readonly (readonly [target: string, authority: string, rest: string])[] = [
  ['http://a/', 'a', '/'],
  ['http://a', 'a', ''],
  ['HTTP://A:80/X?y', 'A:80', '/X?y'],
  ['hTtP://a/b/c?d=http://e/', 'a', '/b/c?d=http://e/'],
  ['http://a?x', 'a', '/?x'],
  ['http://a?', 'a', '/?'],
  ['http://[::1]:80/x', '[::1]:80', '/x'],
  ['http://a//b', 'a', '//b'],
  ['http://a\\b', 'a\\b', ''],
  ['http://a\\@b/', 'a\\@b', '/'],
  ['http:///x', '', '/x'],
  ['http://', '', ''],
  ['http://u@a/x', 'u@a', '/x'],
];

for (const [target, authority, rest] of URIS) {
  test(`${target} is cut behind its authority ${JSON.stringify(authority)}`, () => {
    assert.deepEqual(splitAbsolute(target), { authority, target: rest });
  });
}

for (const target of [
  'https://a/',
  'ws://a/',
  'http:/a',
  'http:a',
  '//a/',
  'a:80',
  'a',
  '',
  '*',
  ' http://a/',
  'ttp://a/',
]) {
  test(`${JSON.stringify(target)} is no http URI`, () => assert.equal(splitAbsolute(target), undefined));
}
