/**
 * Balancers: shares by weight, less for who has more to do, and never the member that was just tried while there is
 * another.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { balancer, type Candidate, type Pick, type PlainBalance } from '../../../src/upstream/balance.ts';
import type { Member } from '../../../src/upstream/upstream.ts';
import { seededDraw } from '../../support/draw.ts';
import { GET } from './stage.ts';

const BALANCES: readonly PlainBalance[] = ['p2c', 'round-robin', 'least-request', 'random'];

function member(id: string): Member {
  return {
    id,
    authority: id,
    inFlight: 0,
    probing: false,
    out: false,
    link: () => {
      throw new Error('a balancer opens no links');
    },
    judge: () => {},
    forgive: () => {},
  };
}

function candidates(...weights: number[]): Candidate[] {
  return weights.map((weight, i) => ({ member: member(`m${i}`), weight }));
}

/** How often each of `all` is picked in `rounds`, with nothing ever under way. */
function counts(pick: Pick, all: readonly Candidate[], rounds: number, ...tried: Member[]): number[] {
  const picked = new Map<Member | undefined, number>();
  for (let i = 0; i < rounds; i++) {
    const one = pick(GET, tried, 0);
    picked.set(one, (picked.get(one) ?? 0) + 1);
  }
  assert.ok(
    !picked.has(undefined) && [...picked.keys()].every((one) => all.some(({ member: known }) => known === one)),
  );
  return all.map(({ member: one }) => picked.get(one) ?? 0);
}

/** Shares within five standard deviations of a fair draw: a seeded draw that fails this is no fair one. */
function assertShares(seen: readonly number[], weights: readonly number[]): void {
  const rounds = seen.reduce((sum, count) => sum + count, 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, count] of seen.entries()) {
    const share = weights[i] / total;
    const bound = 5 * Math.sqrt(rounds * share * (1 - share)) + 1;
    assert.ok(Math.abs(count - rounds * share) <= bound, `${seen} for weights ${weights}`);
  }
}

const WEIGHTS: readonly number[][] = [
  [1, 1],
  [1, 2],
  [1, 2, 1],
  [5, 1, 1],
  [6, 5, 1],
  [0.5, 1.5],
  [100, 1],
  [1, 0, 3],
  [1, 1, 1, 1, 1, 1, 1],
];

for (const balance of BALANCES) {
  describe(balance, () => {
    for (const weights of WEIGHTS) {
      test(`shares ${weights.join(':')} among idle members`, () => {
        const all = candidates(...weights);
        assertShares(counts(balancer(balance, all, seededDraw(1)), all, 20_000), weights);
      });

      test(`shares ${weights.join(':')} while single requests follow one another`, () => {
        const all = candidates(...weights);
        const pick = balancer(balance, all, seededDraw(2));
        const seen = all.map(() => 0);
        for (let i = 0; i < 20_000; i++) {
          const one = pick(GET, [], 0);
          assert.ok(one !== undefined);
          one.inFlight++;
          seen[all.findIndex((candidate) => candidate.member === one)]++;
          one.inFlight--;
        }
        assertShares(seen, weights);
      });
    }

    test('never picks the member that was tried while there is another, and shares by weight among the others', () => {
      const all = candidates(1, 2, 1);
      for (const { member: tried } of all) {
        const others = all.filter((candidate) => candidate.member !== tried);
        const seen = counts(balancer(balance, all, seededDraw(3)), others, 20_000, tried);
        assertShares(
          seen,
          others.map(({ weight }) => weight),
        );
      }
    });

    test('picks none of those tried while another is free, and any of them where all were tried', () => {
      const all = candidates(1, 2, 1, 3);
      const pick = balancer(balance, all, seededDraw(13));
      const [a, b, c, d] = all.map((candidate) => candidate.member);
      for (let i = 0; i < 50; i++) assert.equal(pick(GET, [a, d, c], 0), b);
      assert.ok(counts(pick, all, 2_000, a, b, c, d).every((count) => count > 0));
    });

    test('picks the member that was tried where it is the only one', () => {
      for (const all of [candidates(1), candidates(1, 0), candidates(0, 3)]) {
        const { member: only } = all.find(({ weight }) => weight > 0) ?? assert.fail();
        const pick = balancer(balance, all, seededDraw(4));
        assert.equal(pick(GET, [], 0), only);
        assert.equal(pick(GET, [only], 0), only);
      }
      const same = member('twice');
      const pick = balancer(
        balance,
        [
          { member: same, weight: 1 },
          { member: same, weight: 2 },
        ],
        seededDraw(4),
      );
      assert.equal(pick(GET, [same], 0), same);
    });

    test('picks a member though the one tried has left the upstream', () => {
      const all = candidates(1, 1);
      const pick = balancer(balance, all, seededDraw(5));
      const members = new Set<unknown>(all.map((candidate) => candidate.member));
      for (let i = 0; i < 100; i++) assert.ok(members.has(pick(GET, [member('gone')], 0)));
    });

    test('has nobody to pick where there is no member, or none with a weight', () => {
      for (const all of [[], candidates(0), candidates(0, 0)]) {
        const pick = balancer(balance, all, seededDraw(6));
        assert.equal(pick(GET, [], 0), undefined);
        assert.equal(pick(GET, [member('tried')], 0), undefined);
      }
    });

    test('gives members of weight 0 nothing, tried or not', () => {
      const all = candidates(1, 0, 1, 0);
      const pick = balancer(balance, all, seededDraw(7));
      for (const tried of [[], ...all.map((candidate) => [candidate.member])]) {
        const seen = counts(pick, all, 1_000, ...tried);
        assert.deepEqual([seen[1], seen[3]], [0, 0]);
      }
    });

    test('keeps every rule with any weights and any work under way', () => {
      const weighted = fc.record({ weight: fc.constantFrom(0, 0.5, 1, 2, 1_000), work: fc.nat({ max: 50 }) });
      fc.assert(
        fc.property(
          fc.array(weighted, { maxLength: 6 }),
          fc.nat(),
          fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
          (parts, seed, chosen) => {
            const all = candidates(...parts.map(({ weight }) => weight));
            for (const [i, { work }] of parts.entries()) all[i].member.inFlight = work;
            const tried = chosen.flatMap((i) => all[i]?.member ?? []);
            const pick = balancer(balance, all, seededDraw(seed));
            const able = all.filter(({ weight }) => weight > 0).map((candidate) => candidate.member);
            for (let i = 0; i < 10; i++) {
              const one = pick(GET, tried, 0);
              if (able.length === 0) assert.equal(one, undefined);
              else {
                const free = able.filter((each) => !tried.includes(each));
                assert.ok(one !== undefined && (free.length === 0 ? able : free).includes(one));
              }
            }
          },
        ),
        { numRuns: 500 },
      );
    });
  });
}

