/**
 * The shape of what protects an upstream: further tries, circuit, limits, hedging.
 *
 * Rule: each of them can be `off`. A time that may be none at all takes `0` and `off` alike.
 */

import {
  count,
  duration,
  durationOrNone,
  either,
  fields,
  list,
  number,
  OFF,
  oneOf,
  orOff,
  size,
  TOKEN_TEXT,
} from './shape.ts';

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

const CIRCUIT_BREAKER = fields({
  consecutiveFailures: orOff(count(1)),
  failureRate: orOff(fields({ percent: number(0.1, 100), minRequests: count(1), window: duration(1000) })),
  openFor: duration(),
  maxOpenFor: duration(),
  on: FAILURES,
  recovery: fields({ ramp: durationOrNone() }),
});

const LIMITS = fields({
  concurrency: either([count(1), oneOf('adaptive'), OFF]),
  queue: orOff(count(0)),
  queueTimeout: orOff(duration(0)),
});

const HEDGE = fields({
  after: either([oneOf('p50', 'p90', 'p95', 'p99'), duration()]),
  percent: number(0, 100),
});

export const PROTECTION_KEYS = {
  retry: orOff(RETRY),
  circuitBreaker: orOff(CIRCUIT_BREAKER),
  limits: orOff(LIMITS),
  hedge: orOff(HEDGE),
};
