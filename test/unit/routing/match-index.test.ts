/**
 * The index where hashes alone would err: two paths, or two hosts, that fall on the same hash.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameSet } from '../../../src/core/names.ts';
import { PathIndex, type Place } from '../../../src/routing/match-index.ts';
import { Contenders, candidate } from '../../../src/routing/match-rank.ts';
import { hashOf } from '../../../src/routing/match-scan.ts';
import { bareRoute, factsOf } from '../../support/facts.ts';

function placeOf(host: number, path: string): Place {
  const exact = new Contenders();
  exact.add(candidate(bareRoute(`${host}${path}`, {}), new NameSet()));
  exact.settle();
  return { host, path, exact, prefix: undefined };
}

function found(index: PathIndex, host: number, path: string): string | undefined {
  const place = index.find(host, hashOf(path), path, path.length);
  return place === -1 ? undefined : index.exact(place, factsOf({}, new NameSet()))?.id;
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
  const index = new PathIndex([placeOf(0, one)]);
  assert.equal(found(index, 0, one), `0${one}`);
  assert.equal(found(index, 0, other), undefined);
});

test('two paths of one hash are both found', () => {
  const [one, other] = twins();
  const index = new PathIndex([placeOf(0, one), placeOf(0, other)]);
  assert.deepEqual([found(index, 0, one), found(index, 0, other)], [`0${one}`, `0${other}`]);
});

test('a path of one host is not found under another whose mixed hash is the same', () => {
  const path = '/cart';
  const index = new PathIndex([placeOf(1, path)]);
  // Hash and host go into the mix by exclusive or, so this hash under host 0 mixes to what the path has under host 1.
  const shifted = hashOf(path) ^ Math.imul(2, 0x9e3779b1) ^ Math.imul(1, 0x9e3779b1);
  assert.notEqual(index.find(1, hashOf(path), path, path.length), -1);
  assert.equal(index.find(0, shifted, path, path.length), -1);
});

test('a path is found only in its whole length', () => {
  const index = new PathIndex([placeOf(0, '/cart')]);
  const hash = hashOf('/cart');
  assert.equal(index.find(0, hash, '/cart/7', 5), 0);
  assert.equal(index.find(0, hash, '/cart/7', 4), -1);
  assert.equal(index.find(0, hash, '/cart/7', 6), -1);
});

test('an empty index finds nothing', () => {
  assert.equal(found(new PathIndex([]), 0, '/'), undefined);
});
