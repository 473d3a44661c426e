/**
 * The shape of an upstream: who serves, and what protects it.
 *
 * Rule: any policy can be `off`. What carries `x-dormant` is checked in full and has no effect yet; whoever gives it life
 * takes the word away, and nothing else changes for the document.
 */

import {
  count,
  duration,
  either,
  fields,
  HEADER,
  list,
  number,
  oneKey,
  oneOf,
  orOff,
  size,
  TOKEN_TEXT,
  TRUE,
  text,
} from './shape.ts';

const URL_TEXT = text('a URL', { 'x-advice': 'write `http://host:port`' });
const ENDPOINT = either([URL_TEXT, fields({ url: URL_TEXT, weight: number(0, 1_000_000) }, ['url'])], {
  description: 'a URL or { url, weight }',
});

const HASH = oneKey({
  header: HEADER,
  cookie: TOKEN_TEXT,
  query: text('the name of a query parameter'),
  client: TRUE,
  path: TRUE,
});

const BALANCE = either([
  oneOf('p2c', 'round-robin', 'least-request', 'random'),
  fields({ hash: HASH }, ['hash'], { description: '{ hash: { header: NAME } }', 'x-whole': true, 'x-dormant': true }),
]);

/** What counts as a failed attempt: a fault, or a status. */
const FAILURES = list(either([oneOf('connect', 'reset', 'timeout', 'protocol'), count(400, 599)]), {
  minItems: 1,
  uniqueItems: true,
});

const RETRY = fields({
  attempts: count(0, 100),
  on: FAILURES,
  backoff: fields({ initial: duration(0), max: duration(0) }),
  budget: orOff(fields({ percent: number(0, 100), minPerSecond: number(0) })),
  methods: list(TOKEN_TEXT, { uniqueItems: true }),
  bodyLimit: size(0),
});

const CIRCUIT_BREAKER = fields({ consecutiveFailures: count(1), openFor: duration(), on: FAILURES });

const HEALTH_CHECK = fields({
  path: text('a path such as `/healthz`'),
  interval: duration(),
  timeout: duration(),
  healthyAfter: count(1),
  unhealthyAfter: count(1),
});

const OUTLIERS = fields({ consecutiveFailures: count(1), ejectFor: duration(), maxEjectedPercent: number(0, 100) });

const LIMITS = fields({
  concurrency: orOff(count(1)),
  queue: orOff(count(0)),
  queueTimeout: orOff(duration(0)),
});

const DORMANT = { 'x-dormant': true };

export const UPSTREAM_KEYS = {
  endpoints: list(ENDPOINT),
  balance: BALANCE,
  timeout: fields({
    connect: duration(),
    attempt: orOff(duration()),
    total: orOff(duration()),
    idle: orOff(duration()),
  }),
  retry: orOff(RETRY, DORMANT),
  circuitBreaker: orOff(CIRCUIT_BREAKER, DORMANT),
  healthCheck: orOff(HEALTH_CHECK, DORMANT),
  outliers: orOff(OUTLIERS, DORMANT),
  limits: orOff(LIMITS, DORMANT),
};

export const UPSTREAM = fields(UPSTREAM_KEYS);
