/**
 * When leases are saved: soon after who is registered has changed, now and then while they are renewed, and at the end.
 *
 * Rule: at most one write a second. Renewing writes nothing itself; what a crash takes is at most the renewals of the last
 * RENEWALS_PAUSE, which the instances say again. After a restart, however long the router was away, every lease has the
 * time that it had left when it was saved last.
 */

import { type Alarms, systemAlarms } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';
import type { PlaneLog } from '../core/events.ts';
import type { StoredLease } from '../upstream/lease.ts';
import type { Leases } from '../upstream/leases.ts';
import type { Claimed } from './claim.ts';
import { leaseStore } from './lease-store.ts';
import type { ListFile } from './list-file.ts';

/** Milliseconds between two writes. */
const CHANGES_PAUSE = 1_000;
const RENEWALS_PAUSE = 10_000;

export interface KeepingNeeds {
  readonly leases: Pick<Leases, 'restore' | 'stored' | 'onTouch'>;
  readonly store: Pick<ListFile<StoredLease>, 'load' | 'save'>;
  readonly clock: Clock;
  readonly alarms: Alarms;
}

export interface LeaseKeeping {
  /** Saves what there is, and nothing from then on. */
  stop(): Promise<void>;
}

/** Takes up what was saved, and saves from now on. Without a folder leases live in memory. */
export async function keepLeases(
  folder: string | undefined,
  needs: Pick<KeepingNeeds, 'leases' | 'clock'> & { readonly log: PlaneLog; readonly claim?: Claimed },
): Promise<LeaseKeeping> {
  if (folder === undefined) return { stop: async () => {} };
  const keeper = new LeaseKeeper({ ...needs, alarms: systemAlarms, store: leaseStore(folder, needs.log, needs.claim) });
  await keeper.begin();
  return keeper;
}

export class LeaseKeeper implements LeaseKeeping {
  private readonly needs: KeepingNeeds;
  /** When it is saved next, and when it was last; monotonic. */
  private due = Number.POSITIVE_INFINITY;
  private last = Number.NEGATIVE_INFINITY;
  private touched = false;
  private cancel: () => void = () => {};

  constructor(needs: KeepingNeeds) {
    this.needs = needs;
  }

  async begin(): Promise<void> {
    const { leases, store } = this.needs;
    const stored = await store.load();
    leases.restore(stored);
    leases.onTouch((what) => {
      if (what === 'renewed' && this.touched) return;
      this.touched = true;
      this.within(what === 'renewed' ? RENEWALS_PAUSE : CHANGES_PAUSE);
    });
    // Their time goes on: another restart must not give it to them once more.
    this.touched = stored.length > 0;
    if (this.touched) this.within(RENEWALS_PAUSE);
  }

  async stop(): Promise<void> {
    this.cancel();
    this.needs.leases.onTouch(() => {});
    // A router that nobody ever registered at leaves no file.
    if (this.touched || this.last !== Number.NEGATIVE_INFINITY) await this.save();
  }

  /** Saves so long after the last time, now where that is over. */
  private within(pause: number): void {
    const { clock, alarms } = this.needs;
    const now = clock.now();
    const at = Math.max(this.last + pause, pause === CHANGES_PAUSE ? now : now + CHANGES_PAUSE);
    if (at >= this.due) return;
    this.cancel();
    this.due = at;
    this.cancel = alarms.after(at - now, () => void this.save());
  }

  private save(): Promise<void> {
    const { clock, leases, store } = this.needs;
    this.due = Number.POSITIVE_INFINITY;
    this.last = clock.now();
    this.touched = false;
    return store.save(leases.stored());
  }
}
