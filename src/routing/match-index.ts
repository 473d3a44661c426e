/**
 * The paths that routes ask for, hashed: (host, path) to the routes that stand there.
 *
 * Rule: one open-addressed table for all hosts of a listener, filled once and at most half full. It lies flat in memory:
 * a slot is four numbers in a row, paths are bytes in a row, so a look-up touches three cold lines of memory however many
 * routes there are. Keys come from the document alone; a request can only miss, never lengthen a chain.
 */

import type { RequestFacts } from '../core/exchange.ts';
import type { Contenders } from './match-rank.ts';
import { hashOf } from './match-scan.ts';
import type { Route } from './route.ts';

/** Everything that stands at one path of one host. */
export interface Place {
  readonly host: number;
  /** A path in plain reading; never empty, and without a slash at its end where it is a prefix. */
  readonly path: string;
  exact: Contenders | undefined;
  prefix: Contenders | undefined;
}

/** A slot: mixed hash (never 0 where taken), host, where the path's bytes start, number of the place. */
const STRIDE = 4;
const FREE = 0;

export class PathIndex {
  private readonly mask: number;
  private readonly slots: Int32Array;
  /** The paths in visible ASCII, each ended with a 0. */
  private readonly bytes: Uint8Array;
  /** By number of the place, twice: exact, then prefix. */
  private readonly always: (Route | undefined)[] = [];
  private readonly contenders: (Contenders | undefined)[] = [];

  constructor(places: readonly Place[]) {
    let size = 8;
    while (size < places.length * 2) size *= 2;
    this.mask = size - 1;
    this.slots = new Int32Array(size * STRIDE);
    this.bytes = Buffer.from(places.map(({ path }) => `${path}\0`).join(''), 'latin1');
    let start = 0;
    for (const [number, place] of places.entries()) {
      this.put(place, start, number);
      start += place.path.length + 1;
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

  private put(place: Place, start: number, number: number): void {
    const mixed = mix(hashOf(place.path), place.host);
    let slot = mixed & this.mask;
    while (this.slots[slot * STRIDE] !== FREE) slot = (slot + 1) & this.mask;
    this.slots.set([mixed, place.host, start, number], slot * STRIDE);
    this.always.push(place.exact?.always, place.prefix?.always);
    this.contenders.push(undecided(place.exact), undecided(place.prefix));
  }
}

/** Contenders that must be asked; the others are known by their first, and need not be kept. */
function undecided(contenders: Contenders | undefined): Contenders | undefined {
  return contenders?.always === undefined ? contenders : undefined;
}

/** FNV leaves its low bits weak; the finaliser of MurmurHash3 mends that, and the host goes in before it. */
function mix(hash: number, host: number): number {
  let mixed = hash ^ Math.imul(host + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16) || 1;
}
