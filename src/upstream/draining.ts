/**
 * Members that left by lease and still have something under way, as the control thread sees them.
 *
 * Rule: threads are asked how much it is while somebody leaves, in pauses that grow; nobody is asked otherwise. Requests
 * end by themselves, however long that takes; tunnels, which never would, end after the document's `drain.limit`. A member
 * that comes back while it leaves is a member like any other at once.
 */

import { type Alarms, atMost } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';
import { memberKey } from '../core/ledger.ts';
import type { LeavingMember, MemberSettings } from './upstream.ts';

/** Pauses between two questions, milliseconds. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 500;

export interface DrainingNeeds {
  readonly clock: Clock;
  readonly alarms: Alarms;
  /** How much is under way at each, on all threads; undefined where one does not say. */
  readonly underWay: (members: readonly LeavingMember[]) => Promise<readonly number[] | undefined>;
  /** How long tunnels may go on, milliseconds. */
  readonly limit: () => number;
}

/** `inFlight`: how much is under way; undefined where a thread did not say in time. */
export interface UnderWay {
  readonly inFlight: number | undefined;
}

interface Entry {
  readonly upstream: string;
  readonly id: string;
  readonly shown: MemberSettings | undefined;
  readonly cutAt: number;
  /** undefined while a thread has not said. */
  count: number | undefined;
  /** Resolves once threads were asked, and once nothing is under way or it came back. */
  readonly asked: PromiseWithResolvers<void>;
  readonly over: PromiseWithResolvers<void>;
}

export class Draining {
  private readonly needs: DrainingNeeds;
  private readonly entries = new Map<string, Entry>();
  private pause = FIRST_PAUSE;
  private asking = false;
  private cancel: () => void = () => {};

  constructor(needs: DrainingNeeds) {
    this.needs = needs;
  }

  /** A member left; its threads were told already. It is shown as leaving where `shown` says who it is. */
  begin(upstream: string, id: string, shown?: MemberSettings): void {
    const cutAt = this.needs.clock.now() + this.needs.limit();
    const [asked, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.end(upstream, id);
    this.entries.set(memberKey(upstream, id), { upstream, id, shown, cutAt, count: undefined, asked, over });
    this.pause = FIRST_PAUSE;
    if (!this.asking) this.askAfter(0);
  }

  /** Nothing is under way there any more, or it came back. */
  end(upstream: string, id: string): void {
    const key = memberKey(upstream, id);
    const entry = this.entries.get(key);
    this.entries.delete(key);
    entry?.asked.resolve();
    entry?.over.resolve();
  }

  /** Who leaves an upstream. */
  of(upstream: string): MemberSettings[] {
    return [...this.entries.values()].flatMap((entry) => (entry.upstream === upstream ? (entry.shown ?? []) : []));
  }

  /** Resolves once it has left; at once where it does not leave. */
  async over(upstream: string, id: string): Promise<void> {
    await this.entries.get(memberKey(upstream, id))?.over.promise;
  }

  /** Whether something may be under way at a member, at the latest after so many milliseconds; undefined once it has left. */
  async wait(upstream: string, id: string, limit: number): Promise<UnderWay | undefined> {
    const key = memberKey(upstream, id);
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    await entry.asked.promise;
    if (limit > 0 && this.entries.get(key) === entry) await atMost(this.needs.alarms, limit, entry.over.promise);
    return this.entries.get(key) === entry ? { inFlight: entry.count } : undefined;
  }

  stop(): void {
    this.cancel();
    for (const { upstream, id } of [...this.entries.values()]) this.end(upstream, id);
  }

  private askAfter(pause: number): void {
    this.cancel();
    this.cancel = this.needs.alarms.after(pause, () => void this.ask());
  }

  private async ask(): Promise<void> {
    const entries = [...this.entries.values()];
    if (entries.length === 0) return;
    const now = this.needs.clock.now();
    this.asking = true;
    const counts = await this.needs.underWay(
      entries.map(({ upstream, id, cutAt }) => ({ upstream, member: id, cut: now >= cutAt })),
    );
    this.asking = false;
    for (const [i, entry] of entries.entries()) this.counted(entry, counts?.[i]);
    if (this.entries.size === 0) return;
    this.askAfter(this.pause);
    this.pause = Math.min(LONGEST_PAUSE, this.pause * 2);
  }

  private counted(entry: Entry, count: number | undefined): void {
    const { upstream, id } = entry;
    if (this.entries.get(memberKey(upstream, id)) !== entry) return;
    if (count === 0) this.end(upstream, id);
    entry.count = count ?? entry.count;
    entry.asked.resolve();
  }
}
