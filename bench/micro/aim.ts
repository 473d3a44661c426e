/**
 * What picking a member costs: `node bench/micro/aim.ts`.
 *
 * Rule: everything goes through a ledger of upstreams, as a data thread does it, with 64 attempts under way whose ends let
 * others begin; the loop around it is told first. Keys of hashes are strings that were hashed before by nobody.
 */

import { systemClock } from '../../src/core/clock.ts';
import { systemDraw } from '../../src/core/draw.ts';
import { Exchange } from '../../src/core/exchange.ts';
import { Lane } from '../../src/core/lanes.ts';
import { NameSet } from '../../src/core/names.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { Timers } from '../../src/core/timers.ts';
import { UpstreamLedger } from '../../src/upstream/build.ts';
import type { Balance, Member, Upstream } from '../../src/upstream/upstream.ts';
import { tell } from './timing.ts';

const ROUNDS = 3_000_000;
const BEST_OF = 5;
const UNDER_WAY = 64;
const TURN = 16;
const NONE: readonly Member[] = [];

const names = new NameSet();
const exchanges = Array.from({ length: 1024 }, (_, i) => {
  const user = Buffer.from(`user-${i * 7919}`).toString('latin1');
  const request = { method: 'GET', target: '/', host: 'a', minor: 1, field: () => user };
  return new Exchange(0, 0.5, request, 'internal', '127.0.0.1', 'r1');
});

function upstreamOf(count: number, balance: Balance, weight: (i: number) => number): Upstream {
  const shared = new SharedLanes(1);
  shared.grow(count + 1);
  const lane = new Lane();
  lane.grow(shared.segments(0));
  const timers = new Timers(systemClock, false);
  const needs = { clock: systemClock, timers, draw: systemDraw, lane, words: shared.words, tell: () => {} };
  const settings = {
    endpoints: Array.from({ length: count }, (_, i) => ({ url: `http://127.0.0.1:${7000 + i}`, weight: weight(i) })),
    balance,
    slowStart: 10_000,
    panicPercent: 50,
    timeout: { connect: 1_000, attempt: 3_000, total: 10_000, idle: 60_000 },
    healthCheck: 'off',
    outliers: {
      consecutiveFailures: 5,
      successRate: 'off',
      ejectFor: 30_000,
      maxEjectFor: 300_000,
      maxEjectedPercent: 50,
    },
  } as const;
  const blocks = { own: 0, endpoints: settings.endpoints.map((_, i) => i + 1) };
  return new UpstreamLedger(needs).upstream('cart', settings, blocks, names);
}

/** Nanoseconds of the processor since `start`. */
function spent(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) * 1_000;
}

/** Aims, begins and ends so many attempts; `judged`: and says that they ended well. */
function time(upstream: Upstream, judged: boolean): number {
  const under: (Member | undefined)[] = Array.from({ length: UNDER_WAY }, () => undefined);
  const one = (i: number): void => {
    const member = upstream.aim(exchanges[i & 1023], NONE, (i / TURN) | 0);
    if (member === undefined) throw new Error('nobody can serve');
    member.inFlight += 1;
    const at = (i * 31) & (UNDER_WAY - 1);
    const done = under[at];
    if (done !== undefined) {
      done.inFlight -= 1;
      if (judged) done.judge(false, i);
    }
    under[at] = member;
  };
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < BEST_OF; round++) {
    const start = process.cpuUsage();
    for (let i = 0; i < ROUNDS; i++) one(i);
    best = Math.min(best, spent(start) / ROUNDS);
  }
  return best;
}

const [only] = upstreamOf(1, 'p2c', () => 1).members;
tell('aim: the loop alone', time({ ...upstreamOf(1, 'p2c', () => 1), aim: () => only }, false));
const same = () => 1;
const hash: Balance = { hash: { header: 'x-user' } };
for (const [label, balance, count, weight] of [
  ['p2c over 3', 'p2c', 3, same],
  ['p2c over 100', 'p2c', 100, same],
  ['p2c over 100 of different weights', 'p2c', 100, (i: number) => 1 + (i % 5)],
  ['round-robin over 3', 'round-robin', 3, same],
  ['least-request over 100', 'least-request', 100, same],
  ['hash over 3', hash, 3, same],
  ['hash over 100', hash, 100, same],
  ['hash over 1000', hash, 1000, same],
] as const) {
  tell(`aim: ${label}`, time(upstreamOf(count, balance, weight), false));
}
tell('aim: p2c over 3, and judged', time(upstreamOf(3, 'p2c', same), true));

const firsts = Array.from({ length: 30 }, () => {
  const upstream = upstreamOf(1000, hash, same);
  const start = process.cpuUsage();
  upstream.aim(exchanges[0], NONE, 0);
  return spent(start);
});
tell('aim: the first after 1000 members changed, hash', Math.min(...firsts));
