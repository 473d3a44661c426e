/**
 * The demo's services on sockets: small node:http servers around what shop.ts does.
 *
 * Rule: each request leaves one line with its correlation id; whoever starts the services gets one `stop` that closes
 * every socket. A port that is taken is reported with the name of the service that wanted it.
 */

import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { callRouter, passedOn } from './call.ts';
import type { Say } from './print.ts';
import { type Serve, type ServiceName, shop } from './shop.ts';

export interface Services {
  /** The ports they really listen on. */
  readonly ports: Readonly<Record<ServiceName, number>>;
  stop(): Promise<void>;
}

/** A port somebody else listens on. */
export class PortTaken extends Error {
  readonly port: number;

  constructor(port: number, wanted: string) {
    super(`port ${port} of 127.0.0.1 is in use, and ${wanted} wants it`);
    this.port = port;
  }
}

/** `port` 0 lets the system choose; `routerPort` is asked at each call, since the router may start later. */
export async function startServices(
  wanted: Readonly<Record<ServiceName, number>>,
  routerPort: () => number,
  say: Say,
): Promise<Services> {
  const agent = new Agent({ keepAlive: true });
  const servers: Server[] = [];
  const ports: Record<ServiceName, number> = { ...wanted };
  const stop = async (): Promise<void> => {
    agent.destroy();
    await Promise.all(servers.map(close));
  };
  try {
    for (const [key, serve] of Object.entries(shop())) {
      const name = key as ServiceName;
      const server = createServer((request, response) => {
        answer(name, serve, request, response, agent, routerPort(), say);
      });
      ports[name] = await listen(server, name, wanted[name]);
      servers.push(server);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { ports, stop };
}

function listen(server: Server, name: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortTaken(port, `the demo service ${name}`) : error);
    });
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(
  name: ServiceName,
  serve: Serve,
  request: IncomingMessage,
  response: ServerResponse,
  agent: Agent,
  routerPort: number,
  say: Say,
): Promise<void> {
  const id = String(request.headers['x-correlation-id'] ?? 'none');
  const log = (what: string): void => say(name, id, `${request.method} ${request.url}  ${what}`);
  const own = passedOn(request.headers, name);
  let logged = false;
  try {
    const given = await serve({
      request,
      url: new URL(request.url ?? '/', 'http://shop'),
      body: await jsonOf(request),
      call: (call) => callRouter(agent, routerPort, { ...call, headers: { ...own, ...call.headers } }),
      log: (what) => {
        logged = true;
        log(what);
      },
    });
    if (!logged) log('');
    if ('stream' in given) return stream(response, given.stream);
    response.writeHead(given.status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(given.body)}\n`);
  } catch (error) {
    log(`failed: ${error instanceof Error ? error.message : String(error)}`);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}

function stream(response: ServerResponse, open: (send: (event: unknown) => void) => () => void): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const end = open((event) => response.write(`data: ${JSON.stringify(event)}\n\n`));
  response.on('close', end);
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += chunk;
  return text === '' ? undefined : JSON.parse(text);
}
