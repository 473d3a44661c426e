/**
 * An upstream that speaks bytes by a script: it keeps all it receives, and answers, stalls, closes or resets as told.
 *
 * Rule: a script runs once for each connection. A peer that goes away ends the script quietly and is recorded; any other
 * error of a script fails the test when the origin stops.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { Broken, type Ending, Inbox, type Message, readMessage } from './bytes.ts';
import { PATIENCE, until, within } from './wait.ts';

export class OriginConnection {
  readonly index: number;
  readonly socket: Socket;
  readonly inbox: Inbox;
  /** Complete requests, in order. */
  readonly requests: Message[] = [];
  /** Heads read on their own, in order. */
  readonly heads: string[] = [];

  constructor(index: number, socket: Socket) {
    this.index = index;
    this.socket = socket;
    this.inbox = new Inbox(socket);
  }

  /** Every byte that came. */
  get received(): string {
    return this.inbox.all;
  }

  /** How the peer closed; undefined while it has not. */
  get ending(): Ending | undefined {
    return this.inbox.ending;
  }

  /** The next request, whole and strictly read. */
  async request(): Promise<Message> {
    const message = await readMessage(this.inbox, 'request');
    this.requests.push(message);
    return message;
  }

  /** The next request's head alone. */
  async head(): Promise<string> {
    const head = await this.inbox.until('\r\n\r\n', 'a request head');
    this.heads.push(head);
    return head;
  }

  send(text: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  async closed(limit = PATIENCE): Promise<Ending> {
    await until(`connection ${this.index} of the origin to be closed`, () => this.ending !== undefined, limit);
    return this.ending ?? 'fin';
  }
}

export type Script = (connection: OriginConnection) => Promise<void>;

export class RawOrigin {
  readonly connections: OriginConnection[] = [];
  readonly server: Server;
  private readonly errors: unknown[] = [];

  constructor(script: Script) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection = new OriginConnection(this.connections.length, socket);
      this.connections.push(connection);
      script(connection)
        .catch((error: unknown) => {
          if (!(error instanceof Broken)) this.errors.push(error);
        })
        .finally(() => {
          if (connection.ending !== undefined) socket.end();
        });
    });
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the origin does not listen');
    return address.port;
  }

  /** Requests of all connections, in the order of the connections. */
  get requests(): Message[] {
    return this.connections.flatMap((connection) => connection.requests);
  }

  /** Every byte that came, over all connections. */
  get received(): string {
    return this.connections.map((connection) => connection.received).join('');
  }

  /** Connections the peer has not closed. */
  get open(): OriginConnection[] {
    return this.connections.filter((connection) => connection.ending === undefined);
  }

  /** Waits for the connection with this index. */
  async connection(index = 0): Promise<OriginConnection> {
    return until(`connection ${index} at the origin`, () => this.connections[index]);
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.socket.destroy();
    await within('the origin to stop', new Promise<void>((resolve) => this.server.close(() => resolve())));
    if (this.errors.length > 0) throw this.errors[0];
  }
}

/** Starts an origin on 127.0.0.1, on a port the system chooses. */
export async function startRawOrigin(script: Script): Promise<RawOrigin> {
  const origin = new RawOrigin(script);
  await new Promise<void>((resolve) => origin.server.listen(0, '127.0.0.1', resolve));
  return origin;
}

type Answering = string | ((request: Message, connection: OriginConnection) => string);

/** Answers every request with these bytes, on connections that stay open. */
export function answering(reply: Answering): Script {
  return async (connection) => {
    for (;;) {
      const request = await connection.request();
      connection.send(typeof reply === 'string' ? reply : reply(request, connection));
    }
  };
}

/** Hears a request's head and says nothing, until the connection is closed. */
export async function silent(connection: OriginConnection): Promise<void> {
  await connection.head();
  await connection.closed();
}

/** Runs the first script for the first connection, the second for the second, the last for all after it. */
export function inTurn(...scripts: Script[]): Script {
  return (connection) => scripts[Math.min(connection.index, scripts.length - 1)](connection);
}

/** `HTTP/1.1 200 OK` with this body, its length, and these field lines. */
export function ok(body: string, ...lines: string[]): string {
  const fields = lines.map((line) => `${line}\r\n`).join('');
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}
