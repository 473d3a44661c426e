/**
 * The admin port: open before the server that answers on it is loaded.
 *
 * Rule: whether the address is ours is known before the data ports open, and what answers (fastify and prom-client, more
 * than half of all that the control thread loads) comes after them, so that it delays no traffic at start. A request that
 * is early waits. What is answered stands in server.ts.
 */

import type { RequestListener } from 'node:http';
import { listenAt } from '../core/handle.ts';

const { createServer } = process.getBuiltinModule('node:http');

/** A scraper or a dashboard keeps its connection from one visit to the next. */
const KEEP_ALIVE = 72_000;

export interface AdminPort {
  readonly port: number;
  /** Gives every request, those that wait too, to this listener. */
  answer(listener: RequestListener): void;
  /** Closes the port and its connections. */
  stop(): Promise<void>;
}

/** Rejects with the system's error where the address is taken or not ours. */
export async function openAdminPort(host: string, port: number): Promise<AdminPort> {
  const { promise: answering, resolve: answer } = Promise.withResolvers<RequestListener>();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE, noDelay: true }, (request, response) => {
    void answering.then((listener) => listener(request, response));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
    listenAt(server, { host, port });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    answer,
    stop: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
