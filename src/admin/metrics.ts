/**
 * GET /metrics: what Prometheus scrapes.
 *
 * Rule: a scrape costs the control thread a walk over the counters and the data threads nothing. What it says is put
 * together in telemetry; here it is only handed out.
 */

import type { FastifyPluginAsync } from 'fastify';

export interface MetricsPage {
  readonly contentType: string;
  /** The whole exposition, once; `unread`: nobody sees it. */
  scrape(unread?: boolean): Promise<string>;
}

export function metrics(page: MetricsPage): FastifyPluginAsync {
  return async (server) => {
    server.get('/metrics', { config: { need: 'viewer' } }, async ({ method }, reply) => {
      reply.type(page.contentType);
      return page.scrape(method === 'HEAD');
    });
  };
}
