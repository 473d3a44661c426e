/**
 * What protects an upstream, who of it can serve, and what a route does when nobody can: what is written, what is left to
 * the default, what is off, and what is inherited.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DestinationSettings } from '../../../src/routing/route.ts';
import { documentIn, saidOf } from '../../support/reading.ts';

const EVERYTHING = Number.POSITIVE_INFINITY;

/** The upstream with these settings in a document of its own, of which nothing is said. */
function upstreamWith(settings: string, defaults = '{}'): DestinationSettings {
  const text = `defaults: ${defaults}\nupstreams: { a: { endpoints: [http://a:1], ${settings} } }\nroutes: { r: { upstream: a } }\n`;
  assert.deepEqual(saidOf(text), []);
  return documentIn(text).upstreams.a;
}

/** What is written of one key. */
function written<K extends keyof DestinationSettings>(
  key: K,
  value: string,
  defaults?: string,
): DestinationSettings[K] {
  return upstreamWith(`${key}: ${value}`, defaults)[key];
}

test('endpoints are addresses, names, and names of service records', () => {
  const text =
    'upstreams: { a: { endpoints: [http://10.0.0.1:80, "http://[::1]:7001", http://localhost:7001, http://cart.internal, srv://_http._tcp.tax.internal, { url: SRV://_http._tcp.cart.internal/, weight: 3 }] } }\nroutes: { r: { upstream: a } }';
  assert.deepEqual(saidOf(text), []);
  assert.deepEqual(documentIn(text).upstreams.a?.endpoints, [
    { url: 'http://10.0.0.1:80', weight: 1 },
    { url: 'http://[::1]:7001', weight: 1 },
    { url: 'http://localhost:7001', weight: 1 },
    { url: 'http://cart.internal', weight: 1 },
    { url: 'srv://_http._tcp.tax.internal', weight: 1 },
    { url: 'srv://_http._tcp.cart.internal', weight: 3 },
  ]);
});

test('every way to balance is read', () => {
  for (const word of ['p2c', 'round-robin', 'least-request', 'random']) assert.equal(written('balance', word), word);
  const hashes = { header: 'x-user-id', cookie: 'Sid', query: 'Q' };
  for (const [key, name] of Object.entries(hashes))
    assert.deepEqual(written('balance', `{ hash: { ${key}: ${name} } }`), { hash: { [key]: name } });
  assert.deepEqual(written('balance', '{ hash: { header: X-User-Id } }'), { hash: { header: 'x-user-id' } });
  assert.deepEqual(written('balance', '{ hash: { client: true } }'), { hash: { client: true } });
  assert.deepEqual(written('balance', '{ hash: { path: true } }'), { hash: { path: true } });
});

test('a way to balance replaces an inherited one as a whole', () => {
  const defaults = '{ balance: { hash: { header: x } } }';
  assert.deepEqual(written('balance', '{ hash: { client: true } }', defaults), { hash: { client: true } });
  assert.equal(written('balance', 'random', defaults), 'random');
});

test('slow start and the ramp of a circuit are none where `0`, `0s` or `off` is written', () => {
  assert.equal(written('slowStart', '10s'), 10_000);
  const ramp = (value: string): number => {
    const breaker = written('circuitBreaker', `{ recovery: { ramp: ${value} } }`);
    return breaker === 'off' ? -1 : breaker.recovery.ramp;
  };
  assert.equal(ramp('3s'), 3000);
  for (const none of ['0', '0s', 'off']) assert.deepEqual([written('slowStart', none), ramp(none)], [0, 0], none);
});

test('the panic threshold is a share, or off', () => {
  assert.deepEqual(
    ['30', '0', 'off'].map((value) => written('panicPercent', value)),
    [30, 0, 0],
  );
});

test('every key of `retry` is read, its lists as they stand', () => {
  const retry = written(
    'retry',
    '{ attempts: 0, on: [protocol, 500], backoff: { initial: 0s, max: 2s }, budget: { percent: 10, minPerSecond: 0.5 }, methods: [GET, PROPFIND], bodyLimit: 0B }',
  );
  assert.deepEqual(retry, {
    attempts: 0,
    on: ['protocol', 500],
    backoff: { initial: 0, max: 2000 },
    budget: { percent: 10, minPerSecond: 0.5 },
    methods: ['GET', 'PROPFIND'],
    bodyLimit: 0,
  });
});

test('every key of `circuitBreaker` is read', () => {
  const breaker = written(
    'circuitBreaker',
    '{ consecutiveFailures: off, failureRate: { percent: 20, minRequests: 7, window: 5s }, openFor: 1s, maxOpenFor: 9s, on: [timeout], recovery: { ramp: 2s } }',
  );
  assert.deepEqual(breaker, {
    consecutiveFailures: EVERYTHING,
    failureRate: { percent: 20, minRequests: 7, window: 5000 },
    openFor: 1000,
    maxOpenFor: 9000,
    on: ['timeout'],
    recovery: { ramp: 2000 },
  });
});

