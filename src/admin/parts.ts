/**
 * Routes, upstreams, rollouts and invariants: one part of the document at a time, as it is written.
 *
 * Rule: what a GET gives, a PUT takes: `${NAME}` stands as such and defaults are not filled in, so nothing is added to a file
 * by reading and writing it. The bodies are checked by the document's own rules (config), not by a schema of this API's.
 */

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Json } from '../config/patch.ts';
import { SECTIONS, type Section } from '../control/wish.ts';
import { answers, IdParams, pageOf, WriteHeaders, WriteQuery, type Writer, write } from './call.ts';
import { notFound, Refused } from './problem.ts';
import { Change, Part } from './shapes/change.ts';
import { Any, PageQuery, pageOf as pageShape } from './shapes/common.ts';

/** For sentences. */
const ONE: Readonly<Record<Section, string>> = {
  routes: 'a route',
  upstreams: 'an upstream',
  rollouts: 'a rollout',
  invariants: 'an invariant',
};

/** Without its article. */
function bare(section: Section): string {
  return section.slice(0, -1);
}

export interface PartSource extends Writer {
  /** A section of the running document as it is written, secrets masked. */
  written(section: Section): Readonly<Record<string, Json>>;
}

export function parts(source: PartSource): FastifyPluginAsyncTypebox {
  return async (server) => {
    for (const section of SECTIONS) {
      addReading(server, source, section);
      addWriting(server, source, section);
    }
  };
}

type Server = Parameters<FastifyPluginAsyncTypebox>[0];

function addReading(server: Server, source: PartSource, section: Section): void {
  const tags = [section];
  const etag = () => `"${source.revision()}"`;
  server.get(
    `/v1/${section}`,
    {
      config: { need: 'viewer' },
      schema: { tags, summary: `All ${section}`, querystring: PageQuery, response: answers(pageShape(Part)) },
    },
    async (request, reply) => {
      reply.header('etag', etag());
      const all = Object.entries(source.written(section)).map(([id, value]) => ({ id, value }));
      all.sort((a, b) => (a.id < b.id ? -1 : 1));
      return pageOf(all, ({ id }) => id, request.query);
    },
  );
  server.get(
    `/v1/${section}/:id`,
    {
      config: { need: 'viewer', answer: section },
      schema: { tags, summary: `One ${bare(section)}, as it is written`, params: IdParams, response: answers(Any) },
    },
    async (request, reply) => {
      const { id } = request.params;
      const written = source.written(section);
      if (!Object.hasOwn(written, id))
        throw notFound(`there is no ${bare(section)} ${id}`, `GET /v1/${section} lists all`);
      reply.header('etag', etag());
      return written[id];
    },
  );
}

function addWriting(server: Server, source: PartSource, section: Section): void {
  const one = ONE[section];
  const tags = [section];
  server.put(
    `/v1/${section}/:id`,
    {
      config: { need: 'operator', body: section },
      schema: {
        tags,
        summary: `Adds or replaces ${one}`,
        params: IdParams,
        querystring: WriteQuery,
        headers: WriteHeaders,
        response: answers(Change, 201),
      },
    },
    async (request, reply) => {
      const value = request.body as Json | undefined;
      if (value === undefined)
        throw new Refused(400, 'bad_request', `there is no body; send the ${bare(section)} as JSON`);
      return write(source, request, reply, { is: 'put', section, id: request.params.id, value });
    },
  );
  server.delete(
    `/v1/${section}/:id`,
    {
      config: { need: 'operator' },
      schema: {
        tags,
        summary: `Removes ${one}`,
        params: IdParams,
        querystring: WriteQuery,
        headers: WriteHeaders,
        response: answers(Change),
      },
    },
    async (request, reply) => write(source, request, reply, { is: 'remove', section, id: request.params.id }),
  );
}
