/**
 * How many descriptors (open files, sockets among them) the process may have, and from which one on no new client is let
 * in.
 *
 * Rule: the last ones are kept for what serves the clients that are in: connections to upstreams, the document, the
 * admin port. At the very limit the kernel would let nobody in either, but without a word to anyone: Node.js closes such
 * a connection as it comes and tells nobody.
 */

import type { PlaneLog } from '../core/events.ts';

const { readFileSync } = process.getBuiltinModule('node:fs');

/** Share of the limit that is kept back, and the most that is. */
const KEPT_SHARE = 4;
const MOST_KEPT = 1_024;

/** Most descriptors the process may have; Infinity where the system does not say. */
export function descriptorLimit(file = '/proc/self/limits'): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync(file, 'latin1'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** What to tell where so many clients may come and each may need a second descriptor, for its upstream. */
export function whyTooFew(clients: number, limit = descriptorLimit()): string | undefined {
  if (clients * 2 <= limit) return undefined;
  const remedy = 'raise the limit (ulimit -n, LimitNOFILE), or lower limits.connections';
  return `the process may have ${limit} descriptors open, fewer than its clients may need; ${remedy}`;
}

/** Says so in the log, where these listeners let in more clients than can be served. */
export function warnOfDescriptors(
  listeners: Readonly<Record<string, { readonly limits: { readonly connections: number } }>>,
  log: PlaneLog,
): void {
  const connections = Object.values(listeners).reduce((sum, { limits }) => sum + limits.connections, 0);
  const tooFew = whyTooFew(connections);
  if (tooFew !== undefined) log('warn', { connections }, tooFew);
}

/** Number of the first descriptor that no new client gets. */
export function clientCeiling(limit: number): number {
  return limit - Math.min(Math.floor(limit / KEPT_SHARE), MOST_KEPT);
}