test('a failure rate and a success rate that are only asked for have their defaults', () => {
  const breaker = written('circuitBreaker', '{ failureRate: {} }');
  assert.deepEqual(breaker === 'off' ? breaker : breaker.failureRate, {
    percent: 50,
    minRequests: 100,
    window: 10_000,
  });
  const outliers = written('outliers', '{ successRate: {} }');
  assert.deepEqual(outliers === 'off' ? outliers : outliers.successRate, {
    interval: 10_000,
    minRequests: 100,
    minMembers: 5,
    deviations: 1.9,
  });
});

test('every key of `outliers` is read', () => {
  const outliers = written(
    'outliers',
    '{ consecutiveFailures: off, successRate: { interval: 5s, minRequests: 9, minMembers: 3, deviations: 2.5 }, ejectFor: 2s, maxEjectFor: 8s, maxEjectedPercent: 20 }',
  );
  assert.deepEqual(outliers, {
    consecutiveFailures: EVERYTHING,
    successRate: { interval: 5000, minRequests: 9, minMembers: 3, deviations: 2.5 },
    ejectFor: 2000,
    maxEjectFor: 8000,
    maxEjectedPercent: 20,
  });
});

test('of two times that grow one into the other, the default of the one not written gives way', () => {
  const backoff = (value: string) => {
    const retry = written('retry', `{ backoff: ${value} }`);
    return retry === 'off' ? retry : retry.backoff;
  };
  assert.deepEqual(backoff('{ initial: 3s }'), { initial: 3000, max: 3000 });
  assert.deepEqual(backoff('{ max: 10ms }'), { initial: 10, max: 10 });
  const breaker = written('circuitBreaker', '{ openFor: 10m }');
  assert.deepEqual(breaker === 'off' ? [] : [breaker.openFor, breaker.maxOpenFor], [600_000, 600_000]);
  const outliers = written('outliers', '{ maxEjectFor: 5s }');
  assert.deepEqual(outliers === 'off' ? [] : [outliers.ejectFor, outliers.maxEjectFor], [5000, 5000]);
});

test('a health check asks for a path, or for no more than a connection', () => {
  const bare = {
    status: [200, 299],
    body: undefined,
    interval: 5000,
    timeout: 1000,
    healthyAfter: 2,
    unhealthyAfter: 3,
  };
  assert.equal(upstreamWith('').healthCheck, 'off');
  assert.deepEqual(written('healthCheck', '{}'), { path: '/healthz', ...bare });
  assert.deepEqual(written('healthCheck', '{ tcp: true }'), { path: undefined, ...bare });
  assert.deepEqual(
    written(
      'healthCheck',
      '{ path: "/ready?deep=1", status: 200-399, body: "ok", interval: 2s, timeout: 500ms, healthyAfter: 1, unhealthyAfter: 5 }',
    ),
    {
      path: '/ready?deep=1',
      status: [200, 399],
      body: 'ok',
      interval: 2000,
      timeout: 500,
      healthyAfter: 1,
      unhealthyAfter: 5,
    },
  );
});

test('the status of a health check is one, a hundred, or from one to another', () => {
  const expected: [string, [number, number]][] = [
    ['204', [204, 204]],
    ['"204"', [204, 204]],
    ['2xx', [200, 299]],
    ['200-404', [200, 404]],
  ];
  for (const [value, status] of expected) {
    const check = written('healthCheck', `{ status: ${value} }`);
    assert.deepEqual(check === 'off' ? check : check.status, status, value);
  }
});

test('a check more often than the default timeout has no longer a timeout than its interval', () => {
  const check = written('healthCheck', '{ interval: 200ms }');
  assert.equal(check === 'off' ? check : check.timeout, 200);
});

test('a TCP check displaces an inherited path, and a path an inherited TCP check', () => {
  const tcp = written(
    'healthCheck',
    '{ tcp: true }',
    '{ healthCheck: { path: /x, status: 204, body: ok, interval: 1s } }',
  );
  assert.deepEqual(tcp === 'off' ? tcp : [tcp.path, tcp.status, tcp.body, tcp.interval], [
    undefined,
    [200, 299],
    undefined,
    1000,
  ]);
  const http = written('healthCheck', '{ path: /x }', '{ healthCheck: { tcp: true } }');
  assert.equal(http === 'off' ? http : http.path, '/x');
});

test('limits are numbers, `adaptive`, or off one by one', () => {
  assert.deepEqual(written('limits', '{ concurrency: adaptive }'), {
    concurrency: 'adaptive',
    queue: 1024,
    queueTimeout: 1000,
  });
  assert.deepEqual(written('limits', '{ concurrency: off, queue: off, queueTimeout: off }'), {
    concurrency: EVERYTHING,
    queue: EVERYTHING,
    queueTimeout: EVERYTHING,
  });
  assert.deepEqual(written('limits', '{ concurrency: 3, queue: 0, queueTimeout: 0s }'), {
    concurrency: 3,
    queue: 0,
    queueTimeout: 0,
  });
});

