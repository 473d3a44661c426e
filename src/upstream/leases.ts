/**
 * Who has registered: leases of instances by upstream, on the control thread.
 *
 * Rule: renewing writes one number and tells nobody; what changes members goes through members.ts. There is no timer per
 * lease: one alarm rings when the first may be over (expiry.ts). Leases of an upstream that leaves the document rest until
 * their time is over. What is under way at an instance that ended is for draining.ts, keeping leases over a restart for
 * control/lease-store.ts.
 */

import type { Alarms } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';
import { formatDuration } from '../core/duration.ts';
import type { PlaneLog } from '../core/events.ts';
import type { Draining } from './draining.ts';
import { Expiry } from './expiry.ts';
import type { Causes } from './joined.ts';
import {
  causesOf,
  type Lease,
  type LeaseFacts,
  type LeaseOrder,
  type LeaseView,
  type PutAnswer,
  type Removed,
  readOrder,
  type StoredLease,
  says,
  viewOf,
} from './lease.ts';
import { LeasedMembers } from './leased.ts';
import type { Candidate } from './roster.ts';

/** In the whole process: an instance that takes another name with every start must not fill the memory. */
const MOST_LEASES = 50_000;

export interface LeasesNeeds {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly draining: Pick<Draining, 'over' | 'wait'>;
  /** The running document has this upstream. */
  readonly knows: (upstream: string) => boolean;
  /** The members by lease of an upstream have changed, for these causes; resolves once all threads have them. */
  readonly changed: (upstream: string, causes: Causes) => Promise<void>;
  readonly log: PlaneLog;
}

/** One that has ended. */
interface Leaving {
  readonly lease: Lease;
  readonly endedAt: number;
  readonly told: Promise<void>;
  /** It is shown no more. */
  readonly over: Promise<void>;
}

type Touch = 'changed' | 'renewed';

const DONE = Promise.resolve();
const NOT_TAKEN = 'a saved lease cannot be taken up';

export class Leases {
  private readonly needs: LeasesNeeds;
  /** Upstream -> instance -> lease; whoever registered or changed last stands last. */
  private readonly leases = new Map<string, Map<string, Lease>>();
  /** The members that they make, of the same upstreams. */
  private readonly leased = new Map<string, LeasedMembers>();
  private readonly leaving = new Map<string, Leaving>();
  private count = 0;
  private readonly expiry: Expiry;
  private touched: (what: Touch) => void = () => {};

  constructor(needs: LeasesNeeds) {
    this.needs = needs;
    this.expiry = new Expiry(needs.clock, needs.alarms, (now) => this.look(now));
  }

  /** Registers or changes an instance, or renews its lease where the order says what it said before. */
  put(upstream: string, instance: string, order: LeaseOrder, author: string): PutAnswer {
    if (!this.needs.knows(upstream)) {
      const reason = `there is no upstream ${upstream} in the running document`;
      return refusal('not_found', reason, 'add it under `upstreams`, or mend the name');
    }
    const known = this.leases.get(upstream)?.get(instance);
    if (known !== undefined && says(order, known.terms)) return this.renew(known, author);
    const terms = readOrder(instance, order);
    if ('reason' in terms) return { ok: false, code: 'invalid', ...terms };
    if (known === undefined && this.count >= MOST_LEASES) {
      const reason = `there are ${MOST_LEASES} leases already`;
      return refusal('invalid', reason, 'deregister what is gone, or take a shorter ttl');
    }
    return this.register({ upstream, instance, terms, author }, known);
  }

  /** A lease goes on as it is, the cheapest there is to ask of it; false where nobody is registered so. */
  goOn(upstream: string, instance: string, author: string): boolean {
    const known = this.leases.get(upstream)?.get(instance);
    if (known === undefined) return false;
    this.renewed(known, author);
    return true;
  }

