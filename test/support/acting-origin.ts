/**
 * An upstream for stories of failure: it acts by a script for each request, can be killed and brought back at its address,
 * and is cheap enough for tens of thousands of requests.
 *
 * Rule: each stands on a loopback address of its own (127.80.x.y), so that nobody takes its port while it is down, and a
 * connection to it can never meet itself. A request counts as received as soon as its head is here.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { fieldOf, type Heard, MessageReader, resetNow } from './chaos/reader.ts';

/** One request at the origin. */
export class Asked {
  readonly method: string;
  readonly target: string;
  /** Request line and fields in lower case. */
  readonly head: string;
  readonly socket: Socket;
  body = '';
  private complete = false;
  private onWhole: (() => void) | undefined = undefined;

  constructor(text: string, lower: string, socket: Socket) {
    const [method, target] = text.slice(0, text.indexOf('\r\n')).split(' ');
    this.method = method;
    this.target = target;
    this.head = lower;
    this.socket = socket;
  }

  field(name: string): string | undefined {
    return fieldOf(this.head, name);
  }

  /** Calls `next` when the body is here too. */
  whole(next: () => void): void {
    if (this.complete) next();
    else this.onWhole = next;
  }

  isWhole(): void {
    this.complete = true;
    this.onWhole?.();
  }

  /** `more`: further header lines, each ended with CRLF. */
  reply(status: number, body: string, more = ''): void {
    this.send(`HTTP/1.1 ${status} Word\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`);
  }

  send(text: string): void {
    if (this.socket.writable) this.socket.write(text, 'latin1');
  }

  reset(): void {
    resetNow(this.socket);
  }
}

export type Act = (asked: Asked) => void;

let made = 0;

export class ActingOrigin {
  readonly address: string;
  port = 0;
  /** Requests whose head came. */
  received = 0;
  accepted = 0;
  act: Act;
  /** Called for each connection; true where it is dealt with already. */
  onConnection: (socket: Socket) => boolean = () => false;
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined = undefined;

  constructor(act: Act) {
    made += 1;
    this.address = `127.${80 + (made % 40)}.${(process.pid >> 8) & 255}.${(process.pid & 127) + 1}`;
    this.act = act;
  }

  get url(): string {
    return `http://${this.address}:${this.port}`;
  }

  get connections(): number {
    return this.sockets.size;
  }

  get up(): boolean {
    return this.server !== undefined;
  }

  /** Listens, where it was killed on the port it had. */
  async start(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.meet(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: this.port, host: this.address, backlog: 4096 }, resolve);
    });
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    this.server = server;
  }

  /** As when its process is killed: nobody listens any more, and every connection is reset. */
  async kill(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) resetNow(socket);
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  private meet(socket: Socket): void {
    this.accepted += 1;
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    if (this.onConnection(socket)) return;
    let asked: Asked | undefined;
    const heard: Heard = {
      head: (text, lower) => {
        this.received += 1;
        asked = new Asked(text, lower, socket);
        this.act(asked);
        return true;
      },
      data: (bytes, start, end) => {
        if (asked !== undefined) asked.body += bytes.toString('latin1', start, end);
      },
      done: () => asked?.isWhole(),
    };
    const reader = new MessageReader('request', heard);
    socket.on('data', (bytes: Buffer) => {
      if (!socket.destroyed) reader.read(bytes);
    });
  }
}

export async function startActing(act: Act): Promise<ActingOrigin> {
  const origin = new ActingOrigin(act);
  await origin.start();
  return origin;
}

/** Answers with the target. */
export const well: Act = (asked) => asked.whole(() => asked.reply(200, asked.target));
