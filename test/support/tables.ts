/**
 * Documents and tables for tests below the wire: compiled for real, with upstreams that nobody connects to.
 */

import { compile, type Site } from '../../src/config/compile.ts';
import type { Document } from '../../src/config/document.ts';
import type { DestinationSettings, ListenerSettings, RouteSettings, Table } from '../../src/routing/route.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';

export function listenerSettings(rest: Partial<ListenerSettings> = {}): ListenerSettings {
  return {
    address: '127.0.0.1:0',
    zone: 'internal',
    tls: [],
    trustedProxies: [],
    limits: { target: 16_384, head: 65_536, headers: 200, body: Number.POSITIVE_INFINITY, connections: 20_000 },
    timeout: { head: 10_000, body: 10_000, keepAlive: 75_000 },
    minBodyRate: 0,
    ...rest,
  };
}

export function upstreamSettings(): DestinationSettings {
  return {
    endpoints: [{ url: 'http://127.0.0.1:7001', weight: 1 }],
    balance: 'p2c',
    slowStart: 0,
    panicPercent: 50,
    timeout: { connect: 1000, attempt: 3000, total: 10_000, idle: 60_000 },
    retry: 'off',
    circuitBreaker: 'off',
    healthCheck: 'off',
    outliers: 'off',
    limits: 'off',
    hedge: 'off',
  };
}

/** Nobody is asked who he is. */
export function adminSettings(changes: Partial<Document['admin']> = {}): Document['admin'] {
  return {
    address: '127.0.0.1:0',
    token: '',
    tokens: {},
    tls: undefined,
    hosts: [],
    writeBack: true,
    limits: { body: 8_388_608, requests: 5000 },
    revisions: { count: 1000, age: 7_776_000_000 },
    ...changes,
  };
}

export function documentOf(
  routes: Readonly<Record<string, RouteSettings>>,
  upstreams: readonly string[] = ['cart'],
  rest: Partial<Document> = {},
): Document {
  return {
    listeners: { internal: listenerSettings() },
    admin: adminSettings(),
    workers: 0,
    drain: { notice: 5000, limit: 30_000 },
    correlation: { header: 'x-correlation-id', context: [], caller: undefined },
    upstreams: Object.fromEntries(upstreams.map((id) => [id, upstreamSettings()])),
    routes,
    rollouts: {},
    invariants: {},
    alerts: {},
    examples: [],
    ...rest,
  };
}

/** A site that counts blocks up and lends upstreams without members. `blocks`: what was asked for, by key. */
export function countingSite(): Site & { readonly blocks: ReadonlyMap<string, number> } {
  const blocks = new Map<string, number>();
  return {
    blocks,
    upstream: (id, settings, { own }): Upstream => ({ id, settings, block: own, members: [], aim: () => undefined }),
    protection: () => ({ circuit: undefined, limiter: undefined, retry: undefined, hedge: undefined }),
    block(key) {
      const known = blocks.get(key) ?? blocks.size;
      blocks.set(key, known);
      return known;
    },
  };
}

export function tableOf(document: Document): Table {
  return compile(document, 'r1', countingSite());
}
