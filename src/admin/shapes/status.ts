/**
 * Shapes of what runs: the process, upstreams with members and circuits, leases, events, and why a request goes where.
 *
 * Rule: figures and states are given as such and in words where a person decides by them; times are RFC 3339, and what is not
 * known is left out rather than given as nothing.
 */

import Type, { type Static } from 'typebox';
import { Duration, Id, ProblemItem, Text, Time } from './common.ts';

export const Role = Type.Union([Type.Literal('viewer'), Type.Literal('operator'), Type.Literal('admin')]);
export type Role = Static<typeof Role>;

const Strings = Type.Array(Type.String());

export const Circuit = Type.Object(
  {
    state: Type.Enum(['closed', 'open', 'half-open', 'isolated']),
    forced: Type.Boolean({ description: 'an operator forced it closed' }),
    reason: Type.String({ description: "the operator's, or what opened it last" }),
    since: Type.Optional(Time),
    until: Type.Optional(Time),
    failures: Type.Integer({ description: 'in a row' }),
  },
  { additionalProperties: false },
);
export type Circuit = Static<typeof Circuit>;

export const CircuitOrder = Type.Object(
  {
    state: Type.Union([Type.Literal('isolated'), Type.Literal('closed'), Type.Literal('auto')]),
    reason: Type.Optional(Text('shown to whoever asks why', 200)),
    for: Type.Optional(Duration),
  },
  { additionalProperties: false },
);
export type CircuitOrder = Static<typeof CircuitOrder>;

export const Member = Type.Object(
  {
    id: Type.String({ description: 'its URL' }),
    from: Type.Union([Type.Literal('file'), Type.Literal('name'), Type.Literal('lease')]),
    state: Type.Enum(['up', 'unhealthy', 'ejected', 'draining']),
    weight: Type.Number(),
    good: Type.Integer({ description: 'attempts that ended well' }),
    bad: Type.Integer(),
    instance: Type.Optional(Type.String({ description: 'of its lease' })),
    version: Type.Optional(Type.String()),
    zone: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type Member = Static<typeof Member>;

export const UpstreamStatus = Type.Object(
  {
    id: Id,
    circuit: Circuit,
    members: Type.Array(Member),
    inFlight: Type.Integer(),
    queued: Type.Integer(),
    limit: Type.Optional(Type.Number({ description: 'requests at once; absent: no limit' })),
    routes: Strings,
    leases: Type.Integer(),
  },
  { additionalProperties: false },
);
export type UpstreamStatus = Static<typeof UpstreamStatus>;

export const LeaseOrder = Type.Object(
  {
    url: Type.String({ maxLength: 2000, description: 'http://host:port with an IP address or localhost' }),
    weight: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000, default: 1 })),
    version: Type.Optional(Text('of the instance', 100)),
    zone: Type.Optional(Text('of the instance', 100)),
    ttl: Type.Optional(Duration),
  },
  { additionalProperties: false },
);
export type LeaseOrder = Static<typeof LeaseOrder>;

export const Lease = Type.Object(
  {
    upstream: Id,
    instance: Id,
    url: Type.String(),
    weight: Type.Integer(),
    version: Type.Optional(Type.String()),
    zone: Type.Optional(Type.String()),
    ttl: Duration,
    state: Type.Union([Type.Literal('up'), Type.Literal('draining')]),
    registeredAt: Time,
    renewedAt: Time,
    expiresAt: Time,
    author: Type.String(),
  },
  { additionalProperties: false },
);
export type Lease = Static<typeof Lease>;

const LeaseName = Type.Object({ upstream: Id, instance: Id }, { additionalProperties: false });

/** What an agent that looks after many instances asks for all of them at once. */
export const RenewOrder = Type.Object(
  { leases: Type.Array(LeaseName, { minItems: 1, maxItems: 10_000 }) },
  { additionalProperties: false },
);
export type RenewOrder = Static<typeof RenewOrder>;

export const Renewed = Type.Object(
  {
    renewed: Type.Integer({ minimum: 0 }),
    unknown: Type.Array(LeaseName, { description: 'nobody is registered so: register anew' }),
  },
  { additionalProperties: false },
);
export type Renewed = Static<typeof Renewed>;

