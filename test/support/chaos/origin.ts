/**
 * The origin of the chaos: does with each request what the request's own plan asks for, and checks every byte of it.
 *
 * Rule: the plan comes with the request (`x-plan`), so that an attempt that is sent again meets the same trouble again.
 * What is wrong with a request is told to `blame`; trouble that was planned is nobody's fault.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { type Act, bodyOf, type Conversation } from './plan.ts';
import { fieldOf, MessageReader, resetNow } from './reader.ts';

export type Blame = (what: string) => void;

const GARBAGE = [
  '\x00\x01\x02\x03 no reply at all\r\n\r\n',
  'HTTP/2 200 OK\r\n\r\n',
  'HTTP/1.1 99 Early\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc',
  'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc',
  '\r\n\r\n\r\n',
];

/** What a reply that nobody asked for looks like: it names an exchange that no client ever asks for. */
const POISON = 'HTTP/1.1 200 OK\r\nx-plan-reply: poison\r\nContent-Length: 6\r\n\r\npoison';

/** Acts that answer at once where the body waits for 100 Continue, and those that answer before the body's end. */
const HASTY: ReadonlySet<Act> = new Set(['early', 'rude']);

interface Request {
  readonly n: number;
  readonly act: Act;
  readonly replySize: number;
  readonly uploadSize: number;
  readonly tunnelEnd: Conversation['tunnelEnd'];
  /** Nothing else can end the tunnel before. */
  readonly sure: boolean;
  readonly head: boolean;
}

export class ChaosOrigin {
  readonly server: Server;
  readonly open = new Set<Socket>();
  requests = 0;

