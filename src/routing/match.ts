/**
 * Which route a request takes, among those of one listener.
 *
 * Rule: hosts first, then paths (exact, longest prefix, regular expression, none asked), then what match-rank.ts orders.
 * Precedence is among routes that match: where the best place holds no route whose method, headers and query fit, the
 * next place is asked. A path that may be a trick is read twice, and two routes (or one and none) are an ambiguity.
 */

import type { RequestFacts } from '../core/exchange.ts';
import { plainPath } from '../core/target.ts';
import { ANY_HOST, type Hosts, NO_HOST } from './match-hosts.ts';
import type { PathIndex } from './match-index.ts';
import { NO_KEY } from './match-keys.ts';
import { meets } from './match-rank.ts';
import { Scan } from './match-scan.ts';
import { hasNul, strictPath } from './path.ts';
import type { Matched, Route } from './route.ts';

const SLASH = 47;

export class Matcher {
  private readonly hosts: Hosts;
  private readonly index: PathIndex;
  private readonly scan: Scan;

  /** What match-build.ts has put together; `depth`: segments of the longest prefix. */
  constructor(hosts: Hosts, index: PathIndex, depth: number) {
    this.hosts = hosts;
    this.index = index;
    this.scan = new Scan(depth);
  }

  match(request: RequestFacts): Matched {
    const { target } = request;
    this.scan.read(target);
    const path = this.scan.end === target.length ? target : target.slice(0, this.scan.end);
    if (this.scan.tricky) return this.matchTwice(request, path);
    return matched(this.find(request, path), path);
  }

  private matchTwice(request: RequestFacts, raw: string): Matched {
    const path = plainPath(raw);
    if (hasNul(path)) return { is: 'ambiguous', path, detail: 'the path holds an encoded NUL (%00)' };
    const plain = this.findAnew(request, path);
    if (path.charCodeAt(0) !== SLASH) return matched(plain, path);
    const read = strictPath(path);
    const strict = read === path ? plain : this.findAnew(request, read);
    if (plain === strict) return matched(plain, path);
    const resolved = 'percent-codes, slashes and dot segments resolved';
    const detail = `the path leads to ${named(plain)} as it is written, and to ${named(strict)} with ${resolved}`;
    return { is: 'ambiguous', path, detail };
  }

  private findAnew(request: RequestFacts, path: string): Route | undefined {
    this.scan.read(path);
    return this.find(request, path);
  }

  /** The route for the path that was scanned last. */
  private find(request: RequestFacts, path: string): Route | undefined {
    const { hosts } = this;
    const hash = hosts.hash(request.host);
    const exact = hosts.exact(request.host, hash);
    const found = exact === NO_HOST ? undefined : this.findUnder(exact, hash, request, path);
    if (found !== undefined) return found;
    if (hosts.hasWildcards) {
      const suffixes = hosts.wildcards(request.host);
      for (let i = suffixes.length - 1; i >= 0; i--) {
        const route = this.findUnder(suffixes[i].host, suffixes[i].hash, request, path);
        if (route !== undefined) return route;
      }
    }
    return this.findUnder(ANY_HOST.host, ANY_HOST.hash, request, path);
  }

  private findUnder(host: number, hash: number, request: RequestFacts, path: string): Route | undefined {
    if (path.charCodeAt(0) !== SLASH) return this.hosts.placeOf(host)?.anyPath?.pick(request);
    return this.findKeyed(host, hash, request, path) ?? this.hosts.restOf(host) ?? this.findRest(host, request, path);
  }

  /** Where conditions or expressions decide about paths that are no key. */
  private findRest(host: number, request: RequestFacts, path: string): Route | undefined {
    const place = this.hosts.placeOf(host);
    if (place === undefined) return undefined;
    const root = place.root?.pick(request);
    if (root !== undefined) return root;
    const match = place.patterns?.find(({ pattern, candidate: c }) => meets(c, request) && pattern.testExact(path));
    return match === undefined ? place.anyPath?.pick(request) : match.candidate.route;
  }

  /** The exact path, then its prefixes from the longest down. */
  private findKeyed(host: number, hash: number, request: RequestFacts, path: string): Route | undefined {
    const { scan, index, hosts } = this;
    if (hosts.mayHold(host, scan.slashes)) {
      const whole = index.find(host, hash, scan.hash, path, scan.end);
      const route = whole === NO_KEY ? undefined : (index.exact(whole, request) ?? index.prefix(whole, request));
      if (route !== undefined) return route;
    }
    for (let i = scan.count - 1; i >= 0; i--) {
      if (!hosts.mayPrefix(host, i + 1)) continue;
      const place = index.find(host, hash, scan.hashes[i], path, scan.ends[i]);
      const route = place === NO_KEY ? undefined : index.prefix(place, request);
      if (route !== undefined) return route;
    }
    return undefined;
  }
}

function matched(route: Route | undefined, path: string): Matched {
  return route === undefined ? { is: 'none', path } : { is: 'route', route, path };
}

function named(route: Route | undefined): string {
  return route === undefined ? 'no route' : `route ${route.id}`;
}
