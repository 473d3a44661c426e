/**
 * Points on a circle, some of which come and go.
 *
 * Rule: points stand in order, those that lie on each other in order of their owners' ids, so that a circle that was changed
 * is the same as one that was made anew. What stays moves in large pieces, in the memory where it is: of ten thousand members
 * there are a million and a half points, and to look at each, or to take new memory for them, costs ten times as much.
 */

import { hashText, spread } from '../core/hash.ts';

/** A circle of 32 bits. */
export interface Circle {
  /** The first `size` count, of owners too. */
  points: Uint32Array;
  owners: Uint32Array;
  size: number;
  /** Where the points of each equal part of the circle begin. */
  readonly starts: Uint32Array;
  readonly shift: number;
  /** Id of an owner. */
  readonly idOf: (owner: number) => string;
}

/** More than there can be owners. */
const OWNERS = 2 ** 20;

/** A point and its owner in one number, which are in order of points. */
export function markOf(point: number, owner: number): number {
  return point * OWNERS + owner;
}

/** Hears of the points of an id from number `from` to before `to`. */
export function eachPoint(id: string, from: number, to: number, hear: (point: number) => void): void {
  const first = hashText(id, 0);
  // A stride of its own, or the points of two members could run side by side all round the circle.
  const stride = hashText(id, 1) | 1;
  for (let n = from; n < to; n++) hear(spread((first + Math.imul(n, stride)) | 0) >>> 0);
}

/** Takes points away, which are there. */
export function takeAway(circle: Circle, marks: number[]): void {
  if (marks.length === 0) return;
  const { points, owners, size } = circle;
  const places = placesOf(circle, marks);
  let to = places[0];
  for (const [i, at] of places.entries()) {
    const end = places[i + 1] ?? size;
    points.copyWithin(to, at + 1, end);
    owners.copyWithin(to, at + 1, end);
    to += end - at - 1;
  }
  circle.size = to;
  moveStarts(circle, marks, -1);
}

/** Puts points in. */
export function putIn(circle: Circle, marks: number[]): void {
  if (marks.length === 0) return;
  makeRoom(circle, circle.size + marks.length);
  const { points, owners, size } = circle;
  const places = placesOf(circle, marks);
  for (let i = marks.length - 1, end = size; i >= 0; i--) {
    const at = places[i];
    points.copyWithin(at + i + 1, at, end);
    owners.copyWithin(at + i + 1, at, end);
    points[at + i] = pointOf(marks[i]);
    owners[at + i] = marks[i] % OWNERS;
    end = at;
  }
  circle.size = size + marks.length;
  moveStarts(circle, marks, 1);
}

function pointOf(mark: number): number {
  return Math.floor(mark / OWNERS);
}

/** Sorts marks, and says where the first point from each on stands. */
function placesOf({ points, owners, size, idOf }: Circle, marks: number[]): number[] {
  const isBefore = (point: number, owner: number, mark: number): boolean => {
    const other = pointOf(mark);
    return point === other ? idOf(owner) < idOf(mark % OWNERS) : point < other;
  };
  marks.sort((one, other) => (isBefore(pointOf(one), one % OWNERS, other) ? -1 : 1));
  return marks.map((mark) => {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(points[middle], owners[middle], mark)) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

/** What lies behind a mark begins so much later for each. */
function moveStarts({ starts, shift }: Circle, marks: readonly number[], step: number): void {
  let by = 0;
  let part = (pointOf(marks[0]) >>> shift) + 1;
  for (const [i] of marks.entries()) {
    by += step;
    const end = i + 1 < marks.length ? (pointOf(marks[i + 1]) >>> shift) + 1 : starts.length;
    for (; part < end; part++) starts[part] += by;
  }
}

function makeRoom(circle: Circle, size: number): void {
  if (size <= circle.points.length) return;
  const { points, owners } = circle;
  circle.points = roomFor(size);
  circle.owners = roomFor(size);
  circle.points.set(points);
  circle.owners.set(owners);
}

/** Room for so many numbers and for some that come later. */
export function roomFor(size: number): Uint32Array {
  return new Uint32Array(size + (size >>> 3));
}
