/**
 * A client of the chaos: holds one conversation as planned, and judges every reply it gets.
 *
 * Rule: whoever leaves early may get anything that is not wrong in itself; everyone else gets, for each request in order,
 * the right reply byte for byte, a problem that fits the trouble, or a connection that is broken for all to see. Silence
 * is for the driver to notice.
 */

import { connect, type Socket } from 'node:net';
import { type Act, BREAKING, bodyOf, type Conversation, type Exchange } from './plan.ts';
import { fieldOf, MessageReader, resetNow } from './reader.ts';

export interface Judge {
  /** Something that must not be. */
  blame(what: string): void;
  /** The final reply of an exchange is in, whole. */
  answered(exchange: Exchange, status: number, code: string | undefined): void;
  /** A reply that had begun broke off visibly. */
  broken(exchange: Exchange): void;
  tunnelled(): void;
}

/** Problems that fit an act; where it is not named here, only those in `UNLUCKY`. */
const FITTING: Partial<Record<Act, readonly string[]>> = {
  'reset-before': ['upstream_reset'],
  'close-before': ['upstream_reset'],
  'reset-in-head': ['upstream_reset'],
  'reset-in-body': ['upstream_reset'],
  truncate: ['upstream_reset'],
  'truncate-chunks': ['upstream_reset'],
  stall: ['upstream_timeout'],
  garbage: ['upstream_protocol', 'upstream_reset', 'upstream_timeout'],
  'bad-chunk': ['upstream_protocol'],
  switch: ['upstream_protocol'],
  rude: ['upstream_reset', 'upstream_connect'],
};

/** A pooled connection that dies under a request that cannot be sent twice; a machine too busy to answer in time. */
export const UNLUCKY: readonly string[] = ['upstream_reset', 'upstream_timeout', 'request_timeout', 'client_stalled'];

/** How long who fell silent stays, milliseconds. */
const PATIENCE = 8_000;
/** Pieces of a conversation after which the rest goes out at once. */
const MOST_PIECES = 60;

export class Talk {
  readonly conversation: Conversation;
  /** When it began, for whoever looks for silence. */
  readonly since = performance.now();

  private readonly socket: Socket;
  private readonly judge: Judge;
  private readonly over: () => void;
  private readonly reader: MessageReader;
  /** Of each request the head, and its body framed. */
  private readonly requests: readonly Buffer[][];
  private readonly quitAt: number;
  private toSend: Buffer[] = [];
  private begun = 0;
  private answered = 0;
  private sent = 0;
  private received = 0;
  private piecesSent = 0;
  private waitsForContinue = false;
  private quitting = false;
  private ended: 'fin' | 'rst' | undefined = undefined;
  private closed = false;
  private closing = false;
  private reply: Reply | undefined = undefined;
  private tunnel = false;

