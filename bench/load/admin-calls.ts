/**
 * Calls of the admin API, by one client or at a fixed rate.
 *
 * Rule: connections are kept; a call that is not answered well ends the bench. What is due while the machine was busy is made up
 * for at once, so that the rate holds over a second.
 */

import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pause } from '../stage/processes.ts';

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

export class AdminClient {
  private readonly port: number;
  private readonly agent: Agent;
  readonly failures: string[] = [];

  constructor(port: number, connections: number) {
    this.port = port;
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** The body of the reply. */
  ask({ method, path, body }: Call): Promise<string> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const sent = request(
        { agent: this.agent, host: '127.0.0.1', port: this.port, method, path, headers },
        (reply) => {
          let text = '';
          reply.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          reply.on('end', () => {
            if ((reply.statusCode ?? 0) < 300) resolve(text);
            else reject(new Error(`${method} ${path}: ${reply.statusCode} ${text}`));
          });
        },
      );
      sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Waits until the API answers: traffic flows before it does. */
  async answers(): Promise<void> {
    await this.ask({ method: 'GET', path: '/v1/status' });
  }

  /** Calls at a fixed rate until the answer is called, which waits for the last replies; gives how many there were. */
  keepAsking(perSecond: number, callOf: (n: number) => Call): () => Promise<number> {
    const started = performance.now();
    const open = new Set<Promise<unknown>>();
    let made = 0;
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - started) / 1000) * perSecond);
      for (; made < due; made++) {
        const asked = this.ask(callOf(made)).catch((error: Error) => this.failures.push(error.message));
        open.add(asked);
        void asked.finally(() => open.delete(asked));
      }
    }, 5);
    return async () => {
      clearInterval(timer);
      await Promise.all(open);
      if (this.failures.length > 0) throw new Error(`${this.failures.length} calls failed: ${this.failures[0]}`);
      return made;
    };
  }

  end(): void {
    this.agent.destroy();
  }
}

/** Someone who follows GET /v1/live, and reads what comes. */
export function followLive(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  return socket.on('error', () => {}).resume();
}

/** One connection on which leases are renewed, one after the other, as bytes made beforehand. */
class Renewer {
  private readonly socket: Socket;
  private readonly queue: Buffer[] = [];
  private rest = '';
  answered = 0;
  wrong = 0;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.setEncoding('latin1').on('data', (text: string) => this.read(text));
    this.socket.on('error', () => {
      this.wrong += 1;
    });
  }

  get idle(): boolean {
    return this.queue.length === 0;
  }

  renew(message: Buffer): void {
    this.queue.push(message);
    if (this.queue.length === 1) this.socket.write(message);
  }

  end(): void {
    this.socket.destroy();
  }

  private read(text: string): void {
    this.rest += text;
    const head = this.rest.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(this.rest)?.[1]);
    if (head === -1 || this.rest.length < head + 4 + length) return;
    if (!/^HTTP\/1\.1 20[01] /.test(this.rest)) this.wrong += 1;
    this.answered += 1;
    this.rest = this.rest.slice(head + 4 + length);
    this.queue.shift();
    if (this.queue[0] !== undefined) this.socket.write(this.queue[0]);
  }
}

/** Many instances that hold leases of an upstream over some connections. */
export class Fleet {
  private readonly messages: readonly Buffer[];
  private readonly renewers: readonly Renewer[];
  private next = 0;

  constructor(port: number, upstream: string, instances: number, connections: number) {
    this.messages = Array.from({ length: instances }, (_, i) => {
      const body = JSON.stringify({ url: `http://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8080`, ttl: '60s' });
      const head = `PUT /v1/upstreams/${upstream}/leases/i-${i} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: services\r\nAccept: */*`;
      return Buffer.from(`${head}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    this.renewers = Array.from({ length: connections }, () => new Renewer(port));
  }

  /** So many a second for so many seconds, in turn; gives how many. */
  async renew(perSecond: number, seconds: number): Promise<number> {
    const started = performance.now();
    let made = 0;
    for (let past = 0; past < seconds; past = (performance.now() - started) / 1000) {
      for (const due = Math.floor(past * perSecond); made < due; made++) this.one();
      await pause(1);
    }
    while (!this.renewers.every(({ idle }) => idle)) await pause(1);
    const wrong = this.renewers.reduce((sum, each) => sum + each.wrong, 0);
    if (wrong > 0) throw new Error(`${wrong} leases were not renewed`);
    return made;
  }

  end(): void {
    for (const each of this.renewers) each.end();
  }

  private one(): void {
    const { messages, renewers, next } = this;
    renewers[next % renewers.length]?.renew(messages[next % messages.length] ?? Buffer.alloc(0));
    this.next += 1;
  }
}
