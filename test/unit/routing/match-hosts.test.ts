/**
 * Hosts by name and by suffix: what a request's host is asked of, and in which order.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hosts, NO_HOST } from '../../../src/routing/match-hosts.ts';

function hostsOf(...written: readonly string[]): { hosts: Hosts; name: (host: number) => string | undefined } {
  const hosts = new Hosts();
  const names = new Map(written.map((name) => [hosts.at(name).host, name]));
  return { hosts, name: (host) => names.get(host) };
}

const exact = (hosts: Hosts, requested: string): number => hosts.exact(requested, hosts.hash(requested));

/** From the longest suffix to the shortest, as matching asks them. */
function suffixes({ hosts, name }: ReturnType<typeof hostsOf>, requested: string): (string | undefined)[] {
  return hosts
    .wildcards(requested)
    .map(({ host }) => name(host))
    .toReversed();
}

test('a host is found by its name, in whatever case it was written and with or without a final dot', () => {
  const { hosts, name } = hostsOf('Cart.Internal', 'tax.internal.');
  for (const requested of ['cart.internal', 'cart.internal.'])
    assert.equal(name(exact(hosts, requested)), 'Cart.Internal');
  for (const requested of ['tax.internal', 'tax.internal.'])
    assert.equal(name(exact(hosts, requested)), 'tax.internal.');
  assert.equal(hosts.at('CART.internal.').host, hosts.at('cart.internal').host);
  for (const other of ['', '.', 'art.internal', 'cart.interna', 'cart.internal..', 'cart']) {
    assert.equal(exact(hosts, other), NO_HOST, other);
  }
});

test('a host has the same hash written in a route and named by a request', () => {
  const { hosts } = hostsOf('cart.internal');
  assert.equal(hosts.hash('cart.internal.'), hosts.at('Cart.internal').hash);
});

test('wildcards are told from the longest suffix down, each with the hash it was given', () => {
  const made = hostsOf('*.example', '*.shop.example', '*.a.shop.example', '*.b.shop.example');
  assert.deepEqual(suffixes(made, 'x.a.shop.example'), ['*.a.shop.example', '*.shop.example', '*.example']);
  assert.deepEqual(suffixes(made, 'x.y.z.shop.example.'), ['*.shop.example', '*.example']);
  assert.deepEqual(suffixes(made, 'a.shop.example'), ['*.shop.example', '*.example']);
  for (const { host, hash } of made.hosts.wildcards('x.b.shop.example')) {
    assert.equal(made.hosts.at(made.name(host)).hash, hash);
  }
});

test('a wildcard stands for one label or more: never for its own domain, nor for a name that only ends like it', () => {
  const made = hostsOf('*.shop.example');
  for (const requested of ['shop.example', '.shop.example', 'workshop.example', 'shop.example.org', '', '.']) {
    assert.deepEqual(suffixes(made, requested), [], requested);
  }
  assert.deepEqual(suffixes(made, '..shop.example'), ['*.shop.example']);
});

test('a name and a wildcard of the same letters are two hosts', () => {
  const { hosts } = hostsOf('*.shop.example');
  assert.equal(exact(hosts, '.shop.example'), NO_HOST);
  assert.notEqual(hosts.at('shop.example').host, hosts.at('*.shop.example').host);
  assert.equal(exact(hosts, '.shop.example'), NO_HOST);
});

test('a host of thousands of labels is read only as far as the longest wildcard reaches', () => {
  const made = hostsOf('*.b.c');
  assert.deepEqual(suffixes(made, `${'a.'.repeat(30_000)}b.c`), ['*.b.c']);
});

test('what one host was given says nothing of another, however many there are', () => {
  const hosts = new Hosts();
  const keys = Array.from({ length: 3000 }, (_, i) => hosts.at(`svc-${i}.internal`));
  for (const [i, key] of keys.entries()) {
    if (i % 3 === 0) hosts.addPrefix(key, (i % 40) + 1);
    if (i % 3 === 1) hosts.addExact(key, (i % 40) + 1);
    if (i % 3 === 2) hosts.placeAt(key).root = undefined;
  }
  for (const [i, { host }] of keys.entries()) {
    const segments = (i % 40) + 1;
    assert.equal(exact(hosts, `svc-${i}.internal`), host);
    assert.equal(hosts.mayPrefix(host, segments), i % 3 === 0);
    assert.equal(hosts.mayHold(host, segments), i % 3 !== 2);
    assert.equal(hosts.mayHold(host, segments >= 31 ? 5 : 31), false);
    assert.equal(hosts.placeOf(host) !== undefined, i % 3 === 2);
  }
});