  /**
   * Ends a lease; the answer comes once nothing is under way at the instance, or after `wait` milliseconds. An address that
   * goes on being a member otherwise does not drain. undefined where nobody is registered so.
   */
  async remove(
    upstream: string,
    instance: string,
    { wait, author }: { readonly wait: number; readonly author: string },
  ): Promise<Removed | undefined> {
    const known = this.leases.get(upstream)?.get(instance);
    if (known !== undefined) this.end([known], ` deregistered${by(author)}`);
    const leaving = this.leaving.get(keyOf({ upstream, instance }));
    if (leaving === undefined) return undefined;
    await leaving.told;
    const left = await this.needs.draining.wait(upstream, leaving.lease.terms.member.id, wait);
    if (left !== undefined) return { state: 'draining', inFlight: left.inFlight };
    await leaving.over;
    return { state: 'gone', inFlight: 0 };
  }

  /** The leases of an upstream by instance, those that drain too. */
  list(upstream: string): LeaseView[] {
    const up = [...(this.leases.get(upstream)?.values() ?? [])].map(viewOf);
    const leaving = [...this.leaving.values()].flatMap(({ lease, endedAt }) =>
      lease.upstream === upstream ? [{ ...viewOf(lease), state: 'draining' as const, expiresAt: endedAt }] : [],
    );
    return [...up, ...leaving].sort((one, other) => (one.instance < other.instance ? -1 : 1));
  }

  /** How many leases an upstream has. */
  size(upstream: string): number {
    return this.leases.get(upstream)?.size ?? 0;
  }

  /** The members that leases make, each once, in order of ids: of several with one address the last to register counts. */
  members(upstream: string): readonly Candidate[] {
    return this.leased.get(upstream)?.all() ?? [];
  }

  /** Who stands behind the members of an upstream, by their ids; of those that drain too. */
  facts(upstream: string): Map<string, LeaseFacts> {
    const leaving = [...this.leaving.values()].flatMap(({ lease }) => (lease.upstream === upstream ? [lease] : []));
    const all = [...leaving, ...(this.leases.get(upstream)?.values() ?? [])];
    return new Map(
      all.map(({ instance, terms: { member, version, zone } }) => [member.id, { instance, version, zone }]),
    );
  }

  /** Takes up leases with the time that they had left; before a document is settled, so that no pool starts empty. */
  restore(stored: readonly StoredLease[]): void {
    const now = this.needs.clock.now();
    for (const { upstream, instance, author, registeredAt, left, ...order } of stored) {
      const terms = readOrder(instance, order);
      if ('reason' in terms) this.needs.log('warn', { upstream, instance, ...terms }, NOT_TAKEN);
      if ('reason' in terms || left <= 0 || this.count >= MOST_LEASES) continue;
      const renewed = now + Math.min(left, terms.ttl) - terms.ttl;
      const renewedAt = Math.round(this.needs.clock.wall() + renewed - now);
      this.keep({ upstream, instance, terms, author, registeredAt, renewed, renewedAt });
      this.expiry.at(renewed + terms.ttl);
    }
  }

  /** All leases with the time that they have left. */
  stored(): StoredLease[] {
    const now = this.needs.clock.now();
    const stored: StoredLease[] = [];
    for (const leases of this.leases.values()) {
      for (const { upstream, instance, terms, author, registeredAt, renewed } of leases.values()) {
        const { member, ...said } = terms;
        stored.push({ upstream, instance, ...said, author, registeredAt, left: Math.ceil(renewed + said.ttl - now) });
      }
    }
    return stored;
  }

  /** Hears of everything that a restart should know. */
  onTouch(touched: (what: Touch) => void): void {
    this.touched = touched;
  }

  stop(): void {
    this.expiry.stop();
  }

  private renewed(lease: Lease, author: string): void {
    lease.renewed = this.needs.clock.now();
    lease.renewedAt = this.needs.clock.wall();
    lease.author = author;
    this.touched('renewed');
  }

  private renew(lease: Lease, author: string): PutAnswer {
    this.renewed(lease, author);
    return { ok: true, lease: viewOf(lease), fresh: false, told: DONE };
  }

