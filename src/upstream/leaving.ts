/**
 * Members of this thread that have left, while something is still under way at them.
 *
 * Rule: whoever retires is put here, and forgotten once nothing is under way; the same address may have come back as
 * another member meanwhile. Counting is for whoever asks: an exchange pays nothing for it.
 */

import { memberKey } from '../core/ledger.ts';
import type { PooledMember } from './member.ts';
import type { LeavingMember } from './upstream.ts';

export class Leaving {
  /** By upstream and id, several where an address came and left again. */
  private readonly members = new Map<string, PooledMember[]>();

  add(upstream: string, member: PooledMember): void {
    this.forget();
    if (member.inFlight === 0) return;
    const key = memberKey(upstream, member.id);
    this.members.set(key, [...(this.members.get(key) ?? []), member]);
  }

  /** What is under way at each of these; tunnels end where that is asked for. */
  underWay(asked: readonly LeavingMember[]): number[] {
    return asked.map(({ upstream, member, cut }) => {
      const known = this.members.get(memberKey(upstream, member)) ?? [];
      if (cut) for (const one of known) one.cutTunnels();
      return known.reduce((sum, one) => sum + one.inFlight, 0);
    });
  }

  private forget(): void {
    for (const [key, known] of this.members) {
      const busy = known.filter((member) => member.inFlight > 0);
      if (busy.length === 0) this.members.delete(key);
      else this.members.set(key, busy);
    }
  }
}
