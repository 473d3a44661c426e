/**
 * One listener on one thread: accepts clients and holds what their connections share.
 *
 * Rule: the sockets stay open for the life of the thread; a new table changes what stands behind them. They are several,
 * on one port, so that clients who come at once need not wait for a turn of the loop each. Accepted connections come as
 * bare handles, before `net.Server` makes sockets of them.
 */

import { createServer, type Server } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneDebug, PlaneLog, Settled } from '../core/events.ts';
import { type Handle, listenAt, onAccept } from '../core/handle.ts';
import { CUTS, type Cut, type Lane, LISTENER_BLOCK } from '../core/lanes.ts';
import type { NameSet } from '../core/names.ts';
import { Timer, type Timers } from '../core/timers.ts';
import { NOBODY, Wire } from '../core/wire.ts';
import type { Current } from '../routing/current.ts';
import type { ListenerSettings, ListenerTable, Table } from '../routing/route.ts';
import { ClientConnection, LINGER_LIMIT } from './client.ts';
import type { Client, DescriptorLimit, Doorway, Line, PlaneNeeds } from './parts.ts';
import { type HeadRules, headRules } from './rules.ts';

export class Door implements Doorway {
  readonly id: string;
  readonly clock: Clock;
  readonly draw: Draw;
  readonly timers: Timers;
  readonly lane: Lane;
  readonly log: PlaneLog;
  readonly debug: PlaneDebug;
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
  readonly descriptors: DescriptorLimit;
  private servers: Server[] = [];
  /** Armed while the log says no more of the connection limit; how many were turned away since it last did. */
  private readonly hush = new Timer(() => this.sayFull());
  private turnedAway = 0;
  private shortSince = Number.NEGATIVE_INFINITY;

  constructor(id: string, needs: PlaneNeeds, line: Line, current: Current, table: Table, listener: ListenerTable) {
    this.id = id;
    this.clock = needs.clock;
    this.draw = needs.draw;
    this.timers = needs.timers;
    this.lane = needs.lane;
    this.log = needs.log;
    this.debug = needs.debug;
    this.settled = needs.settled;
    this.threads = needs.threads ?? 1;
    this.descriptors = needs.descriptors ?? NO_LIMIT;
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

  /** Opens the listening sockets, one where they cannot share the port; resolves with the bound port. */
  async listen(host: string, port: number, reusePort: boolean): Promise<number> {
    try {
      const bound = await this.open(host, port, reusePort);
      // Shut meanwhile: it stays shut.
      const more = reusePort && this.servers.length > 0 ? socketsOf(this.threads) - 1 : 0;
      await Promise.all(Array.from({ length: more }, () => this.open(host, bound, true)));
      return bound;
    } catch (error) {
      this.shut();
      throw error;
    }
  }

  private open(host: string, port: number, reusePort: boolean): Promise<number> {
    const server = createServer();
    this.servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', () => {
        server.off('error', reject);
        onAccept(server, (handle, error) => this.accept(handle, error));
        server.on('error', (error) => this.log('error', { listener: this.id, err: error.message }, 'listener failed'));
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
      listenAt(server, { host, port, reusePort, backlog: 4096 });
    });
  }

  /** Accepts no more; open connections stay. */
  shut(): void {
    for (const server of this.servers) server.close();
    this.servers = [];
    this.sayFull();
    this.timers.remove(this.hush);
  }

  private accept(handle: Handle, error: string | undefined): void {
    if (error !== undefined) {
      this.log('error', { listener: this.id, err: error }, 'a connection could not be accepted');
      return;
    }
    const full = this.connections.size >= Math.ceil(this.settings.limits.connections / this.threads);
    // The system gives out the lowest number that is free: this one says how many descriptors the whole process has open.
    if (full || handle.fd >= this.descriptors.ceiling) {
      this.lane.add(this.listener.block, LISTENER_BLOCK.cuts + CUTS.indexOf(full ? 'limit' : 'descriptors'), 1);
      if (full) this.countFull();
      else this.shortOfDescriptors();
      turnAway(handle);
      return;
    }
    const client = new ClientConnection(this, handle);
    this.connections.add(client);
    this.lane.add(this.listener.block, LISTENER_BLOCK.connections, 1);
    client.wire.resume();
  }

  private countFull(): void {
    this.turnedAway++;
    if (this.hush.due === Number.POSITIVE_INFINITY) this.sayFull();
  }

  /** At once, and for those who followed a second later: a crowd that comes but once is told of as what it was. */
  private sayFull(): void {
    const { turnedAway } = this;
    if (turnedAway === 0) return;
    const { connections } = this.settings.limits;
    const fields = { listener: this.id, setting: 'limits.connections', limit: connections, turnedAway };
    this.log('warn', fields, 'connection limit reached, turning clients away');
    this.turnedAway = 0;
    this.timers.arm(this.hush, this.clock.now() + TELL_FULL);
  }

  shortOfDescriptors(): void {
    const now = this.clock.now();
    if (now - this.shortSince <= TELL_EVERY) return;
    this.shortSince = now;
    const { limit, ceiling } = this.descriptors;
    const fields = { listener: this.id, limit, ceiling, connections: this.connections.size };
    this.log('warn', fields, `short of descriptors: the process may have ${limit} open; ${REMEDY}`);
  }

  /** A connection is gone. */
  left(client: Client): void {
    if (this.connections.delete(client as ClientConnection))
      this.lane.add(this.listener.block, LISTENER_BLOCK.connections, -1);
  }

  cut(client: Client, cut: Cut): void {
    this.lane.add(this.listener.block, LISTENER_BLOCK.cuts + CUTS.indexOf(cut), 1);
    this.debug?.({ listener: this.id, client: client.wire.address, reason: cut, ...this.limitOf(cut) }, CUT_WORDS[cut]);
  }

  /** Which setting says so, and what it says. */
  private limitOf(cut: Cut): { readonly setting?: string; readonly limit: number } {
    if (cut === 'lingering') return { limit: LINGER_LIMIT };
    const { head, keepAlive } = this.settings.timeout;
    return cut === 'silent'
      ? { setting: 'timeout.head', limit: head }
      : { setting: 'timeout.keepAlive', limit: keepAlive };
  }
}

