/**
 * What a lease costs the control thread: `node bench/micro/leases.ts`.
 *
 * Rule: ten thousand leases in a hundred upstreams, renewed over and over as instances do it, by orders that were made
 * anew as a request makes them. Registering is measured with a list of a hundred members that threads are told.
 */

import { systemAlarms } from '../../src/core/alarm.ts';
import { systemClock } from '../../src/core/clock.ts';
import { systemDraw } from '../../src/core/draw.ts';
import { BlockLedger } from '../../src/core/ledger.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { Membership } from '../../src/upstream/members.ts';
import type { UpstreamSettings } from '../../src/upstream/upstream.ts';
import { tell } from './timing.ts';

const LEASES = 10_000;
const UPSTREAMS = 100;
const ROUNDS = 50;

const SETTINGS: UpstreamSettings = {
  endpoints: [],
  balance: 'p2c',
  slowStart: 0,
  panicPercent: 50,
  timeout: { connect: 1_000, attempt: 3_000, total: 10_000, idle: 60_000 },
  healthCheck: 'off',
  outliers: 'off',
};

async function membershipOf(ids: readonly string[]): Promise<Membership> {
  const lanes = new SharedLanes(1);
  const membership = new Membership({
    clock: systemClock,
    alarms: systemAlarms,
    draw: systemDraw,
    ledger: new BlockLedger(lanes, systemClock),
    lanes,
    lookup: { ask: async () => ({ ok: false, result: 'failed', error: '' }), stop: () => {} },
    probe: () => ({ trouble: Promise.resolve(undefined), end: () => {} }),
    eject: () => false,
    threads: { join: async () => {}, underWay: async (members) => members.map(() => 0) },
    drainLimit: () => 0,
    tell: () => {},
    log: () => {},
  });
  await membership.expect(Object.fromEntries(ids.map((id) => [id, SETTINGS])));
  membership.settle([]);
  return membership;
}

const ids = Array.from({ length: UPSTREAMS }, (_, i) => `upstream-${i}`);
const { leases, ...membership } = await membershipOf(ids).then((made) => ({
  leases: made.leases,
  stop: () => made.stop(),
}));
const put = (i: number) => {
  const url = `http://10.0.${i >> 8}.${i & 255}:8080`;
  return leases.put(ids[i % UPSTREAMS], `instance-${i}`, { url, weight: 1, version: '1.2.3', ttl: 3_600_000 }, 'ana');
};

const registering = performance.now();
for (let i = 0; i < LEASES; i++) put(i);
tell('registers an instance, 1 to 100 members in the list', ((performance.now() - registering) * 1e6) / LEASES);

let best = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round++) {
  const began = performance.now();
  for (let i = 0; i < LEASES; i++) put(i);
  best = Math.min(best, ((performance.now() - began) * 1e6) / LEASES);
}
tell('renews one of 10,000 leases', best);
membership.stop();
