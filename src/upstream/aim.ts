/**
 * An upstream of a table: aims at one of the members there are now.
 *
 * Rule: the picker is made from those that can serve, and used until the upstream's word of availability changes, another
 * list of members is there, or a time comes; so aiming costs three comparisons and the pick. Lists change while a table
 * lives, and reach tables on their way out as well. Who can serve is read in availability.ts; probes are handed out here.
 */

import type { Draw } from '../core/draw.ts';
import type { Exchange } from '../core/exchange.ts';
import type { NameSet } from '../core/names.ts';
import { elapsed, MEMBER_WORDS, timeWord, UPSTREAM_WORDS } from '../core/words.ts';
import { type Seat, type Standing, standingOf } from './availability.ts';
import { balancer, type Candidate, type Pick } from './balance.ts';
import { type Company, takeProbe } from './ejection.ts';
import { buildKey } from './key.ts';
import type { PooledMember } from './member.ts';
import { Probe } from './probe.ts';
import { byKey, type KeyOf, Ring } from './ring.ts';
import type { Member, Upstream, UpstreamSettings } from './upstream.ts';

/** A member that stands in the document, and what requests name as their host there. */
export interface WrittenSeat extends Seat {
  readonly authority: string;
}

/** What the tables of one upstream share. */
export interface Household {
  /** The upstream's words. */
  readonly words: Int32Array;
  /** Members that are in no document; a new array where anything about them changed. */
  readonly joined: readonly Seat[];
  readonly draw: Draw;
  /** Of the table in force, where it has one. */
  readonly ring: Ring | undefined;
  /** Those among whom a member is ejected; undefined where these settings eject nobody. */
  company(seats: readonly Seat[], settings: UpstreamSettings): Company | undefined;
  /** What was found of who can serve, by the upstream of a table. */
  noted(upstream: Upstream, standing: Standing): void;
}

const NO_MEMBER: Pick = () => undefined;
/** Only a request that may be sent again tries a member in the first second; where none comes, any does. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const CHOOSY = 1_000;
/** A probe of which nothing is heard for so long counts as lost, milliseconds. */
const LEASE = { least: 1_000, most: 60_000 } as const;

export class AimedUpstream implements Upstream {
  readonly id: string;
  readonly settings: UpstreamSettings;
  readonly block: number;
  /** Members of the document. */
  readonly fixed: readonly WrittenSeat[];
  private readonly home: Household;
  private readonly words: Int32Array;
  private readonly keyOf: KeyOf | undefined;
  private joined: readonly Seat[] | undefined = undefined;
  private list: readonly Seat[] = [];
  private all: readonly Member[] = [];
  /** Of the list, or of one before it. */
  ring: Ring | undefined = undefined;
  private ringed: readonly Seat[] | undefined = undefined;
  private seen = -1;
  private until = Number.NEGATIVE_INFINITY;
  private due: readonly PooledMember[] = [];
  private able = 0;
  private pick: Pick = NO_MEMBER;

  constructor(
    id: string,
    settings: UpstreamSettings,
    block: number,
    fixed: readonly WrittenSeat[],
    home: Household,
    names: NameSet,
  ) {
    this.id = id;
    this.settings = settings;
    this.block = block;
    this.fixed = fixed;
    this.home = home;
    this.words = home.words;
    const { balance } = settings;
    this.keyOf = typeof balance === 'object' ? buildKey(balance.hash, names) : undefined;
  }

  /** The members there are now, each once, with their weights. */
  get seats(): readonly Seat[] {
    if (this.home.joined !== this.joined) this.learn(this.home.joined);
    return this.list;
  }

  get members(): readonly Member[] {
    if (this.home.joined !== this.joined) this.learn(this.home.joined);
    return this.all;
  }

  aim(exchange: Exchange, tried: readonly Member[], now: number): Member | undefined {
    const { home } = this;
    if (this.words[UPSTREAM_WORDS.availability] !== this.seen || home.joined !== this.joined || now >= this.until) {
      this.look(now);
    }
    if (this.due.length !== 0) {
      const probe = this.probe(exchange, tried, now);
      if (probe !== undefined) return probe;
    }
    return this.pick(exchange, tried.length === 0 ? tried : plain(tried), now);
  }

  private learn(joined: readonly Seat[]): void {
    this.joined = joined;
    this.list = merged(this.fixed, joined);
    this.all = this.list.map(({ member }) => member);
    this.until = Number.NEGATIVE_INFINITY;
  }

  private look(now: number): void {
    const { seats } = this;
    // Read before the members' words: what changes meanwhile is looked at again.
    this.seen = Atomics.load(this.words, UPSTREAM_WORDS.availability);
    const standing = standingOf(seats, this.settings, now);
    this.until = standing.until;
    this.due = standing.due;
    this.able = standing.able;
    this.pick = this.picker(standing);
    this.home.noted(this, standing);
  }

  private picker({ serving }: Standing): Pick {
    const { balance } = this.settings;
    const { draw } = this.home;
    if (typeof balance === 'string') return balancer(balance, serving, draw);
    if (this.keyOf === undefined || serving.length === 0) return NO_MEMBER;
    return byKey(this.ringNow(), this.keyOf, membersOf(serving), balancer('p2c', serving, draw));
  }

  /**
   * Of all members, in or out: a ring changes with the list alone. Nor does a slow start change it, because shares that grow
   * would move keys at every step.
   */
  private ringNow(): Ring {
    if (this.ring === undefined) this.ring = new Ring(this.list, this.home.ring);
    else if (this.ringed !== this.list) this.ring.take(this.list);
    this.ringed = this.list;
    return this.ring;
  }

  /** The probe of a member whose time is over, where this request may try it and no other was faster. */
  private probe(exchange: Exchange, tried: readonly Member[], now: number): Member | undefined {
    // A second try is to succeed.
    if (tried.length !== 0 && this.able > 0) return undefined;
    for (const member of this.due) {
      const waited = elapsed(member.words[MEMBER_WORDS.until], timeWord(now));
      if (waited < CHOOSY && !IDEMPOTENT.has(exchange.method)) continue;
      const company = this.home.company(this.list, this.settings);
      const mark = company === undefined ? 0 : takeProbe(company, member, leaseOf(this.settings), now);
      this.look(now);
      return company === undefined || mark === 0 ? undefined : new Probe(member, company, mark);
    }
    return undefined;
  }
}

function leaseOf({ timeout }: UpstreamSettings): number {
  return Math.min(LEASE.most, Math.max(LEASE.least, timeout.attempt * 2));
}

function membersOf(candidates: readonly Candidate[]): Set<Member> {
  return new Set(candidates.map(({ member }) => member));
}

/** A member that is named twice is one, with the weight of both; nobody joins twice. */
function merged(fixed: readonly Seat[], joined: readonly Seat[]): readonly Seat[] {
  if (fixed.length === 0) return joined;
  const seats = [...fixed, ...joined];
  const weights = new Map<PooledMember, number>();
  for (const { member, weight } of seats) weights.set(member, (weights.get(member) ?? 0) + weight);
  return weights.size === seats.length ? seats : Array.from(weights, ([member, weight]) => ({ member, weight }));
}

/** Those tried, probes as the members they are. */
function plain(tried: readonly Member[]): readonly Member[] {
  return tried.some((one) => one instanceof Probe)
    ? tried.map((one) => (one instanceof Probe ? one.member : one))
    : tried;
}
