/**
 * The faults against the contract's table: status, code and side of each, and an `error` that RFC 9209 registered.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULTS, type FaultCode, fault, type Side } from '../../../src/core/fault.ts';

/** RFC 9209 section 2.3, all of it. */
const PROXY_ERRORS = [
  'dns_timeout',
  'dns_error',
  'destination_not_found',
  'destination_unavailable',
  'destination_ip_prohibited',
  'destination_ip_unroutable',
  'connection_refused',
  'connection_terminated',
  'connection_timeout',
  'connection_read_timeout',
  'connection_write_timeout',
  'connection_limit_reached',
  'tls_protocol_error',
  'tls_certificate_error',
  'tls_alert_received',
  'http_request_error',
  'http_request_denied',
  'http_response_incomplete',
  'http_response_header_section_size',
  'http_response_header_size',
  'http_response_body_size',
  'http_response_trailer_section_size',
  'http_response_trailer_size',
  'http_response_transfer_coding',
  'http_response_content_coding',
  'http_response_timeout',
  'http_upgrade_failed',
  'http_protocol_error',
  'proxy_internal_response',
  'proxy_internal_error',
  'proxy_configuration_error',
  'proxy_loop_detected',
];

/** The contract's replies, and those of RFC 9110 for what it leaves free; 499 is never sent. */
const TABLE: readonly (readonly [code: FaultCode, status: number, side: Side])[] = [
  ['bad_request', 400, 'client'],
  ['no_route', 404, 'client'],
  ['target_too_long', 414, 'client'],
  ['head_too_large', 431, 'client'],
  ['body_too_large', 413, 'client'],
  ['version_not_served', 426, 'client'],
  ['rate_limited', 429, 'client'],
  ['upstream_connect', 502, 'upstream'],
  ['upstream_reset', 502, 'upstream'],
  ['upstream_protocol', 502, 'upstream'],
  ['circuit_open', 503, 'router'],
  ['circuit_isolated', 503, 'router'],
  ['overloaded', 503, 'router'],
  ['no_member', 503, 'router'],
  ['upstream_timeout', 504, 'upstream'],
  ['request_timeout', 408, 'client'],
  ['client_stalled', 408, 'client'],
  ['client_gone', 499, 'client'],
  ['route_removed', 503, 'router'],
  ['draining', 503, 'router'],
  ['injected', 503, 'router'],
  ['internal_error', 500, 'router'],
];

for (const [code, status, side] of TABLE) {
  test(`${code} is ${status} on the side of the ${side}`, () => {
    const kind = FAULTS[code];
    assert.equal(kind.code, code);
    assert.equal(kind.status, status);
    assert.equal(kind.side, side);
    assert.ok(PROXY_ERRORS.includes(kind.proxyError), `${kind.proxyError} is not registered`);
    assert.ok(kind.title.length > 0);
    assert.ok(Object.isFrozen(kind));
  });
}

test('the table above holds every fault there is', () => {
  assert.deepEqual(Object.keys(FAULTS).sort(), TABLE.map(([code]) => code).sort());
  assert.ok(Object.isFrozen(FAULTS));
});

test('only what reached no origin may be tried again, and what died on a connection used before', () => {
  const retryable = Object.values(FAULTS).filter((kind) => kind.retryable !== 'no');
  assert.deepEqual(
    retryable.map((kind) => [kind.code, kind.retryable]),
    [
      ['upstream_connect', 'yes'],
      ['upstream_reset', 'if-reused'],
    ],
  );
});

test('a fault carries its kind and what happened', () => {
  const one = fault('no_route', 'no route for GET /x');
  assert.equal(one.kind, FAULTS.no_route);
  assert.equal(one.detail, 'no route for GET /x');
});
