/**
 * One listener on one thread: accepts clients and holds what their connections share.
 *
 * Rule: the socket stays open for the life of the thread; a new table changes what stands behind it. Accepted sockets are
 * taken over by a socket of our own that reads into the thread's shared buffer, which `net.Server` offers no option for
 * (measured: about 1 us of CPU per request and one 64 KiB allocation per read saved). Where a handle cannot be taken
 * over, the accepted socket is used as it is.
 */

import { createServer, type Server, Socket, type SocketConstructorOpts } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneLog, Settled } from '../core/events.ts';
import { SHARED } from '../core/io.ts';
import { type Lane, LISTENER_BLOCK } from '../core/lanes.ts';
import type { NameSet } from '../core/names.ts';
import type { Timers } from '../core/timers.ts';
import type { Current } from '../routing/current.ts';
import type { ListenerSettings, ListenerTable, Table } from '../routing/route.ts';
import { ClientConnection } from './client.ts';
import type { Client, Doorway, Line, PlaneNeeds } from './parts.ts';
import { type HeadRules, headRules } from './rules.ts';

export class Door implements Doorway {
  readonly id: string;
  readonly clock: Clock;
  readonly draw: Draw;
  readonly timers: Timers;
  readonly lane: Lane;
  readonly log: PlaneLog;
  readonly settled: readonly Settled[];
  readonly current: Current;
  readonly line: Line;
  readonly connections = new Set<ClientConnection>();
  /** Replies carry `Connection: close`. */
  draining = false;

  // Of the current table.
  listener: ListenerTable;
  names: NameSet;
  rules: HeadRules;

  readonly threads: number;
  private server: Server | undefined = undefined;
  private fullSince = 0;

  constructor(id: string, needs: PlaneNeeds, line: Line, current: Current, table: Table, listener: ListenerTable) {
    this.id = id;
    this.clock = needs.clock;
    this.draw = needs.draw;
    this.timers = needs.timers;
    this.lane = needs.lane;
    this.log = needs.log;
    this.settled = needs.settled;
    this.threads = needs.threads ?? 1;
    this.current = current;
    this.line = line;
    this.listener = listener;
    this.names = table.names;
    this.rules = headRules(table, listener);
  }

  get settings(): ListenerSettings {
    return this.listener.settings;
  }

  /** Requests that arrive from now on follow this table. */
  behind(table: Table, listener: ListenerTable): void {
    this.listener = listener;
    this.names = table.names;
    this.rules = headRules(table, listener);
  }

  /** Opens the listening socket; resolves with the bound port. */
  listen(host: string, port: number, reusePort: boolean): Promise<number> {
    const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true });
    this.server = server;
    server.on('connection', (accepted) => this.accept(accepted));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, reusePort, backlog: 4096 }, () => {
        server.off('error', reject);
        server.on('error', (error) => this.log('error', { listener: this.id, err: error.message }, 'listener failed'));
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** Accepts no more; open connections stay. */
  shut(): void {
    this.server?.close();
    this.server = undefined;
  }

  private accept(accepted: Socket): void {
    const full = this.connections.size >= Math.ceil(this.settings.limits.connections / this.threads);
    if (full) {
      this.turnAway(accepted);
      return;
    }
    this.welcome(accepted);
    this.lane.add(this.listener.block, LISTENER_BLOCK.connections, 1);
  }

  private welcome(accepted: Socket): void {
    let connection: ClientConnection | undefined;
    const onread = {
      buffer: () => connection?.readInto() ?? SHARED,
      callback: (length: number, bytes: Uint8Array) => connection?.onRead(length, bytes as Buffer) ?? true,
    };
    const handle = takeHandle(accepted);
    // A high-water mark of 1 makes every write that the kernel does not take at once end in a `drain`. The types of Node
    // know neither `handle` nor `manualStart`, which its own net.Server passes to the same constructor.
    const options = { handle, allowHalfOpen: true, manualStart: true, writableHighWaterMark: 1, onread };
    const socket = handle === undefined ? accepted : new Socket(options as SocketConstructorOpts);
    const client = new ClientConnection(this, socket, plainAddress(socket.remoteAddress ?? ''));
    connection = client;
    this.connections.add(client);
    if (handle === undefined) {
      socket.on('data', (chunk: Buffer) => {
        if (!client.onRead(chunk.length, chunk)) socket.pause();
      });
    }
    socket.on('drain', () => client.onDrain());
    socket.on('end', () => client.onEnd());
    socket.on('error', () => client.gone());
    socket.on('close', () => client.gone());
    socket.resume();
  }

  /** Above the limit a client hears so at once instead of waiting in a queue nobody serves. */
  private turnAway(accepted: Socket): void {
    const now = this.clock.now();
    if (now - this.fullSince > 1_000) {
      const { connections } = this.settings.limits;
      this.log('warn', { listener: this.id, connections }, 'connection limit reached, turning clients away');
      this.fullSince = now;
    }
    accepted.on('error', () => {});
    accepted.end(TURNED_AWAY);
    accepted.destroySoon();
  }

  /** A connection is gone. */
  left(client: Client): void {
    if (this.connections.delete(client as ClientConnection))
      this.lane.add(this.listener.block, LISTENER_BLOCK.connections, -1);
  }
}

const PROBLEM =
  '{"type":"urn:signalbox:fault:overloaded","title":"Overloaded","status":503,"detail":"too many connections","code":"overloaded"}\n';
const TURNED_AWAY =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n' +
  'Proxy-Status: signalbox; error=connection_limit_reached\r\n' +
  `Content-Length: ${PROBLEM.length}\r\nConnection: close\r\n\r\n${PROBLEM}`;

/** Node's own handle of an accepted TCP socket, taken out of it; undefined where there is none to take. */
function takeHandle(accepted: Socket): object | undefined {
  const holder = accepted as Socket & { _handle?: { readonly readStart?: unknown } | null };
  const handle = holder._handle;
  if (handle === null || handle === undefined || typeof handle.readStart !== 'function') return undefined;
  holder._handle = null;
  return handle;
}

/** An IPv4 address that a dual-stack socket shows as ::ffff:a.b.c.d. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
