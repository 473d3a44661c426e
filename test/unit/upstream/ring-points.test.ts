/**
 * Points on a circle: in order after whatever came and went, also where many lie on each other.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Circle, markOf, putIn, takeAway } from '../../../src/upstream/ring-points.ts';

const OWNERS = 5;
const SHIFT = 29;
/** Few places, so that most points share theirs. */
const PLACES = [0, 1, 2 ** 29, 2 ** 29 + 1, 2 ** 31, 2 ** 32 - 1];
const MARK = fc.record({ point: fc.constantFrom(...PLACES), owner: fc.nat(OWNERS - 1) });

/** Ids do not stand in the order of their numbers. */
function idOf(owner: number): string {
  return `id-${(owner * 3) % OWNERS}`;
}

function circle(): Circle {
  const [points, owners] = [new Uint32Array(), new Uint32Array()];
  return { points, owners, size: 0, starts: new Uint32Array(2 ** (32 - SHIFT) + 1), shift: SHIFT, idOf };
}

test('points that come and go leave a circle as if it had been sorted anew', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(MARK, { selector: ({ point, owner }) => markOf(point, owner) })), (steps) => {
      const made = circle();
      const there = new Map<number, { point: number; owner: number }>();
      for (const step of steps) {
        const marks = new Map(step.map((mark) => [markOf(mark.point, mark.owner), mark]));
        const [gone, come] = [
          [...marks.keys()].filter((mark) => there.has(mark)),
          [...marks].filter(([mark]) => !there.has(mark)),
        ];
        takeAway(made, [...gone]);
        putIn(
          made,
          come.map(([mark]) => mark),
        );
        for (const mark of gone) there.delete(mark);
        for (const [mark, facts] of come) there.set(mark, facts);
        const wanted = [...there.values()].sort(
          (a, b) => a.point - b.point || (idOf(a.owner) < idOf(b.owner) ? -1 : 1),
        );
        assert.equal(made.size, wanted.length);
        assert.deepEqual(
          [...made.points.subarray(0, made.size)],
          wanted.map(({ point }) => point),
        );
        assert.deepEqual(
          [...made.owners.subarray(0, made.size)],
          wanted.map(({ owner }) => owner),
        );
        const parts = Array.from(made.starts, (_, part) => wanted.filter(({ point }) => point >>> SHIFT < part).length);
        assert.deepEqual([...made.starts], parts);
      }
    }),
    { numRuns: 200 },
  );
});
