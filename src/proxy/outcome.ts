/**
 * What an attempt asks about faults, methods and upstreams: as which outcome a fault counts, what may be sent twice, and
 * which times hold.
 *
 * Rule: plain answers, nothing kept. What follows from them is the attempt's affair.
 */

import type { Fault } from '../core/fault.ts';
import type { Outcome } from '../core/lanes.ts';
import type { TimeoutSettings, Upstream } from '../upstream/upstream.ts';

/** How an attempt that ended by this fault is counted. */
export function outcomeOf(reason: Fault): Outcome {
  switch (reason.kind.code) {
    case 'upstream_connect':
    case 'overloaded':
      return 'connect';
    case 'upstream_protocol':
      return 'protocol';
    case 'upstream_timeout':
      return 'timeout';
    default:
      return 'reset';
  }
}

/** Methods whose effect is the same however often they arrive (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Most requests are a GET, which needs no look into the set (measured: 0.4% of an exchange). */
export function isIdempotent(method: string): boolean {
  return method === 'GET' || IDEMPOTENT.has(method);
}

/** Before an upstream is chosen nothing waits for one. */
const NO_TIMEOUTS: TimeoutSettings = { connect: 0, attempt: 0, total: 0, idle: Number.POSITIVE_INFINITY };

export function timeoutsOf(upstream: Upstream | undefined): TimeoutSettings {
  return upstream?.settings.timeout ?? NO_TIMEOUTS;
}
