/**
 * GET /healthz and GET /readyz: is the process alive, and should it get traffic.
 *
 * Rule: alive means that the control thread answers; nothing else may fail it, because a failing liveness probe restarts
 * the process. Ready means that every data thread serves and nobody asked the router to stop; else 503 with the reasons.
 * A refused document does not make it unready: the running one serves on, and the detail says so.
 */

import type { FastifyPluginAsync } from 'fastify';
import type { View } from '../control/view.ts';

/** Problems of the last reload that stand in the detail. */
const SHOWN = 5;

export interface HealthSource {
  view(): View;
  threads(): { readonly wanted: number; readonly running: number; readonly restarts: number };
  /** `starting` until all ports are open, `draining` once it was asked to stop. */
  phase(): 'starting' | 'serving' | 'draining';
}

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly phase: string;
  readonly revision: string | undefined;
  readonly threads: { readonly wanted: number; readonly running: number; readonly restarts: number };
  readonly lastReload:
    | {
        readonly successful: boolean;
        readonly at: string;
        readonly source: string;
        readonly problems: readonly string[];
      }
    | undefined;
}

export function health(source: HealthSource): FastifyPluginAsync {
  return async (server) => {
    server.get('/healthz', { config: { need: 'open' } }, async () => ({ alive: true }));
    server.get('/readyz', { config: { need: 'open' } }, async (_request, reply) => {
      const readiness = readinessOf(source);
      reply.code(readiness.ready ? 200 : 503);
      return readiness;
    });
  };
}

export function readinessOf(source: HealthSource): Readiness {
  const { running, lastReload } = source.view();
  const threads = source.threads();
  const phase = source.phase();
  const reasons: string[] = [];
  if (phase !== 'serving') reasons.push(`the router is ${phase}`);
  if (threads.running < threads.wanted) {
    reasons.push(`${threads.running} of ${threads.wanted} data threads serve`);
  }
  return {
    ready: reasons.length === 0,
    reasons,
    phase,
    revision: running?.revision,
    threads,
    lastReload: lastReload && {
      successful: lastReload.successful,
      at: new Date(lastReload.at).toISOString(),
      source: lastReload.source,
      problems: lastReload.problems
        .slice(0, SHOWN)
        .map(({ path, line, column, reason, advice }) => `${path}:${line}:${column} ${reason}; ${advice}`),
    },
  };
}
