/**
 * The paths that routes ask for, hashed: (host, path) to the routes that stand there.
 *
 * Rule: one open-addressed table for all hosts of a listener, at most half full, filled before any request asks. It lies
 * flat in memory: a slot is four numbers in a row, paths are bytes in a row, so a look-up touches three cold lines of
 * memory however many routes there are. Keys come from the document alone; a request can only miss, never lengthen a
 * chain.
 */

import type { RequestFacts } from '../core/exchange.ts';
import { Contenders } from './match-rank.ts';
import { hashOf } from './match-scan.ts';
import type { Route } from './route.ts';

/** A slot: mixed hash (never 0 where taken), host, where the path's bytes start, number of the place. */
const STRIDE = 4;
const FREE = 0;
const FIRST_SIZE = 8;
const FIRST_BYTES = 64;

/**
 * A place is everything that stands at one path of one host. Its path is in plain reading, never empty, and without a
 * slash at its end where it is a prefix.
 */
export class PathIndex {
  private mask = FIRST_SIZE - 1;
  private slots = new Int32Array(FIRST_SIZE * STRIDE);
  /** The paths in visible ASCII, each ended with a 0. */
  private bytes = Buffer.alloc(FIRST_BYTES);
  private filled = 0;
  private places = 0;
  /** By number of the place, twice: exact, then prefix. */
  private readonly always: (Route | undefined)[] = [];
  /** The same; what `always` knows is left out once all are in. */
  private readonly contenders: (Contenders | undefined)[] = [];

  /** The routes of exactly this path, to be added to; made where there are none. */
  exactAt(host: number, path: string): Contenders {
    return this.contendersAt(this.at(host, path) * 2);
  }

  /** The routes of this path as a prefix, to be added to; made where there are none. */
  prefixAt(host: number, path: string): Contenders {
    return this.contendersAt(this.at(host, path) * 2 + 1);
  }

  /** All are in: puts the routes of each place in order, a step a place. */
  *settle(): Generator<undefined, void, undefined> {
    for (const [i, contenders] of this.contenders.entries()) {
      if (contenders === undefined) continue;
      contenders.settle();
      this.always[i] = contenders.always;
      // Known by their first, they need not be kept.
      if (contenders.always !== undefined) this.contenders[i] = undefined;
      yield;
    }
  }

  /** The place of `target`'s first `end` characters under a host, or -1; `hash` is the scan's hash of them. */
  find(host: number, hash: number, target: string, end: number): number {
    const { slots, mask } = this;
    const mixed = mix(hash, host);
    let slot = mixed & mask;
    for (let found = slots[slot * STRIDE]; found !== FREE; found = slots[slot * STRIDE]) {
      const at = slot * STRIDE;
      if (found === mixed && slots[at + 1] === host && this.holds(slots[at + 2], target, end)) return slots[at + 3];
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /** The route of exactly this place's path that the request meets. */
  exact(place: number, request: RequestFacts): Route | undefined {
    return this.always[place * 2] ?? this.contenders[place * 2]?.pick(request);
  }

  /** The route of this place's path as a prefix that the request meets. */
  prefix(place: number, request: RequestFacts): Route | undefined {
    return this.always[place * 2 + 1] ?? this.contenders[place * 2 + 1]?.pick(request);
  }

  private holds(start: number, target: string, end: number): boolean {
    const { bytes } = this;
    for (let i = 0; i < end; i++) if (bytes[start + i] !== target.charCodeAt(i)) return false;
    return bytes[start + end] === 0;
  }

  private contendersAt(i: number): Contenders {
    const known = this.contenders[i];
    if (known !== undefined) return known;
    const made = new Contenders();
    this.contenders[i] = made;
    return made;
  }

  /** The number of a place, made where there is none. */
  private at(host: number, path: string): number {
    const hash = hashOf(path);
    const known = this.find(host, hash, path, path.length);
    if (known !== -1) return known;
    const number = this.places++;
    if (this.places * 2 > this.mask + 1) this.growSlots();
    this.put(mix(hash, host), host, this.keep(path), number);
    this.always.push(undefined, undefined);
    this.contenders.push(undefined, undefined);
    return number;
  }

  private put(mixed: number, host: number, start: number, number: number): void {
    const { slots, mask } = this;
    let slot = mixed & mask;
    while (slots[slot * STRIDE] !== FREE) slot = (slot + 1) & mask;
    const at = slot * STRIDE;
    slots[at] = mixed;
    slots[at + 1] = host;
    slots[at + 2] = start;
    slots[at + 3] = number;
  }

  /** Numbers alone are moved: doubling 100,000 places takes a few milliseconds. */
  private growSlots(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.mask = this.mask * 2 + 1;
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at] !== FREE) this.put(old[at], old[at + 1], old[at + 2], old[at + 3]);
    }
  }

  /** Where the path's bytes start. */
  private keep(path: string): number {
    const start = this.filled;
    const end = start + path.length + 1;
    if (end > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(larger);
      this.bytes = larger;
    }
    this.bytes.write(path, start, 'latin1');
    this.filled = end;
    return start;
  }
}

/** FNV leaves its low bits weak; the finaliser of MurmurHash3 mends that, and the host goes in before it. */
function mix(hash: number, host: number): number {
  let mixed = hash ^ Math.imul(host + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16) || 1;
}