  constructor(port: number, conversation: Conversation, judge: Judge, over: () => void) {
    this.conversation = conversation;
    this.judge = judge;
    this.over = over;
    this.requests = conversation.exchanges.map((exchange) => requestOf(exchange, conversation));
    const total = this.requests.reduce((sum, [head, body]) => sum + head.length + body.length, 0);
    const { quit } = conversation;
    this.quitAt = quit?.when === 'sent' ? Math.floor(quit.at * total) : Number.POSITIVE_INFINITY;
    this.reader = new MessageReader('reply', {
      head: (text, lower) => this.onHead(text, lower),
      data: (bytes, start, end) => this.onData(bytes, start, end),
      done: () => this.onDone(),
    });
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.socket.on('connect', () => this.begin());
    this.socket.on('data', (bytes: Buffer) => this.read(bytes));
    this.socket.on('drain', () => this.pump());
    this.socket.on('end', () => this.onEnd());
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.onError(error));
    this.socket.on('close', () => this.onClose());
  }

  /** What is going on, for whoever found it silent too long. */
  describe(): string {
    const { conversation, answered, begun, sent, received, quitting, ended, reply, closing, tunnel } = this;
    const state = { answered, begun, sent, received, quitting, ended, closing, tunnel, inReply: reply !== undefined };
    return `${JSON.stringify(state)} of ${JSON.stringify(conversation)}`;
  }

  abandon(): void {
    this.quitting = true;
    this.socket.destroy();
  }

  private blame(what: string): void {
    const { number, exchanges } = this.conversation;
    const exchange = exchanges[this.answered];
    this.judge.blame(`conversation ${number}, ${JSON.stringify(exchange)}: ${what}; ${this.describe()}`);
  }

  // ---- sending

  private begin(): void {
    if (this.conversation.pipelined) while (this.begun < this.requests.length) this.queueNext();
    else this.queueNext();
    this.pump();
  }

  private queueNext(): void {
    const [head, body] = this.requests[this.begun];
    const { expect, upgrade, n } = this.conversation.exchanges[this.begun];
    this.begun += 1;
    this.toSend.push(head);
    // In a pipeline nobody waits; and some are so sure of their tunnel that they do not either.
    if ((expect && !this.conversation.pipelined) || (upgrade && n % 4 > 0)) this.waitsForContinue = true;
    else if (body.length > 0) this.toSend.push(body);
  }

  private sendBody(): void {
    this.waitsForContinue = false;
    this.toSend.push(this.requests[this.begun - 1][1]);
    this.pump();
  }

  private pump(): void {
    const { socket, conversation } = this;
    while (this.toSend.length > 0 && socket.writable && !this.quitting && socket.writableLength === 0) {
      const [next] = this.toSend;
      const wanted = conversation.pieces > 0 && this.piecesSent < MOST_PIECES ? conversation.pieces : next.length;
      const length = Math.min(wanted, next.length, this.quitAt - this.sent);
      if (length === next.length) this.toSend.shift();
      else this.toSend[0] = next.subarray(length);
      if (length > 0) socket.write(next.subarray(0, length));
      this.sent += length;
      this.piecesSent += 1;
      if (this.sent >= this.quitAt) this.quit();
      if (wanted < next.length) {
        setImmediate(() => this.pump());
        return;
      }
    }
  }

  private quit(): void {
    const how = this.conversation.quit?.how;
    this.quitting = true;
    this.toSend = [];
    if (how === 'destroy') this.socket.destroy();
    else if (how === 'reset') resetNow(this.socket);
    else if (how === 'fin') this.socket.end();
    else setTimeout(() => this.socket.destroy(), PATIENCE).unref();
  }

  // ---- receiving

  private read(bytes: Buffer): void {
    const { conversation, socket } = this;
    if (this.received === 0 && conversation.readingPause > 0) {
      socket.pause();
      setTimeout(() => socket.resume(), conversation.readingPause);
    }
    this.received += bytes.length;
    try {
      this.reader.read(bytes);
    } catch (error) {
      this.blame((error as Error).message);
      this.abandon();
    }
    if (conversation.quit?.when === 'received' && !this.quitting && this.received >= conversation.quit.at) this.quit();
  }

  private onHead(text: string, lower: string): boolean {
    const exchange = this.conversation.exchanges[this.answered];
    const status = Number(text.slice(9, 12));
    if (exchange === undefined || this.answered >= this.begun) throw new Error(`a reply nobody asked for: ${text}`);
    const plan = fieldOf(lower, 'x-plan-reply');
    if (plan !== undefined && plan !== String(exchange.n)) throw new Error(`the reply of exchange ${plan}`);
    if (status === 101) return this.onSwitched(exchange);
    if (status < 200) {
      if (exchange.minor === 0) throw new Error(`an interim reply for a client of HTTP/1.0: ${text}`);
      if (status === 100 && this.waitsForContinue && !this.quitting) this.sendBody();
      // The reader takes what follows for the next message, which is right.
      this.reply = undefined;
      return false;
    }
    this.reply = replyOf(exchange, status, lower, plan !== undefined);
    const id = fieldOf(lower, 'x-correlation-id');
    // A request that was refused for its form, or never came to its end, has an id the router made.
    const own = id === `chaos-${exchange.n}` || (this.conversation.listener === 'edge' && id !== undefined);
    if (!own && !(status === 408 || status === 400)) throw new Error(`the correlation id is ${id}`);
    if (this.reply.right && status !== (exchange.act === 'empty' ? 204 : 200)) throw new Error(`status ${status}`);
    return exchange.method !== 'HEAD' && status !== 204;
  }

  private onSwitched(exchange: Exchange): boolean {
    if (exchange.act !== 'tunnel') throw new Error('switched protocols unasked');
    this.tunnel = true;
    this.reader.becomeRaw();
    const expected = bodyOf(exchange.n, exchange.uploadSize, true);
    this.reply = { right: true, closes: true, untilClose: false, expected, at: 0, problem: '', status: 101 };
    if (expected.length === 0) this.onTunnelData(this.reply);
    if (this.waitsForContinue && exchange.uploadSize > 0) this.sendBody();
    return true;
  }

  private onData(bytes: Buffer, start: number, end: number): void {
    const { reply } = this;
    if (reply === undefined) throw new Error('a body without a reply');
    if (!reply.right) {
      reply.problem += bytes.toString('latin1', start, end);
      return;
    }
    const length = end - start;
    const { expected, at } = reply;
    if (at + length > expected.length || bytes.compare(expected, at, at + length, start, end) !== 0) {
      throw new Error(`a wrong byte in the reply, after ${at} of ${expected.length}`);
    }
    reply.at += length;
    if (this.tunnel) this.onTunnelData(reply);
  }

  private onTunnelData(reply: Reply): void {
    if (reply.at < reply.expected.length || this.quitting) return;
    const { tunnelEnd } = this.conversation;
    if (tunnelEnd === 'client-fin') this.socket.end();
    else if (tunnelEnd === 'client-reset') {
      this.judge.tunnelled();
      this.quitting = true;
      resetNow(this.socket);
    }
  }

  private onDone(): void {
    const { reply } = this;
    if (reply === undefined) return; // an interim one
    const exchange = this.conversation.exchanges[this.answered];
    this.reply = undefined;
    this.answered += 1;
    this.waitsForContinue = false;
    this.check(exchange, reply);
    if (reply.closes) {
      // The router closes; whatever is left to send would go nowhere.
      this.closing = true;
      this.toSend = [];
    } else if (this.answered === this.requests.length) {
      if (exchange.n % 2 === 0) this.socket.end();
      else this.socket.destroy();
      this.closing = true;
    } else if (!this.conversation.pipelined && !this.quitting) {
      this.queueNext();
      this.pump();
    }
  }

  private check(exchange: Exchange, reply: Reply): void {
    const { right, expected, at, problem, status } = reply;
    const bodiless = exchange.method === 'HEAD' || status === 204;
    if (right && !bodiless && at !== expected.length) {
      this.blame(`a whole reply of ${at} bytes that should have ${expected.length}`);
    }
    if (right && (BREAKING.has(exchange.act) || exchange.act === 'stall')) this.blame('a clean end of a broken reply');
    const code = right ? undefined : (/"code":"(\w+)"/.exec(problem)?.[1] ?? reply.code ?? '?');
    if (code !== undefined && !this.quitting) this.checkProblem(exchange, status, code);
    this.judge.answered(exchange, status, code);
  }

  private checkProblem(exchange: Exchange, status: number, code: string): void {
    const removed = exchange.route === 'sometimes' && (code === 'no_route' || code === 'route_removed');
    const fitting = FITTING[exchange.act]?.includes(code) === true || UNLUCKY.includes(code);
    if (!removed && !fitting) this.blame(`answered by problem ${status} ${code}`);
  }

  // ---- the end

  private onEnd(): void {
    this.ended ??= 'fin';
    const { reply } = this;
    if (this.tunnel) this.onTunnelEnd();
    else if (reply?.untilClose) this.onDone();
    this.socket.end();
  }

  private onTunnelEnd(): void {
    const { reply, conversation, quitting } = this;
    this.closing = true;
    if (quitting || conversation.exchanges[0].route === 'sometimes') return;
    if (conversation.tunnelEnd === 'origin-reset' && conversation.exchanges[0].uploadSize > 0) {
      this.blame('a tunnel that the origin reset ended cleanly');
    } else if (reply?.at !== reply?.expected.length) this.blame('a tunnel ended cleanly before its last byte');
    else this.judge.tunnelled();
  }

  private onError(error: NodeJS.ErrnoException): void {
    this.ended ??= 'rst';
    // The descriptors or ports of the machine are short: the chaos says nothing about the router then.
    if (error.syscall === 'connect') this.blame(`no connection: ${error.message}`);
  }

  private onClose(): void {
    if (this.closed) return;
    this.closed = true;
    if (!this.quitting) this.judgeEnd();
    this.over();
  }

  private judgeEnd(): void {
    const { reply, answered, closing, ended, tunnel, conversation, reader } = this;
    const exchange = conversation.exchanges[answered];
    if (tunnel) {
      if (ended === 'rst' && conversation.tunnelEnd !== 'origin-reset' && exchange.route === 'always') {
        this.blame('a tunnel broke off');
      }
      return;
    }
    if (exchange === undefined || closing) return;
    // A reset may overtake the reply that breaks off with it, and in a pipeline those before it.
    const mayBreak = conversation.exchanges.slice(answered, this.begun).some(canBreak);
    if (mayBreak && ended === 'rst') this.judge.broken(exchange);
    else if (reply === undefined || reader.midHead) this.blame(`the connection ended unannounced (${ended})`);
    else this.blame(`a reply broke off (${ended})`);
  }
}