export const Deregistered = Type.Object(
  {
    upstream: Id,
    instance: Id,
    state: Type.Union([Type.Literal('gone'), Type.Literal('draining')]),
    inFlight: Type.Optional(
      Type.Integer({ description: 'requests that it still serves; left out where a thread did not say in time' }),
    ),
  },
  { additionalProperties: false },
);
export type Deregistered = Static<typeof Deregistered>;

const LastReload = Type.Object(
  {
    successful: Type.Boolean(),
    at: Time,
    source: Type.String(),
    author: Type.String(),
    reason: Type.String(),
    problems: Type.Array(ProblemItem),
  },
  { additionalProperties: false },
);

export const Status = Type.Object(
  {
    version: Type.String(),
    node: Type.String(),
    pid: Type.Integer(),
    phase: Type.Union([Type.Literal('starting'), Type.Literal('serving'), Type.Literal('draining')]),
    startedAt: Time,
    revision: Type.String(),
    since: Type.Optional(Time),
    threads: Type.Object({ wanted: Type.Integer(), running: Type.Integer(), restarts: Type.Integer() }),
    connections: Type.Integer(),
    routes: Type.Integer(),
    upstreams: Type.Integer(),
    listeners: Type.Array(Type.Object({ id: Id, address: Type.String(), port: Type.Integer(), zone: Type.String() })),
    members: Type.Object({ up: Type.Integer(), total: Type.Integer() }),
    circuits: Type.Object({ open: Strings, halfOpen: Strings, isolated: Strings, forced: Strings }),
    lastReload: Type.Optional(LastReload),
    writeBack: Type.Object({
      to: Type.Union([Type.Literal('file'), Type.Literal('state')]),
      path: Type.String(),
      writable: Type.Boolean(),
      detail: Type.String({ description: 'why it is not; or that edits differ from the file' }),
    }),
    audit: Type.Object({ intact: Type.Boolean(), records: Type.Integer(), detail: Type.String() }),
    you: Type.Object({ name: Type.String(), role: Role }),
  },
  { additionalProperties: false },
);
export type Status = Static<typeof Status>;

export const EventItem = Type.Object(
  {
    at: Time,
    is: Type.String({ description: 'circuit, member or panic' }),
    upstream: Type.String(),
    member: Type.Optional(Type.String()),
    state: Type.Optional(Type.String()),
    cause: Type.Optional(Type.String()),
    until: Type.Optional(Time),
    text: Type.String({ description: 'one sentence' }),
  },
  { additionalProperties: false },
);
export type EventItem = Static<typeof EventItem>;

const Lines = Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 10_000 })]);

export const ExplainRequest = Type.Object(
  {
    method: Type.Optional(Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}$", default: 'GET' })),
    url: Type.String({ maxLength: 20_000, description: '`http://cart.internal/cart/7`' }),
    headers: Type.Optional(
      Type.Record(Type.String(), Lines, {
        maxProperties: 10_000,
        description: 'a list of values is so many lines of that name',
      }),
    ),
    listener: Type.Optional(Id),
  },
  { additionalProperties: false },
);
export type ExplainRequest = Static<typeof ExplainRequest>;

export const Explanation = Type.Object(
  {
    outcome: Type.Enum(['proxied', 'redirected', 'refused']),
    status: Type.Optional(Type.Integer({ description: 'where the router answers by itself' })),
    code: Type.Optional(Type.String()),
    listener: Type.String(),
    route: Type.Optional(Type.String()),
    upstreams: Type.Array(
      Type.Object({
        id: Type.String(),
        share: Type.Number({ description: 'of requests like this one, 0 to 1' }),
        circuit: Type.String(),
        members: Type.Integer(),
        up: Type.Integer(),
      }),
    ),
    policies: Type.Array(Type.Object({ name: Type.String(), text: Type.String() })),
    others: Type.Array(Type.Object({ route: Type.String(), why: Type.String() }), {
      description: 'routes that came close, and why not they',
    }),
    words: Strings,
  },
  { additionalProperties: false },
);
export type Explanation = Static<typeof Explanation>;
