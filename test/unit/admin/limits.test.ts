/**
 * Who is counted as one client.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Guesses, keyOf } from '../../../src/admin/limits.ts';

test('an IPv4 address is one client, written as IPv6 too', () => {
  assert.equal(keyOf('10.0.0.7'), '10.0.0.7');
  assert.equal(keyOf('::ffff:10.0.0.7'), '10.0.0.7');
});

test('of IPv6 a network of 64 bits is one client, however it is written', () => {
  for (const [address, key] of [
    ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ]) {
    assert.equal(keyOf(address), key, address);
  }
});

test('whoever guesses from one address of a network is not heard from another, and a connection that is gone breaks nothing', () => {
  const guesses = new Guesses(() => 0);
  for (let i = 0; i < 20; i++) guesses.wrong(`2001:db8::${i}`);
  assert.match(
    String(guesses.refusal('2001:db8::ffff')?.message),
    /too many wrong tokens from 2001:db8:0:0::\/64; wait 10 s/,
  );
  assert.equal(guesses.refusal('2001:db8:1::1'), undefined);
  assert.equal(guesses.refusal(undefined), undefined);
});
