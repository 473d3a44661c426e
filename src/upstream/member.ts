/**
 * A member of an upstream and its pool of idle connections.
 *
 * Rule: the connection used last is lent first, so that a pool shrinks to what is needed; an idle one is dropped before
 * the origin would drop it. The pool belongs to the member and outlives tables. How its attempts ended is counted here;
 * what follows from failures in a row is its home's affair.
 */

import type { Clock } from '../core/clock.ts';
import type { PlaneLog } from '../core/events.ts';
import { LINGER } from '../core/free-blocks.ts';
import { type Lane, MEMBER_BLOCK } from '../core/lanes.ts';
import { Timer, type Timers } from '../core/timers.ts';
import { MEMBER_WORDS, type Words } from '../core/words.ts';
import { HttpLink, type LinkHome } from './link.ts';
import type { Link, LinkSink, Member, MemberSettings } from './upstream.ts';

/** What a member lives on. */
export interface MemberNeeds {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lane: Lane;
  readonly words: Words;
  readonly log?: PlaneLog;
  /** Hears of every failure of the member, with how many there were in a row over all threads. */
  readonly onFailure: (member: PooledMember, inARow: number, now: number) => void;
}

export class PooledMember implements Member, LinkHome {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly block: number;
  readonly words: Int32Array;
  readonly clock: Clock;
  readonly timers: Timers;
  authority: string;
  inFlight = 0;
  readonly probing = false;
  /** When it came, as `timeWord`, while its slow start may go on; 0 where it was there from the start. */
  since: number;

  private readonly idle: HttpLink[] = [];
  private readonly links = new Set<HttpLink>();
  private readonly lane: Lane;
  private readonly log: PlaneLog | undefined;
  private readonly onFailure: MemberNeeds['onFailure'];
  private retired = false;

  constructor(settings: Omit<MemberSettings, 'weight'>, needs: MemberNeeds) {
    this.id = settings.id;
    this.host = settings.host;
    this.port = settings.port;
    this.authority = settings.authority;
    this.block = settings.block;
    this.since = settings.since;
    this.words = needs.words.block(settings.block);
    this.clock = needs.clock;
    this.timers = needs.timers;
    this.lane = needs.lane;
    this.log = needs.log;
    this.onFailure = needs.onFailure;
  }

  link(sink: LinkSink, connectTimeout: number, fresh: boolean, now: number): Link {
    if (!fresh) {
      for (let link = this.idle.pop(); link !== undefined; link = this.idle.pop()) {
        if (link.idleUntil > now) {
          link.take(sink);
          return link;
        }
        link.destroy();
      }
    }
    const link = new HttpLink(this, sink, connectTimeout, now);
    this.links.add(link);
    return link;
  }

  keep(link: HttpLink): void {
    if (this.retired) link.destroy();
    else this.idle.push(link);
  }

  forget(link: HttpLink): void {
    this.links.delete(link);
    const at = this.idle.lastIndexOf(link);
    if (at !== -1) this.idle.splice(at, 1);
  }

  odd(where: string): void {
    this.log?.(
      'warn',
      { member: this.id, where },
      'an origin sent bytes that belong to no reply; its connection closes',
    );
  }

  judge(failed: boolean, now: number): void {
    const { words } = this;
    if (!failed) {
      this.lane.add(this.block, MEMBER_BLOCK.good, 1);
      // Read before written: while all is well, threads do not take the line of the cache from each other.
      if (words[MEMBER_WORDS.failures] !== 0) Atomics.store(words, MEMBER_WORDS.failures, 0);
      return;
    }
    this.lane.add(this.block, MEMBER_BLOCK.bad, 1);
    this.onFailure(this, Atomics.add(words, MEMBER_WORDS.failures, 1) + 1, now);
  }

  /** It was ejected: no word of it says anything new. */
  get out(): boolean {
    return this.words[MEMBER_WORDS.ejection] !== 0;
  }

  /** What ended without a word about it leaves no trace; a probe is told apart in probe.ts. */
  forgive(_now: number): void {}

  /** Counts one thing that happened to it, at this offset of its block. */
  count(offset: number): void {
    this.lane.add(this.block, offset, 1);
  }

  /** Open connections, idle ones too. */
  get connections(): number {
    return this.links.size;
  }

  /** No new links to keep: idle ones close now, busy ones when their exchange ends. */
  retire(): void {
    this.retired = true;
    for (const link of [...this.idle]) link.destroy();
    if (this.inFlight > 0) this.timers.arm(new Timer(() => this.fallSilent()), this.clock.now() + LINGER);
  }

  /** Its block may be another's from now on. A method in place of the other costs those who are there nothing. */
  private fallSilent(): void {
    this.judge = () => {};
  }

  /** Tunnels to it end; whatever else is under way goes on to its own end. */
  cutTunnels(): void {
    for (const link of [...this.links]) link.cutTunnel();
  }

  /** Closes everything at once. */
  stop(): void {
    this.retired = true;
    for (const link of [...this.links]) link.destroy();
  }
}
