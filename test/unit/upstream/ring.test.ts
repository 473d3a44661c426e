/**
 * Consistent hashing: keys stay where they are, shares follow the weights, nobody gets far more than its share.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NameSet } from '../../../src/core/names.ts';
import { MEMBER_WORDS } from '../../../src/core/words.ts';
import { balancer, type Candidate, type Pick } from '../../../src/upstream/balance.ts';
import { buildKey } from '../../../src/upstream/key.ts';
import { byKey, Ring } from '../../../src/upstream/ring.ts';
import type { HashSettings, Member } from '../../../src/upstream/upstream.ts';
import { seededDraw } from '../../support/draw.ts';
import { exchangeOf, factsOf, type RequestLike } from '../../support/facts.ts';
import { GET, OUTLIERS, settingsOf, UpstreamStage } from './stage.ts';

const KEYS = 20_000;

function candidates(count: number, weight: (i: number) => number = () => 1): Candidate[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `http://10.0.${i >> 8}.${i & 255}:8080`;
    const member = {
      id,
      authority: id,
      inFlight: 0,
      probing: false,
      out: false,
      link: () => assert.fail(),
      judge: () => {},
      forgive: () => {},
    };
    return { member, weight: weight(i) };
  });
}

/** Picks for keys that a test sets; `able`: all where nothing is said. */
function pickBy(all: readonly Candidate[], able?: readonly Candidate[]): (key: string, ...tried: Member[]) => Member {
  let asked = '';
  const serving = able ?? all;
  const unkeyed: Pick = () => assert.fail('there is a key');
  const pick = byKey(new Ring(all), () => asked, new Set(serving.map(({ member }) => member)), unkeyed);
  return (key, ...tried) => {
    asked = key;
    return pick(GET, tried, 0) ?? assert.fail();
  };
}

/** Whom each key reaches while nothing is under way. */
function homes(all: readonly Candidate[], able?: readonly Candidate[]): Member[] {
  const pick = pickBy(all, able);
  return Array.from({ length: KEYS }, (_, i) => pick(`user-${i}`));
}

function share(members: readonly Member[], of: Member): number {
  return members.filter((one) => one === of).length / members.length;
}

for (const count of [2, 3, 10, 100]) {
  test(`when one of ${count} members goes or comes, only the keys of its share move`, () => {
    const all = candidates(count);
    const before = homes(all);
    for (const gone of [0, count >> 1, count - 1]) {
      const { member } = all[gone];
      const after = homes(all.filter((_, i) => i !== gone));
      const moved = before.filter((one, key) => one !== after[key]);
      assert.ok(moved.every((one) => one === member));
      assert.ok(moved.length / KEYS < 1.35 / count, `${moved.length} of ${KEYS}`);
      assert.ok(moved.length / KEYS > 0.65 / count, `${moved.length} of ${KEYS}`);
    }
  });
}

test('the keys of a member that cannot serve spread over all others, and come back with it', () => {
  const all = candidates(10);
  const before = homes(all);
  const out = all[3].member;
  const without = homes(
    all,
    all.filter(({ member }) => member !== out),
  );
  const spread = without.filter((_, key) => before[key] === out);
  assert.ok(without.every((one, key) => one === before[key] || before[key] === out));
  assert.equal(new Set(spread).size, 9);
  assert.deepEqual(homes(all), before);
});

test('shares follow the weights, and weight 0 gets nothing', () => {
  const all = candidates(6, (i) => [1, 2, 4, 1, 2, 0][i]);
  const seen = homes(all);
  for (const { member, weight } of all) {
    assert.ok(Math.abs(share(seen, member) - weight / 10) <= 0.25 * (weight / 10), `${share(seen, member)}`);
  }
});

test('the order in which members are named makes no difference', () => {
  const all = candidates(20);
  assert.deepEqual(homes([...all].reverse()), homes(all));
});

test('a busy member passes its keys on where it has more than a quarter above its share', () => {
  const all = candidates(4);
  const pick = pickBy(all);
  const home = pick('hot');
  for (let i = 0; i < 1_000; i++) pick('hot').inFlight++;
  const loads = all.map(({ member }) => member.inFlight);
  assert.equal(
    loads.reduce((sum, one) => sum + one),
    1_000,
  );
  assert.ok(Math.max(...loads) <= Math.ceil((1_000 * 1.25) / 4), String(loads));
  assert.equal(home.inFlight, Math.max(...loads));
});

test('the bound follows the weights', () => {
  const all = candidates(2, (i) => [1, 3][i]);
  const pick = pickBy(all);
  for (let i = 0; i < 400; i++) pick('hot').inFlight++;
  const [light, heavy] = all.map(({ member }) => member.inFlight);
  assert.ok(light <= 125 && heavy <= 375, `${light} ${heavy}`);
});

test('a second try goes round the ring to another, however busy, and to any where all were tried', () => {
  const all = candidates(3);
  const [a, b, c] = all.map(({ member }) => member);
  const unkeyed = balancer('p2c', all, seededDraw(1));
  const pick = byKey(new Ring(all), () => 'k', new Set([a, b, c]), unkeyed);
  b.inFlight = 90;
  for (let i = 0; i < 20; i++) {
    assert.equal(pick(GET, [a, c], i), b);
    assert.ok([a, b, c].includes(pick(GET, [a, b, c], i) as Member));
    assert.notEqual(pick(GET, [a], i), a);
  }
});

