/**
 * The hosts that routes of one listener name, and what stands under each.
 *
 * Rule: hosts are asked from the most to the least particular: the exact name, then wildcards from the longest suffix
 * down (`*.example.com` stands for one label or more, never for `example.com`), then routes without host. The final
 * dot of a fully qualified name is left out on both sides. What most requests ask of a host stands in its key's record;
 * paths are left to the index, which knows a host by that record.
 */

import { KeyTable, NO_KEY } from './match-keys.ts';
import type { Candidate, Contenders } from './match-rank.ts';
import type { Pattern } from './match-regex.ts';
import { hashBack, hashOn } from './match-scan.ts';
import type { Route } from './route.ts';

/** What stands under a host beside exact paths and other prefixes than `/`, which are in the index. */
export interface HostPlace {
  /** Routes of prefix `/`. */
  root: Contenders | undefined;
  patterns: { readonly pattern: Pattern; readonly candidate: Candidate }[] | undefined;
  /** Routes that ask for no path. */
  anyPath: Contenders | undefined;
}

/** A host as a route names it: its record, and the hash of its name, which a request's host has too. */
export interface HostKey {
  readonly host: number;
  readonly hash: number;
}

/** Groups of keys: names as they are, suffixes with their dot (`.example.com`), and the one that stands for no host. */
const EXACT = 0;
const WILDCARD = 1;
const ANY = 2;
/** The first record, with a hash of nothing. */
export const ANY_HOST: HostKey = { host: 0, hash: 0 };
/** In place of a host: no route names it. */
export const NO_HOST = NO_KEY;

/** Facts of a host. PREFIXES: bit d is set where a prefix of d segments exists, bit DEEP stands for all deeper ones. */
const PREFIXES = 0;
/** The same of exact paths, by how many slashes they have. */
const EXACTS = 1;
/** The number of its place; 0 where all its routes are in the index. */
const PLACE = 2;
const DEEP = 31;

const DOT = 46;

export class Hosts {
  private readonly keys = new KeyTable(3);
  private hasExact = false;
  private longestSuffix = 0;
  private readonly found: HostKey[] = [];
  private readonly places: (HostPlace | undefined)[] = [undefined];
  /** By the number of its place: the route that takes every path of a host that no key takes, where that is certain. */
  private readonly rest: (Route | undefined)[] = [undefined];

  constructor() {
    this.keys.at(ANY, ANY_HOST.hash, '');
  }

  /** The key of a host as a route writes it (undefined: no host), made where there is none. */
  at(written: string | undefined): HostKey {
    if (written === undefined) return ANY_HOST;
    const lower = written.toLowerCase();
    const name = lower.slice(0, nameEnd(lower));
    const wildcard = name.startsWith('*.');
    const key = wildcard ? name.slice(1) : name;
    if (wildcard) this.longestSuffix = Math.max(this.longestSuffix, key.length);
    else this.hasExact = true;
    const hash = hashBack(key, key.length);
    return { host: this.keys.at(wildcard ? WILDCARD : EXACT, hash, key), hash };
  }

  /** Notes that a host has a prefix of so many segments. */
  addPrefix({ host }: HostKey, segments: number): void {
    this.keys.setFact(host, PREFIXES, this.keys.fact(host, PREFIXES) | bitOf(segments));
  }

  /** Notes that a host has an exact path of so many slashes. */
  addExact({ host }: HostKey, slashes: number): void {
    this.keys.setFact(host, EXACTS, this.keys.fact(host, EXACTS) | bitOf(slashes));
  }

  /** What is not in the index, to be added to. */
  placeAt({ host }: HostKey): HostPlace {
    const known = this.placeOf(host);
    if (known !== undefined) return known;
    const made = { root: undefined, patterns: undefined, anyPath: undefined };
    this.keys.setFact(host, PLACE, this.places.length);
    this.places.push(made);
    this.rest.push(undefined);
    return made;
  }

  /** All are in: gives each place to be put in order, a step a place. */
  *settle(inOrder: (place: HostPlace) => void): Generator<undefined, void, undefined> {
    for (const [number, place] of this.places.entries()) {
      if (place === undefined) continue;
      inOrder(place);
      const { root, patterns, anyPath } = place;
      this.rest[number] = root?.always ?? (root === undefined && patterns === undefined ? anyPath?.always : undefined);
      yield;
    }
  }

  /** Hash of a request's host (lower case, no port); 0 where no route asks for it. */
  hash(requested: string): number {
    return this.hasExact ? hashBack(requested, nameEnd(requested)) : 0;
  }

  /** Exactly this host, whose hash that is, or NO_HOST. */
  exact(requested: string, hash: number): number {
    return this.hasExact ? this.keys.find(EXACT, hash, requested, 0, nameEnd(requested)) : NO_HOST;
  }

  /** The wildcards that a host falls under, the shortest first. Good until the next call. */
  wildcards(requested: string): readonly HostKey[] {
    const { keys, found, longestSuffix } = this;
    found.length = 0;
    const end = nameEnd(requested);
    const least = Math.max(1, end - longestSuffix);
    let hash = hashBack('', 0);
    for (let i = end - 1; i >= least; i--) {
      const code = requested.charCodeAt(i);
      hash = hashOn(hash, code);
      const host = code === DOT ? keys.find(WILDCARD, hash, requested, i, end) : NO_KEY;
      if (host !== NO_KEY) found.push({ host, hash });
    }
    return found;
  }

  get hasWildcards(): boolean {
    return this.longestSuffix > 0;
  }

  /** Whether a host may have a prefix of so many segments. */
  mayPrefix(host: number, segments: number): boolean {
    return (this.keys.fact(host, PREFIXES) & bitOf(segments)) !== 0;
  }

  /** Whether a path of so many slashes may be a key of the host as a whole, exact or as a prefix. */
  mayHold(host: number, slashes: number): boolean {
    const { keys } = this;
    return ((keys.fact(host, PREFIXES) | keys.fact(host, EXACTS)) & bitOf(slashes)) !== 0;
  }

  /** The route that takes every path of a host that no key takes; undefined where there is none, or several to choose from. */
  restOf(host: number): Route | undefined {
    return this.rest[this.keys.fact(host, PLACE)];
  }

  placeOf(host: number): HostPlace | undefined {
    return this.places[this.keys.fact(host, PLACE)];
  }
}

function bitOf(segments: number): number {
  return 1 << Math.min(segments, DEEP);
}

/** Where a host's name ends: before its final dot. */
function nameEnd(host: string): number {
  const { length } = host;
  return length > 1 && host.charCodeAt(length - 1) === DOT ? length - 1 : length;
}
