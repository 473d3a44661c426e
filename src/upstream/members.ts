/**
 * All members of the process, as the control thread keeps them: those in the document and those found by name.
 *
 * Rule: three steps for a document. `expect` looks its new names up before threads get it, so that nobody starts with
 * empty pools; until it is settled, what the running document has stays too. `settle`: it is in force, and what it does not
 * name is forgotten. `keep`: it was refused, and all is as it was. In between, lists change whenever names lead elsewhere;
 * threads always get an upstream's whole list.
 */

import { type Alarms, atMost } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneEvents, PlaneLog } from '../core/events.ts';
import { type BlockLedger, memberKey } from '../core/ledger.ts';
import type { SharedLanes } from '../core/shared.ts';
import { MEMBER_WORDS, timeWord } from '../core/words.ts';
import type { Probe } from './check.ts';
import { Checks } from './checks.ts';
import type { Company, Ejectable } from './ejection.ts';
import type { Lookup } from './lookup.ts';
import { type NameState, Resolver } from './resolver.ts';
import { type Candidate, found, type Named, readSources, type Sources } from './roster.ts';
import { SuccessRates } from './success-rate.ts';
import type { MemberSettings, UpstreamSettings } from './upstream.ts';

/** How long a document waits for its names, all together; what is not known by then comes later. Milliseconds. */
const NAMES_LIMIT = 2_000;

/** Takes a member out of traffic, where its upstream can do without it; false where not. */
export type Eject = (company: Company, member: Ejectable, why: string, now: number) => boolean;

export interface MembershipNeeds {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly draw: Draw;
  readonly ledger: BlockLedger;
  readonly lanes: SharedLanes;
  readonly lookup: Lookup;
  readonly probe: Probe;
  readonly eject: Eject;
  /** Tells all threads an upstream's whole list. */
  readonly join: (call: { readonly upstream: string; readonly members: readonly MemberSettings[] }) => Promise<void>;
  readonly tell: PlaneEvents;
  readonly log: PlaneLog;
}

type Upstreams = Readonly<Record<string, UpstreamSettings>>;
type Blocks = readonly (readonly [key: string, block: number])[];

/** A member with all that is known of it here. */
interface Living extends Candidate {
  readonly block: number;
  readonly words: Int32Array;
}

export class Membership {
  private readonly needs: MembershipNeeds;
  private readonly resolver: Resolver;
  private readonly checks: Checks;
  private readonly rates: SuccessRates;
  private running: Upstreams = {};
  /** A document on its way to the threads. */
  private expected: Upstreams | undefined = undefined;
  private blocks: ReadonlyMap<string, number> = new Map();
  /** Members found by name, as threads know them. Upstreams without such are not in it. */
  private readonly joined = new Map<string, readonly MemberSettings[]>();
  /** Key of a name -> upstreams that use it. */
  private readonly users = new Map<string, Set<string>>();
  private stopped = false;

  constructor(needs: MembershipNeeds) {
    this.needs = needs;
    const { alarms, lookup, log, lanes } = needs;
    this.resolver = new Resolver({ lookup, alarms, log, onChange: (key) => this.moved(key) });
    this.checks = new Checks(needs);
    const sum = (block: number, offset: number) => lanes.sum(block, offset);
    this.rates = new SuccessRates({ alarms, sum, eject: (...told) => this.eject(...told) });
  }

  /** A document is about to go to the threads. */
  async expect(upstreams: Upstreams): Promise<void> {
    this.expected = upstreams;
    const wanted = this.learn(upstreams);
    if (wanted.length === 0) return;
    const answered = this.resolver.watch(wanted.map((name) => name.wanted));
    await atMost(this.needs.alarms, NAMES_LIMIT, answered);
    for (const id of this.named(upstreams)) this.refresh(id);
  }

  /** The expected document is in force; `blocks`: its keys. */
  settle(blocks: Blocks): void {
    if (this.expected === undefined) return;
    this.blocks = new Map(blocks);
    this.take(this.expected);
  }

  /** The expected document was refused. */
  keep(): void {
    if (this.expected !== undefined) this.take(this.running);
  }

  /** How the lookups of each name went. */
  names(): Iterable<NameState> {
    return this.resolver.states();
  }

  stop(): void {
    this.stopped = true;
    this.resolver.stop();
    this.checks.stop();
    this.rates.stop();
  }

  /** This and no other document counts from now on. */
  private take(upstreams: Upstreams): void {
    const before = this.running;
    this.running = upstreams;
    this.expected = undefined;
    this.users.clear();
    this.resolver.keepOnly(new Set(this.learn(upstreams).map(({ key }) => key)));
    for (const id of new Set([...this.joined.keys(), ...this.named(upstreams)])) this.refresh(id);
    for (const id of Object.keys(before)) {
      if (id in upstreams) continue;
      this.checks.leave(id);
      this.rates.leave(id);
    }
    for (const id of Object.keys(upstreams)) this.attend(id);
  }

  /** Notes which names the upstreams use. */
  private learn(upstreams: Upstreams): Named[] {
    return this.named(upstreams).flatMap((id) => {
      const { named } = sourcesOf(upstreams[id]);
      for (const { key } of named) this.users.set(key, (this.users.get(key) ?? new Set()).add(id));
      return named;
    });
  }

  /** Upstreams that have endpoints with names. */
  private named(upstreams: Upstreams): string[] {
    return Object.keys(upstreams).filter((id) => sourcesOf(upstreams[id]).named.length > 0);
  }

