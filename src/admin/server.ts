/**
 * What answers on the admin port: fastify, one plugin per resource.
 *
 * Rule: it runs on the control thread and on a port of its own, so nothing asked here can slow traffic. Whatever goes
 * wrong is answered as problem+json (RFC 9457), and a wrong path or method with those that exist. Every call says which role
 * it needs; one that says nothing needs admin.
 */

import type { RequestListener } from 'node:http';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { AdminSettings } from '../config/document.ts';
import { DURATION_PATTERN } from '../core/duration.ts';
import { Access, callerOf, guard } from './access.ts';
import { readBodies, unsupported } from './bodies.ts';
import { Calls } from './calls.ts';
import { type HealthSource, health } from './health.ts';
import { Guesses, limitRequests } from './limits.ts';
import { type MetricsPage, metrics } from './metrics.ts';
import { openapi } from './openapi.ts';
import { PROBLEM_TYPE, problemOf, Refused } from './problem.ts';
import { ID_PATTERN } from './shapes/common.ts';
import { checkSchemas } from './validator.ts';

/** The largest body that `admin.limits.body` may allow. */
const BODY_LIMIT = 1_073_741_824;

export interface AdminNeeds {
  /** Of the product. */
  readonly version: string;
  readonly metrics: MetricsPage;
  readonly health: HealthSource;
  /** Those of the running document; the same object as long as it runs. */
  settings(): AdminSettings;
  /** Monotonic milliseconds. */
  now(): number;
  /** What was not answered because the router failed over it. */
  failed(error: Error, call: string): void;
  /** The calls of /v1 and the pages. */
  readonly plugins: readonly FastifyPluginAsync[];
}

/** Built and ready to answer. */
export async function adminListener(needs: AdminNeeds): Promise<RequestListener> {
  const server = await buildAdmin(needs);
  await server.ready();
  return (request, response) => server.routing(request, response);
}

export async function buildAdmin(needs: AdminNeeds): Promise<FastifyInstance> {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: 200 },
    // Else a URL that is no UTF-8 is answered by fastify's own page.
    frameworkErrors: (error, request, reply) => void refuse(reply, worded(error, request)),
  });
  const calls = new Calls();
  server.addHook('onRoute', ({ method, url }) => calls.add(method, url));
  server.setErrorHandler((error: FastifyError, request, reply) => {
    if ((error.statusCode ?? 500) >= 500 && !(error instanceof Refused)) {
      needs.failed(error, `${request.method} ${request.routeOptions.url ?? ''}`);
    }
    return refuse(reply, worded(error, request));
  });
  checkSchemas(server);
  openapi(server, needs.version);
  checkCallers(server, needs);
  readBodies(server, () => needs.settings().limits.body);
  await limitRequests(server, () => needs.settings().limits.requests);
  // Before a body is read: what is wrong with it is beside the point.
  server.addHook('onRequest', async ({ is404, method, url }) => {
    if (is404) throw calls.refusal(method, url);
  });
  server.register(metrics(needs.metrics));
  server.register(health(needs.health));
  for (const plugin of needs.plugins) server.register(plugin);
  return server;
}

/** Nobody gets further than this without leave. */
function checkCallers(server: FastifyInstance, { settings, now }: AdminNeeds): void {
  const guesses = new Guesses(now);
  let read = settings();
  let access = new Access(read);
  server.decorateRequest('caller');
  server.addHook('onRequest', async (request) => {
    const current = settings();
    if (current !== read) {
      read = current;
      access = new Access(current);
    }
    guard(request, access);
    const need = request.is404 ? 'open' : (request.routeOptions.config.need ?? 'admin');
    const asked = access.asked && need !== 'open';
    const stopped = asked ? guesses.refusal(request.ip) : undefined;
    try {
      request.caller = callerOf(request, access, need);
    } catch (error) {
      // Not even whether it was a right one with too low a role.
      if (stopped !== undefined) throw stopped;
      // Who sends none guesses none: a page left open must not take the right token from its neighbours.
      const sent = request.headers.authorization !== undefined;
      if (sent && error instanceof Refused && error.code === 'unauthorized') guesses.wrong(request.ip);
      throw error;
    }
    if (stopped !== undefined && !guesses.knows(request.ip, request.caller.name)) throw stopped;
    if (asked) guesses.right(request.ip, request.caller.name);
  });
}

/** What fastify refuses by itself, in our words. */
function worded(error: FastifyError | Refused, request: FastifyRequest): FastifyError | Refused {
  if (error instanceof Refused) return error;
  if (error.statusCode === 414) {
    const detail = 'a part of the path is longer than 200 characters; no id is longer than 128';
    return new Refused(414, 'target_too_long', detail);
  }
  return error.statusCode === 415 ? unsupported(request) : error;
}

function refuse(reply: FastifyReply, error: FastifyError | Refused): FastifyReply {
  const status = error.statusCode ?? 500;
  if (error instanceof Refused && error.more.retryAfter !== undefined)
    reply.header('retry-after', error.more.retryAfter);
  if (error instanceof Refused && error.more.allow !== undefined) reply.header('allow', error.more.allow.join(', '));
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="signalbox"');
  reply.code(status).type(PROBLEM_TYPE);
  // A serializer of the call's own answers would leave out what is a problem's.
  return reply.serializer((body) => `${JSON.stringify(body)}\n`).send(bodyOf(error, status));
}

function bodyOf(error: FastifyError | Refused, status: number) {
  if (error instanceof Refused) return problemOf(status, error.code, error.message, error.more);
  if (error.validation !== undefined) {
    const where = error.validationContext ?? 'body';
    const problems = error.validation.map(({ instancePath, message, params }) => {
      const known = PATTERNS[String(params?.pattern)];
      if (known !== undefined) return { severity: 'error' as const, pointer: instancePath, ...known };
      const extra =
        typeof params?.additionalProperty === 'string' ? ` (${params.additionalProperty.slice(0, 100)})` : '';
      const detail = `${message ?? 'is wrong'}${extra}`;
      return {
        severity: 'error' as const,
        pointer: instancePath,
        detail,
        advice: `see the call's ${where} in /v1/openapi.json`,
      };
    });
    const [first] = problems;
    return problemOf(status, 'bad_request', `${where}${first?.pointer ?? ''} ${first?.detail ?? 'is wrong'}`, {
      problems,
    });
  }
  if (status >= 500) return problemOf(status, 'internal', `the router failed over this call: ${error.message}`);
  return problemOf(status, CODES[status] ?? 'bad_request', error.message);
}

/** What a pattern asks for, in words. */
const PATTERNS: Readonly<Record<string, { readonly detail: string; readonly advice: string } | undefined>> = {
  [ID_PATTERN]: {
    detail: 'must be letters, digits, `.`, `_` and `-`, a letter or digit first, at most 128 of them',
    advice: 'take a name such as `cart-7`',
  },
  [DURATION_PATTERN]: { detail: 'must be a duration', advice: 'write one such as `250ms` or `3s`' },
};

const CODES: Readonly<Record<number, string>> = { 404: 'not_found', 413: 'too_large' };
