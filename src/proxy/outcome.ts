/**
 * What an attempt asks about faults and upstreams: as which outcome a fault counts, and which times hold.
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

/** Before an upstream is chosen nothing waits for one. */
const NO_TIMEOUTS: TimeoutSettings = { connect: 0, attempt: 0, total: 0, idle: Number.POSITIVE_INFINITY };

export function timeoutsOf(upstream: Upstream | undefined): TimeoutSettings {
  return upstream?.settings.timeout ?? NO_TIMEOUTS;
}
