/**
 * The upstreams of one thread: written settings in, living upstreams out.
 *
 * Rule: members live by upstream and id, so a new table finds the pools of the old one; a member that neither a table nor
 * the joined list names any more retires: its idle connections close, its busy ones finish. What is done about failures,
 * and what is said of panic, goes by the table in force. Only config/compile.ts asks for upstreams.
 */

import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneEvents, PlaneLog } from '../core/events.ts';
import { EJECTION_CAUSES, type Lane, MEMBER_BLOCK } from '../core/lanes.ts';
import type { NameSet } from '../core/names.ts';
import type { Timers } from '../core/timers.ts';
import { MEMBER_WORDS, timeWord, UPSTREAM_WORDS, type Words } from '../core/words.ts';
import { AimedUpstream, type Household, type WrittenSeat } from './aim.ts';
import type { Seat, Standing } from './availability.ts';
import { changed } from './change.ts';
import { type Company, eject, takeFromRow } from './ejection.ts';
import { readEndpoint } from './endpoint.ts';
import { Leaving } from './leaving.ts';
import { PooledMember } from './member.ts';
import type { Ring } from './ring.ts';
import { inForce, sameTerms } from './terms.ts';
import type {
  LeavingMember,
  MemberSettings,
  MembersChange,
  Upstream,
  UpstreamBlocks,
  UpstreamSettings,
} from './upstream.ts';

export interface UpstreamNeeds {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly draw: Draw;
  readonly lane: Lane;
  readonly words: Words;
  readonly tell: PlaneEvents;
  readonly log?: PlaneLog;
}

const IN_A_ROW = MEMBER_BLOCK.ejections + EJECTION_CAUSES.indexOf('consecutive_failures');

export class UpstreamLedger {
  private readonly needs: UpstreamNeeds;
  private readonly living = new Map<string, LivingUpstream>();
  private readonly leaving = new Leaving();

  constructor(needs: UpstreamNeeds) {
    this.needs = needs;
  }

  /** The upstream for a new table; members known from earlier tables keep their connections. */
  upstream(id: string, settings: UpstreamSettings, blocks: UpstreamBlocks, names: NameSet): Upstream {
    return this.of(id).upstream(settings, blocks, names);
  }

  /** Who is found by name or registered, in place of those before. `number`: so that a change can begin with this list. */
  join(id: string, members: readonly MemberSettings[], number?: number): void {
    if (members.length > 0 || this.living.has(id)) this.of(id).join(members, number);
  }

  /** The same by what has changed; false where the list before is another one. */
  change(change: MembersChange): boolean {
    const { upstream, to } = change;
    if (to === 0 && !this.living.has(upstream)) return true;
    return this.of(upstream).change(change);
  }

  /**
   * Called once a table is in, or one that was compiled is given up: members that none of these upstreams names retire.
   * What was joined to others is forgotten; it is told again before a table needs it.
   */
  keepOnly(upstreams: Iterable<Upstream>): void {
    const kept = new Map<string, Upstream>();
    for (const upstream of upstreams) kept.set(upstream.id, upstream);
    for (const [id, living] of this.living) {
      living.settle(kept.get(id));
      if (!kept.has(id)) this.living.delete(id);
    }
  }

  /** What is still under way at members that have left. */
  underWay(members: readonly LeavingMember[]): number[] {
    return this.leaving.underWay(members);
  }

  /** Open connections to upstreams, for status and tests. */
  get connections(): number {
    let sum = 0;
    for (const living of this.living.values()) sum += living.connections;
    return sum;
  }

  stop(): void {
    for (const living of this.living.values()) living.stop();
    this.living.clear();
  }

  private of(id: string): LivingUpstream {
    const known = this.living.get(id) ?? new LivingUpstream(id, this.needs, this.leaving);
    this.living.set(id, known);
    return known;
  }
}

/** A member as it was told, and as it lives. */
interface Joined extends Seat, MemberSettings {}

const NOBODY: readonly Joined[] = Object.freeze([]);

/** One upstream across tables. */
class LivingUpstream implements Household {
  readonly id: string;
  readonly draw: Draw;
  words: Int32Array = new Int32Array();
  joined: readonly Joined[] = NOBODY;
  private readonly needs: UpstreamNeeds;
  private readonly leaving: Leaving;
  /** Of the list of those who joined; undefined where it has none. */
  private number: number | undefined = 0;
  private readonly members = new Map<string, PooledMember>();
  /** Of the table in force, or of the first one until it is. */
  private current: AimedUpstream | undefined = undefined;
  /** Of tables that were compiled since, and may come. */
  private coming: AimedUpstream[] = [];
  /** Some table was in force before: whoever joins from here on is new. */
  private begun = false;

  constructor(id: string, needs: UpstreamNeeds, leaving: Leaving) {
    this.id = id;
    this.needs = needs;
    this.leaving = leaving;
    this.draw = needs.draw;
  }

  upstream(settings: UpstreamSettings, blocks: UpstreamBlocks, names: NameSet): AimedUpstream {
    this.words = this.needs.words.block(blocks.own);
    const since = this.begun ? timeWord(this.needs.clock.now()) : 0;
    const seats = settings.endpoints.flatMap(({ url, weight }, i): WrittenSeat[] => {
      const { is, host, port, authority } = readEndpoint(url);
      if (is !== 'address') return [];
      const member = this.member({ id: url, host, port, authority, block: blocks.endpoints[i], since });
      return [{ member, weight, authority }];
    });
    const upstream = new AimedUpstream(this.id, settings, blocks.own, seats, this, names);
    this.current ??= upstream;
    this.coming.push(upstream);
    return upstream;
  }

