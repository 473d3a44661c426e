/**
 * What answers on the admin port: fastify, one plugin per resource.
 *
 * Rule: it runs on the control thread and on a port of its own, so nothing asked here can slow traffic. Whatever goes
 * wrong is answered as problem+json (RFC 9457), and a wrong path is answered with those that exist.
 */

import type { RequestListener } from 'node:http';
import fastify, { type FastifyInstance } from 'fastify';
import { type HealthSource, health } from './health.ts';
import { type MetricsPage, metrics } from './metrics.ts';

/** A request to the admin port is small. */
const BODY_LIMIT = 8_388_608;

export interface AdminNeeds {
  readonly metrics: MetricsPage;
  readonly health: HealthSource;
}

/** Built and ready to answer. */
export async function adminListener(needs: AdminNeeds): Promise<RequestListener> {
  const server = buildAdmin(needs);
  await server.ready();
  return (request, response) => server.routing(request, response);
}

export function buildAdmin(needs: AdminNeeds): FastifyInstance {
  const server = fastify({ logger: false, bodyLimit: BODY_LIMIT });
  const paths: string[] = [];
  server.addHook('onRoute', ({ method, url }) => {
    if (method !== 'HEAD') paths.push(`${method} ${url}`);
  });
  server.setNotFoundHandler((request, reply) => {
    const detail = `${request.method} ${request.url.split('?')[0]} is not here; there are: ${paths.join(', ')}`;
    return reply
      .code(404)
      .type('application/problem+json')
      .send(problem(404, 'Not found', detail));
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    const title = status < 500 ? 'Bad request' : 'Admin API failed';
    return reply
      .code(status)
      .type('application/problem+json')
      .send(problem(status, title, error.message));
  });
  server.register(metrics(needs.metrics));
  server.register(health(needs.health));
  return server;
}

function problem(status: number, title: string, detail: string): string {
  return `${JSON.stringify({ type: 'about:blank', title, status, detail })}\n`;
}
