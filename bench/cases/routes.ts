/**
 * Many routes: the router with 10, 1,000 and 100,000 of them side by side, requests spread over thousands.
 *
 * Rule: half of the routes are found by host, half by path. The ratio says what the many cost a request; the notes say how
 * long the document takes to load.
 */

import type { Ask } from '../load/ask.ts';
import type { Peer } from '../peers/peer.ts';
import { signalbox } from '../peers/signalbox.ts';
import type { Running } from '../stage/launch.ts';
import { MANY } from '../stage/origin.ts';
import type { Case, Stage } from './case.ts';
import { FLOOD_COLUMNS, USUAL } from './floods.ts';
import { inSittings } from './rotate.ts';

export interface Target {
  readonly host: string;
  readonly path: string;
}

const COUNTS = [100_000, 1_000, 10] as const;
/** Most different targets that are asked for; wrk keeps a request of each. */
const ASKED = 4_096;

/** What route `i` answers to. */
export function targetOf(i: number): Target {
  return i % 2 === 0
    ? { host: `svc-${i}.internal`, path: MANY }
    : { host: 'shop.internal', path: `${MANY}/team-${i % 97}/service-${i}` };
}

/** The `routes` of a document; `extra` stands before them. */
export function manyRoutes(count: number, extra = ''): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const { host, path } = targetOf(i);
    const where = i % 2 === 0 ? `host: ${host}, path: ${path}` : `path: ${path}`;
    return `  r${i}: { match: { ${where} }, upstream: origin }\n`;
  });
  return `routes:\n${extra}${lines.join('')}`;
}

/** Targets all over the table, in no order a cache would like. */
export function spreadTargets(count: number): Target[] {
  const used = Math.min(count, ASKED);
  return Array.from({ length: used }, (_, n) => {
    const { host, path } = targetOf((n * 7_919) % count);
    return { host, path: `${path}/items/4711` };
  });
}

/** The question put to a router of many routes before it is measured. */
export function firstAsk(): Ask {
  const { host, path } = targetOf(0);
  return { ...USUAL, path, headers: [...USUAL.headers, ['Host', host]] };
}

async function run(this: Case, { own, ground, pace, note }: Stage) {
  const counts = new Map<Peer, number>();
  for (const count of COUNTS) {
    for (const { name, root } of own) {
      const peer = signalbox({ name: `${name}, ${count} routes`, root, routes: manyRoutes(count) });
      counts.set(peer, count);
    }
  }
  const ready = new Map<string, number>();
  const load = (one: Running) => {
    ready.set(one.name, one.ready);
    return { ask: USUAL, connections: 64, targets: spreadTargets(counts.get(one.peer) ?? 1) };
  };
  const samples = await inSittings([...counts.keys()], ground, firstAsk(), load, pace, note);
  const notes = [...ready].map(([name, ms]) => `${name}: ${(ms / 1000).toFixed(1)} s from start to first answer`);
  return { id: this.id, title: this.title, columns: FLOOD_COLUMNS, rows: samples.all(), notes };
}

export const ROUTES: Case = {
  id: 'routes',
  title: '10, 1,000 and 100,000 routes, 64 connections; signalbox alone',
  run,
};