  join(told: readonly MemberSettings[], number: number | undefined): void {
    const { joined } = this;
    this.number = number;
    // Every document brings the lists along; one that says what is known already changes nothing.
    if (told.length === joined.length && told.every((one, i) => sameMember(one, joined[i]))) return;
    this.joined = told.map((settings) => this.joiner(settings));
    this.nameWritten();
    this.sweep();
  }

  change(change: MembersChange): boolean {
    const { from, to, gone } = change;
    if (this.number === to) return true;
    if (this.number !== from) return false;
    this.number = to;
    this.joined = changed(this.joined, change, (settings) => this.joiner(settings));
    this.nameWritten();
    // Nobody else can have lost the last who named them.
    if (gone.length > 0) this.dismiss(gone, this.written());
    return true;
  }

  /** The upstream's table is in force, or none is that knows it. */
  settle(upstream: Upstream | undefined): void {
    const current = upstream instanceof AimedUpstream ? upstream : undefined;
    // The table is another one, and those who joined serve it as its document says.
    if (current !== this.current && current !== undefined) this.joined = inForce(this.joined);
    this.current = current;
    this.begun = true;
    this.coming = [];
    for (const { member, authority } of this.joined) member.authority = authority;
    this.nameWritten();
    this.sweep();
  }

  company(seats: readonly Seat[], { outliers }: UpstreamSettings): Company | undefined {
    if (outliers === 'off') return undefined;
    const { clock, draw, tell } = this.needs;
    const members = seats.flatMap(({ member, weight }) => (weight > 0 ? [member] : []));
    return { upstream: this.id, words: this.words, members, settings: outliers, clock, draw, tell };
  }

  /** Panic begins or ends for the process, and one thread tells of it. A table on its way out has no say. */
  noted(upstream: Upstream, { panic, able, all }: Standing): void {
    const { words } = this;
    const before = panic ? 0 : 1;
    if (upstream !== this.current || words[UPSTREAM_WORDS.panic] !== before) return;
    if (Atomics.compareExchange(words, UPSTREAM_WORDS.panic, before, 1 - before) !== before) return;
    // It may be the setting that has changed, and not the members.
    const cause = `${able} of ${all} members can serve, panicPercent is ${upstream.settings.panicPercent || 'off'}`;
    this.needs.tell({ is: 'panic', upstream: this.id, on: panic, cause });
  }

  get ring(): Ring | undefined {
    return this.current?.ring;
  }

  get connections(): number {
    let sum = 0;
    for (const member of this.members.values()) sum += member.connections;
    return sum;
  }

  stop(): void {
    for (const member of this.members.values()) member.stop();
  }

  private joiner(settings: MemberSettings): Joined {
    const member = this.member(settings);
    member.authority = settings.authority;
    return { ...settings, member };
  }

  /**
   * From one document to the next an address may be written and found by name as well. It is one member, and what the
   * document in force calls it counts, in whatever order a thread hears of the two.
   */
  private nameWritten(): void {
    for (const { member, authority } of this.current?.fixed ?? []) member.authority = authority;
  }

  private member(settings: Omit<MemberSettings, 'weight'>): PooledMember {
    const known = this.members.get(settings.id);
    if (known !== undefined && isOf(known, settings)) return known;
    if (known !== undefined) this.retire(known);
    const { clock, timers, lane, words, log } = this.needs;
    const onFailure = (member: PooledMember, inARow: number, now: number) => this.onFailure(member, inARow, now);
    const needs = { clock, timers, lane, words, onFailure, ...(log === undefined ? {} : { log }) };
    const member = new PooledMember(settings, needs);
    this.members.set(settings.id, member);
    return member;
  }

  private onFailure(member: PooledMember, inARow: number, now: number): void {
    const { current } = this;
    if (current === undefined || current.settings.outliers === 'off') return;
    if (inARow < current.settings.outliers.consecutiveFailures || member.words[MEMBER_WORDS.ejection] !== 0) return;
    const company = this.company(current.seats, current.settings);
    if (company === undefined || !eject(company, member, `${inARow} failures in a row`, now)) return;
    member.count(IN_A_ROW);
    takeFromRow(this.words, inARow);
  }

  /** Whom nobody names retires, wherever its connections lead. */
  private sweep(): void {
    const named = this.written();
    // Exchanges of a table without a successor still find who was joined; no connection outlives them.
    const gone = this.begun && this.current === undefined;
    if (!gone) for (const { member } of this.joined) named.add(member);
    this.dismiss(this.members.keys(), named);
  }

  /** The members of documents, of the one in force and of those that may come. */
  private written(): Set<PooledMember> {
    const written = new Set<PooledMember>();
    for (const upstream of this.coming) for (const { member } of upstream.fixed) written.add(member);
    for (const { member } of this.current?.fixed ?? NOBODY) written.add(member);
    return written;
  }

  /** Those of these that are not `named` retire. */
  private dismiss(ids: Iterable<string>, named: ReadonlySet<PooledMember>): void {
    for (const id of ids) {
      const member = this.members.get(id);
      if (member === undefined || named.has(member)) continue;
      this.retire(member);
      this.members.delete(id);
    }
  }

  private retire(member: PooledMember): void {
    member.retire();
    this.leaving.add(this.id, member);
  }
}

function isOf({ host, port, block }: PooledMember, settings: Omit<MemberSettings, 'weight'>): boolean {
  return host === settings.host && port === settings.port && block === settings.block;
}

function sameMember(one: MemberSettings, other: MemberSettings): boolean {
  const { id, host, port, block, next } = one;
  const same = id === other.id && host === other.host && port === other.port && block === other.block;
  return same && sameTerms(one, other) && sameTerms(next, other.next);
}
