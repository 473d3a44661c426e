/**
 * The paths that routes ask for, hashed: (host, path) to the routes that stand there.
 *
 * Rule: one table of keys for all hosts of a listener, filled before any request asks; beside it the route of each place,
 * where that is certain, so that no object stands between a place and its route.
 */

import type { RequestFacts } from '../core/exchange.ts';
import { KeyTable } from './match-keys.ts';
import { Contenders } from './match-rank.ts';
import { hashOf } from './match-scan.ts';
import type { Route } from './route.ts';

/**
 * A place is everything that stands at one path of one host. Its path is in plain reading, never empty, and without a
 * slash at its end where it is a prefix.
 */
export class PathIndex {
  private readonly keys = new KeyTable();
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
    return this.keys.find(host, hash, target, 0, end);
  }

  /** The route of exactly this place's path that the request meets. */
  exact(place: number, request: RequestFacts): Route | undefined {
    return this.always[place * 2] ?? this.contenders[place * 2]?.pick(request);
  }

  /** The route of this place's path as a prefix that the request meets. */
  prefix(place: number, request: RequestFacts): Route | undefined {
    return this.always[place * 2 + 1] ?? this.contenders[place * 2 + 1]?.pick(request);
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
    const number = this.keys.at(host, hashOf(path), path);
    if (number * 2 === this.always.length) {
      this.always.push(undefined, undefined);
      this.contenders.push(undefined, undefined);
    }
    return number;
  }
}