test('round-robin takes turns, smoothly: heavy members are spread out', () => {
  const all = candidates(5, 1, 1);
  const pick = balancer('round-robin', all, seededDraw(1));
  const order = Array.from({ length: 14 }, () => pick(GET, [], 0)?.id).join(' ');
  assert.equal(order, 'm0 m0 m1 m0 m2 m0 m0 m0 m0 m1 m0 m2 m0 m0');
});

test('second tries do not disturb the turns of round-robin', () => {
  const all = candidates(1, 1, 1);
  const pick = balancer('round-robin', all, seededDraw(1));
  const order: (string | undefined)[] = [];
  for (let i = 0; i < 6; i++) {
    const first = pick(GET, [], 0);
    order.push(first?.id);
    assert.ok(first !== undefined);
    pick(GET, [first], 0);
  }
  assert.deepEqual(order, ['m0', 'm1', 'm2', 'm0', 'm1', 'm2']);
});

test('least-request picks the one with the least under way for its weight', () => {
  const all = candidates(1, 2, 4);
  const pick = balancer('least-request', all, seededDraw(8));
  for (const [work, wanted] of [
    [[1, 1, 4], ['m1']],
    [[0, 1, 1], ['m0']],
    [[1, 2, 3], ['m2']],
    [[2, 3, 8], ['m1']],
    [
      [1, 2, 4],
      ['m0', 'm1', 'm2'],
    ],
  ] as const) {
    for (const [i, count] of work.entries()) all[i].member.inFlight = count;
    const seen = new Set(Array.from({ length: 200 }, () => pick(GET, [], 0)?.id));
    assert.deepEqual([...seen].sort(), wanted);
  }
});

test('p2c of two always picks the one with less to do', () => {
  const all = candidates(1, 1);
  const pick = balancer('p2c', all, seededDraw(9));
  all[0].member.inFlight = 3;
  all[1].member.inFlight = 2;
  for (let i = 0; i < 100; i++) assert.equal(pick(GET, [], 0)?.id, 'm1');
});

test('p2c never picks the busiest of many, and reaches all others', () => {
  const all = candidates(1, 1, 1, 1, 1);
  all[2].member.inFlight = 1;
  const seen = counts(balancer('p2c', all, seededDraw(10)), all, 5_000);
  assert.equal(seen[2], 0);
  for (const i of [0, 1, 3, 4]) assert.ok(seen[i] > 500, String(seen));
});

for (const balance of ['p2c', 'least-request'] as const) {
  test(`${balance} keeps work under way in proportion to the weights`, () => {
    const all = candidates(1, 2, 3);
    const pick = balancer(balance, all, seededDraw(11));
    const draw = seededDraw(12);
    const under: Member[] = [];
    for (let i = 0; i < 5_000; i++) {
      const one = pick(GET, [], 0);
      assert.ok(one !== undefined);
      one.inFlight++;
      under.push(one);
      if (under.length > 120) {
        const [done] = under.splice(Math.floor(draw.chance() * under.length), 1);
        done.inFlight--;
      }
    }
    for (const [i, wanted] of [20, 40, 60].entries()) {
      assert.ok(Math.abs(all[i].member.inFlight - wanted) <= 8, String(all.map((one) => one.member.inFlight)));
    }
  });
}
