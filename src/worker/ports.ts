/**
 * Ports that several sockets share.
 *
 * Rule: each thread listens with sockets of its own (SO_REUSEPORT) and the kernel spreads connections over them. The
 * kernel lets every process of the same user join such a port, so a second router would silently take half of the
 * traffic of the first; therefore a port is tried alone, without sharing, before the threads open it.
 */

import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import type { PlaneLog } from '../core/events.ts';
import { listenAt } from '../core/handle.ts';

/** Platforms where `reusePort` works; elsewhere one thread serves. https://nodejs.org/api/net.html#serverlistenoptions-callback */
const SHARING: ReadonlySet<NodeJS.Platform> = new Set(['linux', 'freebsd', 'sunos', 'aix']);

export function canShare(platform: NodeJS.Platform): boolean {
  return SHARING.has(platform);
}

/** How many worker threads: as wanted, or one per core; 1 where threads cannot share a port. */
export function threadsFor(asked: number | undefined, log: PlaneLog): number {
  const wanted = asked ?? availableParallelism();
  if (wanted <= 1 || canShare(process.platform)) return wanted;
  log('warn', { wanted, platform: process.platform }, 'threads cannot share a port on this platform: one serves');
  return 1;
}

/** Why the address cannot be opened, with the remedy; undefined where it can. Port 0 always can. */
export async function whyTaken(host: string, port: number): Promise<string | undefined> {
  if (port === 0) return undefined;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(listenTrouble(error)));
    server.once('listening', () => server.close(() => resolve(undefined)));
    listenAt(server, { host, port });
  });
}

/** The system's reason in words, with the remedy. */
export function listenTrouble(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'the address is in use; stop the other program, or choose another port';
  if (error.code === 'EACCES') return 'this user may not open the port; choose one above 1023, or grant the right to';
  if (error.code === 'EADDRNOTAVAIL') return 'no interface has this address; use one of the machine, or 0.0.0.0';
  return error.message;
}
