/**
 * One connection to a member: writes requests, reads replies.
 *
 * Rule: it serves one exchange at a time and tells its holder (a LinkSink) facts, in order, until `done` or a fault; after
 * that it says nothing. Whether it may be pooled is judged here, from the reply's framing. A reply nobody asked for, or
 * bytes behind a complete one, close it. Policy (retry, timeouts but connect) is the holder's.
 */

import { connect, type Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { type FaultCode, fault } from '../core/fault.ts';
import { put, ReadBuffer } from '../core/io.ts';
import type { NameSet } from '../core/names.ts';
import { Timer, type Timers } from '../core/timers.ts';
import { BodyReader } from '../http1/body.ts';
import { FRAMING, INCOMPLETE, REFUSED } from '../http1/fields.ts';
import { ReplyHead } from '../http1/reply.ts';
import type { Link, LinkSink } from './upstream.ts';

/** What a link needs of the member it leads to. */
export interface LinkHome {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The link is idle and sound. */
  keep(link: HttpLink): void;
  /** The link is gone; it may have been idle. */
  forget(link: HttpLink): void;
}

/** waiting: a request is out (or queued while connecting), its reply's head is not in. */
type Phase = 'idle' | 'waiting' | 'body' | 'tunnel' | 'closed';

const NOTHING = Buffer.alloc(0);

/** Without a word from the origin, a pooled connection is closed after this: below the usual server's 5 s. */
const IDLE_LIMIT = 4_000;

export class HttpLink implements Link {
  reused = false;
  connected = false;
  connectTime = 0;
  heard = false;
  /** Monotonic time from which an idle link must not be used any more. */
  idleUntil = 0;

  private readonly home: LinkHome;
  private readonly socket: Socket;
  private readonly timer: Timer;
  private readonly reading = new ReadBuffer();
  private readonly reply = new ReplyHead();
  private readonly body = new BodyReader();
  private readonly born: number;
  private sink: LinkSink | undefined;
  private phase: Phase = 'idle';
  private names: NameSet | undefined = undefined;
  private headRequest = false;
  private decode = false;
  private poolable = true;
  private writeBroken = false;
  /** Bytes of a head that is not complete. */
  private partial: Buffer | undefined = undefined;
  private idleLimit = IDLE_LIMIT;

  constructor(home: LinkHome, sink: LinkSink, connectTimeout: number) {
    this.home = home;
    this.sink = sink;
    this.born = home.clock.now();
    this.timer = new Timer(() => this.onTimer());
    home.timers.arm(this.timer, this.born + connectTimeout);
    const onread = {
      buffer: () => this.reading.current,
      callback: (length: number, bytes: Buffer) => this.onRead(length, bytes),
    };
    // A high-water mark of 1 makes every write that the kernel does not take at once end in a `drain`.
    const options = {
      host: home.host,
      port: home.port,
      noDelay: true,
      allowHalfOpen: true,
      writableHighWaterMark: 1,
      onread,
    };
    this.socket = connect(options);
    const close = this.socket.destroy.bind(this.socket);
    this.socket.destroy = (error?: Error) => (this.outlives(error) ? this.socket : close(error));
    this.socket.on('connect', () => this.onConnect());
    this.socket.on('drain', () => this.sink?.onDrain());
    this.socket.on('end', () => this.onEnd());
    this.socket.on('error', (error) => this.onError(error));
    this.socket.on('close', () => this.fail('upstream_reset', 'closed the connection'));
  }

  /** Lends a pooled link out again. */
  take(sink: LinkSink): void {
    this.sink = sink;
    this.reused = true;
    this.connectTime = 0;
    this.home.timers.disarm(this.timer);
  }

  get ranges(): readonly number[] | undefined {
    return this.body.ranges;
  }

  send(head: string, names: NameSet, headRequest: boolean, decode: boolean): void {
    this.names = names;
    this.headRequest = headRequest;
    this.decode = decode;
    this.heard = false;
    this.phase = 'waiting';
    this.socket.write(head, 'latin1');
  }

  write(bytes: Buffer, start: number, end: number, owned: boolean): boolean {
    if (this.writeBroken) return true;
    return put(this.socket, bytes, start, end, owned);
  }

  end(): void {
    this.socket.end();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    // Behind an interim reply that the client did not take at once, the next head may be here already.
    if (this.phase === 'waiting' && this.partial !== undefined && !this.onRead(0, NOTHING)) return;
    this.socket.resume();
  }

  becomeTunnel(): void {
    this.phase = 'tunnel';
    this.poolable = false;
  }

  keepOut(): void {
    this.poolable = false;
  }

  release(): void {
    if (this.phase === 'closed') return;
    this.sink = undefined;
    this.partial = undefined;
    // What the socket still holds of the request would precede the next one's bytes, harmlessly; but a request that was
    // not taken yet though its reply is complete is a peer gone wrong.
    if (!this.poolable || !this.body.done || this.socket.writableLength > 0 || !this.reply.persistent) {
      this.destroy();
      return;
    }
    this.phase = 'idle';
    if (this.reply.keepAliveSeconds >= 0) this.idleLimit = idleLimitOf(this.reply.keepAliveSeconds);
    this.idleUntil = this.home.clock.now() + this.idleLimit;
    this.home.timers.arm(this.timer, this.idleUntil);
    this.home.keep(this);
  }

  destroy(reset = false): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.sink = undefined;
    this.partial = undefined;
    this.home.timers.remove(this.timer);
    this.home.forget(this);
    if (reset) this.socket.resetAndDestroy();
    else this.socket.destroy();
    this.reading.giveBack(false);
  }

  /**
   * An origin that replies before the upload ends and closes makes our next write fail, while its reply is still to be
   * read. A stream of Node would throw that reply away with the socket; so the first failed write only ends the writing,
   * and reading finds the reply, or the end of the connection. A stream with a failed write emits no `end` any more, but
   * it is still told of it by `push`.
   */
  private outlives(error: Error | undefined): boolean {
    const failedWrite = (error as NodeJS.ErrnoException | undefined)?.syscall === 'write';
    if (!failedWrite || this.writeBroken || (this.phase !== 'waiting' && this.phase !== 'body')) return false;
    this.writeBroken = true;
    this.poolable = false;
    this.socket.push = (chunk: unknown): boolean => {
      if (chunk === null) this.onEnd();
      return false;
    };
    return true;
  }

  private onConnect(): void {
    this.connected = true;
    this.connectTime = this.home.clock.now() - this.born;
    this.home.timers.disarm(this.timer);
    this.sink?.onConnected();
  }

  private onTimer(): void {
    try {
      if (this.phase === 'idle') this.destroy();
      else if (!this.connected) this.fail('upstream_connect', 'did not accept the connection in time');
    } catch (error) {
      this.onDefect(error);
    }
  }

  /** Returns false to pause reading. Nothing thrown below may end the thread: a defect costs this exchange only. */
  private onRead(length: number, bytes: Buffer): boolean {
    try {
      const { sink } = this;
      const taken = this.receive(length, bytes);
      if (this.phase === 'body' || this.phase === 'tunnel') {
        this.reading.settle(length, taken);
        return taken;
      }
      // Released, and perhaps lent out again already: whatever waits at the client is no reason to stop listening here.
      this.reading.giveBack(taken);
      if (this.phase === 'waiting' && this.sink === sink) return taken;
    } catch (error) {
      this.onDefect(error);
    }
    return true;
  }

  private onDefect(error: unknown): void {
    const stack = error instanceof Error ? error.stack : String(error);
    this.fail('internal_error', `met a defect of the router: ${stack}`);
  }

  private receive(length: number, bytes: Buffer): boolean {
    switch (this.phase) {
      case 'waiting':
        this.heard = true;
        return this.onHeadBytes(bytes, length);
      case 'body':
        return this.onBodyBytes(bytes, length);
      case 'tunnel':
        return this.sink?.onBody(bytes, 0, length, false, this.reading.owned) ?? true;
      case 'idle':
        this.destroy();
        return true;
      case 'closed':
        return true;
    }
  }

  /** Head bytes, in one piece or several. A 1xx head is followed by another head (RFC 9110 section 15.2). */
  private onHeadBytes(read: Buffer, length: number): boolean {
    let bytes = read;
    let end = length;
    if (this.partial !== undefined) {
      bytes = Buffer.concat([this.partial, read.subarray(0, length)]);
      end = bytes.length;
      this.partial = undefined;
      // Without a line end nothing new can be learnt of a head in pieces.
      if (length > 0 && end < 65_536 && !read.subarray(0, length).includes(10)) {
        this.partial = bytes;
        return true;
      }
    }
    const { reply, names, sink } = this;
    let at = 0;
    while (at < end && names !== undefined && sink !== undefined) {
      const after = reply.parse(bytes, at, end, names, this.headRequest);
      if (after === REFUSED) {
        this.fail('upstream_protocol', `sent ${reply.refusal}`);
        return true;
      }
      if (after === INCOMPLETE) {
        this.partial = Buffer.from(bytes.subarray(at, end));
        return true;
      }
      if (reply.status >= 200 || reply.status === 101) return this.onFinalHead(bytes, after, end, sink);
      at = after;
      const taken = sink.onInterim(reply);
      if (this.phase !== 'waiting') return true;
      if (!taken) {
        this.partial = Buffer.from(bytes.subarray(at, end));
        return false;
      }
    }
    return true;
  }

  /** The bytes stand in the shared buffer, so the sink copies what the kernel does not take. */
  private onFinalHead(bytes: Buffer, after: number, end: number, sink: LinkSink): boolean {
    const { reply, body } = this;
    const switched = reply.status === 101;
    body.begin(reply.framing, reply.length, this.decode, undefined);
    this.phase = 'body';
    const bodyEnd = switched ? end : body.read(bytes, after, end);
    if (bodyEnd === -1) {
      this.fail('upstream_protocol', `sent ${body.refusal}`);
      return true;
    }
    if (bodyEnd < end) this.poolable = false;
    return sink.onReply(reply, bytes, after, bodyEnd, body.done && !switched);
  }

  private onBodyBytes(bytes: Buffer, length: number): boolean {
    const end = this.body.read(bytes, 0, length);
    if (end === -1) {
      this.fail('upstream_protocol', `sent ${this.body.refusal}`);
      return true;
    }
    if (end < length) this.poolable = false;
    return this.sink?.onBody(bytes, 0, end, this.body.done, this.reading.owned) ?? true;
  }

  private onEnd(): void {
    if (this.phase === 'tunnel') {
      this.sink?.onEnd();
      return;
    }
    if (this.phase === 'body' && this.body.framing === FRAMING.close && !this.body.done) {
      this.body.done = true;
      this.poolable = false;
      this.sink?.onBody(this.reading.current, 0, 0, true, false);
      return;
    }
    const when = this.phase === 'body' ? 'in the middle of the body' : 'before the reply';
    this.fail('upstream_reset', `closed the connection ${when}`);
  }

  private onError(error: Error): void {
    if (!this.connected) this.fail('upstream_connect', error.message);
    else this.fail('upstream_reset', `broke off: ${error.message}`);
  }

  private fail(code: FaultCode, what: string): void {
    const sink = this.sink;
    this.destroy();
    sink?.onFault(fault(code, `${this.home.id} ${what}`));
  }
}

/** A second less than the origin promises, so that ours always closes first; half of a very short promise. */
export function idleLimitOf(seconds: number): number {
  return seconds > 1 ? (seconds - 1) * 1_000 : seconds * 500;
}
