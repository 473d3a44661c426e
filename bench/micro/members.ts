/**
 * What a change of members costs in a large upstream: `node bench/micro/members.ts`.
 *
 * Rule: first as a whole, in a router with two data threads: from an order until both have the member. Then its parts:
 * what the control thread works out, what a data thread makes of it, and what the first request after it waits for.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp } from '../../src/app.ts';
import { systemClock } from '../../src/core/clock.ts';
import { systemDraw } from '../../src/core/draw.ts';
import { Exchange } from '../../src/core/exchange.ts';
import { Lane } from '../../src/core/lanes.ts';
import { NameSet } from '../../src/core/names.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { Timers } from '../../src/core/timers.ts';
import { UpstreamLedger } from '../../src/upstream/build.ts';
import type { Leases } from '../../src/upstream/leases.ts';
import type { Balance } from '../../src/upstream/upstream.ts';
import { MemberLists } from '../../src/worker/lists.ts';
import { median } from '../figures/statistics.ts';
import { membershipOf, SETTINGS } from './membership.ts';
import { tell } from './timing.ts';

const CHANGES = 21;
/** Longer than an upstream rests between two lists, milliseconds. */
const REST = 100;

function put(leases: Leases, i: number, weight = 1): Promise<void> {
  // In no order of their own, as addresses come.
  const place = (i * 7_919) & 0xffff;
  const order = { url: `http://10.0.${place >> 8}.${place & 255}:8080`, weight, ttl: 3_600_000 };
  const answer = leases.put('cart', `instance-${i}`, order, 'ana');
  if (!answer.ok) throw new Error(answer.reason);
  return answer.told;
}

/** One more comes, again and again, after a rest; `took` hears how long each took. */
async function change(leases: Leases, count: number, took: (ms: number) => void, rest = REST): Promise<void> {
  for (let i = 0; i < CHANGES; i++) {
    await sleep(rest);
    const began = performance.now();
    await put(leases, count + i);
    took(performance.now() - began);
  }
}

async function whole(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-members-'));
  const configPath = join(folder, 'routes.yaml');
  writeFileSync(
    configPath,
    `
listeners: { edge: { address: 127.0.0.1:0 } }
admin: { address: 127.0.0.1:0 }
upstreams: { cart: {} }
routes: { cart: { match: { path: /** }, upstream: cart } }
`,
  );
  const log = { write: () => {}, pull: () => {}, reopen: async () => {}, end: async () => {}, dropped: 0 };
  const quiet = { watch: false, env: {}, accessLog: undefined, log, logLevel: 'warn' } as const;
  const app = await startApp({ configPath, workers: 2, ...quiet });
  await Promise.all(Array.from({ length: count }, (_, i) => put(app.leases, i)));
  const times: number[] = [];
  await change(app.leases, count, (ms) => void times.push(ms));
  tell(`one of ${count} registers: until two threads know`, median(times) * 1e6);
  times.length = 0;
  await change(app.leases, count + CHANGES, (ms) => void times.push(ms), 0);
  tell(`one of ${count} registers, right after another`, median(times) * 1e6);
  await sleep(REST);
  const began = performance.now();
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => put(app.leases, i, 2)));
  tell(`a thousand of ${count} change: until two threads know`, (performance.now() - began) * 1e6);
  await app.stop();
  rmSync(folder, { recursive: true });
}

/** A control thread and a data thread in one, each timed. */
async function parts(count: number, balance: Balance): Promise<void> {
  const lanes = new SharedLanes(1);
  const lane = new Lane();
  const timers = new Timers(systemClock, false);
  const both = { clock: systemClock, draw: systemDraw, log: () => {}, tell: () => {} };
  const thread = new UpstreamLedger({ ...both, timers, lane, words: lanes.words });
  const lists = new MemberLists();
  const joining: number[] = [];
  const settings = { ...SETTINGS, balance };
  const membership = await membershipOf({ cart: settings }, lanes, async (call) => {
    lane.grow(lanes.segments(0));
    const change = lists.put(call.upstream, call.members);
    const began = performance.now();
    thread.change(change);
    joining.push(performance.now() - began);
  });
  const upstream = thread.upstream('cart', settings, { own: 0, endpoints: [] }, new NameSet());
  const request = { method: 'GET', target: '/', host: 'a', minor: 1, field: () => 'ana' };
  const exchange = new Exchange(0, 0.5, request, 'internal', '127.0.0.1', 'r1');
  const { leases } = membership;
  for (let i = 0; i < count; i++) void put(leases, i);
  await sleep(REST);
  thread.keepOnly([upstream]);
  const [works, first]: [number[], number[]] = [[], []];
  joining.length = 0;
  await change(leases, count, (ms) => {
    works.push(ms - (joining.at(-1) ?? 0));
    const began = performance.now();
    upstream.aim(exchange, [], 0);
    first.push(performance.now() - began);
  });
  const name = typeof balance === 'string' ? balance : 'hash';
  if (balance === 'p2c') {
    tell(`one of ${count} registers: the control thread's part`, median(works) * 1e6);
    tell(`one of ${count} registers: a data thread's part`, median(joining) * 1e6);
  }
  tell(`one of ${count} registers: the first aim, ${name}`, median(first) * 1e6);
  membership.stop();
}

for (const count of [1_000, 10_000]) {
  await whole(count);
  for (const balance of ['p2c', 'round-robin', { hash: { header: 'x-user' } }] as const) await parts(count, balance);
}
