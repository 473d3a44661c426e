/**
 * What a second of live traffic costs the control thread, in nanoseconds: 1,000 routes to 100 upstreams of two members, read
 * from 2 and from 16 lanes, all of them moving or a hundredth, with 50 callers and JSON. Run: node bench/micro/live.ts
 */

import type { Document } from '../../src/config/document.ts';
import { readDocument } from '../../src/config/read.ts';
import { Books } from '../../src/control/live-books.ts';
import { callersOf } from '../../src/control/live-callers.ts';
import type { View } from '../../src/control/view.ts';
import type { CallerDigest } from '../../src/core/callers.ts';
import { systemClock } from '../../src/core/clock.ts';
import { Exchange } from '../../src/core/exchange.ts';
import { Lane } from '../../src/core/lanes.ts';
import { BlockLedger } from '../../src/core/ledger.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { Callers } from '../../src/telemetry/callers.ts';
import { tell } from './timing.ts';

const ROUTES = 1000;
const UPSTREAMS = 100;
const FRAMES = 100;
/** Exchanges of a moving route in each lane a second. */
const EXCHANGES = 20;
const CALLERS = 50;

function documentOf(): { readonly document: Document; readonly revision: string } {
  const upstreams: Record<string, unknown> = {};
  const routes: Record<string, unknown> = {};
  for (let i = 0; i < UPSTREAMS; i++)
    upstreams[`service-${i}`] = { endpoints: ['http://10.0.0.1:80', 'http://10.0.0.2:80'] };
  for (let i = 0; i < ROUTES; i++)
    routes[`route-${i}`] = { match: { path: `/service-${i}` }, upstream: `service-${i % UPSTREAMS}` };
  const reading = readDocument(JSON.stringify({ upstreams, routes }), 'routes.yaml', {});
  if (!reading.ok) throw new Error('the document is wrong');
  return reading;
}

const { document, revision } = documentOf();
const view: View = { running: { document, revision, text: '', since: 0, notices: [] }, lastReload: undefined };

function setUp(threads: number) {
  const shared = new SharedLanes(threads);
  const ledger = new BlockLedger(shared, systemClock);
  const claim = ledger.claim();
  const blocks: number[] = [];
  const members = new Map<string, { readonly block: number }[]>();
  for (let i = 0; i < UPSTREAMS; i++) {
    const id = `service-${i}`;
    claim.block(`upstream:${id}`);
    members.set(
      id,
      [1, 2].map((host) => ({ block: claim.block(`member:${id}|http://10.0.0.${host}:80`) })),
    );
  }
  for (let i = 0; i < ROUTES; i++) {
    blocks.push(claim.block(`route:route-${i}|service-${i % UPSTREAMS}`));
    claim.block(`route:route-${i}|`);
  }
  claim.settle();
  const lanes = Array.from({ length: threads }, (_, i) => {
    const lane = new Lane();
    lane.grow(shared.segments(i));
    return lane;
  });
  const membersOf = (upstream: string) => members.get(upstream) ?? [];
  return { lanes, blocks, books: new Books({ ledger, lanes: shared, view: () => view, membersOf }) };
}

function move(lane: Lane, blocks: readonly number[]): void {
  for (const block of blocks)
    for (let i = 0; i < EXCHANGES; i++) lane.count(block, i % 10 === 0 ? 503 : 200, 10 ** (Math.random() * 3));
}

function digestsOf(threads: number, blocks: readonly number[]): CallerDigest[] {
  const request = { method: 'GET', target: '/', host: '', minor: 1, field: () => undefined };
  return Array.from({ length: threads }, () => {
    const callers = new Callers();
    for (const block of blocks) {
      const exchange = new Exchange(0, 0, request, 'internal', '', 'r1');
      callers.settled(
        Object.assign(exchange, { block, caller: `service-${block % CALLERS}`, status: 200, totalTime: 5 }),
      );
    }
    return callers.take();
  });
}

/** The middle of many frames: the first ones are compiled, and some meet the garbage collector. */
function time(threads: number, share: number, name: string): void {
  const { lanes, blocks, books } = setUp(threads);
  const moving = blocks.slice(0, ROUTES * share);
  const digests = digestsOf(threads, moving);
  const took: number[] = [];
  let length = 0;
  books.read(1, 0);
  for (let i = 0; i < FRAMES; i++) {
    for (const lane of lanes) move(lane, moving);
    const started = performance.now();
    const frame = { ...books.read(1, started), callers: callersOf(digests, 1, books.routeOf) };
    length = JSON.stringify(frame).length;
    took.push(performance.now() - started);
  }
  took.sort((one, other) => one - other);
  tell(`live: a frame, ${threads} lanes, ${name}`, took[FRAMES / 2] * 1e6);
  console.log(`  ${Math.round(length / 1024)} KiB of JSON, slowest ${took[FRAMES - 1].toFixed(1)} ms`);
}

for (const threads of [2, 16]) {
  time(threads, 1, `${ROUTES} routes moving`);
  time(threads, 0.01, `${ROUTES / 100} of ${ROUTES} moving`);
}

function timeCounting(): void {
  const callers = new Callers();
  const request = { method: 'GET', target: '/', host: '', minor: 1, field: () => undefined };
  const settled = Array.from({ length: 1024 }, (_, i) =>
    Object.assign(new Exchange(0, 0, request, 'internal', '', 'r1'), {
      block: i % 100,
      caller: `service-${i % CALLERS}`,
      status: 200,
      totalTime: i / 7,
    }),
  );
  const rounds = 5_000_000;
  for (let i = 0; i < rounds / 10; i++) callers.settled(settled[i & 1023]);
  const started = performance.now();
  for (let i = 0; i < rounds; i++) callers.settled(settled[i & 1023]);
  tell('live: one exchange counted by caller', ((performance.now() - started) * 1e6) / rounds);
}

timeCounting();
