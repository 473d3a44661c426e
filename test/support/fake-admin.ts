/**
 * An admin port that answers as the shapes say, keeps what it was asked, and finds fault with what no router would be asked.
 *
 * Rule: a call it does not know, a body or a query of another shape, a write without what the contract asks for, or an
 * answer of another shape goes into `faults`; `stop` fails a test that left any.
 */

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Errors } from 'typebox/value';
import { ProblemReply } from '../../src/admin/shapes/common.ts';
import { CALLS, type KnownCall } from './admin-calls.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';

export interface Heard {
  /** `GET /v1/routes` */
  readonly call: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  /** JSON where it was JSON, else the text; undefined where there was none. */
  readonly body: unknown;
}

export interface Reply {
  readonly status?: number;
  readonly etag?: string;
  /** A string is sent as it is. */
  readonly body: unknown;
  readonly type?: string;
}

export type Answering = (heard: Heard) => Reply | Promise<Reply>;

export class FakeAdmin {
  readonly heard: Heard[] = [];
  readonly faults: string[] = [];
  url = '';
  private readonly answers = new Map<string, Answering>();
  private readonly streams = new Set<ServerResponse>();
  private readonly sockets = new Set<Socket>();
  private readonly server;
  private readonly tls: boolean;

  private constructor(tls: boolean, clients: boolean) {
    this.tls = tls;
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.serve(request, response);
    this.server = tls
      ? createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY, ca: TEST_CERTIFICATE, requestCert: clients }, listener)
      : createServer(listener);
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  static async start({ tls = false, clients = false, port = 0 } = {}): Promise<FakeAdmin> {
    const fake = new FakeAdmin(tls, clients);
    await fake.listen(port);
    return fake;
  }

  /** `call`: `GET /v1/routes`. A plain value is a body with status 200. */
  on(call: string, answer: Answering | object | string): this {
    this.answers.set(call, typeof answer === 'function' ? (answer as Answering) : () => ({ body: answer }));
    return this;
  }

  /** What was asked under this name. */
  asked(call: string): Heard[] {
    return this.heard.filter((one) => one.call === call);
  }

  /** Sends one event to everybody who listens to the live stream. */
  send(frame: unknown): void {
    for (const stream of this.streams) stream.write(`event: live\ndata: ${JSON.stringify(frame)}\n\n`);
  }

  get listeners(): number {
    return this.streams.size;
  }

  /** Goes away, as a router that ends; `listen` brings it back at the same port. */
  async leave(): Promise<number> {
    const { port } = this.server.address() as AddressInfo;
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
    return port;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.url = `${this.tls ? 'https' : 'http'}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    if (this.server.listening) await this.leave();
    assert.deepEqual(this.faults, []);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    const call = `${request.method} ${url.pathname}`;
    const body = await bodyOf(request);
    const heard: Heard = { call, query: Object.fromEntries(url.searchParams), headers: request.headers, body };
    this.heard.push(heard);
    const known = CALLS.find(({ path }) => path.test(call));
    if (known === undefined) this.faults.push(`${call}: the API has no such call`);
    else this.faults.push(...faultsIn(heard, known));
    if (call === 'GET /v1/live' && !this.answers.has(call)) return this.stream(response);
    const answer = this.answers.get(call);
    if (answer === undefined) return send(response, NOT_FOUND);
    const reply = await answer(heard);
    if (known !== undefined) this.faults.push(...faultsOf(call, reply, known));
    send(response, reply);
  }

  private stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
    this.streams.add(response);
    response.once('close', () => this.streams.delete(response));
  }
}

const NOT_FOUND: Reply = {
  status: 404,
  body: {
    type: 'about:blank',
    title: 'not found',
    status: 404,
    detail: 'there is no such thing here',
    code: 'not_found',
  },
};

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString('utf8');
  if (request.headers['content-type'] === 'application/json') return JSON.parse(text);
  return pieces.length === 0 ? undefined : text;
}

function faultsIn({ call, query, headers, body }: Heard, known: KnownCall): string[] {
  const faults = Object.keys(query)
    .filter((name) => !known.query.includes(name))
    .map((name) => `${call}: no such query, ${name}`);
  if (known.body === undefined && body !== undefined) faults.push(`${call}: takes no body`);
  if (known.body === 'yaml' && headers['content-type'] !== 'application/yaml') faults.push(`${call}: sends no YAML`);
  if (typeof known.body === 'object')
    faults.push(...Errors(known.body, body).map((error) => `${call}: asks ${error.instancePath} ${error.message}`));
  if (call.startsWith('GET') && (headers['x-author'] ?? headers['x-reason']) !== undefined)
    faults.push(`${call}: reads need no author`);
  if (headers.authorization !== undefined && headers['x-author'] !== undefined)
    faults.push(`${call}: names an author beside a token`);
  const match = headers['if-match'];
  if (match !== undefined && !/^"[^"]+"$/.test(match)) faults.push(`${call}: If-Match is ${match}`);
  return faults;
}

function faultsOf(call: string, { status = 200, body }: Reply, known: KnownCall): string[] {
  if (typeof body === 'string') return [];
  const shape = status > 299 ? ProblemReply : known.answer;
  return shape === undefined
    ? []
    : Errors(shape, body).map((error) => `${call}: answers ${error.instancePath} ${error.message}`);
}

function send(response: ServerResponse, { status = 200, etag, body, type }: Reply): void {
  const json = status > 299 ? 'application/problem+json' : 'application/json';
  const headers = { 'content-type': type ?? (typeof body === 'string' ? 'application/yaml' : json) };
  response.writeHead(status, etag === undefined ? headers : { ...headers, etag: `"${etag}"` });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
