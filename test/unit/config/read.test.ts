/**
 * What a valid document resolves to: every key, every default, every short form, and its identity.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { readDocument } from '../../../src/config/read.ts';
import { CONTRACT_DOCUMENT, TLS } from '../../support/contract-document.ts';
import { documentIn, errorsOf, revisionIn, saidOf } from '../../support/reading.ts';
import { adminSettings } from '../../support/tables.ts';

const SUPPORTED = CONTRACT_DOCUMENT.replace(TLS, '');
const NO_EDIT = { set: {}, add: {}, remove: [] };
const NO_REWRITE = { headers: { request: NO_EDIT, response: NO_EDIT } };
const EVERYTHING = Number.POSITIVE_INFINITY;

/** What an upstream has where its document says nothing. */
const BARE_UPSTREAM = {
  endpoints: [],
  balance: 'p2c',
  slowStart: 0,
  panicPercent: 50,
  timeout: { connect: 1000, attempt: 3000, total: 10_000, idle: 60_000 },
  retry: {
    attempts: 2,
    on: ['connect', 'reset', 'timeout', 502, 503, 504],
    backoff: { initial: 25, max: 1000 },
    budget: { percent: 20, minPerSecond: 10 },
    methods: ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'],
    bodyLimit: 65_536,
  },
  circuitBreaker: {
    consecutiveFailures: 10,
    failureRate: 'off',
    openFor: 30_000,
    maxOpenFor: 300_000,
    on: ['connect', 'reset', 'timeout', 502, 503, 504],
    recovery: { ramp: 10_000 },
  },
  healthCheck: 'off',
  outliers: {
    consecutiveFailures: 5,
    successRate: 'off',
    ejectFor: 30_000,
    maxEjectFor: 300_000,
    maxEjectedPercent: 50,
  },
  limits: { concurrency: 1024, queue: 1024, queueTimeout: 1000 },
  hedge: 'off',
};

/** What a health check has where the document only asks for one. */
const BARE_CHECK = {
  path: '/healthz',
  status: [200, 299],
  body: undefined,
  interval: 5000,
  timeout: 1000,
  healthyAfter: 2,
  unhealthyAfter: 3,
};

const BARE_LISTENER = {
  address: '127.0.0.1:8080',
  zone: 'internal',
  tls: [],
  trustedProxies: [],
  limits: { target: 16_384, head: 65_536, headers: 200, body: EVERYTHING, connections: 20_000 },
  timeout: { head: 10_000, body: 10_000, keepAlive: 75_000 },
  minBodyRate: 0,
};

test('the document with every key is refused for its TLS alone', () => {
  assert.deepEqual(errorsOf(CONTRACT_DOCUMENT), [
    '7:5 error: tls is not supported in this version: this listener would speak plain text; end TLS in front of the router and remove the key, or write `off`',
  ]);
});

test('the document with every key is accepted without TLS, and says what has no life yet', () => {
  const inactive = (place: string, key: string): string =>
    `${place} notice: ${key}: validated, but not active in this version; the router acts as if it were not there`;
  assert.deepEqual(saidOf(SUPPORTED), [
    inactive('67:1', 'rollouts'),
    inactive('75:1', 'invariants'),
    inactive('80:1', 'alerts'),
  ]);
});

test('the document with every key resolves to its listeners, admin, drain and correlation', () => {
  const document = documentIn(SUPPORTED, { SIGNALBOX_ADMIN_TOKEN: 'secret' });
  assert.deepEqual(document.listeners, {
    internal: BARE_LISTENER,
    edge: {
      ...BARE_LISTENER,
      address: '0.0.0.0:8443',
      zone: 'edge',
      trustedProxies: ['10.0.0.0/8'],
      minBodyRate: 256,
    },
  });
  assert.deepEqual(document.admin, adminSettings({ address: '127.0.0.1:9901', token: 'secret' }));
  assert.equal(document.workers, 2);
  assert.deepEqual(document.drain, { notice: 5000, limit: 30_000 });
  assert.deepEqual(document.correlation, {
    header: 'x-correlation-id',
    context: ['x-user-id', 'x-tournament-id'],
    caller: 'x-caller',
  });
});

test('the document with every key resolves to its upstreams', () => {
  const { upstreams } = documentIn(SUPPORTED);
  assert.deepEqual(Object.keys(upstreams), ['cart', 'checkout', 'checkout-v2', 'game-red', 'game-white', 'tax']);
  assert.deepEqual(upstreams.cart, {
    ...BARE_UPSTREAM,
    endpoints: [
      { url: 'http://127.0.0.1:7001', weight: 1 },
      { url: 'http://127.0.0.1:7002', weight: 2 },
    ],
    healthCheck: BARE_CHECK,
  });
  assert.deepEqual(upstreams.tax, { ...BARE_UPSTREAM, endpoints: [{ url: 'http://127.0.0.1:7031', weight: 1 }] });
});