  constructor(blame: Blame) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.open.add(socket);
      socket.once('close', () => this.open.delete(socket));
      new OriginTalk(this, socket, blame);
    });
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export async function startChaosOrigin(blame: Blame): Promise<ChaosOrigin> {
  const origin = new ChaosOrigin(blame);
  await new Promise<void>((resolve) => origin.server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
  return origin;
}

/** One connection of the router. */
class OriginTalk {
  private readonly origin: ChaosOrigin;
  private readonly socket: Socket;
  private readonly blame: Blame;
  private readonly reader: MessageReader;
  private request: Request | undefined = undefined;
  private expected: Buffer = Buffer.alloc(0);
  private received = 0;
  private answered = false;
  private inTunnel = false;
  private sawEnd = false;
  /** About to be reset, and deaf until then. */
  private dying = false;

  constructor(origin: ChaosOrigin, socket: Socket, blame: Blame) {
    this.origin = origin;
    this.socket = socket;
    this.blame = blame;
    this.reader = new MessageReader('request', {
      head: (text, lower) => this.onHead(text, lower),
      data: (bytes, start, end) => this.onData(bytes, start, end),
      done: () => this.onDone(),
    });
    socket.on('data', (bytes: Buffer) => this.read(bytes));
    socket.on('end', () => this.onEnd());
    socket.on('error', () => {});
    socket.on('close', () => this.onClose());
  }

  private read(bytes: Buffer): void {
    if (this.dying) return;
    try {
      this.reader.read(bytes);
    } catch (error) {
      this.blame(`the origin cannot read what the router sent: ${(error as Error).message}`);
      this.socket.destroy();
    }
  }

  private onHead(text: string, lower: string): boolean {
    const plan = fieldOf(lower, 'x-plan')?.split(' ') ?? [];
    const path = /^[A-Z]+ \/(?:always|sometimes)\/(\d+) HTTP\/1\.1\r\n/.exec(text)?.[1];
    if (plan.length !== 5 || path !== plan[0]) throw new Error(`a head without its plan: ${text.slice(0, 300)}`);
    if (this.request !== undefined && !this.answered) this.blame(`exchange ${path} follows one that is not answered`);
    if (this.request?.act === 'last') {
      this.blame(`exchange ${path} came over a connection that was to end`);
    }
    const [n, act, replySize, uploadSize, tunnelEnd] = plan;
    this.request = {
      n: Number(n),
      act: act as Act,
      replySize: Number(replySize),
      uploadSize: Number(uploadSize),
      tunnelEnd: tunnelEnd.replace('?', '') as Request['tunnelEnd'],
      sure: !tunnelEnd.endsWith('?'),
      head: text.startsWith('HEAD'),
    };
    this.origin.requests += 1;
    this.answered = false;
    this.received = 0;
    this.expected = bodyOf(this.request.n, this.request.uploadSize, true);
    if (HASTY.has(this.request.act)) this.answer();
    else if (fieldOf(lower, 'expect') !== undefined) this.beforeBody();
    return true;
  }

  /** Most origins ask for the body; some answer at once, and get none. */
  private beforeBody(): void {
    if ((this.request?.n ?? 0) % 10 < 3) this.answer();
    else this.send('HTTP/1.1 100 Continue\r\n\r\n');
  }

  private onData(bytes: Buffer, start: number, end: number): void {
    const { expected, received, request } = this;
    const length = end - start;
    if (received + length > expected.length || bytes.compare(expected, received, received + length, start, end) !== 0) {
      this.blame(`a wrong byte in the upload of exchange ${request?.n}, after ${received} of ${expected.length}`);
    }
    this.received += length;
    if (this.inTunnel) this.onTunnelData(bytes, start, end);
  }

  private onTunnelData(bytes: Buffer, start: number, end: number): void {
    const { request, socket, received } = this;
    if (request?.tunnelEnd === 'origin-reset' && received > request.uploadSize / 2) {
      resetNow(socket);
      return;
    }
    if (socket.writable) socket.write(Buffer.from(bytes.subarray(start, end)));
    this.endTunnelThatIsWhole();
  }

  private endTunnelThatIsWhole(): void {
    const { request, received, socket } = this;
    if (request?.tunnelEnd === 'origin-fin' && received === request.uploadSize) socket.end();
  }

  private onDone(): void {
    const { request } = this;
    if (request === undefined) return;
    if (request.act !== 'tunnel' && this.received !== request.uploadSize) {
      this.blame(`the upload of exchange ${request.n} ended after ${this.received} of ${request.uploadSize} bytes`);
    }
    if (!this.answered) this.answer();
  }

  private onEnd(): void {
    this.sawEnd = true;
    if (this.wasWholeTunnel('client-reset')) {
      this.blame(`tunnel ${this.request?.n} was reset by the client and ended cleanly at the origin`);
    }
    this.socket.end();
  }

  private onClose(): void {
    if (this.wasWholeTunnel('client-fin') && !this.sawEnd) {
      this.blame(`tunnel ${this.request?.n} was ended by the client and did not end cleanly at the origin`);
    }
  }

  /** A tunnel that got all its bytes, and could only end in this way. */
  private wasWholeTunnel(tunnelEnd: Request['tunnelEnd']): boolean {
    const { request, received, inTunnel } = this;
    return inTunnel && request?.sure === true && request.tunnelEnd === tunnelEnd && received === request.uploadSize;
  }

  private send(text: string): void {
    if (this.socket.writable) this.socket.write(text, 'latin1');
  }

  private answer(): void {
    const { request, socket } = this;
    if (request === undefined) return;
    this.answered = true;
    const { act, n } = request;
    if (act === 'reset-before') resetNow(socket);
    else if (act === 'close-before') socket.destroy();
    else if (act === 'reset-in-head') this.sendThen(`HTTP/1.1 200 OK\r\nx-plan-reply: ${n}\r\nx-half`, 'reset');
    else if (act === 'garbage') this.sendThen(GARBAGE[n % GARBAGE.length], n % 2 === 0 ? 'end' : 'stay');
    else if (act === 'switch') this.send(switching(n));
    else if (act === 'tunnel') this.beginTunnel(n);
    else if (act !== 'stall') this.reply(request);
  }

  private beginTunnel(n: number): void {
    this.inTunnel = true;
    this.reader.becomeRaw();
    this.send(switching(n));
    // One in thirty thousand has nothing to say: nobody would end it, but for the router's idle limit.
    this.endTunnelThatIsWhole();
  }

  private reply(request: Request): void {
    const { act, n } = request;
    if (act === 'interim') {
      this.replyLater(request);
      return;
    }
    const text = head(request);
    const { bytes, after } = framed(request);
    if (act === 'empty' || request.head) this.sendThen(text, act === 'last' ? 'end' : after);
    else if (n % 4 === 0 && act !== 'extra') {
      // Head and body by themselves, with a turn of the loop between them.
      this.send(text);
      setImmediate(() => this.sendBytes(bytes, after));
    } else this.sendBytes(Buffer.concat([Buffer.from(text, 'latin1'), bytes]), after);
  }

  private replyLater(request: Request): void {
    for (let i = 0; i <= request.n % 3; i++) this.send(`HTTP/1.1 10${2 + (i % 2)} Wait\r\nx-early: ${i}\r\n\r\n`);
    const final = { ...request, act: 'length' } as const;
    if (request.n % 2 === 0) this.reply(final);
    else setImmediate(() => this.reply(final));
  }

  private sendBytes(bytes: Buffer, then: Then): void {
    if (!this.socket.writable) return;
    this.socket.write(bytes);
    this.after(then);
  }

  private sendThen(text: string, then: Then): void {
    this.send(text);
    this.after(then);
  }

  private after(then: Then): void {
    const { socket } = this;
    if (then === 'end') socket.end();
    if (then !== 'reset' && then !== 'reset-soon') return;
    // A request that comes before the reset must get no reply: one that breaks off would look like the router's doing.
    this.dying = true;
    if (then === 'reset') setImmediate(() => resetNow(socket));
    else setTimeout(() => resetNow(socket), 2);
  }
}

type Then = 'stay' | 'end' | 'reset' | 'reset-soon';

function switching(n: number): string {
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nx-plan-reply: ${n}\r\n\r\n`;
}

const CHUNKED: ReadonlySet<Act> = new Set(['chunked', 'truncate-chunks', 'bad-chunk']);

function head(request: Request): string {
  const { act, n, replySize } = request;
  if (act === 'empty') return `HTTP/1.1 204 No Content\r\nx-plan-reply: ${n}\r\n\r\n`;
  let text = `HTTP/1.1 200 OK\r\nx-plan-reply: ${n}\r\nContent-Type: application/octet-stream\r\n`;
  if (CHUNKED.has(act)) text += 'Transfer-Encoding: chunked\r\n';
  else if (act !== 'until-close') text += `Content-Length: ${replySize}\r\n`;
  if (act === 'last' || act === 'until-close') text += 'Connection: close\r\n';
  return `${text}\r\n`;
}

/** The body as it goes out, and what follows it. */
function framed({ act, n, replySize, head: bodiless }: Request): { bytes: Buffer; after: Then } {
  const body = bodyOf(n, replySize, false);
  const half = body.subarray(0, Math.floor(replySize / 2));
  switch (act) {
    case 'chunked':
      return { bytes: inChunks(n, body, n % 3 === 0 ? 'x-trailer: yes\r\n\r\n' : '\r\n'), after: 'stay' };
    case 'until-close':
    case 'last':
      return { bytes: body, after: 'end' };
    case 'quiet-death':
      return { bytes: body, after: 'reset-soon' };
    case 'extra':
      return { bytes: bodiless ? body : Buffer.concat([body, Buffer.from(POISON)]), after: 'stay' };
    case 'rude':
      return { bytes: body, after: 'reset' };
    case 'reset-in-body':
      return { bytes: half, after: 'reset-soon' };
    case 'truncate':
      return { bytes: half, after: 'end' };
    case 'truncate-chunks':
      return { bytes: inChunks(n, half, undefined), after: 'end' };
    case 'stall-in-body':
      return { bytes: half, after: 'stay' };
    case 'bad-chunk':
      return { bytes: Buffer.concat([inChunks(n, half, undefined), Buffer.from('zz\r\n')]), after: 'stay' };
    default:
      return { bytes: body, after: 'stay' };
  }
}

/** `tail`: what follows the last chunk's line; undefined leaves the last chunk away. */
function inChunks(n: number, body: Buffer, tail: string | undefined): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, size = 1 + (n % 1_500); at < body.length; at += size, size = 1 + ((size * 7) % 9_000)) {
    const piece = body.subarray(at, at + size);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF);
  }
  if (tail !== undefined) parts.push(Buffer.from(`0\r\n${tail}`));
  return Buffer.concat(parts);
}

const CRLF = Buffer.from('\r\n');