function canBreak({ act, route }: Exchange): boolean {
  return BREAKING.has(act) || act === 'rude' || route === 'sometimes';
}

interface Reply {
  /** From the origin, not the router's own. */
  readonly right: boolean;
  readonly closes: boolean;
  readonly untilClose: boolean;
  readonly expected: Buffer;
  readonly status: number;
  readonly code?: string | undefined;
  at: number;
  problem: string;
}

function replyOf(exchange: Exchange, status: number, lower: string, right: boolean): Reply {
  const connection = fieldOf(lower, 'connection') ?? '';
  const closes = connection.includes('close') || (exchange.minor === 0 && !connection.includes('keep-alive'));
  const framed = /\r\n(?:content-length|transfer-encoding):/.test(lower);
  const bodiless = exchange.method === 'HEAD' || status === 204;
  const untilClose = !framed && !bodiless;
  if (untilClose && !closes) throw new Error('a body without an end');
  // A reply to HEAD has its code in the header alone.
  const code = /details="(\w+):/.exec(lower)?.[1];
  const expected = bodyOf(exchange.n, exchange.replySize, false);
  return { right, closes, untilClose, expected, status, code, at: 0, problem: '' };
}

/** A request as head and framed body. */
function requestOf(exchange: Exchange, { tunnelEnd, quit }: Conversation): Buffer[] {
  const { n, method, route, act, replySize, uploadSize, uploadChunked, expect, upgrade, minor, keep } = exchange;
  let head = `${method} /${route}/${n} HTTP/1.${minor}\r\nHost: chaos.test\r\nx-correlation-id: chaos-${n}\r\n`;
  const sure = quit === undefined && route === 'always';
  head += `x-plan: ${n} ${act} ${replySize} ${uploadSize} ${tunnelEnd}${sure ? '' : '?'}\r\n`;
  if (upgrade) head += 'Connection: Upgrade\r\nUpgrade: echo\r\n';
  else if (minor === 0 ? keep : !keep) head += `Connection: ${keep ? 'keep-alive' : 'close'}\r\n`;
  if (expect) head += 'Expect: 100-continue\r\n';
  const body = bodyOf(n, uploadSize, true);
  if (upgrade) return [Buffer.from(`${head}\r\n`), body];
  if (uploadChunked) return [Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`), inChunks(body)];
  if (method === 'POST' || method === 'PUT') head += `Content-Length: ${uploadSize}\r\n`;
  return [Buffer.from(`${head}\r\n`), body];
}

function inChunks(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, size = 700; at < body.length; at += size, size = 1 + ((size * 5) % 20_000)) {
    const piece = body.subarray(at, at + size);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  parts.push(Buffer.from('0\r\n\r\n'));
  return Buffer.concat(parts);
}