  private register(
    asked: Pick<Lease, 'upstream' | 'instance' | 'terms' | 'author'>,
    known: Lease | undefined,
  ): PutAnswer {
    const { clock } = this.needs;
    const { upstream, instance, terms, author } = asked;
    const renewedAt = clock.wall();
    const lease = { ...asked, registeredAt: known?.registeredAt ?? renewedAt, renewed: clock.now(), renewedAt };
    this.leaving.delete(keyOf(lease));
    this.keep(lease);
    this.expiry.at(lease.renewed + terms.ttl);
    this.touched('changed');
    const causes = causesOf(instance, terms, known?.terms, by(author));
    const told = causes.size === 0 ? DONE : this.needs.changed(upstream, causes);
    if (causes.size > 0 && known !== undefined) {
      const { url, weight, version, zone } = terms;
      this.needs.log('info', { upstream, instance, url, weight, version, zone }, 'a registration has changed');
    }
    return { ok: true, lease: viewOf(lease), fresh: known === undefined, told };
  }

  /** Ends leases, `how` in words; threads of an upstream are told once. */
  private end(leases: readonly Lease[], how: string): void {
    const { changed } = this.needs;
    for (const lease of leases) this.drop(lease);
    this.touched('changed');
    for (const [upstream, some] of Map.groupBy(leases, (lease) => lease.upstream)) {
      const told = changed(
        upstream,
        new Map(some.map(({ instance, terms }) => [terms.member.id, `${instance}${how}`])),
      );
      for (const lease of some) this.leave(lease, told);
    }
  }

  /** It is shown until nothing is under way there any more. */
  private leave(lease: Lease, told: Promise<void>): void {
    const key = keyOf(lease);
    const over = told
      .then(() => this.needs.draining.over(lease.upstream, lease.terms.member.id))
      .then(() => void (this.leaving.get(key) === leaving && this.leaving.delete(key)));
    const leaving: Leaving = { lease, endedAt: this.needs.clock.wall(), told, over };
    this.leaving.set(key, leaving);
  }

  private keep(lease: Lease): void {
    const { upstream, instance, terms } = lease;
    const leases = this.leases.get(upstream) ?? new Map<string, Lease>();
    const leased = this.leased.get(upstream) ?? new LeasedMembers();
    this.leases.set(upstream, leases);
    this.leased.set(upstream, leased);
    const before = leases.get(instance);
    if (before === undefined) this.count += 1;
    else leased.drop(instance, before.terms.member);
    // Whoever says anything new stands last.
    leases.delete(instance);
    leases.set(instance, lease);
    leased.put(instance, terms.member);
  }

  private drop({ upstream, instance }: Lease): void {
    const leases = this.leases.get(upstream);
    const known = leases?.get(instance);
    if (leases === undefined || known === undefined) return;
    this.count -= 1;
    leases.delete(instance);
    this.leased.get(upstream)?.drop(instance, known.terms.member);
    if (leases.size === 0) {
      this.leases.delete(upstream);
      this.leased.delete(upstream);
    }
    if (this.count === 0) this.expiry.rest();
  }

  /** Ends what was not renewed in time; says when the next one may be over. */
  private look(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    const over: Lease[] = [];
    for (const leases of this.leases.values()) {
      for (const lease of leases.values()) {
        const until = lease.renewed + lease.terms.ttl;
        if (until <= now) over.push(lease);
        else next = Math.min(next, until);
      }
    }
    for (const [ttl, some] of Map.groupBy(over, ({ terms }) => terms.ttl)) {
      this.end(some, ` was not renewed for ${formatDuration(ttl)}`);
    }
    return next;
  }
}

function keyOf({ upstream, instance }: Pick<Lease, 'upstream' | 'instance'>): string {
  return `${upstream}|${instance}`;
}

function by(author: string): string {
  return author === '' ? '' : ` by ${author}`;
}

function refusal(code: 'not_found' | 'invalid', reason: string, advice: string): PutAnswer {
  return { ok: false, code, pointer: '', reason, advice };
}
