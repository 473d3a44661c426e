/**
 * What lives beside the document: circuits and leases of an upstream, and how it stands.
 *
 * Rule: an order about a circuit counts for all threads from their next request on; a lease is asked for and renewed by one
 * and the same call. A renewal costs no more than it must: services make thousands a second.
 */

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { parseDuration } from '../core/duration.ts';
import { plain } from './access.ts';
import { answers, IdParams, pageOf, WaitQuery } from './call.ts';
import { notFound, Refused } from './problem.ts';
import { Id, PageQuery, pageOf as pageShape } from './shapes/common.ts';
import {
  Circuit,
  CircuitOrder,
  Deregistered,
  Lease,
  LeaseOrder,
  Renewed,
  RenewOrder,
  UpstreamStatus,
} from './shapes/status.ts';

export type LeaseAnswer =
  | { readonly ok: true; readonly lease: Lease; readonly fresh: boolean }
  | {
      readonly ok: false;
      readonly code: 'not_found' | 'invalid';
      readonly reason: string;
      readonly advice: string;
      readonly pointer: string;
    };

export interface UpstreamSource {
  status(upstream: string): UpstreamStatus | undefined;
  /** `forMs`: undefined until the next order. */
  setCircuit(
    upstream: string,
    order: {
      readonly state: CircuitOrder['state'];
      readonly reason: string;
      readonly author: string;
      readonly for: number | undefined;
    },
  ): Promise<{ readonly ok: true; readonly circuit: Circuit } | { readonly ok: false; readonly reason: string }>;
  leases(upstream: string): readonly Lease[];
  /** `ttl` in milliseconds. */
  register(
    upstream: string,
    instance: string,
    order: Omit<LeaseOrder, 'ttl'> & { readonly ttl: number | undefined },
    author: string,
  ): Promise<LeaseAnswer>;
  /** A lease goes on as it is; false where there is none. */
  renew(upstream: string, instance: string, author: string): boolean;
  /** `wait` in milliseconds. undefined: there is no such lease. */
  deregister(
    upstream: string,
    instance: string,
    wait: number,
    author: string,
  ): Promise<{ readonly state: 'gone' | 'draining'; readonly inFlight: number | undefined } | undefined>;
}

/** The longest that a call waits. */
const LONGEST_WAIT = 600_000;
/** Bytes: as many leases as one call may renew, their names as long as they may be. */
const MOST_RENEWED = 4 * 1_048_576;
const LeaseParams = Type.Object({ id: Id, instance: Id });
const InstanceHeaders = Type.Object({ 'x-author': Type.Optional(Type.String()) });

type Server = Parameters<FastifyPluginAsyncTypebox>[0];

export function upstreams(source: UpstreamSource): FastifyPluginAsyncTypebox {
  return async (server) => {
    addStatus(server, source);
    addCircuit(server, source);
    addLeases(server, source);
    addRegistration(server, source);
    addRenewal(server, source);
  };
}

function addStatus(server: Server, source: UpstreamSource): void {
  server.get(
    '/v1/upstreams/:id/status',
    {
      config: { need: 'viewer' },
      schema: {
        tags: ['upstreams'],
        summary: 'Members, circuit and load of an upstream',
        params: IdParams,
        response: answers(UpstreamStatus),
      },
    },
    async (request) => known(source, request.params.id),
  );
}

function addCircuit(server: Server, source: UpstreamSource): void {
  server.put(
    '/v1/upstreams/:id/circuit',
    {
      config: { need: 'operator' },
      schema: {
        tags: ['upstreams'],
        summary: 'Holds a circuit open (isolated), forces it closed, or lets go of it (auto)',
        params: IdParams,
        headers: Type.Object({ 'x-author': Type.Optional(Type.String()), 'x-reason': Type.Optional(Type.String()) }),
        body: CircuitOrder,
        response: answers(Circuit),
      },
    },
    async (request) => {
      const { state, reason = plain(request.headers['x-reason']), for: time } = request.body;
      const { id } = request.params;
      const author = request.caller.name;
      const answer = await source.setCircuit(id, { state, reason, author, for: durationOf(time, '/for') });
      if (!answer.ok) throw notFound(answer.reason, 'GET /v1/upstreams lists all');
      return answer.circuit;
    },
  );
}

