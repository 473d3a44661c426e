/**
 * An upstream on node:http, for tests in which the wire is not the point: handlers, WebSocket servers, real services.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpOrigin {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** Closes everything, open connections too. */
  stop(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts a server on 127.0.0.1, on a port the system chooses. Its keep-alive outlasts every test. */
export async function startOrigin(handler: Handler): Promise<HttpOrigin> {
  const server = createServer({ keepAliveTimeout: 60_000 }, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
