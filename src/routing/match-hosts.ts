/**
 * The hosts that routes of one listener name, and what stands under each.
 *
 * Rule: hosts are asked from the most to the least particular: the exact name, then wildcards from the longest suffix
 * down (`*.example.com` stands for one label or more, never for `example.com`), then routes without host. The final
 * dot of a fully qualified name is left out on both sides. What most requests ask of a host lies in flat memory, by the
 * host's number; paths are left to the index, which knows hosts by the same number.
 */

import { KeyTable } from './match-keys.ts';
import type { Candidate, Contenders } from './match-rank.ts';
import type { Pattern } from './match-regex.ts';
import { hashBack, hashOn } from './match-scan.ts';
import type { Route } from './route.ts';

/** Bit of `Hosts.prefixes` and `Hosts.exacts` that stands for paths of this many segments or more. */
const DEEP = 31;
/** The number of the host that stands for routes without one. */
export const ANY_HOST = 0;
/** In place of a host's number: no route names it. */
export const NO_HOST = -1;

/** What stands under a host beside exact paths and other prefixes than `/`, which are in the index. */
export interface HostPlace {
  /** Routes of prefix `/`. */
  root: Contenders | undefined;
  patterns: { readonly pattern: Pattern; readonly candidate: Candidate }[] | undefined;
  /** Routes that ask for no path. */
  anyPath: Contenders | undefined;
}

/** Groups of the table of names: names as they are, and suffixes with their dot (`.example.com`). */
const EXACT = 0;
const WILDCARD = 1;
const DOT = 46;
const FIRST_SIZE = 8;

export class Hosts {
  /** A host's number is that of its name and one; 0 is ANY_HOST. */
  private readonly names = new KeyTable();
  private exactCount = 0;
  private longestSuffix = 0;
  private readonly found: number[] = [];
  /** By number: bit d is set where a prefix of d segments exists; bit DEEP stands for all deeper ones. */
  private prefixes = new Int32Array(FIRST_SIZE);
  /** The same of exact paths, by how many slashes they have. */
  private exacts = new Int32Array(FIRST_SIZE);
  /** By number: the route that takes every path that no key takes, where that is certain. */
  private readonly rest: (Route | undefined)[] = [undefined];
  /** By number; undefined where all routes of the host are in the index. */
  private readonly places: (HostPlace | undefined)[] = [undefined];

  /** The number of a host as a route writes it (undefined: no host), given anew where it has none. */
  at(host: string | undefined): number {
    if (host === undefined) return ANY_HOST;
    const lower = host.toLowerCase();
    const name = lower.slice(0, nameEnd(lower));
    const wildcard = name.startsWith('*.');
    const key = wildcard ? name.slice(1) : name;
    const number = this.names.at(wildcard ? WILDCARD : EXACT, hashBack(key, key.length), key) + 1;
    if (number === this.rest.length) {
      this.rest.push(undefined);
      this.places.push(undefined);
      if (number === this.prefixes.length) this.grow();
      if (!wildcard) this.exactCount += 1;
    }
    if (wildcard) this.longestSuffix = Math.max(this.longestSuffix, key.length);
    return number;
  }

  /** Notes that a host has a prefix of so many segments. */
  addPrefix(host: number, segments: number): void {
    this.prefixes[host] |= bitOf(segments);
  }

  /** Notes that a host has an exact path of so many slashes. */
  addExact(host: number, slashes: number): void {
    this.exacts[host] |= bitOf(slashes);
  }

  /** What is not in the index, to be added to. */
  placeAt(host: number): HostPlace {
    const known = this.places[host];
    if (known !== undefined) return known;
    const made = { root: undefined, patterns: undefined, anyPath: undefined };
    this.places[host] = made;
    return made;
  }

  /** All are in: gives each place to be put in order, a step a place. */
  *settle(inOrder: (place: HostPlace) => void): Generator<undefined, void, undefined> {
    for (const [host, place] of this.places.entries()) {
      if (place === undefined) continue;
      inOrder(place);
      const { root, patterns, anyPath } = place;
      this.rest[host] = root?.always ?? (root === undefined && patterns === undefined ? anyPath?.always : undefined);
      yield;
    }
  }

  /** The number of exactly this host (lower case, no port), or NO_HOST. */
  exact(host: string): number {
    if (this.exactCount === 0) return NO_HOST;
    const end = nameEnd(host);
    const key = this.names.find(EXACT, hashBack(host, end), host, 0, end);
    return key === -1 ? NO_HOST : key + 1;
  }

  /** The numbers of the wildcards that a host falls under, the shortest first. Good until the next call. */
  wildcards(host: string): readonly number[] {
    const { names, found, longestSuffix } = this;
    found.length = 0;
    const end = nameEnd(host);
    const least = Math.max(1, end - longestSuffix);
    let hash = hashBack('', 0);
    for (let i = end - 1; i >= least; i--) {
      const code = host.charCodeAt(i);
      hash = hashOn(hash, code);
      const key = code === DOT ? names.find(WILDCARD, hash, host, i, end) : -1;
      if (key !== -1) found.push(key + 1);
    }
    return found;
  }

  get hasWildcards(): boolean {
    return this.longestSuffix > 0;
  }

  /** Whether a host may have a prefix of so many segments. */
  mayPrefix(host: number, segments: number): boolean {
    return (this.prefixes[host] & bitOf(segments)) !== 0;
  }

  /** Whether a path of so many slashes may be a key of the host as a whole, exact or as a prefix. */
  mayHold(host: number, slashes: number): boolean {
    return ((this.prefixes[host] | this.exacts[host]) & bitOf(slashes)) !== 0;
  }

  /** The route that takes every path of a host that no key takes; undefined where there is none, or several to choose from. */
  restOf(host: number): Route | undefined {
    return this.rest[host];
  }

  placeOf(host: number): HostPlace | undefined {
    return this.places[host];
  }

  private grow(): void {
    const [prefixes, exacts] = [this.prefixes, this.exacts];
    this.prefixes = new Int32Array(prefixes.length * 2);
    this.prefixes.set(prefixes);
    this.exacts = new Int32Array(exacts.length * 2);
    this.exacts.set(exacts);
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
