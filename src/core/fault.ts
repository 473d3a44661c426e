/**
 * What can go wrong with an exchange, as values.
 *
 * Rule: one code serves the log, the metric label, the admin API and the Proxy-Status header (RFC 9209), so a code is
 * written once, here. A fault says whose side it was on, so that a client's abort is never held against an upstream.
 * Turning a fault into a reply belongs to proxy/respond.ts alone.
 */

export type Side = 'client' | 'router' | 'upstream';

/** Whether another attempt may follow: `if-reused` means only when a pooled connection died before one reply byte. */
export type Retryable = 'yes' | 'no' | 'if-reused';

export type FaultCode =
  | 'bad_request'
  | 'no_route'
  | 'target_too_long'
  | 'head_too_large'
  | 'body_too_large'
  | 'request_timeout'
  | 'version_not_served'
  | 'rate_limited'
  | 'upstream_connect'
  | 'upstream_reset'
  | 'upstream_protocol'
  | 'upstream_timeout'
  | 'circuit_open'
  | 'circuit_isolated'
  | 'overloaded'
  | 'no_member'
  | 'client_gone'
  | 'client_stalled'
  | 'route_removed'
  | 'draining'
  | 'injected'
  | 'internal_error';

export interface FaultKind {
  readonly code: FaultCode;
  readonly side: Side;
  /** Status of the reply, if one can still be made. 499 is never sent: it marks a client that left, in the log only. */
  readonly status: number;
  readonly retryable: Retryable;
  readonly title: string;
  /** `error` parameter of Proxy-Status: a type registered in RFC 9209 section 2.3. */
  readonly proxyError: string;
}

/** One fault: its kind, and what happened in this case, in words an operator can act on. */
export interface Fault {
  readonly kind: FaultKind;
  readonly detail: string;
  /** Seconds after which it may go better, where somebody knows; undefined: nobody does. */
  readonly retryAfter: number | undefined;
}

function kind(
  code: FaultCode,
  side: Side,
  status: number,
  retryable: Retryable,
  title: string,
  proxyError: string,
): FaultKind {
  return Object.freeze({ code, side, status, retryable, title, proxyError });
}

export const FAULTS: Readonly<Record<FaultCode, FaultKind>> = Object.freeze({
  bad_request: kind('bad_request', 'client', 400, 'no', 'Malformed or ambiguous request', 'http_request_error'),
  no_route: kind('no_route', 'client', 404, 'no', 'No route', 'destination_not_found'),
  target_too_long: kind('target_too_long', 'client', 414, 'no', 'Request target too long', 'http_request_error'),
  head_too_large: kind('head_too_large', 'client', 431, 'no', 'Request head too large', 'http_request_error'),
  body_too_large: kind('body_too_large', 'client', 413, 'no', 'Request body too large', 'http_request_error'),
  request_timeout: kind('request_timeout', 'client', 408, 'no', 'Request not received in time', 'http_request_error'),
  version_not_served: kind(
    'version_not_served',
    'client',
    426,
    'no',
    'Client version not served',
    'http_request_denied',
  ),
  rate_limited: kind('rate_limited', 'client', 429, 'no', 'Rate limit reached', 'http_request_denied'),
  upstream_connect: kind('upstream_connect', 'upstream', 502, 'yes', 'Upstream not reachable', 'connection_refused'),
  upstream_reset: kind('upstream_reset', 'upstream', 502, 'if-reused', 'Upstream broke off', 'connection_terminated'),
  upstream_protocol: kind(
    'upstream_protocol',
    'upstream',
    502,
    'no',
    'Upstream speaks nonsense',
    'http_protocol_error',
  ),
  upstream_timeout: kind('upstream_timeout', 'upstream', 504, 'no', 'Upstream took too long', 'http_response_timeout'),
  circuit_open: kind('circuit_open', 'router', 503, 'no', 'Circuit open', 'destination_unavailable'),
  circuit_isolated: kind('circuit_isolated', 'router', 503, 'no', 'Circuit isolated', 'destination_unavailable'),
  overloaded: kind('overloaded', 'router', 503, 'no', 'Overloaded', 'connection_limit_reached'),
  no_member: kind('no_member', 'router', 503, 'no', 'No member can serve', 'destination_unavailable'),
  client_gone: kind('client_gone', 'client', 499, 'no', 'Client went away', 'http_request_error'),
  client_stalled: kind('client_stalled', 'client', 408, 'no', 'Client stalled', 'http_request_error'),
  route_removed: kind('route_removed', 'router', 503, 'no', 'Route was removed', 'destination_unavailable'),
  draining: kind('draining', 'router', 503, 'no', 'Router is stopping', 'destination_unavailable'),
  injected: kind('injected', 'router', 503, 'no', 'Injected fault', 'proxy_internal_response'),
  internal_error: kind('internal_error', 'router', 500, 'no', 'Router error', 'proxy_internal_error'),
});

export function fault(code: FaultCode, detail: string, retryAfter?: number): Fault {
  return { kind: FAULTS[code], detail, retryAfter };
}
