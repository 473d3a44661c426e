/**
 * The index where hashes alone would err: two paths, or two hosts, that fall on the same hash.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameSet } from '../../../src/core/names.ts';
import type { HostKey } from '../../../src/routing/match-hosts.ts';
import { PathIndex } from '../../../src/routing/match-index.ts';
import { NO_KEY } from '../../../src/routing/match-keys.ts';
import { hashOf } from '../../../src/routing/match-scan.ts';
import { bareRoute, factsOf, routeSettings } from '../../support/facts.ts';

type Where = readonly [host: number, path: string];

/** A host as the matcher knows it, with a hash that has nothing to do with any other's. */
function keyOf(host: number): HostKey {
  return { host, hash: hashOf(`host ${host}`) };
}

function indexOf(...places: readonly Where[]): PathIndex {
  const index = new PathIndex();
  const names = new NameSet();
  for (const [host, path] of places) {
    const route = bareRoute(`${host}${path}`, {});
    index.exactAt(keyOf(host), path).add(route, routeSettings({}).match, names);
  }
  index.settle().toArray();
  return index;
}

function found(index: PathIndex, host: number, path: string): string | undefined {
  const place = index.find(host, keyOf(host).hash, hashOf(path), path, path.length);
  return place === NO_KEY ? undefined : index.exact(place, factsOf({}, new NameSet()))?.id;
}

/** Two different paths of one hash: among some hundred thousand there are a few. */
function twins(): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; i < 1_000_000; i++) {
    const path = `/k${i.toString(36)}/${(i * 7919).toString(36)}`;
    const hash = hashOf(path);
    const other = seen.get(hash);
    if (other !== undefined) return [other, path];
    seen.set(hash, path);
  }
  return assert.fail('no two paths have the same hash');
}

test('a path that only has the hash of another finds nothing', () => {
  const [one, other] = twins();
  assert.notEqual(one, other);
  const index = indexOf([0, one]);
  assert.equal(found(index, 0, one), `0${one}`);
  assert.equal(found(index, 0, other), undefined);
});

test('two paths of one hash are both found', () => {
  const [one, other] = twins();
  const index = indexOf([0, one], [0, other]);
  assert.deepEqual([found(index, 0, one), found(index, 0, other)], [`0${one}`, `0${other}`]);
});

test('a path of one host is not found under another whose mixed hash is the same', () => {
  const path = '/cart';
  const index = indexOf([1, path]);
  const [{ hash: zero }, { hash: one }] = [keyOf(0), keyOf(1)];
  // Hash and host go into the mix by exclusive or, so this hash under host 0 mixes to what the path has under host 1.
  const shifted = hashOf(path) ^ Math.imul(one, 0x9e3779b1) ^ Math.imul(zero, 0x9e3779b1);
  assert.notEqual(index.find(1, one, hashOf(path), path, path.length), NO_KEY);
  assert.equal(index.find(0, zero, shifted, path, path.length), NO_KEY);
});

test('a path is found only in its whole length', () => {
  const index = indexOf([0, '/cart']);
  const hash = hashOf('/cart');
  const host = keyOf(0).hash;
  assert.notEqual(index.find(0, host, hash, '/cart/7', 5), NO_KEY);
  assert.equal(index.find(0, host, hash, '/cart/7', 4), NO_KEY);
  assert.equal(index.find(0, host, hash, '/cart/7', 6), NO_KEY);
});

test('an empty index finds nothing', () => {
  assert.equal(found(indexOf(), 0, '/'), undefined);
});

test('an index that grew finds all it took in, whatever their order', () => {
  const places = Array.from({ length: 300 }, (_, i): Where => [i % 3, `/some/${i >> 1}`]);
  const index = indexOf(...places);
  for (const [host, path] of places) assert.equal(found(index, host, path), `${host}${path}`);
  assert.equal(found(index, 0, '/some/150'), undefined);
});