test('the document with every key resolves to its routes', () => {
  const { routes } = documentIn(SUPPORTED);
  assert.deepEqual(routes.cart, {
    match: { host: 'cart.internal', path: { kind: 'prefix', value: '/cart' }, headers: {}, query: {} },
    release: { split: [{ upstream: 'cart', weight: 100 }], mode: 'proxy' },
    rewrite: NO_REWRITE,
    listeners: ['internal'],
  });
  assert.deepEqual(routes.checkout, {
    match: {
      path: { kind: 'prefix', value: '/checkout' },
      methods: ['GET', 'POST'],
      headers: { 'x-tenant': 'acme' },
      query: { v: '2' },
    },
    release: {
      split: [
        { upstream: 'checkout', weight: 95 },
        { upstream: 'checkout-v2', weight: 5 },
      ],
      sticky: { header: 'x-user-id' },
      override: { header: 'x-signalbox-upstream' },
      mode: 'proxy',
    },
    rewrite: { stripPrefix: '/checkout', ...NO_REWRITE },
    listeners: ['internal', 'edge'],
  });
  assert.deepEqual(routes.game?.release, {
    split: [],
    versions: {
      from: [{ header: 'x-client-version' }, { query: 'v' }, { cookie: 'v' }],
      serve: [
        { range: '>=2.0.0', split: [{ upstream: 'game-white', weight: 100 }] },
        { range: '>=1.4.0 <2.0.0', split: [{ upstream: 'game-red', weight: 100 }] },
      ],
      missing: { split: [{ upstream: 'game-red', weight: 100 }] },
      unmatched: { status: 426 },
    },
    mode: 'proxy',
  });
});

test('the document with every key keeps its rollouts, invariants, alerts and examples', () => {
  const document = documentIn(SUPPORTED);
  const written = load(SUPPORTED) as Record<string, unknown>;
  assert.deepEqual(document.rollouts, written.rollouts);
  assert.deepEqual(document.invariants, written.invariants);
  assert.deepEqual(document.alerts, written.alerts);
  assert.deepEqual(document.examples, [
    { request: 'GET http://cart.internal/cart/7', headers: {}, listener: undefined, route: 'cart', upstream: 'cart' },
  ]);
});

test('a document that says nothing has the defaults of everything', () => {
  assert.deepEqual(documentIn('{}'), {
    listeners: { internal: BARE_LISTENER },
    admin: adminSettings({ address: '127.0.0.1:9901' }),
    workers: undefined,
    drain: { notice: 5000, limit: 30_000 },
    correlation: { header: 'x-correlation-id', context: [], caller: 'x-caller' },
    upstreams: {},
    routes: {},
    rollouts: {},
    invariants: {},
    alerts: {},
    examples: [],
  });
  assert.deepEqual(documentIn('upstreams: { a: {} }').upstreams.a, BARE_UPSTREAM);
});

test('every policy and every bound that may be off can be off, without a notice', () => {
  const text = `
listeners:
  edge:
    address: 127.0.0.1:8443
    zone: edge
    tls: off
    limits: { body: off, connections: off }
    timeout: { body: off, keepAlive: off }
    minBodyRate: off
correlation: { caller: off }
upstreams:
  a:
    endpoints: [http://a:1]
    slowStart: off
    panicPercent: off
    timeout: { attempt: off, total: off, idle: off }
    retry: off
    circuitBreaker: off
    healthCheck: off
    outliers: off
    limits: off
    hedge: off
routes:
  r: { upstream: a, listeners: [edge], sticky: off, override: off, rewrite: off, fallback: off, faults: off }
`;
  assert.deepEqual(saidOf(text), []);
  const { listeners, correlation, upstreams, routes } = documentIn(text);
  assert.deepEqual(listeners.edge, {
    ...BARE_LISTENER,
    address: '127.0.0.1:8443',
    zone: 'edge',
    limits: { ...BARE_LISTENER.limits, connections: EVERYTHING },
    timeout: { head: 10_000, body: EVERYTHING, keepAlive: EVERYTHING },
  });
  assert.equal(correlation.caller, undefined);
  assert.deepEqual(upstreams.a, {
    endpoints: [{ url: 'http://a:1', weight: 1 }],
    balance: 'p2c',
    slowStart: 0,
    panicPercent: 0,
    timeout: { connect: 1000, attempt: EVERYTHING, total: EVERYTHING, idle: EVERYTHING },
    retry: 'off',
    circuitBreaker: 'off',
    healthCheck: 'off',
    outliers: 'off',
    limits: 'off',
    hedge: 'off',
  });
  assert.deepEqual(Object.keys(routes.r ?? {}), ['match', 'release', 'rewrite', 'listeners']);
  assert.deepEqual(routes.r?.release, { split: [{ upstream: 'a', weight: 100 }], mode: 'proxy' });
  assert.deepEqual(routes.r?.rewrite, NO_REWRITE);
});

