/**
 * A client that speaks bytes: it sends what it is told, in the pieces it is told, and reads replies strictly.
 *
 * Rule: nothing is added or repaired. Its side stays open when the other closes, so that a test sees who closed first
 * and how. Whoever connects closes; `closeAll` is for the end of a test.
 */

import { connect, type Socket } from 'node:net';
import { type Ending, type Field, Inbox, type Message, readMessage, valuesOf } from './bytes.ts';
import { breathe, PATIENCE, until, within } from './wait.ts';

export interface RawReply extends Message {
  readonly status: number;
  readonly reason: string;
  /** The only value of a field; undefined where it is absent; throws where it is repeated. */
  field(name: string): string | undefined;
  all(name: string): string[];
}

export interface ConnectOptions {
  readonly host?: string;
  /** Reads nothing until `resume`. */
  readonly paused?: boolean;
}

export class RawClient {
  readonly inbox: Inbox;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    this.inbox = new Inbox(socket);
  }

  /** Sends each piece as a write of its own and lets the other side read it before the next. */
  async send(...pieces: (string | Uint8Array)[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await breathe();
      // A refusal may come before the last piece: the other side is then entitled to have closed.
      if (this.socket.destroyed || !this.socket.writable) return;
      this.socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    }
  }

  /** The next reply, whole, 1xx included. `method`: HEAD has no body. */
  async reply(method = 'GET'): Promise<RawReply> {
    const message = await readMessage(this.inbox, 'reply', method === 'HEAD');
    return asReply(message);
  }

  /** The next reply, its connection expected to be closed after it with FIN and not one byte more. */
  async lastReply(method = 'GET'): Promise<RawReply> {
    const reply = await this.reply(method);
    const ending = await this.closed();
    if (this.inbox.unread !== '') throw new Error(`bytes after the last reply: ${JSON.stringify(this.inbox.unread)}`);
    if (ending !== 'fin') throw new Error('the connection was reset after the last reply');
    return reply;
  }

  /** Sends and reads one reply. */
  async ask(request: string, method = request.slice(0, request.indexOf(' '))): Promise<RawReply> {
    await this.send(request);
    return this.reply(method);
  }

  /** How the other side closed; fails where it does not within the limit. */
  async closed(limit = PATIENCE): Promise<Ending> {
    await until('the other side to close the connection', () => this.inbox.ending !== undefined, limit);
    return this.inbox.ending ?? 'fin';
  }

  /** All bytes until the other side closes, and how it did. */
  async untilClose(limit = PATIENCE): Promise<{ text: string; ending: Ending }> {
    const text = await this.inbox.rest(limit);
    return { text, ending: await this.closed(limit) };
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.destroy();
  }
}

export async function connectRaw(port: number, options: ConnectOptions = {}): Promise<RawClient> {
  const socket = connect({ port, host: options.host ?? '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const client = new RawClient(socket);
  if (options.paused) socket.pause();
  await within(
    `a connection to port ${port}`,
    new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    }),
  );
  // The other side is in this process: let it accept, so that the first piece is read on its own.
  await breathe();
  return client;
}

export function asReply(message: Message): RawReply {
  const [, status, reason] = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(message.start) ?? [];
  return {
    ...message,
    status: Number(status),
    reason,
    field: (name) => only(message.fields, name),
    all: (name) => valuesOf(message.fields, name),
  };
}

/** The only value of a field, undefined where it is absent. */
export function only(fields: readonly Field[], name: string): string | undefined {
  const values = valuesOf(fields, name);
  if (values.length > 1) throw new Error(`${name} is repeated: ${JSON.stringify(values)}`);
  return values[0];
}
