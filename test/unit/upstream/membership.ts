/**
 * The control thread's side of who serves, for tests: a Membership with names, alarms and threads that a test commands.
 */

import assert from 'node:assert/strict';
import type { PlaneEvent } from '../../../src/core/events.ts';
import { BlockLedger, memberKey } from '../../../src/core/ledger.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import type { Found } from '../../../src/upstream/lookup.ts';
import { Membership } from '../../../src/upstream/members.ts';
import type { LeavingMember, MemberSettings, UpstreamSettings } from '../../../src/upstream/upstream.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';
import { seededDraw } from '../../support/draw.ts';

export const CHECK = {
  path: '/healthz',
  status: [200, 299],
  body: undefined,
  interval: 1_000,
  timeout: 500,
  healthyAfter: 1,
  unhealthyAfter: 1,
} as const;

export const OUTLIERS = {
  consecutiveFailures: 5,
  successRate: { interval: 10_000, minRequests: 10, minMembers: 2, deviations: 2 },
  ejectFor: 30_000,
  maxEjectFor: 300_000,
  maxEjectedPercent: 50,
} as const;

/** An upstream with these endpoints, `url` or `url*weight`. */
export function upstream(endpoints: readonly string[], more: Partial<UpstreamSettings> = {}): UpstreamSettings {
  return {
    endpoints: endpoints.map((text) => {
      const [url, weight = '1'] = text.split('*');
      return { url, weight: Number(weight) };
    }),
    balance: 'p2c',
    slowStart: 0,
    panicPercent: 50,
    timeout: { connect: 1, attempt: 1, total: 1, idle: 1 },
    healthCheck: 'off',
    outliers: 'off',
    ...more,
  };
}

export type Document = Readonly<Record<string, UpstreamSettings>>;

export function bench() {
  const clock = new FakeClock(1_000);
  const alarms = new FakeAlarms(clock);
  const lanes = new SharedLanes(1);
  const ledger = new BlockLedger(lanes, clock);
  const answers = new Map<string, Found | Promise<Found>>();
  const told: { upstream: string; members: readonly MemberSettings[] }[] = [];
  const events: PlaneEvent[] = [];
  const logged: Record<string, unknown>[] = [];
  const checked: string[] = [];
  const ejected: string[] = [];
  /** What is under way at members that have left, by id; tunnels all of it. */
  const busy = new Map<string, number>();
  let silent = false;
  const silence = (on: boolean) => {
    silent = on;
  };
  const asked: (readonly LeavingMember[])[] = [];
  const made = { trouble: undefined as string | undefined };
  const membership = new Membership({
    clock,
    alarms,
    draw: seededDraw(1),
    ledger,
    lanes,
    lookup: {
      ask: async ({ host }) => answers.get(host) ?? { ok: false, result: 'not_found', error: 'there is no such name' },
      stop: () => {},
    },
    probe: ({ host, port, authority }) => {
      checked.push(`${host}:${port} ${authority}`);
      return { trouble: Promise.resolve(made.trouble), end: () => {} };
    },
    eject: (company, member, why) => {
      ejected.push(`${company.upstream} ${member.id} of ${company.members.length}: ${why}`);
      return true;
    },
    threads: {
      join: async (call) => {
        // Whoever is told finds the block's memory there.
        for (const { block } of call.members) lanes.words.block(block);
        told.push(call);
      },
      underWay: async (members) => {
        asked.push(members);
        return silent ? undefined : members.map(({ member, cut }) => (cut ? 0 : (busy.get(member) ?? 0)));
      },
    },
    drainLimit: () => 30_000,
    tell: (event) => void events.push(event),
    log: (_level, fields) => void logged.push({ ...fields }),
  });
  const claim = (document: Document) => {
    const opened = ledger.claim();
    for (const [id, { endpoints }] of Object.entries(document)) {
      opened.block(`upstream:${id}`);
      for (const { url } of endpoints) if (/^http:..\d/.test(url)) opened.block(memberKey(id, url));
    }
    return opened;
  };
  const say = (host: string, addresses: readonly string[], ttl = 1_000) => {
    answers.set(host, { ok: true, places: addresses.map((address) => ({ host: address, port: 0, weight: 1 })), ttl });
  };
  /** As control does it; `fails`: a thread balks. */
  const install = async (document: Document, fails = false) => {
    const opened = claim(document);
    await membership.expect(document);
    if (fails) {
      membership.keep();
      opened.drop();
      return;
    }
    membership.settle(opened.entries());
    opened.settle();
  };
  const shown = (start: string) =>
    ledger
      .shown()
      .map(([key]) => key)
      .filter((key) => key.startsWith(start));
  const words = (key: string) =>
    lanes.words.block(ledger.shown().find(([one]) => one === key)?.[1] ?? assert.fail(key));
  const heard = { asked, busy, silence, told, events, logged, checked, ejected };
  return { clock, alarms, lanes, ledger, answers, made, membership, say, install, shown, words, ...heard };
}

/** The list an upstream's threads have: `id*weight`. */
export function list(told: ReturnType<typeof bench>['told'], id = 'cart'): string[] | undefined {
  const last = told.filter(({ upstream }) => upstream === id).at(-1);
  return last?.members.map((member) => `${member.id}*${member.weight}`);
}
