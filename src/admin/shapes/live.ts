/**
 * The shape of one second of traffic, as `GET /v1/live` sends it (event `live`).
 *
 * Rule: what had no traffic in the second and holds nothing is left out, so that a frame is as long as what happens.
 */

import Type, { type Static } from 'typebox';
import { Time } from './common.ts';

const Milliseconds = Type.Union([Type.Number(), Type.Null()], { description: 'milliseconds; null: nothing ended' });

const FLOW = {
  rate: Type.Number({ description: 'requests ended a second' }),
  errorShare: Type.Number({ description: 'share of them that were answered 5xx or not at all, 0 to 1' }),
  p50: Milliseconds,
  p95: Milliseconds,
  p99: Milliseconds,
};

export const Flow = Type.Object(FLOW, { additionalProperties: false });
export type Flow = Static<typeof Flow>;

export const LiveRoute = Type.Object(
  {
    id: Type.String({ description: '`_none` for requests that no route takes' }),
    ...FLOW,
    /** By upstream reached; '' where the router answered by itself. */
    to: Type.Array(
      Type.Object({
        upstream: Type.String(),
        rate: Type.Number(),
        errorShare: Type.Number(),
        weight: Type.Union([Type.Number(), Type.Null()], { description: 'of its split, as written' }),
      }),
    ),
  },
  { additionalProperties: false },
);
export type LiveRoute = Static<typeof LiveRoute>;

export const LiveUpstream = Type.Object(
  {
    id: Type.String(),
    ...FLOW,
    inFlight: Type.Integer(),
    queued: Type.Integer(),
    retries: Type.Number({ description: 'further attempts a second' }),
    circuit: Type.String({ description: 'closed, open, half-open, isolated or forced' }),
    up: Type.Integer({ description: 'members that can serve' }),
    members: Type.Integer(),
  },
  { additionalProperties: false },
);
export type LiveUpstream = Static<typeof LiveUpstream>;

export const LiveCaller = Type.Object(
  {
    id: Type.String({ description: '`_unknown`: said no name; `_other`: more names than are kept apart' }),
    ...FLOW,
    to: Type.Array(Type.Object({ route: Type.String(), rate: Type.Number(), errorShare: Type.Number() })),
  },
  { additionalProperties: false },
);
export type LiveCaller = Static<typeof LiveCaller>;

export const LiveFrame = Type.Object(
  {
    at: Time,
    interval: Type.Number({ description: 'milliseconds that the figures cover' }),
    revision: Type.String(),
    connections: Type.Integer(),
    total: Flow,
    routes: Type.Array(LiveRoute),
    /** All of them, also without traffic. */
    upstreams: Type.Array(LiveUpstream),
    callers: Type.Array(LiveCaller),
  },
  { additionalProperties: false },
);
export type LiveFrame = Static<typeof LiveFrame>;
