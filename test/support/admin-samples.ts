/**
 * What a router could say: one sample of each body of the admin API, for tests to change what they look at.
 */

import type { Change, Effect, Revision } from '../../src/admin/shapes/change.ts';
import type { ProblemReply } from '../../src/admin/shapes/common.ts';
import type { LiveFrame } from '../../src/admin/shapes/live.ts';
import type { Circuit, EventItem, Explanation, Lease, Status, UpstreamStatus } from '../../src/admin/shapes/status.ts';

/** What the clock of these tests says at their beginning, and times before it. */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
export function ago(milliseconds: number): string {
  return new Date(NOW - milliseconds).toISOString();
}

export const EFFECT: Effect = {
  words: ['1 route changed', 'route cart: cart-v2 gets 10% (20% before)'],
  routes: { added: [], removed: [], changed: ['cart'] },
  upstreams: { added: [], removed: [], changed: [] },
  other: [],
  requestsUnderWay: 0,
};

export const CHANGE: Change = {
  revision: 'aaaaaaaaaaa2',
  parent: 'aaaaaaaaaaa1',
  changed: true,
  dryRun: false,
  merged: false,
  written: 'file',
  effect: EFFECT,
  notices: [],
};

export const CIRCUIT: Circuit = { state: 'closed', forced: false, reason: '', failures: 0 };

export const UPSTREAM_STATUS: UpstreamStatus = {
  id: 'cart',
  circuit: {
    state: 'open',
    forced: false,
    reason: '10 failures in a row',
    since: ago(60_000),
    until: ago(-30_000),
    failures: 10,
  },
  members: [
    { id: 'http://127.0.0.1:7001', from: 'file', state: 'up', weight: 1, good: 1200, bad: 3 },
    {
      id: 'http://127.0.0.1:7002',
      from: 'lease',
      state: 'ejected',
      weight: 2,
      good: 7,
      bad: 9,
      instance: 'b',
      version: '2.1',
      zone: 'z',
    },
  ],
  inFlight: 4,
  queued: 1,
  limit: 100,
  routes: ['cart', 'checkout'],
  leases: 1,
};

export const LEASE: Lease = {
  upstream: 'cart',
  instance: '127.0.0.1-7003',
  url: 'http://127.0.0.1:7003',
  weight: 1,
  ttl: '30s',
  state: 'up',
  registeredAt: ago(120_000),
  renewedAt: ago(5000),
  expiresAt: ago(-25_000),
  author: 'ada',
};

export const STATUS: Status = {
  version: '0.1.0',
  node: 'v26.10.0',
  pid: 4711,
  phase: 'serving',
  startedAt: ago(7_200_000),
  revision: 'aaaaaaaaaaa1',
  since: ago(180_000),
  threads: { wanted: 2, running: 2, restarts: 1 },
  connections: 12,
  routes: 5,
  upstreams: 6,
  listeners: [{ id: 'internal', address: '127.0.0.1:8080', port: 8080, zone: 'internal' }],
  members: { up: 5, total: 6 },
  circuits: { open: ['cart'], halfOpen: [], isolated: ['tax'], forced: [] },
  lastReload: { successful: true, at: ago(180_000), source: 'file', author: '', reason: '', problems: [] },
  writeBack: { to: 'file', path: '/etc/signalbox/routes.yaml', writable: true, detail: '' },
  audit: { intact: true, records: 3, detail: '' },
  you: { name: 'local', role: 'admin' },
};

export const EVENTS: readonly EventItem[] = [
  {
    at: ago(60_000),
    is: 'circuit',
    upstream: 'cart',
    state: 'open',
    text: 'the circuit of cart opened: 10 failures in a row',
  },
  {
    at: ago(180_000),
    is: 'member',
    upstream: 'cart',
    member: 'http://127.0.0.1:7002',
    state: 'up',
    text: 'http://127.0.0.1:7002 of cart is up',
  },
];

export const EXPLANATION: Explanation = {
  outcome: 'proxied',
  listener: 'internal',
  route: 'cart',
  upstreams: [
    { id: 'cart', share: 0.8, circuit: 'closed', members: 2, up: 2 },
    { id: 'cart-v2', share: 0.2, circuit: 'open', members: 1, up: 0 },
  ],
  policies: [{ name: 'retry', text: 'up to 2 further attempts' }],
  others: [{ route: 'basket', why: 'its path is /basket' }],
  words: ['route cart takes it: its path begins with /cart'],
};

export const REVISIONS: readonly Revision[] = [
  {
    number: 3,
    at: ago(60_000),
    revision: 'aaaaaaaaaaa1',
    parent: 'aaaaaaaaaaa0',
    source: 'api',
    author: 'ada',
    reason: 'more for v2',
    result: 'applied',
    detail: '',
    words: ['route cart: cart-v2 gets 20% (10% before)'],
    patch: [
      { op: 'replace', path: '/routes/cart/split/cart-v2', value: 20 },
      { op: 'remove', path: '/routes/old' },
    ],
    patchOmitted: false,
    restorable: true,
    running: true,
  },
  {
    number: 2,
    at: ago(90_000),
    revision: 'bbbbbbbbbbbb',
    parent: 'aaaaaaaaaaa0',
    source: 'file',
    author: '',
    reason: '',
    result: 'refused',
    detail: 'an example does not hold',
    words: [],
    patch: [],
    patchOmitted: true,
    restorable: false,
    running: false,
  },
];

const FLOW = { rate: 0, errorShare: 0, p50: null, p95: null, p99: null };

export const FRAME: LiveFrame = {
  at: ago(0),
  interval: 1000,
  revision: 'aaaaaaaaaaa1',
  connections: 12,
  total: { rate: 150, errorShare: 0.02, p50: 1.25, p95: 3.5, p99: 128.4 },
  routes: [
    {
      id: 'cart',
      rate: 120,
      errorShare: 0,
      p50: 1.2,
      p95: 3.4,
      p99: 8.9,
      to: [{ upstream: 'cart', rate: 120, errorShare: 0, weight: 80 }],
    },
    {
      id: 'tax',
      rate: 30,
      errorShare: 0.1,
      p50: 2,
      p95: 9,
      p99: 130,
      to: [{ upstream: 'tax', rate: 30, errorShare: 0.1, weight: null }],
    },
  ],
  upstreams: [
    {
      id: 'tax',
      rate: 30,
      errorShare: 0.1,
      p50: 2,
      p95: 9,
      p99: 130,
      inFlight: 3,
      queued: 0,
      retries: 1.5,
      circuit: 'half-open',
      up: 1,
      members: 2,
    },
    {
      id: 'cart',
      rate: 120,
      errorShare: 0,
      p50: 1.2,
      p95: 3.4,
      p99: 8.9,
      inFlight: 1,
      queued: 0,
      retries: 0,
      circuit: 'closed',
      up: 2,
      members: 2,
    },
    { id: 'idle', ...FLOW, inFlight: 0, queued: 0, retries: 0, circuit: 'closed', up: 1, members: 1 },
  ],
  callers: [],
};

export function problem(status: number, code: string, detail: string, more: Partial<ProblemReply> = {}): ProblemReply {
  return { type: `https://signalbox.invalid/problems/${code}`, title: code, status, detail, code, ...more };
}
