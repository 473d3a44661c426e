/**
 * Consistent hashing: the same key goes to the same member while both are there, and no member gets far more than its share.
 *
 * Rule: a ring is built once for a list of members; one that cannot serve is passed over, so that its keys spread over all
 * others and come back with it. A member's points follow from its id alone: where one comes or goes, only the keys of its
 * own share move, and every thread and every process agree. Sources: consistent hashing, Karger et al. 1997; bounded
 * loads, Mirrokni, Thorup and Zadimoghaddam 2016.
 */

import type { Exchange } from '../core/exchange.ts';
import { hashText, spread } from '../core/hash.ts';
import type { Candidate, Pick } from './balance.ts';
import type { Member } from './upstream.ts';

/** Points of a member of mean weight: shares are within a tenth or so of what they should be. */
const POINTS = 160;
/** How much more than its share of what is under way a member takes before its keys go on to the next. */
const MOST_LOAD = 1.25;

export type KeyOf = (exchange: Exchange) => string | undefined;

/** The points of all members on a circle of 32 bits, in ascending order. */
export class Ring {
  /** By id, so that the order in which members are told does not matter. */
  readonly candidates: readonly Candidate[];
  private readonly points: Uint32Array;
  private readonly owners: Uint32Array;
  /** Where the points of each equal part of the circle begin. Hashes are spread evenly: a part holds one or two. */
  private readonly starts: Uint32Array;
  private readonly shift: number;

  constructor(candidates: readonly Candidate[]) {
    const able = candidates.filter(({ weight }) => weight > 0);
    this.candidates = able.sort((a, b) => (a.member.id < b.member.id ? -1 : 1));
    const mean = able.reduce((sum, { weight }) => sum + weight, 0) / able.length;
    const counts = able.map(({ weight }) => Math.max(1, Math.round((POINTS * weight) / mean)));
    const count = counts.reduce((sum, points) => sum + points, 0);
    const bits = Math.max(1, Math.floor(Math.log2(count)));
    this.shift = 32 - bits;
    this.starts = new Uint32Array(2 ** bits + 1);
    this.points = new Uint32Array(count);
    this.owners = new Uint32Array(count);
    this.fill(pointsOf(able, counts, count), counts);
  }

  /** Index of the first point from this hash on. */
  find(hash: number): number {
    const { points, starts, shift } = this;
    let at = starts[hash >>> shift];
    while (at < points.length && points[at] < hash >>> 0) at += 1;
    return at === points.length ? 0 : at;
  }

  get size(): number {
    return this.points.length;
  }

  /** Index (in `candidates`) of whose point it is. */
  owner(point: number): number {
    return this.owners[point];
  }

  /** Sorts points into their parts, and within a part, where there are few, one by one. */
  private fill(unsorted: Uint32Array, counts: readonly number[]): void {
    const { points, owners, starts, shift } = this;
    for (let i = 0; i < unsorted.length; i++) starts[(unsorted[i] >>> shift) + 1] += 1;
    for (let part = 1; part < starts.length; part++) starts[part] += starts[part - 1];
    const ends = starts.slice();
    for (let owner = 0, i = 0, last = 0; owner < counts.length; owner++) {
      for (last += counts[owner]; i < last; i++) {
        const point = unsorted[i];
        const part = point >>> shift;
        let at = ends[part]++;
        for (; at > starts[part] && points[at - 1] > point; at--) {
          points[at] = points[at - 1];
          owners[at] = owners[at - 1];
        }
        points[at] = point;
        owners[at] = owner;
      }
    }
  }
}

function pointsOf(candidates: readonly Candidate[], counts: readonly number[], count: number): Uint32Array {
  const points = new Uint32Array(count);
  let at = 0;
  for (const [i, { member }] of candidates.entries()) {
    const first = hashText(member.id, 0);
    // A stride of its own, or the points of two members could run side by side all round the circle.
    const stride = hashText(member.id, 1) | 1;
    for (let n = 0; n < counts[i]; n++) points[at++] = spread((first + Math.imul(n, stride)) | 0);
  }
  return points;
}

/**
 * Picks by key among those of the ring that are `able`; without a key `unkeyed` picks. What is under way is added up once
 * a turn, every pick in between counts as one more; an idle member is taken without looking at the others.
 */
export function byKey(ring: Ring, keyOf: KeyOf, able: ReadonlySet<Member>, unkeyed: Pick): Pick {
  const { candidates } = ring;
  const open = candidates.map(({ member }) => able.has(member));
  const serving = candidates.filter((_, i) => open[i]);
  if (serving.length < 2) return () => serving[0]?.member;
  const weights = serving.reduce((sum, { weight }) => sum + weight, 0);
  let underWay = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  const roomy = ({ member, weight }: Candidate): boolean =>
    member.inFlight === 0 || member.inFlight + 1 <= Math.ceil((MOST_LOAD * underWay * weight) / weights);

  return (exchange, tried, now) => {
    const key = keyOf(exchange);
    if (key === undefined || key === '') return unkeyed(exchange, tried, now);
    if (countedAt !== now) {
      countedAt = now;
      underWay = serving.reduce((sum, { member }) => sum + member.inFlight, 0);
    }
    underWay += 1;
    let full: Member | undefined;
    for (let left = ring.size, at = ring.find(hashText(key, 0)); left > 0; left--) {
      const one = ring.owner(at);
      const { member } = candidates[one];
      if (open[one] && (tried.length === 0 || !tried.includes(member))) {
        if (roomy(candidates[one])) return member;
        full ??= member;
      }
      at = at + 1 === ring.size ? 0 : at + 1;
    }
    // Whoever has room was tried, or everyone was.
    return full ?? unkeyed(exchange, tried, now);
  };
}