/**
 * How many sockets a thread listens with. libuv accepts one connection per socket and turn of the loop, and a turn of a
 * busy thread is long: with 700 clients at work it lasts some 30 ms, and of 300 who came at once the last waited for 4 s
 * with one socket, 45 ms with 16.
 */
export function socketsOf(threads: number): number {
  return Math.max(LEAST_SOCKETS, Math.ceil(SOCKETS / threads));
}

const SOCKETS = 16;
const LEAST_SOCKETS = 4;

const CUT_WORDS: Readonly<Record<Cut, string>> = {
  silent: 'closed a connection that sent no request',
  idle: 'closed a connection that rested between two requests',
  unread: 'reset a connection whose client does not take its replies',
  lingering: 'closed a connection that its client kept open behind the last reply',
  limit: 'turned a connection away',
  descriptors: 'turned a connection away',
};
const NO_LIMIT: DescriptorLimit = { limit: Number.POSITIVE_INFINITY, ceiling: Number.POSITIVE_INFINITY };
/** How long the log says nothing more of the connection limit, milliseconds. */
const TELL_FULL = 1_000;
/** The same shortage is told once in this time, milliseconds. */
const TELL_EVERY = 10_000;
const REMEDY =
  'clients above the ceiling are turned away; raise the limit (ulimit -n, LimitNOFILE), or lower limits.connections';

const PROBLEM =
  '{"type":"urn:signalbox:fault:overloaded","title":"Overloaded","status":503,"detail":"too many connections","code":"overloaded"}\n';
const TURNED_AWAY =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n' +
  'Proxy-Status: signalbox; error=connection_limit_reached\r\n' +
  `Content-Length: ${PROBLEM.length}\r\nConnection: close\r\n\r\n${PROBLEM}`;

/** Above a limit a client hears so at once instead of waiting in a queue nobody serves. */
function turnAway(handle: Handle): void {
  const wire = new Wire(handle, NOBODY);
  wire.write(TURNED_AWAY);
  wire.end(() => wire.destroy());
}
