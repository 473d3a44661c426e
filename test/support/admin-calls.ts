/**
 * The calls of the admin API as the fake one knows them: which query and body each takes, and what it answers.
 *
 * Rule: the shapes are the API's own; what is asked or answered in another form is a fault of the test or of the command.
 */

import type { TSchema } from 'typebox';
import Type from 'typebox';
import { Change, CheckResult, Part, Revision } from '../../src/admin/shapes/change.ts';
import { pageOf } from '../../src/admin/shapes/common.ts';
import {
  Circuit,
  CircuitOrder,
  Deregistered,
  EventItem,
  ExplainRequest,
  Explanation,
  Lease,
  LeaseOrder,
  Status,
  UpstreamStatus,
} from '../../src/admin/shapes/status.ts';

export interface KnownCall {
  readonly path: RegExp;
  readonly query: readonly string[];
  /** Of the request; undefined: it has none. 'yaml': text. */
  readonly body?: TSchema | 'yaml' | undefined;
  /** Of the answer; undefined: text. */
  readonly answer?: TSchema | undefined;
}

const PAGED = ['limit', 'after'];
const KIND = '(?:routes|upstreams|rollouts|invariants)';
const ANYTHING = Type.Object({});

function known(path: string, query: readonly string[], body?: KnownCall['body'], answer?: TSchema): KnownCall {
  return { path: new RegExp(`^${path}$`), query, body, answer };
}

export const CALLS: readonly KnownCall[] = [
  known('GET /v1/config', [], undefined, undefined),
  known('PUT /v1/config', ['dryRun'], 'yaml', Change),
  known('POST /v1/config/check', [], 'yaml', CheckResult),
  known(`GET /v1/${KIND}`, PAGED, undefined, pageOf(Part)),
  known(`GET /v1/${KIND}/[^/]+`, [], undefined, ANYTHING),
  known(`PUT /v1/${KIND}/[^/]+`, ['dryRun'], ANYTHING, Change),
  known(`DELETE /v1/${KIND}/[^/]+`, ['dryRun'], undefined, Change),
  known('GET /v1/revisions', PAGED, undefined, pageOf(Revision)),
  known('GET /v1/revisions/[^/]+', [], undefined, Revision),
  known('GET /v1/revisions/[^/]+/config', [], undefined, undefined),
  known('POST /v1/revisions/[^/]+/restore', ['dryRun'], undefined, Change),
  known('PUT /v1/upstreams/[^/]+/circuit', [], CircuitOrder, Circuit),
  known('GET /v1/upstreams/[^/]+/status', [], undefined, UpstreamStatus),
  known('GET /v1/upstreams/[^/]+/leases', PAGED, undefined, pageOf(Lease)),
  known('PUT /v1/upstreams/[^/]+/leases/[^/]+', [], LeaseOrder, Lease),
  known('DELETE /v1/upstreams/[^/]+/leases/[^/]+', ['wait'], undefined, Deregistered),
  known('GET /v1/status', [], undefined, Status),
  known('GET /v1/events', PAGED, undefined, pageOf(EventItem)),
  known('POST /v1/explain', [], ExplainRequest, Explanation),
  known('GET /v1/live', [], undefined, undefined),
];
