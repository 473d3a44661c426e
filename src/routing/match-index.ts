/**
 * The paths that routes ask for, hashed: (host, path) to the routes that stand there.
 *
 * Rule: one table of keys for all hosts of a listener, filled before any request asks. A place knows its routes by number,
 * so that no object stands between a place and its route; contenders are asked only where conditions decide.
 */

import type { RequestFacts } from '../core/exchange.ts';
import type { HostKey } from './match-hosts.ts';
import { KeyTable } from './match-keys.ts';
import { Contenders } from './match-rank.ts';
import { hashOf } from './match-scan.ts';
import type { Route } from './route.ts';

/** Facts of a place: the number of the routes that stand at exactly its path, and at its path as a prefix; 0 is none. */
const EXACT = 0;
const PREFIX = 1;
type Kind = typeof EXACT | typeof PREFIX;

/**
 * A place is everything that stands at one path of one host. Its path is in plain reading, never empty, and without a
 * slash at its end where it is a prefix.
 */
export class PathIndex {
  private readonly keys = new KeyTable(2);
  /** By number: the route, where it is certain. */
  private readonly always: (Route | undefined)[] = [undefined];
  /** The same; what `always` knows is left out once all are in. */
  private readonly contenders: (Contenders | undefined)[] = [undefined];

  /** The routes of exactly this path, to be added to; made where there are none. */
  exactAt(host: HostKey, path: string): Contenders {
    return this.contendersAt(host, path, EXACT);
  }

  /** The routes of this path as a prefix, to be added to; made where there are none. */
  prefixAt(host: HostKey, path: string): Contenders {
    return this.contendersAt(host, path, PREFIX);
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

  /**
   * The place of `target`'s first `end` characters under a host, or NO_KEY; `hash` is the scan's hash of them. The host's
   * hash goes into the key, and not its number alone, so that the processor need not wait for the number.
   */
  find(host: number, hostHash: number, hash: number, target: string, end: number): number {
    return this.keys.find(host, keyHash(hostHash, hash), target, 0, end);
  }

  /** The route of exactly this place's path that the request meets. */
  exact(place: number, request: RequestFacts): Route | undefined {
    return this.route(this.keys.fact(place, EXACT), request);
  }

  /** The route of this place's path as a prefix that the request meets. */
  prefix(place: number, request: RequestFacts): Route | undefined {
    return this.route(this.keys.fact(place, PREFIX), request);
  }

  private route(number: number, request: RequestFacts): Route | undefined {
    return this.always[number] ?? this.contenders[number]?.pick(request);
  }

  private contendersAt({ host, hash }: HostKey, path: string, kind: Kind): Contenders {
    const place = this.keys.at(host, keyHash(hash, hashOf(path)), path);
    const known = this.contenders[this.keys.fact(place, kind)];
    if (known !== undefined) return known;
    const made = new Contenders();
    this.keys.setFact(place, kind, this.contenders.length);
    this.contenders.push(made);
    this.always.push(undefined);
    return made;
  }
}

function keyHash(hostHash: number, hash: number): number {
  return hash ^ Math.imul(hostHash, 0x9e3779b1);
}
