/**
 * All members of the process, as the control thread keeps them: in the document, found by name, and by lease.
 *
 * Rule: three steps for a document. `expect` looks its new names up before threads get it, so that nobody starts with
 * empty pools; until it is settled, what the running document has stays too. `settle`: it is in force, and what it does not
 * name is forgotten. `keep`: it was refused, and all is as it was. In between, lists change whenever names lead elsewhere or
 * services register; threads always get an upstream's whole list (joined.ts), and what each document makes of it (terms.ts).
 */

import { type Alarms, atMost } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneEvents, PlaneLog } from '../core/events.ts';
import { type BlockLedger, memberKey } from '../core/ledger.ts';
import type { SharedLanes } from '../core/shared.ts';
import { MEMBER_WORDS } from '../core/words.ts';
import type { Probe } from './check.ts';
import { Checks } from './checks.ts';
import { Draining } from './draining.ts';
import type { Company, Ejectable } from './ejection.ts';
import { type Causes, Joined, type JoinedNeeds } from './joined.ts';
import { Leases } from './leases.ts';
import type { Lookup } from './lookup.ts';
import { outliersOff, readmit } from './readmit.ts';
import { type NameState, Resolver } from './resolver.ts';
import { byId, type Candidate, found, gathered, type Named, sourcesOf } from './roster.ts';
import { type MemberView, shownMembers } from './shown.ts';
import { Spacing } from './spacing.ts';
import { SuccessRates } from './success-rate.ts';
import { ofBoth } from './terms.ts';
import type { LeavingMember, UpstreamSettings } from './upstream.ts';

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
  /** All data threads as one. */
  readonly threads: {
    readonly join: JoinedNeeds['join'];
    /** How much is under way at members that have left; undefined where a thread does not say. */
    readonly underWay: (members: readonly LeavingMember[]) => Promise<readonly number[] | undefined>;
  };
  /** How long tunnels to a member that deregistered may go on (`drain.limit`), milliseconds. */
  readonly drainLimit: () => number;
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

const RESTING = 'the leases of an upstream that is gone rest until their time is over';
const UNKNOWN: Causes = new Map();
const DONE = Promise.resolve();

export class Membership {
  /** Who has registered. */
  readonly leases: Leases;
  private readonly needs: MembershipNeeds;
  private readonly resolver: Resolver;
  private readonly checks: Checks;
  private readonly rates: SuccessRates;
  private running: Upstreams = {};
  /** A document on its way to the threads. */
  private expected: Upstreams | undefined = undefined;
  private blocks: ReadonlyMap<string, number> = new Map();
  private readonly joined: Joined;
  private readonly draining: Draining;
  private readonly spacing: Spacing;
  /** Why members by lease came or left since the last list, by upstream. */
  private readonly causes = new Map<string, Map<string, string>>();
  /** Key of a name -> upstreams that use it. */
  private readonly users = new Map<string, Set<string>>();
  private stopped = false;

  constructor(needs: MembershipNeeds) {
    this.needs = needs;
    const { alarms, clock, lookup, log, lanes, threads } = needs;
    this.resolver = new Resolver({ lookup, alarms, log, onChange: (key) => this.leadsElsewhere(key) });
    this.checks = new Checks(needs);
    const sum = (block: number, offset: number) => lanes.sum(block, offset);
    this.rates = new SuccessRates({ alarms, sum, eject: (...told) => this.eject(...told) });
    // Called on the crew: its methods are no closures.
    this.joined = new Joined({ ...needs, join: (call) => threads.join(call) });
    const underWay = (members: readonly LeavingMember[]) => threads.underWay(members);
    this.draining = new Draining({ clock, alarms, underWay, limit: needs.drainLimit });
    this.spacing = new Spacing({ clock, alarms, work: (id) => this.moved(id) });
    this.leases = new Leases({
      ...needs,
      draining: this.draining,
      knows: (id) => Object.hasOwn(this.running, id),
      changed: (id, causes) => this.leased(id, causes),
    });
  }

