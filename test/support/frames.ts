/**
 * Live frames for tests of what the dashboard makes of them: named flows, everything else at rest.
 */

import type { LiveFrame, LiveUpstream } from '../../src/admin/shapes/live.ts';

/** caller, route, upstream, requests a second, share of errors */
export type FlowLine = readonly [string, string, string, number, number];

const EPOCH = Date.UTC(2026, 0, 2, 3, 4, 5);

function sum(lines: readonly FlowLine[]) {
  const rate = lines.reduce((all, line) => all + line[3], 0);
  const failed = lines.reduce((all, line) => all + line[3] * line[4], 0);
  return { rate, errorShare: rate === 0 ? 0 : failed / rate };
}

function flow(lines: readonly FlowLine[]) {
  return { ...sum(lines), p50: 5, p95: 20, p99: 40 };
}

function grouped(lines: readonly FlowLine[], column: 0 | 1 | 2): [string, FlowLine[]][] {
  return [...Map.groupBy(lines, (line) => line[column])];
}

export function upstreamOf(id: string, part: Partial<LiveUpstream> = {}): LiveUpstream {
  const still = { rate: 0, errorShare: 0, p50: null, p95: null, p99: null };
  return { id, ...still, inFlight: 0, queued: 0, retries: 0, circuit: 'closed', up: 1, members: 1, ...part };
}

/** The frame of second `second`. Upstreams that are named but not given are closed with one member. */
export function frameOf(
  second: number,
  lines: readonly FlowLine[],
  upstreams: readonly LiveUpstream[] = [],
): LiveFrame {
  const named = grouped(lines, 2).filter(([id]) => id !== '' && !upstreams.some((each) => each.id === id));
  return {
    at: new Date(EPOCH + second * 1000).toISOString(),
    interval: 1000,
    revision: 'abc',
    connections: 3,
    total: flow(lines),
    routes: grouped(lines, 1).map(([id, some]) => ({
      id,
      ...flow(some),
      to: grouped(some, 2).map(([upstream, own]) => ({ upstream, ...sum(own), weight: null })),
    })),
    upstreams: [...upstreams, ...named.map(([id, some]) => upstreamOf(id, flow(some)))],
    callers: grouped(lines, 0).map(([id, some]) => ({
      id,
      ...flow(some),
      to: grouped(some, 1).map(([route, own]) => ({ route, ...sum(own) })),
    })),
  };
}
