/**
 * Origins on several loopback addresses with one port, as the members behind one name have.
 *
 * Rule: each answers with its own address, and counts what it was asked and which connections are open.
 */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Twin {
  readonly address: string;
  /** Requests other than checks. */
  asked: number;
  /** What it answers checks (`/healthz`) with. */
  health: number;
  readonly open: () => number;
}

export interface Twins {
  readonly port: number;
  readonly all: readonly Twin[];
  stop(): Promise<void>;
}

/** Starts one origin on each address; the first one chooses the port. */
export async function startTwins(...addresses: readonly string[]): Promise<Twins> {
  const servers: Server[] = [];
  const all: Twin[] = [];
  let port = 0;
  for (const address of addresses) {
    let open = 0;
    const twin = { address, asked: 0, health: 200, open: () => open };
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      const check = request.url === '/healthz';
      if (!check) twin.asked += 1;
      response.writeHead(check ? twin.health : 200).end(address);
    });
    server.on('connection', (socket) => {
      open += 1;
      socket.on('close', () => {
        open -= 1;
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject);
      server.listen(port, address, resolve);
    });
    port = (server.address() as AddressInfo).port;
    servers.push(server);
    all.push(twin);
  }
  return {
    port,
    all,
    stop: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}
