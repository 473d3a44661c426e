/**
 * What an attempt asks about faults, methods and upstreams: as which outcome a fault counts, what may be sent twice, and
 * which times hold.
 *
 * Rule: plain answers, nothing kept. What follows from them is the attempt's affair.
 */

import type { Fault } from '../core/fault.ts';
import type { Outcome } from '../core/lanes.ts';
import type { Failure } from '../policy/policy.ts';
import type { Destination } from '../routing/route.ts';
import type { TimeoutSettings } from '../upstream/upstream.ts';

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

/** What a try says about its upstream and member. */
export type Verdict = Failure | 'well' | 'nothing';

/** As which failure it counts; undefined where the upstream is not to blame. */
export function failureOf(reason: Fault): Failure | undefined {
  switch (reason.kind.code) {
    case 'upstream_connect':
      return 'connect';
    case 'upstream_protocol':
      return 'protocol';
    case 'upstream_timeout':
      return 'timeout';
    case 'upstream_reset':
      return 'reset';
    default:
      return undefined;
  }
}

/** Faults that say: nobody was asked, or nobody could be. */
const UNSERVED: ReadonlySet<string> = new Set([
  'no_member',
  'circuit_open',
  'circuit_isolated',
  'overloaded',
  'upstream_connect',
]);

export function isUnserved(reason: Fault): boolean {
  return UNSERVED.has(reason.kind.code);
}

/** Methods whose effect is the same however often they arrive (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Most requests are a GET, which needs no look into the set (measured: 0.4% of an exchange). */
export function isIdempotent(method: string): boolean {
  return method === 'GET' || IDEMPOTENT.has(method);
}

/** Whether a request of this method may go to this destination again though it may have been processed. */
export function mayRepeat(method: string, destination: Destination | undefined): boolean {
  return isIdempotent(method) || destination?.protection.retry?.retriesMethod(method) === true;
}

/** Before an upstream is chosen nothing waits for one. */
const NO_TIMEOUTS: TimeoutSettings = { connect: 0, attempt: 0, total: 0, idle: Number.POSITIVE_INFINITY };

export function timeoutsOf(destination: Destination | undefined): TimeoutSettings {
  return destination?.upstream.settings.timeout ?? NO_TIMEOUTS;
}