  /** A name leads elsewhere. */
  private moved(key: string): void {
    for (const id of this.users.get(key) ?? []) {
      this.refresh(id);
      this.attend(id);
    }
  }

  /** Works out who was found for an upstream, and tells threads where that has changed. */
  private refresh(id: string): void {
    const before = this.joined.get(id) ?? [];
    const now = this.foundFor(id);
    if (JSON.stringify(now) === JSON.stringify(before.map(({ block, since, ...rest }) => rest))) return;
    const known = new Map(before.map((member) => [member.id, member]));
    const first = before.length === 0 && this.fixedOf(id).length === 0;
    const members = now.map((candidate): MemberSettings => {
      const { block, since } = known.get(candidate.id) ?? this.welcome(id, candidate.id, first);
      return { ...candidate, block, since };
    });
    if (members.length === 0) this.joined.delete(id);
    else this.joined.set(id, members);
    // Before they are told: memory for what is new has grown by now, and goes with the list.
    void this.needs.join({ upstream: id, members });
    const there = new Set(now.map((member) => member.id));
    const left = before.filter((member) => !there.has(member.id)).map((member) => member.id);
    for (const member of left) this.needs.ledger.letGo(memberKey(id, member));
    const came = now.filter((member) => !known.has(member.id)).map((member) => member.id);
    this.say(id, came, left, members.length + this.fixedOf(id).length);
  }

  /** Who was found for an upstream: for the document on its way, and for the running one until that is settled. */
  private foundFor(id: string): Candidate[] {
    const places = (key: string) => this.resolver.places(key);
    const all = new Map<string, Candidate>();
    for (const upstreams of [this.running, this.expected]) {
      const settings = upstreams?.[id];
      if (settings === undefined) continue;
      for (const member of found(sourcesOf(settings), places)) all.set(member.id, member);
    }
    return [...all.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  private fixedOf(id: string): readonly Candidate[] {
    const settings = this.running[id];
    return settings === undefined ? [] : sourcesOf(settings).fixed;
  }

  /** Its block, as fresh as it is; those who come to others begin slowly. */
  private welcome(upstream: string, member: string, first: boolean): { block: number; since: number } {
    const block = this.needs.ledger.hold(memberKey(upstream, member));
    const since = first ? 0 : timeWord(this.needs.clock.now());
    const words = this.needs.lanes.words.block(block);
    // It may have been here a moment ago: what was held against it then is over.
    const { health, ejection, failures, ejections } = MEMBER_WORDS;
    for (const word of [health, ejection, failures, ejections]) Atomics.store(words, word, 0);
    Atomics.store(words, MEMBER_WORDS.since, since);
    return { block, since };
  }

  private say(upstream: string, joined: readonly string[], left: readonly string[], members: number): void {
    if (joined.length + left.length === 0) return;
    this.needs.log('info', { upstream, joined, left, members }, 'the members of an upstream have changed');
    const told = { is: 'member', upstream, cause: `${members} members now`, until: undefined } as const;
    for (const member of joined) this.needs.tell({ ...told, member, state: 'joined' });
    for (const member of left) this.needs.tell({ ...told, member, state: 'left' });
  }

  /** Who of an upstream is checked and compared. */
  private attend(id: string): void {
    const settings = this.running[id];
    if (settings === undefined || this.stopped) return;
    const { healthCheck, outliers } = settings;
    const rated = outliers !== 'off' && outliers.successRate !== 'off';
    const members = healthCheck !== 'off' || rated ? this.living(id) : [];
    if (healthCheck === 'off') this.checks.leave(id);
    else this.checks.keep({ upstream: id, words: this.wordsOf(id), settings: healthCheck, members });
    this.rates.keep(id, outliers, members);
  }

  private living(id: string): Living[] {
    const fixed = this.fixedOf(id).map((member) => ({
      ...member,
      block: this.blocks.get(memberKey(id, member.id)) ?? 0,
    }));
    // On the way from one document to the next, an address may be found that still stands in the first: it is one member.
    const written = new Set(fixed.map((member) => member.id));
    const joined = (this.joined.get(id) ?? []).filter((member) => !written.has(member.id));
    return [...fixed, ...joined].map((member) => ({ ...member, words: this.needs.lanes.words.block(member.block) }));
  }

  private wordsOf(id: string): Int32Array {
    return this.needs.lanes.words.block(this.blocks.get(`upstream:${id}`) ?? 0);
  }

  private eject(upstream: string, id: string, cause: string): void {
    const { clock, draw, tell, eject } = this.needs;
    const { outliers } = this.running[upstream] ?? { outliers: 'off' };
    const members = this.living(upstream).filter(({ weight }) => weight > 0);
    const member = members.find((one) => one.id === id);
    if (member === undefined || outliers === 'off') return;
    const company = { upstream, words: this.wordsOf(upstream), members, settings: outliers, clock, draw, tell };
    // This thread has no lane of counters.
    if (eject(company, member, cause, clock.now())) Atomics.add(member.words, MEMBER_WORDS.rated, 1);
  }
}

/** What endpoints lead to is read once; settings are the same object as long as their document lives. */
const read = new WeakMap<UpstreamSettings, Sources>();

function sourcesOf(settings: UpstreamSettings): Sources {
  const known = read.get(settings) ?? readSources(settings.endpoints);
  read.set(settings, known);
  return known;
}
