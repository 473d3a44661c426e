/**
 * Which peers are trusted proxies.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockProblem, trustMatcher } from '../../../src/routing/trust.ts';

test('an empty list trusts nobody', () => {
  assert.equal(trustMatcher([])('127.0.0.1'), false);
});

test('addresses inside a block are trusted, IPv4 in IPv6 clothes too', () => {
  const trusts = trustMatcher(['10.0.0.0/8', '192.168.1.7', 'fd00::/8', '::1']);
  const cases: [address: string, trusted: boolean][] = [
    ['10.1.2.3', true],
    ['11.0.0.1', false],
    ['192.168.1.7', true],
    ['192.168.1.8', false],
    ['::ffff:10.1.2.3', true],
    ['::FFFF:10.1.2.3', true],
    ['::ffff:a01:203', true],
    ['::ffff:11.0.0.1', false],
    ['fd12::1', true],
    ['fd12::1%eth0', true],
    ['fe80::1%eth0', false],
    ['::1', true],
    ['', false],
    ['unix', false],
    ['10.1.2.3.4', false],
  ];
  // Twice: the second answer comes from what was remembered.
  for (const [address, trusted] of [...cases, ...cases]) assert.equal(trusts(address), trusted, address);
});

test('a block of all addresses trusts all of its family', () => {
  const trusts = trustMatcher(['0.0.0.0/0']);
  assert.deepEqual([trusts('203.0.113.9'), trusts('2001:db8::1')], [true, false]);
});

test('more addresses than are remembered still get right answers', () => {
  const trusts = trustMatcher(['10.0.0.0/9']);
  for (let i = 0; i < 5000; i++) {
    const address = `10.${i % 256}.${i >> 8}.1`;
    assert.equal(trusts(address), i % 256 < 128, address);
  }
});

test('what is no block is refused by name', () => {
  for (const block of ['10.0.0.0/33', 'fd00::/129', '10.0.0/8', 'example.com', '10.0.0.0/', '10.0.0.0/-1', '']) {
    assert.notEqual(blockProblem(block), undefined, block);
    assert.throws(() => trustMatcher([block]), /trustedProxies/, block);
  }
  assert.equal(blockProblem('10.0.0.0/0'), undefined);
});
