/**
 * Every default of docs/configuration.md can be written down, and says what nothing says.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentIn, revisionIn } from '../../support/reading.ts';

const BARE = `
listeners: { internal: { address: "127.0.0.1:8080" }, edge: { address: "127.0.0.1:8081", zone: edge } }
upstreams: { a: { endpoints: [http://127.0.0.1:7001], circuitBreaker: { failureRate: {} }, healthCheck: {}, outliers: { successRate: {} }, hedge: {} } }
routes: { r: { upstream: a }, v: { match: { path: /v }, versions: { from: [{ query: v }], serve: [{ range: "1", upstream: a }] } }, d: { match: { path: /d }, redirect: { path: /x } } }
`;

const WRITTEN = `
listeners:
  internal: { address: "127.0.0.1:8080", zone: internal, trustedProxies: [], limits: { target: 16KiB, head: 64KiB, headers: 200, body: off, connections: 20000 }, timeout: { head: 10s, body: 10s, keepAlive: 75s }, minBodyRate: off, tls: off }
  edge: { address: "127.0.0.1:8081", zone: edge, minBodyRate: 256B, tls: [] }
admin: { address: "127.0.0.1:9901", token: "", tokens: {}, tls: off, hosts: [], writeBack: true, limits: { body: 8MiB, requests: 5000 }, revisions: { count: 1000, age: 2160h } }
drain: { notice: 5s, limit: 30s }
correlation: { header: x-correlation-id, context: [], caller: x-caller }
defaults: {}
upstreams:
  a:
    endpoints: [{ url: http://127.0.0.1:7001, weight: 1 }]
    balance: p2c
    slowStart: off
    panicPercent: 50
    timeout: { connect: 1s, attempt: 3s, total: 10s, idle: 60s }
    retry: { attempts: 2, on: [connect, reset, timeout, 502, 503, 504], backoff: { initial: 25ms, max: 1s }, budget: { percent: 20, minPerSecond: 10 }, methods: [GET, HEAD, OPTIONS, TRACE, PUT, DELETE], bodyLimit: 64KiB }
    hedge: { after: p95, percent: 5 }
    circuitBreaker: { consecutiveFailures: 10, failureRate: { percent: 50, minRequests: 100, window: 10s }, openFor: 30s, maxOpenFor: 5m, on: [connect, reset, timeout, 502, 503, 504], recovery: { ramp: 10s } }
    limits: { concurrency: 1024, queue: 1024, queueTimeout: 1s }
    healthCheck: { path: /healthz, status: 2xx, interval: 5s, timeout: 1s, unhealthyAfter: 3, healthyAfter: 2 }
    outliers: { consecutiveFailures: 5, successRate: { interval: 10s, minRequests: 100, minMembers: 5, deviations: 1.9 }, ejectFor: 30s, maxEjectFor: 5m, maxEjectedPercent: 50 }
routes:
  r: { match: {}, upstream: a, mode: proxy, sticky: off, override: off, rewrite: off, fallback: off, faults: off, listeners: [internal] }
  v: { match: { path: /v }, versions: { from: [{ query: v }], serve: [{ range: "1", split: { a: 100 } }], missing: { status: 426 }, unmatched: { status: 426 } } }
  d: { match: { path: /d, headers: {}, query: {} }, redirect: { path: /x, status: 302 } }
rollouts: {}
invariants: {}
alerts: {}
examples: []
`;

test('a document with every default written says the same as one that leaves them out', () => {
  assert.deepEqual(documentIn(WRITTEN), documentIn(BARE));
  assert.equal(revisionIn(WRITTEN), revisionIn(BARE));
});