  /** A document is about to go to the threads. */
  async expect(upstreams: Upstreams): Promise<void> {
    this.expected = upstreams;
    const wanted = this.learn(upstreams);
    if (wanted.length > 0) {
      const answered = this.resolver.watch(wanted.map((name) => name.wanted));
      await atMost(this.needs.alarms, NAMES_LIMIT, answered);
    }
    this.refreshAll(upstreams);
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

  /** Who serves an upstream of the running document, and who leaves it. */
  membersOf(id: string): readonly MemberView[] {
    const settings = this.running[id];
    if (settings === undefined) return [];
    const named = found(sourcesOf(settings), (key) => this.resolver.places(key)).map((member) => member.id);
    return shownMembers({
      serving: this.living(id),
      written: this.fixedOf(id).length,
      named: new Set(named),
      leaving: this.draining.of(id),
      facts: this.leases.facts(id),
    });
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
    this.spacing.stop();
    this.leases.stop();
    this.draining.stop();
  }

  /** This and no other document counts from now on. */
  private take(upstreams: Upstreams): void {
    const before = this.running;
    this.running = upstreams;
    this.expected = undefined;
    this.users.clear();
    this.resolver.keepOnly(new Set(this.learn(upstreams).map(({ key }) => key)));
    this.refreshAll(upstreams);
    for (const id of Object.keys(before)) {
      if (id in upstreams) continue;
      this.checks.leave(id);
      this.rates.leave(id);
      const leases = this.leases.size(id);
      if (leases > 0) this.needs.log('info', { upstream: id, leases }, RESTING);
    }
    const { tell, clock } = this.needs;
    for (const id of outliersOff(before, upstreams)) readmit(id, this.wordsOf(id), this.living(id), tell, clock.now());
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

  /** Upstreams that may have members beside those that stand in the document. */
  private growing(upstreams: Upstreams): string[] {
    return Object.keys(upstreams).filter((id) => sourcesOf(upstreams[id]).named.length > 0 || this.leases.size(id) > 0);
  }

  /** Those that have such members, and those that may get some. */
  private refreshAll(upstreams: Upstreams): void {
    for (const id of new Set([...this.joined.upstreams(), ...this.growing(upstreams)])) void this.refresh(id);
  }

  /** A name leads elsewhere. */
  private leadsElsewhere(key: string): void {
    for (const id of this.users.get(key) ?? []) void this.moved(id);
  }

  /** Members by lease have changed. */
  private leased(id: string, causes: Causes): Promise<void> {
    const known = this.causes.get(id) ?? new Map<string, string>();
    for (const [member, cause] of causes) known.set(member, cause);
    this.causes.set(id, known);
    return this.spacing.soon(id);
  }

  private moved(id: string): Promise<void> {
    const told = this.refresh(id);
    this.attend(id);
    return told;
  }

  /** Works out who joins an upstream beside its document, and tells threads where that has changed. */
  private refresh(id: string): Promise<void> {
    const causes = this.causes.get(id) ?? UNKNOWN;
    this.causes.delete(id);
    const change = this.joined.put(id, this.gatheredFor(id), this.fixedOf(id).length, causes);
    if (change === undefined) {
      // All of an upstream that is gone have left with it, and what is under way at them goes on.
      if (!Object.hasOwn(this.running, id)) for (const member of causes.keys()) this.draining.begin(id, member);
      return DONE;
    }
    // By name none drains: what is under way there ends in peace, and tunnels go on.
    for (const member of change.left) if (causes.has(member.id)) this.draining.begin(id, member.id, member);
    for (const member of change.came) this.draining.end(id, member);
    return change.told;
  }

  /** Who joins: for the document on its way, and for the running one until that is settled. */
  private gatheredFor(id: string): readonly Candidate[] {
    const places = (key: string) => this.resolver.places(key);
    const lists = [this.running, this.expected].flatMap((upstreams) => {
      const settings = upstreams?.[id];
      return settings === undefined ? [] : [gathered(sourcesOf(settings), places, this.leases.members(id))];
    });
    if (lists.length < 2) return lists[0] ?? [];
    return ofBoth(lists[0], lists[1]).sort(byId);
  }

  private fixedOf(id: string): readonly Candidate[] {
    const settings = this.running[id];
    return settings === undefined ? [] : sourcesOf(settings).fixed;
  }

  /** Who of an upstream is checked and compared. */
  private attend(id: string): void {
    const settings = this.running[id];
    if (settings === undefined || this.stopped) return;
    const { healthCheck, outliers } = settings;
    const rated = outliers !== 'off' && outliers.successRate !== 'off';
    const members = healthCheck !== 'off' || rated ? this.living(id) : [];
    if (healthCheck === 'off') this.checks.turnOff(id, () => this.living(id));
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
    const joined = this.joined.of(id).filter((member) => !written.has(member.id));
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
