/**
 * The upstreams of one thread: written settings in, living upstreams out.
 *
 * Rule: members live by upstream and URL, so a new table finds the pools of the old one; a member that no table names any
 * more retires: its idle connections close, its busy ones finish. Only config/compile.ts asks for upstreams.
 */

import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneEvents, PlaneLog } from '../core/events.ts';
import type { Lane } from '../core/lanes.ts';
import type { NameSet } from '../core/names.ts';
import type { Timers } from '../core/timers.ts';
import type { Words } from '../core/words.ts';
import { balancer } from './balance.ts';
import { PooledMember } from './member.ts';
import type { MemberSettings, Upstream, UpstreamBlocks, UpstreamSettings } from './upstream.ts';

export interface UpstreamNeeds {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly draw: Draw;
  readonly lane: Lane;
  readonly words: Words;
  readonly tell: PlaneEvents;
  readonly log?: PlaneLog;
}

export class UpstreamLedger {
  private readonly needs: UpstreamNeeds;
  /** Upstream id -> endpoint URL -> member. */
  private readonly members = new Map<string, Map<string, PooledMember>>();

  constructor(needs: UpstreamNeeds) {
    this.needs = needs;
  }

  /** The upstream for a new table; members known from earlier tables keep their connections. */
  upstream(id: string, settings: UpstreamSettings, blocks: UpstreamBlocks, _names: NameSet): Upstream {
    const known = this.members.get(id) ?? new Map<string, PooledMember>();
    this.members.set(id, known);
    const candidates = settings.endpoints.map(({ url, weight }) => {
      const { clock, timers, log } = this.needs;
      const member = known.get(url) ?? new PooledMember(url, clock, timers, log);
      known.set(url, member);
      member.revive();
      return { member, weight };
    });
    const members = candidates.map(({ member }) => member);
    const pick = balancer(settings.balance, candidates, this.needs.draw);
    return { id, settings, block: blocks.own, members, aim: (_exchange, tried) => pick(tried[0]) };
  }

  /** Who is found by name or registered, in place of those before. */
  join(id: string, members: readonly MemberSettings[]): void {
    void [id, members];
  }

  /** Called once a table is in: members that none of these upstreams names retire. */
  keepOnly(upstreams: Iterable<Upstream>): void {
    const named = new Set<unknown>();
    for (const upstream of upstreams) for (const member of upstream.members) named.add(member);
    for (const [id, members] of this.members) {
      for (const [url, member] of members) {
        if (named.has(member)) continue;
        member.retire();
        members.delete(url);
      }
      if (members.size === 0) this.members.delete(id);
    }
  }

  /** Open connections to upstreams, for status and tests. */
  get connections(): number {
    let sum = 0;
    for (const members of this.members.values()) for (const member of members.values()) sum += member.connections;
    return sum;
  }

  stop(): void {
    for (const members of this.members.values()) for (const member of members.values()) member.stop();
    this.members.clear();
  }
}
