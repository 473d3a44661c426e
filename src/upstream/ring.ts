/**
 * Consistent hashing: the same key goes to the same member while both are there, and no member gets far more than its share.
 *
 * Rule: a ring is of a list of members, and changes with it; one that cannot serve is passed over, so that its keys spread over all
 * others and come back with it. A member's points follow from its id alone: where one comes or goes, only the keys of its
 * own share move, and every thread and every process agree. Sources: consistent hashing, Karger et al. 1997; bounded
 * loads, Mirrokni, Thorup and Zadimoghaddam 2016.
 */

import type { Exchange } from '../core/exchange.ts';
import { hashText } from '../core/hash.ts';
import type { Candidate, Pick } from './balance.ts';
import { type Circle, eachPoint, markOf, putIn, roomFor, takeAway } from './ring-points.ts';
import type { Member } from './upstream.ts';

/** Points of a member of mean weight: shares are within a tenth or so of what they should be. */
const POINTS = 160;
/** Where more than this part of the points change, all are sorted anew: that takes no longer then. */
const MOST_CHANGES = 1 / 16;
/** How much more than its share of what is under way a member takes before its keys go on to the next. */
const MOST_LOAD = 1.25;

export type KeyOf = (exchange: Exchange) => string | undefined;

/** The points of all members on a circle of 32 bits, in ascending order. */
export class Ring implements Circle {
  /** Owners of points by number. Who has no points any more stands there until the number is needed. */
  candidates: readonly Candidate[] = [];
  points: Uint32Array = new Uint32Array();
  owners: Uint32Array = new Uint32Array();
  size = 0;
  /** Hashes are spread evenly: a part holds one or two points. */
  starts: Uint32Array = new Uint32Array();
  shift = 0;
  /** How many points each of the candidates has. */
  private counts: readonly number[] = [];
  private numbers = new Map<string, number>();

  /** `before`: a ring that may have many of the points, of which this one becomes a copy. */
  constructor(candidates: readonly Candidate[], before?: Ring) {
    if (before !== undefined) this.copy(before);
    this.take(candidates);
  }

  /** It is the ring of these from now on; their order does not matter. */
  take(candidates: readonly Candidate[]): void {
    const able = candidates.filter(({ weight }) => weight > 0);
    const mean = able.reduce((sum, { weight }) => sum + weight, 0) / able.length;
    const counts = able.map(({ weight }) => Math.max(1, Math.round((POINTS * weight) / mean)));
    if (!this.change(able, counts)) this.build(able, counts);
  }

  /** Index of the first point from this hash on. */
  find(hash: number): number {
    const { points, size, starts, shift } = this;
    let at = starts[hash >>> shift];
    while (at < size && points[at] < hash >>> 0) at += 1;
    return at === size ? 0 : at;
  }

  /** Index (in `candidates`) of whose point it is. */
  owner(point: number): number {
    return this.owners[point];
  }

  readonly idOf = (owner: number): string => this.candidates[owner].member.id;

  private copy({ candidates, points, owners, size, starts, shift, counts, numbers }: Ring): void {
    const copies = { points: points.slice(), owners: owners.slice(), starts: starts.slice() };
    Object.assign(this, copies, { candidates, size, shift, counts, numbers: new Map(numbers) });
  }

  /** Puts right what is there; false, with nothing changed, where it is better made anew. */
  private change(able: readonly Candidate[], shares: readonly number[]): boolean {
    const candidates = [...this.candidates];
    const counts = candidates.map(() => 0);
    const fresh: number[] = [];
    let likely = 0;
    for (let i = 0; i < able.length; i++) {
      const { id } = able[i].member;
      // Lists mostly have the order of the numbers, and looking ten thousand ids up takes longer than moving the points.
      const number = candidates[likely]?.member.id === id ? likely : this.numbers.get(id);
      if (number === undefined) {
        fresh.push(i);
        continue;
      }
      candidates[number] = able[i];
      counts[number] = shares[i];
      likely = number + 1;
    }
    const come = fresh.reduce((sum, i) => sum + shares[i], 0);
    if (!this.isWorthIt(counts, come)) return false;
    let number = 0;
    for (const i of fresh) {
      // The next that has no points, neither until now nor from now on.
      while (number < candidates.length && (this.counts[number] ?? 0) + counts[number] > 0) number++;
      if (number < candidates.length) this.numbers.delete(candidates[number].member.id);
      this.numbers.set(able[i].member.id, number);
      candidates[number] = able[i];
      counts[number] = shares[i];
    }
    const before = this.counts;
    this.candidates = candidates;
    this.counts = counts;
    takeAway(this, this.marks(counts, before));
    putIn(this, this.marks(before, counts));
    return true;
  }

  /** Few points change, and parts keep about the size that they were made for. */
  private isWorthIt(counts: readonly number[], come: number): boolean {
    let changes = come;
    let size = come;
    for (let i = 0; i < counts.length; i++) {
      changes += Math.abs(counts[i] - this.counts[i]);
      size += counts[i];
    }
    const parts = this.starts.length - 1;
    return changes <= this.size * MOST_CHANGES && size < parts * 4 && size * 2 > parts;
  }

  /** The points that `more` has beyond `less`. */
  private marks(less: readonly number[], more: readonly number[]): number[] {
    const marks: number[] = [];
    for (let number = 0; number < more.length; number++) {
      const from = less[number] ?? 0;
      if (more[number] > from)
        eachPoint(this.idOf(number), from, more[number], (point) => void marks.push(markOf(point, number)));
    }
    return marks;
  }

  private build(able: readonly Candidate[], shares: readonly number[]): void {
    const order = able.map((_, i) => i).sort((a, b) => (able[a].member.id < able[b].member.id ? -1 : 1));
    this.candidates = order.map((i) => able[i]);
    this.counts = order.map((i) => shares[i]);
    this.numbers = new Map(this.candidates.map(({ member }, number) => [member.id, number]));
    this.size = this.counts.reduce((sum, points) => sum + points, 0);
    const bits = Math.max(1, Math.floor(Math.log2(this.size)));
    this.shift = 32 - bits;
    this.starts = new Uint32Array(2 ** bits + 1);
    this.points = roomFor(this.size);
    this.owners = roomFor(this.size);
    this.fill(this.unsorted());
  }

  private unsorted(): Uint32Array {
    const points = new Uint32Array(this.size);
    let at = 0;
    const hear = (point: number): void => {
      points[at++] = point;
    };
    for (const [number, count] of this.counts.entries()) eachPoint(this.idOf(number), 0, count, hear);
    return points;
  }

  /** Sorts points into their parts, and within a part, where there are few, one by one. */
  private fill(unsorted: Uint32Array): void {
    const { points, owners, starts, shift, counts } = this;
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
