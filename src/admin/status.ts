/**
 * What runs, what has happened, and why a request goes where.
 *
 * Rule: read-only, and as cheap as it may be asked: dashboards and scripts ask every few seconds. What the figures mean is
 * worked out where they come from (sources/status.ts, control/explain.ts).
 */

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers } from './call.ts';
import { Refused } from './problem.ts';
import { NumberedQuery, type ProblemItem, pageOf as pageShape } from './shapes/common.ts';
import { EventItem, ExplainRequest, Explanation, Status } from './shapes/status.ts';

export type Explained =
  | { readonly ok: true; readonly explanation: Explanation }
  | { readonly ok: false; readonly problem: Pick<ProblemItem, 'pointer' | 'detail' | 'advice'> };

export interface StatusSource {
  status(): Promise<Omit<Status, 'you'>>;
  /** Oldest first, each with a number that counts up. */
  events(): readonly { readonly number: number; readonly event: EventItem }[];
  explain(request: ExplainRequest): Promise<Explained>;
}

export function status(source: StatusSource): FastifyPluginAsyncTypebox {
  return async (server) => {
    const tags = ['status'];
    server.get(
      '/v1/status',
      { config: { need: 'viewer' }, schema: { tags, summary: 'What runs', response: answers(Status) } },
      async (request) => ({ ...(await source.status()), you: request.caller }),
    );
    server.get(
      '/v1/events',
      {
        config: { need: 'viewer' },
        schema: {
          tags,
          summary: 'The last changes of state, newest first',
          querystring: NumberedQuery,
          response: answers(pageShape(EventItem)),
        },
      },
      async (request) => {
        const { limit = 100, after } = request.query;
        const all = source.events().toReversed();
        const from = after === undefined ? all : all.filter(({ number }) => number < Number(after));
        const page = from.slice(0, limit);
        const last = page.at(-1);
        const more = from.length > page.length && last !== undefined;
        return {
          items: page.map(({ event }) => event),
          total: all.length,
          ...(more ? { next: String(last.number) } : {}),
        };
      },
    );
    server.post(
      '/v1/explain',
      {
        config: { need: 'viewer' },
        schema: { tags, summary: 'Why a request goes where', body: ExplainRequest, response: answers(Explanation) },
      },
      async (request) => {
        const explained = await source.explain(request.body);
        if (explained.ok) return explained.explanation;
        const { pointer, detail, advice } = explained.problem;
        const problems = [{ severity: 'error' as const, pointer, detail, advice }];
        throw new Refused(422, 'invalid_request', `${pointer}: ${detail}; ${advice}`, { problems });
      },
    );
  };
}
