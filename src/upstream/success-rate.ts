/**
 * Members whose attempts fail more often than those of the others, compared from time to time for the whole process.
 *
 * Rule: a member is compared with the mean of all others that can be compared; it is out where its share of good attempts
 * lies below theirs by more than so many standard deviations, and by more than LEAST_GAP: where the others are all alike
 * their deviation is nothing, and one failure in a hundred attempts would be too many. Ejecting is left to ejection.ts.
 */

import type { Alarms } from '../core/alarm.ts';
import { MEMBER_BLOCK } from '../core/lanes.ts';
import type { OutlierSettings } from './upstream.ts';

/** Five in a hundred. */
const LEAST_GAP = 0.05;

export interface RatesNeeds {
  readonly alarms: Alarms;
  /** One counter, all threads added up. */
  readonly sum: (block: number, offset: number) => number;
  /** Takes a member out of traffic. `cause`: in words, with numbers. */
  readonly eject: (upstream: string, member: string, cause: string) => void;
}

export interface RatedMember {
  readonly id: string;
  readonly block: number;
}

type RateSettings = Exclude<OutlierSettings['successRate'], 'off'>;

interface Counts {
  readonly good: number;
  readonly bad: number;
}

interface Group {
  settings: RateSettings;
  members: readonly RatedMember[];
  /** What the counters said at the last look, by block. */
  last: Map<number, Counts>;
  cancel: () => void;
}

export class SuccessRates {
  private readonly needs: RatesNeeds;
  private readonly groups = new Map<string, Group>();

  constructor(needs: RatesNeeds) {
    this.needs = needs;
  }

  /** Who is compared in this upstream from now on; too few to be compared cost nothing. */
  keep(upstream: string, settings: OutlierSettings | 'off', members: readonly RatedMember[]): void {
    const rate = settings === 'off' ? 'off' : settings.successRate;
    const known = this.groups.get(upstream);
    if (rate === 'off' || members.length < Math.max(2, rate.minMembers)) {
      known?.cancel();
      this.groups.delete(upstream);
      return;
    }
    if (known !== undefined && known.settings.interval === rate.interval) {
      known.settings = rate;
      known.members = members;
      this.begin(known);
      return;
    }
    known?.cancel();
    const group: Group = { settings: rate, members, last: known?.last ?? new Map(), cancel: () => {} };
    this.groups.set(upstream, group);
    this.count(group);
    this.later(upstream, group);
  }

  /**
   * Who came since the last look is counted from now on. It may have been here before, and its counters go on from then: what
   * it did in an earlier life says nothing about this one.
   */
  private begin({ members, last }: Group): void {
    for (const { block } of members) if (!last.has(block)) last.set(block, this.countOf(block));
  }

  private countOf(block: number): Counts {
    return { good: this.needs.sum(block, MEMBER_BLOCK.good), bad: this.needs.sum(block, MEMBER_BLOCK.bad) };
  }

  leave(upstream: string): void {
    this.keep(upstream, 'off', []);
  }

  stop(): void {
    for (const group of this.groups.values()) group.cancel();
    this.groups.clear();
  }

  private later(upstream: string, group: Group): void {
    group.cancel = this.needs.alarms.after(group.settings.interval, () => {
      this.look(upstream, group);
      this.later(upstream, group);
    });
  }

  private look(upstream: string, group: Group): void {
    const { minRequests, minMembers, deviations } = group.settings;
    const rated = this.count(group).filter(({ attempts }) => attempts >= Math.max(1, minRequests));
    if (rated.length < Math.max(2, minMembers)) return;
    for (const one of rated) {
      const others = rated.filter((other) => other !== one).map(({ share }) => share);
      const mean = others.reduce((sum, share) => sum + share, 0) / others.length;
      const variance = others.reduce((sum, share) => sum + (share - mean) ** 2, 0) / others.length;
      if (one.share >= mean - Math.max(LEAST_GAP, deviations * Math.sqrt(variance))) continue;
      const cause = `${percent(one.share)} of ${one.attempts} attempts went well, ${percent(mean)} at the others`;
      this.needs.eject(upstream, one.id, cause);
    }
  }

  /** Attempts since the last look, and the share of them that went well. */
  private count(group: Group): { id: string; attempts: number; share: number }[] {
    const now = new Map<number, Counts>();
    const counted = group.members.map(({ id, block }) => {
      const { good, bad } = this.countOf(block);
      now.set(block, { good, bad });
      const last = group.last.get(block) ?? { good, bad };
      const attempts = good - last.good + (bad - last.bad);
      return { id, attempts, share: attempts === 0 ? 1 : (good - last.good) / attempts };
    });
    group.last = now;
    return counted;
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