test('a request is hedged only where the document asks for it, after a time or a quantile', () => {
  assert.equal(upstreamWith('').hedge, 'off');
  assert.deepEqual(written('hedge', '{}'), { after: 'p95', percent: 5 });
  assert.deepEqual(written('hedge', '{ after: 50ms }'), { after: 50, percent: 5 });
  for (const after of ['p50', 'p90', 'p95', 'p99'])
    assert.deepEqual(written('hedge', `{ after: ${after}, percent: 1 }`), { after, percent: 1 });
});

test('every policy is inherited key by key, and can be off where it is inherited', () => {
  const defaults =
    '{ slowStart: 5s, panicPercent: 10, hedge: { after: p99 }, healthCheck: {}, limits: { queue: 7 }, circuitBreaker: { failureRate: { percent: 5 } } }';
  const own = upstreamWith('limits: { concurrency: 2 }, circuitBreaker: { failureRate: { window: 1s } }', defaults);
  assert.deepEqual([own.slowStart, own.panicPercent, own.hedge], [5000, 10, { after: 'p99', percent: 5 }]);
  assert.deepEqual(own.limits, { concurrency: 2, queue: 7, queueTimeout: 1000 });
  const breaker = own.circuitBreaker;
  assert.deepEqual(breaker === 'off' ? breaker : breaker.failureRate, { percent: 5, minRequests: 100, window: 1000 });
  assert.notEqual(own.healthCheck, 'off');
  const off = upstreamWith(
    'slowStart: off, panicPercent: off, hedge: off, healthCheck: off, limits: off, circuitBreaker: { consecutiveFailures: 3, failureRate: off }',
    defaults,
  );
  assert.deepEqual(
    [off.slowStart, off.panicPercent, off.hedge, off.healthCheck, off.limits],
    [0, 0, 'off', 'off', 'off'],
  );
  assert.equal(off.circuitBreaker === 'off' ? '' : off.circuitBreaker.failureRate, 'off');
});

const UPSTREAMS = 'upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }\n';

test('a fallback is another upstream, or a reply with no header and an empty body where it does not say', () => {
  const { routes } = documentIn(`${UPSTREAMS}routes:
  other: { match: { path: /o }, upstream: a, fallback: { upstream: b } }
  bare: { match: { path: /b }, upstream: a, fallback: { status: 503 } }
  full: { match: { path: /f }, upstream: a, fallback: { status: 200, headers: { Content-Type: text/plain }, body: "later\\n" } }
  none: { match: { path: /n }, upstream: a }
`);
  assert.deepEqual(routes.other?.fallback, { upstream: 'b' });
  assert.deepEqual(routes.bare?.fallback, { reply: { status: 503, headers: {}, body: '' } });
  assert.deepEqual(routes.full?.fallback, {
    reply: { status: 200, headers: { 'Content-Type': 'text/plain' }, body: 'later\n' },
  });
  assert.ok(routes.none !== undefined && !('fallback' in routes.none));
});

test('an inherited fallback is replaced as a whole, dropped where it serves the route already, and can be off', () => {
  const text = `defaults: { fallback: { upstream: b } }
${UPSTREAMS}routes:
  inherits: { match: { path: /i }, upstream: a }
  replies: { match: { path: /r }, upstream: a, fallback: { status: 503 } }
  served: { match: { path: /s }, split: { a: 1, b: 0 } }
  off: { match: { path: /o }, upstream: a, fallback: off }
  redirects: { match: { path: /x }, redirect: { path: /y } }
  once: { match: { path: /z }, upstream: a, mode: redirect }
`;
  assert.deepEqual(saidOf(text), []);
  const { routes } = documentIn(text);
  assert.deepEqual(
    Object.values(routes).map(({ fallback }) => fallback),
    [{ upstream: 'b' }, { reply: { status: 503, headers: {}, body: '' } }, undefined, undefined, undefined, undefined],
  );
});

test('faults are a delay, an abort, or both', () => {
  const { routes } = documentIn(`${UPSTREAMS}routes:
  both: { match: { path: /b }, upstream: a, faults: { delay: { time: 200ms, percent: 10 }, abort: { status: 503, percent: 0.5 } } }
  delay: { match: { path: /d }, upstream: a, faults: { delay: { time: 1s, percent: 100 } } }
  none: { match: { path: /n }, upstream: a }
`);
  assert.deepEqual(routes.both?.faults, {
    delay: { time: 200, percent: 10 },
    abort: { status: 503, percent: 0.5 },
  });
  assert.deepEqual(routes.delay?.faults, { delay: { time: 1000, percent: 100 } });
  assert.ok(routes.none !== undefined && !('faults' in routes.none));
});
