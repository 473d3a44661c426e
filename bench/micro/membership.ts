/**
 * A membership without names, checks or threads, for measures of what it does itself.
 */

import { systemAlarms } from '../../src/core/alarm.ts';
import { systemClock } from '../../src/core/clock.ts';
import { systemDraw } from '../../src/core/draw.ts';
import { BlockLedger } from '../../src/core/ledger.ts';
import type { SharedLanes } from '../../src/core/shared.ts';
import { Membership, type MembershipNeeds } from '../../src/upstream/members.ts';
import type { UpstreamSettings } from '../../src/upstream/upstream.ts';

export const SETTINGS: UpstreamSettings = {
  endpoints: [],
  balance: 'p2c',
  slowStart: 0,
  panicPercent: 50,
  timeout: { connect: 1_000, attempt: 3_000, total: 10_000, idle: 60_000 },
  healthCheck: 'off',
  outliers: 'off',
};

/** Of these upstreams, which are in force. `join`: hears of lists, in place of threads. */
export async function membershipOf(
  upstreams: Readonly<Record<string, UpstreamSettings>>,
  lanes: SharedLanes,
  join: MembershipNeeds['threads']['join'] = async () => {},
): Promise<Membership> {
  const membership = new Membership({
    clock: systemClock,
    alarms: systemAlarms,
    draw: systemDraw,
    ledger: new BlockLedger(lanes, systemClock),
    lanes,
    lookup: { ask: async () => ({ ok: false, result: 'failed', error: '' }), stop: () => {} },
    probe: () => ({ trouble: Promise.resolve(undefined), end: () => {} }),
    eject: () => false,
    threads: { join, underWay: async (members) => members.map(() => 0) },
    drainLimit: () => 0,
    tell: () => {},
    log: () => {},
  });
  await membership.expect(upstreams);
  membership.settle([]);
  return membership;
}
