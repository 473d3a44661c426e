/**
 * Puts routes where requests find them: the making of a matcher (match.ts).
 *
 * Rule: routes come one at a time, and putting them in order afterwards goes in steps, so that nobody waits for a large
 * table. What is made on the way and not needed by a request is as little as can be: it would be garbage by the megabyte.
 */

import type { NameSet } from '../core/names.ts';
import { writtenPath } from '../core/target.ts';
import { Matcher } from './match.ts';
import { type HostKey, Hosts } from './match-hosts.ts';
import { PathIndex } from './match-index.ts';
import { Contenders, candidate, compareCandidates } from './match-rank.ts';
import type { Patterns } from './match-regex.ts';
import type { MatchSettings, PathMatch, Route } from './route.ts';

export class MatcherBuilder {
  private readonly names: NameSet;
  private readonly patterns: Patterns;
  private readonly hosts = new Hosts();
  private readonly index = new PathIndex();
  private depth = 0;

  constructor(names: NameSet, patterns: Patterns) {
    this.names = names;
    this.patterns = patterns;
  }

  /** Throws where the route's regular expression cannot be run. */
  add(route: Route, match: MatchSettings): void {
    const { names } = this;
    const host = this.hosts.at(match.host);
    const { path } = match;
    if (path?.kind === 'regex') {
      const place = this.hosts.placeAt(host);
      place.patterns ??= [];
      place.patterns.push({
        pattern: this.patterns.compile(path.value),
        candidate: candidate(route, match, names),
      });
    } else this.placeFor(host, path).add(route, match, names);
  }

  /** Puts in order what stands at one place: a step a place. */
  *build(): Generator<undefined, Matcher, undefined> {
    yield* this.index.settle();
    yield* this.hosts.settle(({ root, anyPath, patterns }) => {
      root?.settle();
      anyPath?.settle();
      patterns?.sort((a, b) => compareCandidates(a.candidate, b.candidate));
    });
    return new Matcher(this.hosts, this.index, this.depth);
  }

  private placeFor(host: HostKey, path: PathMatch | undefined): Contenders {
    if (path === undefined) {
      const place = this.hosts.placeAt(host);
      place.anyPath ??= new Contenders();
      return place.anyPath;
    }
    const plain = writtenPath(path.value);
    if (path.kind === 'exact') {
      this.hosts.addExact(host, slashesIn(plain));
      return this.index.exactAt(host, plain);
    }
    // A slash at the end says nothing: a prefix is whole segments.
    const prefix = plain.endsWith('/') ? plain.slice(0, -1) : plain;
    const segments = slashesIn(prefix);
    if (segments === 0) {
      const place = this.hosts.placeAt(host);
      place.root ??= new Contenders();
      return place.root;
    }
    this.hosts.addPrefix(host, segments);
    this.depth = Math.max(this.depth, segments);
    return this.index.prefixAt(host, prefix);
  }
}

function slashesIn(path: string): number {
  let count = 0;
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) count += 1;
  return count;
}