test('a policy written in part keeps the defaults of the rest, and an empty health check is one', () => {
  const { a } = documentIn(
    'upstreams: { a: { retry: { attempts: 5, budget: off }, healthCheck: {}, limits: { queue: off } } }',
  ).upstreams;
  assert.deepEqual(a?.retry, { ...BARE_UPSTREAM.retry, attempts: 5, budget: 'off' });
  assert.deepEqual(a?.limits, { ...BARE_UPSTREAM.limits, queue: EVERYTHING });
  assert.deepEqual(a?.healthCheck, BARE_CHECK);
});

test('a listener on a loopback address is internal where it does not say', () => {
  for (const address of ['127.0.0.1:1', '127.9.9.9:1', '"[::1]:1"', 'localhost:1']) {
    assert.equal(documentIn(`listeners: { i: { address: ${address} } }`).listeners.i?.zone, 'internal', address);
  }
});

test('JSON is read like YAML, a byte order mark and foreign line ends too', () => {
  const json = JSON.stringify({ workers: 1, upstreams: { a: { endpoints: ['http://a:1'] } } }, undefined, '\t');
  assert.equal(documentIn(json).upstreams.a?.endpoints[0]?.url, 'http://a:1');
  assert.equal(documentIn('\ufeffworkers: 3\r\ndrain:\r\n  limit: 1s\r\n').drain.limit, 1000);
  assert.deepEqual(errorsOf('\ufeffworkers: 3\r\ndrain:\r\n  limt: 1s\r\n'), [
    '3:3 error: unknown key "limt" in "drain"; did you mean "limit"?',
  ]);
});

test('two ways to write one meaning have one revision', () => {
  const plain = `
upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { match: { host: a.internal, path: /x }, upstream: a } }
`;
  const others = [
    `# a comment\n${plain}`,
    `
routes:
  r:
    upstream: a
    match:
      path: /x/
      host: A.Internal
upstreams: { a: { endpoints: [{ url: HTTP://a:1/, weight: 1 }], timeout: { total: 10000ms } } }
`,
    `
defaults: { match: { host: a.internal } }
upstreams: { a: { endpoints: [http://a:1], balance: p2c, healthCheck: off } }
routes: { r: { match: { path: "/x" }, split: { a: 100 }, listeners: [internal] } }
drain: { notice: 5s }
`,
  ];
  const revision = revisionIn(plain);
  assert.match(revision, /^[0-9a-f]{12}$/);
  for (const text of others) assert.equal(revisionIn(text), revision, text);
  assert.notEqual(revisionIn(plain.replace('path: /x', 'path: /y')), revision);
  const off = plain.replace('[http://a:1]', '[http://a:1], timeout: { total: off }');
  assert.notEqual(revisionIn(off), revision);
});

test('a problem names its place as a JSON pointer', () => {
  const reading = readDocument(
    'upstreams: { a: { endpoints: [{ url: http://a:1, wight: 2 }] } }\nroutes: { r: { match: { query: { "a/b~c": 2 } }, upstream: x } }',
    'routes.yaml',
    {},
  );
  assert.equal(reading.ok, false);
  if (reading.ok) return;
  assert.deepEqual(
    reading.problems.map(({ path, severity, pointer }) => ({ path, severity, pointer })),
    [
      { path: 'routes.yaml', severity: 'error', pointer: '/upstreams/a/endpoints/0/wight' },
      { path: 'routes.yaml', severity: 'error', pointer: '/routes/r/match/query/a~1b~0c' },
      { path: 'routes.yaml', severity: 'error', pointer: '/routes/r/upstream' },
    ],
  );
});

test('ten thousand routes are read in one go, every one of them', () => {
  const routes = Array.from(
    { length: 10_000 },
    (_, i) => `  r${i}: { match: { host: h${i}.internal, path: /p${i} }, upstream: a }\n`,
  );
  const text = `upstreams: { a: { endpoints: [http://a:1] } }\nroutes:\n${routes.join('')}`;
  const document = documentIn(text);
  assert.equal(Object.keys(document.routes).length, 10_000);
  assert.deepEqual(document.routes.r9999?.match.path, { kind: 'prefix', value: '/p9999' });
  assert.deepEqual(saidOf(text.replaceAll('upstream: a }', 'upstrm: a }')).length, 20_000);
});
