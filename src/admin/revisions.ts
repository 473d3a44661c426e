/**
 * Revisions: who changed what, when, why, and back to any of them.
 *
 * Rule: newest first. Restoring is a change like any other, from today's revision to an old text: it is checked, merged,
 * written and recorded as such.
 */

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { answers, WriteHeaders, WriteQuery, type Writer, write } from './call.ts';
import { notFound } from './problem.ts';
import { Change, Revision } from './shapes/change.ts';
import { Any, NumberedQuery, pageOf as pageShape } from './shapes/common.ts';

export interface RevisionSource extends Writer {
  /** Newest first; `before`: the number that the page ends above. */
  list(
    limit: number,
    before: number | undefined,
  ): Promise<{ readonly items: readonly Revision[]; readonly total: number }>;
  find(revision: string): Promise<Revision | undefined>;
  /** undefined where it is not kept any more. */
  textOf(revision: string): Promise<string | undefined>;
  /** The same with secrets masked. */
  shownTextOf(revision: string): Promise<string | undefined>;
}

const RevParams = Type.Object({ rev: Type.String({ pattern: '^[0-9a-f]{4,64}$', description: 'a revision' }) });
const ADVICE = 'GET /v1/revisions lists those that are remembered';

export function revisions(source: RevisionSource): FastifyPluginAsyncTypebox {
  return async (server) => {
    addList(server, source);
    addOne(server, source);
    addRestore(server, source);
  };
}

type Server = Parameters<FastifyPluginAsyncTypebox>[0];
const tags = ['revisions'];

function addList(server: Server, source: RevisionSource): void {
  server.get(
    '/v1/revisions',
    {
      config: { need: 'viewer' },
      schema: {
        tags,
        summary: 'Changes, newest first',
        querystring: NumberedQuery,
        response: answers(pageShape(Revision)),
      },
    },
    async (request) => {
      const { limit = 100, after } = request.query;
      // One more than asked for says whether there are more: old ones are forgotten, so that the numbers do not tell.
      const { items, total } = await source.list(limit + 1, after === undefined ? undefined : Number(after));
      const page = items.slice(0, limit);
      const last = page.at(-1);
      const more = items.length > limit && last !== undefined;
      return { items: page, total, ...(more ? { next: String(last.number) } : {}) };
    },
  );
}

function addOne(server: Server, source: RevisionSource): void {
  server.get(
    '/v1/revisions/:rev',
    {
      config: { need: 'viewer' },
      schema: { tags, summary: 'One change', params: RevParams, response: answers(Revision) },
    },
    async (request) => {
      const { rev } = request.params;
      const found = await source.find(rev);
      if (found === undefined) throw notFound(`there is no revision ${rev}`, ADVICE);
      return found;
    },
  );
  server.get(
    '/v1/revisions/:rev/config',
    {
      config: { need: 'viewer', answer: 'text' },
      schema: { tags, summary: 'The document of a revision, as YAML', params: RevParams, response: answers(Any) },
    },
    async (request, reply) => {
      const { rev } = request.params;
      const text = await source.shownTextOf(rev);
      if (text === undefined) throw notFound(`the document of revision ${rev} is not kept`, ADVICE);
      reply.type('application/yaml; charset=utf-8').serializer(String);
      return text;
    },
  );
}

function addRestore(server: Server, source: RevisionSource): void {
  server.post(
    '/v1/revisions/:rev/restore',
    {
      config: { need: 'admin' },
      schema: {
        tags,
        summary: 'Goes back to a revision',
        params: RevParams,
        querystring: WriteQuery,
        headers: WriteHeaders,
        response: answers(Change),
      },
    },
    async (request, reply) => {
      const { rev } = request.params;
      const text = await source.textOf(rev);
      if (text === undefined) throw notFound(`the document of revision ${rev} is not kept`, ADVICE);
      return write(source, request, reply, { is: 'text', text }, 'restore');
    },
  );
}