function addLeases(server: Server, source: UpstreamSource): void {
  server.get(
    '/v1/upstreams/:id/leases',
    {
      config: { need: 'viewer' },
      schema: {
        tags: ['leases'],
        summary: 'Services that registered themselves',
        params: IdParams,
        querystring: PageQuery,
        response: answers(pageShape(Lease)),
      },
    },
    async (request) => {
      const { id } = request.params;
      known(source, id);
      const all = [...source.leases(id)].sort((a, b) => (a.instance < b.instance ? -1 : 1));
      return pageOf(all, ({ instance }) => instance, request.query);
    },
  );
}

function addRegistration(server: Server, source: UpstreamSource): void {
  server.put(
    '/v1/upstreams/:id/leases/:instance',
    {
      config: { need: 'operator' },
      schema: {
        tags: ['leases'],
        summary: 'Registers a service, or renews its lease',
        params: LeaseParams,
        headers: InstanceHeaders,
        body: LeaseOrder,
        response: answers(Lease, 201),
      },
    },
    async (request, reply) => {
      const { id, instance } = request.params;
      const { ttl, ...order } = request.body;
      const author = request.caller.name;
      const answer = await source.register(id, instance, { ...order, ttl: durationOf(ttl, '/ttl') }, author);
      if (answer.ok) {
        if (answer.fresh) reply.code(201);
        return answer.lease;
      }
      const { code, reason: detail, advice, pointer } = answer;
      if (code === 'not_found') throw notFound(detail, advice);
      const problems = [{ severity: 'error' as const, pointer, detail, advice }];
      throw new Refused(422, 'invalid_lease', `${pointer}: ${detail}; ${advice}`, { problems });
    },
  );
  server.delete(
    '/v1/upstreams/:id/leases/:instance',
    {
      config: { need: 'operator' },
      schema: {
        tags: ['leases'],
        summary: 'Deregisters a service: no new requests, running ones finish',
        params: LeaseParams,
        headers: InstanceHeaders,
        querystring: WaitQuery,
        response: answers(Deregistered),
      },
    },
    async (request) => {
      const { id: upstream, instance } = request.params;
      const wait = Math.min(durationOf(request.query.wait, '/wait') ?? 0, LONGEST_WAIT);
      const answer = await source.deregister(upstream, instance, wait, request.caller.name);
      if (answer !== undefined) {
        const { state, inFlight } = answer;
        return { upstream, instance, state, ...(inFlight === undefined ? {} : { inFlight }) };
      }
      throw notFound(`${upstream} has no lease ${instance}`, `GET /v1/upstreams/${upstream}/leases lists all`);
    },
  );
}

function addRenewal(server: Server, source: UpstreamSource): void {
  server.post(
    '/v1/leases/renew',
    {
      config: { need: 'operator', most: MOST_RENEWED },
      schema: {
        tags: ['leases'],
        summary: 'Renews many leases as they are, for an agent that looks after many instances',
        headers: InstanceHeaders,
        body: RenewOrder,
        response: answers(Renewed),
      },
    },
    async (request) => {
      const { leases } = request.body;
      const { name } = request.caller;
      const unknown = leases.filter(({ upstream, instance }) => !source.renew(upstream, instance, name));
      return { renewed: leases.length - unknown.length, unknown };
    },
  );
}

function known(source: UpstreamSource, id: string): UpstreamStatus {
  const status = source.status(id);
  if (status === undefined) throw notFound(`there is no upstream ${id}`, 'GET /v1/upstreams lists all');
  return status;
}

/** Milliseconds. */
function durationOf(text: string | undefined, pointer: string): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value > 0) return parsed.value;
  const [what, advice] = parsed.ok ? ['is no time', 'write `30s` or `5m`'] : ['cannot be taken', parsed.advice];
  throw new Refused(400, 'bad_request', `${pointer}: ${JSON.stringify(text.slice(0, 100))} ${what}; ${advice}`);
}
