/**
 * The admin port: open before the server that answers on it is loaded.
 *
 * Rule: whether the address is ours is known before the data ports open, and what answers (fastify and prom-client, more
 * than half of all that the control thread loads) comes after them, so that it delays no traffic at start. A request that
 * is early waits. What is answered stands in server.ts; only what is no HTTP at all is answered here.
 */

import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { listenAt } from '../core/handle.ts';
import type { Credentials } from './certificates.ts';
import { PROBLEM_TYPE, problemOf } from './problem.ts';

const { createServer } = process.getBuiltinModule('node:http');

/** A scraper or a dashboard keeps its connection from one visit to the next. */
const KEEP_ALIVE = 72_000;
/** Who sends a head or a whole request more slowly than this is cut off. */
const HEAD_LIMIT = 10_000;
const REQUEST_LIMIT = 60_000;
/** Bytes. */
const HEAD_SIZE = 16_384;
/** Connections at once; more than any dashboard, scraper and crowd of services needs. */
const MOST_CONNECTIONS = 20_000;

export interface AdminPort {
  readonly port: number;
  /** Resolves when the first request is there. */
  readonly asked: Promise<void>;
  /** Gives every request, those that wait too, to this listener. */
  answer(listener: RequestListener): void;
  /** Closes the port and its connections. */
  stop(): Promise<void>;
}

/** Rejects with the system's error where the address is taken or not ours. */
export async function openAdminPort(host: string, port: number, credentials?: Credentials): Promise<AdminPort> {
  const { promise: answering, resolve: answer } = Promise.withResolvers<RequestListener>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const server = serverFor(credentials, (request, response) => {
    ask();
    void answering.then((listener) => listener(request, response));
  });
  server.maxConnections = MOST_CONNECTIONS;
  // Whatever else than 100-continue is expected may be passed over (RFC 9110, 10.1.1); node:http would say 417, and not why.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  answerNonsense(server);
  const sockets = socketsOf(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
    listenAt(server, { host, port });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    asked,
    answer,
    stop: () => {
      credentials?.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

function serverFor(credentials: Credentials | undefined, listener: RequestListener): Server {
  const options = {
    keepAliveTimeout: KEEP_ALIVE,
    headersTimeout: HEAD_LIMIT,
    requestTimeout: REQUEST_LIMIT,
    maxHeaderSize: HEAD_SIZE,
    noDelay: true,
    // Answered with what everything else is (access.ts); by node:http with an empty 400.
    requireHostHeader: false,
  };
  if (credentials === undefined) return createServer(options, listener);
  const { createServer: createSecure } = process.getBuiltinModule('node:https');
  const server = createSecure({ ...options, handshakeTimeout: HEAD_LIMIT, ...credentials.context }, listener);
  credentials.follow((context) => server.setSecureContext(context));
  return server;
}

/** Those that are open, also those that have not ended their handshake, of which node:https does not know. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Says what was wrong with bytes that are no request, and closes; where a reply is under way it must not be written into. */
function answerNonsense(server: Server): void {
  const replies = new WeakMap<object, ServerResponse>();
  server.on('request', ({ socket }, response) => {
    replies.set(socket, response);
    response.once('close', () => {
      if (replies.get(socket) === response) replies.delete(socket);
    });
  });
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = refusalOf(code);
    const reply = replies.get(socket);
    // Where it is the body of a request, nobody has begun its reply; before that one may stand others, which have the socket.
    const body = reply !== undefined && !reply.req.complete && reply.socket === socket && !reply.headersSent;
    const free = reply === undefined || body;
    if (refusal === undefined || !socket.writable || !free) socket.destroy();
    else socket.end(refusal);
  });
}

/** undefined where the connection broke, or no TLS came about. */
function refusalOf(code = ''): string | undefined {
  const refusal = REFUSALS[code] ?? (code.startsWith('HPE_') ? NO_REQUEST : undefined);
  if (refusal === undefined) return undefined;
  const [status, name, detail] = refusal;
  const problem = problemOf(status, name, detail);
  const body = `${JSON.stringify(problem)}\n`;
  const head = `HTTP/1.1 ${status} ${problem.title}\r\nConnection: close\r\nContent-Type: ${PROBLEM_TYPE}\r\n`;
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
}

type Refusal = readonly [status: number, code: string, detail: string];

const NO_REQUEST: Refusal = [400, 'bad_request', 'this is no HTTP/1.1 request'];
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: [431, 'head_too_large', `the head of the request is longer than ${HEAD_SIZE} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'timeout', 'the request did not come in time'],
};
