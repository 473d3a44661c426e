/**
 * The hosts that routes of one listener name, and what stands under each.
 *
 * Rule: hosts are asked from the most to the least particular: the exact name, then wildcards from the longest suffix
 * down (`*.example.com` stands for one label or more, never for `example.com`), then routes without host. The final
 * dot of a fully qualified name is left out on both sides. Paths are left to the index, which knows hosts by number.
 */

import type { Candidate, Contenders } from './match-rank.ts';
import type { Pattern } from './match-regex.ts';

/** Bit of HostPlace.depths that stands for every prefix of this many segments or more. */
export const DEEP = 31;

export interface HostPlace {
  readonly number: number;
  /** True where any route of this host asks for an exact path or a prefix other than `/`. */
  keyed: boolean;
  /** Bit d is set where a prefix of d segments exists; bit DEEP stands for all deeper ones. */
  depths: number;
  /** Routes of prefix `/`. */
  root: Contenders | undefined;
  patterns: { readonly pattern: Pattern; readonly candidate: Candidate }[] | undefined;
  /** Routes that ask for no path. */
  anyPath: Contenders | undefined;
}

export class Hosts {
  private readonly exact = new Map<string, HostPlace>();
  /** By suffix with its dot: `.example.com`. */
  private readonly wildcards = new Map<string, HostPlace>();
  private longest = 0;
  private none: HostPlace | undefined = undefined;
  private count = 0;

  /** The place of a host as a route writes it (undefined: no host), made where there is none. */
  at(host: string | undefined): HostPlace {
    if (host === undefined) {
      this.none ??= this.make();
      return this.none;
    }
    const name = withoutDot(host.toLowerCase());
    const wildcard = name.startsWith('*.');
    const key = wildcard ? name.slice(1) : name;
    const places = wildcard ? this.wildcards : this.exact;
    const known = places.get(key);
    if (known !== undefined) return known;
    const made = this.make();
    places.set(key, made);
    if (wildcard) this.longest = Math.max(this.longest, key.length);
    return made;
  }

  /** Every place, in no particular order. */
  *all(): Generator<HostPlace> {
    yield* this.exact.values();
    yield* this.wildcards.values();
    if (this.none !== undefined) yield this.none;
  }

  /** Asks the places for a request's host (lower case, no port) one after the other, until one gives an answer. */
  first<T>(requested: string, ask: (place: HostPlace) => T | undefined): T | undefined {
    const host = withoutDot(requested);
    const exact = this.exact.size === 0 ? undefined : this.exact.get(host);
    const found = exact === undefined ? undefined : ask(exact);
    if (found !== undefined) return found;
    if (this.wildcards.size > 0) {
      for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
        if (host.length - dot > this.longest) continue;
        const place = this.wildcards.get(host.slice(dot));
        const answer = place === undefined ? undefined : ask(place);
        if (answer !== undefined) return answer;
      }
    }
    return this.none === undefined ? undefined : ask(this.none);
  }

  private make(): HostPlace {
    const number = this.count++;
    return { number, keyed: false, depths: 0, root: undefined, patterns: undefined, anyPath: undefined };
  }
}

function withoutDot(host: string): string {
  return host.length > 1 && host.charCodeAt(host.length - 1) === 46 ? host.slice(0, -1) : host;
}