test('points lie in order, and every hash finds the first from it on', () => {
  const ring = new Ring(candidates(37, (i) => 1 + (i % 3)));
  const points = ring.points.subarray(0, ring.size);
  assert.ok(points.every((point, i) => i === 0 || points[i - 1] <= point));
  const draw = seededDraw(3);
  const hashes = [0, 0xffffffff, points[0], points[0] + 1, points[points.length - 1], points[points.length - 1] + 1];
  for (let i = 0; i < 2_000; i++) hashes.push(Math.floor(draw.chance() * 2 ** 32));
  for (const hash of hashes) {
    const wanted = points.findIndex((point) => point >= hash >>> 0);
    assert.equal(points[ring.find(hash | 0)], points[Math.max(0, wanted)], String(hash));
  }
});

/** Every point with whose it is, all round the circle. */
function round(ring: Ring): string[] {
  return Array.from({ length: ring.size }, (_, i) => `${ring.points[i]} ${ring.idOf(ring.owner(i))}`);
}

test('a ring that changes with its list is the same as one that is made anew, in whatever order members are told', () => {
  const CHANGE = fc.record({ number: fc.nat(99), weight: fc.integer({ min: 0, max: 3 }), other: fc.boolean() });
  const known = candidates(100);
  let inPlace = 0;
  fc.assert(
    fc.property(fc.array(CHANGE, { maxLength: 20 }), (changes) => {
      const list = new Map(known.slice(0, 60).map((candidate, i) => [i, candidate]));
      let ring = new Ring([...list.values()]);
      for (const { number, weight, other } of changes) {
        const { points } = ring;
        list.delete(number);
        if (other || weight > 0) list.set(number, { ...known[number], weight });
        const all = [...list.values()];
        const copied = new Ring(all, ring);
        ring.take(all);
        if (ring.points === points) inPlace += 1;
        const anew = new Ring(all);
        assert.deepEqual(round(ring), round(anew));
        assert.deepEqual(round(copied), round(anew));
        for (const point of anew.points.subarray(0, 50)) assert.equal(ring.find(point), anew.find(point));
        for (const { member, weight: its } of all) {
          const owners = ring.candidates.filter((one) => one.member === member);
          if (its > 0)
            assert.deepEqual(
              owners.map((one) => one.weight),
              [its],
            );
        }
        ring = other ? copied : ring;
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(inPlace > 50);
});

test('a ring of which another is made stays as it is', () => {
  const all = candidates(40);
  const [ring, anew] = [new Ring(all.slice(1)), new Ring(all.slice(1))];
  new Ring(all, ring).take(all.slice(2));
  assert.deepEqual(round(ring), round(anew));
});

describe('the key of a request', () => {
  const cases: [HashSettings, RequestLike, string | undefined][] = [
    [{ header: 'X-User' }, { headers: { 'x-user': 'u1' } }, 'u1'],
    [{ header: 'X-User' }, {}, undefined],
    [{ cookie: 'sid' }, { headers: { cookie: 'a=1; sid=7' } }, '7'],
    [{ cookie: 'sid' }, { headers: { cookie: 'a=1' } }, undefined],
    [{ cookie: 'sid' }, {}, undefined],
    [{ query: 'v' }, { target: '/x?a=1&v=a%20b' }, 'a b'],
    [{ query: 'v' }, { target: '/x' }, undefined],
    [{ client: true }, {}, '10.1.2.3'],
    [{ path: true }, { target: '/cart/7?x=1' }, '/cart/7'],
  ];
  for (const [settings, request, wanted] of cases) {
    test(`by ${JSON.stringify(settings)} of ${JSON.stringify(request)} is ${wanted}`, () => {
      const names = new NameSet();
      const keyOf = buildKey(settings, names);
      const exchange = exchangeOf(factsOf(request, names), 0.5, '10.1.2.3');
      exchange.path = '/cart/7';
      assert.equal(keyOf(exchange), wanted);
    });
  }
});

test('an upstream keeps a key at its member, through an ejection and back, and picks freely without one', () => {
  const stage = new UpstreamStage();
  const names = new NameSet();
  const settings = settingsOf(4, { balance: { hash: { header: 'x-user' } }, outliers: OUTLIERS });
  const upstream = stage.table(stage.thread(), settings, 'cart', names);
  const by = (headers: Record<string, string>) => exchangeOf(factsOf({ headers }, names));
  const keyed = by({ 'x-user': 'u1' });
  const home = stage.aims(upstream, 1, keyed);
  assert.equal(stage.aims(upstream, 20, keyed), home.repeat(20));
  for (const free of [by({}), by({ 'x-user': '' })]) {
    assert.equal(new Set(stage.aims(upstream, 200, free)).size, 4);
  }
  stage.words(Number(home))[MEMBER_WORDS.health] = 1;
  stage.bump();
  const next = stage.aims(upstream, 1, keyed);
  assert.notEqual(next, home);
  assert.equal(stage.aims(upstream, 20, keyed), next.repeat(20));
  stage.words(Number(home))[MEMBER_WORDS.health] = 0;
  stage.bump();
  assert.equal(stage.aims(upstream, 20, keyed), home.repeat(20));
});
