/**
 * A client connection that asks one request after the other, tens of thousands of them: cheap, and strict about replies.
 *
 * Rule: it sends what it is told and nothing twice. A connection that closes between two requests is replaced at the next
 * one; one that closes before the reply is whole makes it status 0.
 */

import { connect, type Socket } from 'node:net';
import { fieldOf, type Heard, MessageReader } from './chaos/reader.ts';

export interface Answer {
  /** 0 where no whole reply came. */
  readonly status: number;
  /** Status line and fields, in lower case. */
  readonly head: string;
  readonly body: string;
  /** Milliseconds. */
  readonly took: number;
}

export class Caller implements Heard {
  private readonly port: number;
  private socket: Socket | undefined = undefined;
  private reader = new MessageReader('reply', this);
  private answer: ((answer: Answer) => void) | undefined = undefined;
  private lower = '';
  private text = '';
  private asked = 0;

  constructor(port: number) {
    this.port = port;
  }

  /** Sends a request, each part as a write of its own. `more`: further header lines, each ended with CRLF. */
  ask(method: string, target: string, body = '', more = '', apart = false): Promise<Answer> {
    const length = body === '' && method !== 'POST' ? '' : `Content-Length: ${body.length}\r\n`;
    const head = `${method} ${target} HTTP/1.1\r\nHost: a\r\n${length}${more}\r\n`;
    const socket = this.connection();
    return new Promise((resolve) => {
      this.answer = resolve;
      this.asked = performance.now();
      if (!apart || body === '') {
        socket.write(head + body, 'latin1');
        return;
      }
      socket.write(head, 'latin1');
      const half = body.length >> 1;
      setImmediate(() => {
        socket.write(body.slice(0, half), 'latin1');
        setImmediate(() => socket.write(body.slice(half), 'latin1'));
      });
    });
  }

  get waiting(): boolean {
    return this.answer !== undefined;
  }

  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  head(text: string, lower: string): boolean {
    const status = Number(text.slice(9, 12));
    this.lower = lower;
    this.text = '';
    return status >= 200 && status !== 204 && status !== 304;
  }

  data(bytes: Buffer, start: number, end: number): void {
    this.text += bytes.toString('latin1', start, end);
  }

  done(): void {
    const status = Number(this.lower.slice(9, 12));
    if (status < 200) return;
    // Asks on a connection of its own next time, where this one is about to close.
    if (fieldOf(this.lower, 'connection') === 'close') this.close();
    this.tell(status);
  }

  private tell(status: number): void {
    const { answer } = this;
    this.answer = undefined;
    answer?.({ status, head: this.lower, body: this.text, took: performance.now() - this.asked });
  }

  private connection(): Socket {
    if (this.socket?.writable === true) return this.socket;
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    const reader = new MessageReader('reply', this);
    this.socket = socket;
    this.reader = reader;
    socket.on('data', (bytes: Buffer) => {
      if (this.socket === socket) this.reader.read(bytes);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      if (this.answer === undefined) return;
      this.lower = '';
      this.tell(0);
    });
    return socket;
  }
}

/** Has `width` callers ask until `next` says there is nothing left (undefined), and closes them. */
export async function callers(
  port: number,
  width: number,
  next: (caller: Caller, number: number) => Promise<unknown> | undefined,
): Promise<void> {
  const all = Array.from({ length: width }, () => new Caller(port));
  await Promise.all(
    all.map(async (caller, number) => {
      for (let one = next(caller, number); one !== undefined; one = next(caller, number)) await one;
      caller.close();
    }),
  );
}

/** The value that a share of the numbers does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
