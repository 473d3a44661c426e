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
import { takeHandle } from '../core/handle.ts';
import type { Slab } from '../core/io.ts';
import type { NameSet } from '../core/names.ts';
import { SHEET } from '../core/sheet.ts';
import { Timer, type Timers } from '../core/timers.ts';
import { Wire, type WireOwner } from '../core/wire.ts';
import { BodyReader } from '../http1/body.ts';
import { endsLine } from '../http1/bytes.ts';
import { FRAMING, INCOMPLETE, REFUSED } from '../http1/fields.ts';
import { MOST_REPLY_HEAD, ReplyHead } from '../http1/reply.ts';
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
  /** The origin sent bytes that belong to no reply; the link closes. */
  odd(where: string): void;
}

/** waiting: a request is out (or queued while connecting), its reply's head is not in. */
type Phase = 'idle' | 'waiting' | 'body' | 'tunnel' | 'closed';

const NOTHING = Buffer.alloc(0);

/** Without a word from the origin, a pooled connection is closed after this: below the usual server's 5 s. */
const IDLE_LIMIT = 4_000;

export class HttpLink implements Link, WireOwner {
  reused = false;
  connected = false;
  connectTime = 0;
  heard = false;
  /** Monotonic time from which an idle link must not be used any more. */
  idleUntil = 0;

  private readonly home: LinkHome;
  /** Until the connection stands; then the wire. */
  private readonly socket: Socket;
  private wire: Wire | undefined = undefined;
  /** What is to be sent once the connection stands. */
  private early: Buffer[] = [];
  private readonly timer: Timer;
  private readonly reply = new ReplyHead();
  private readonly body = new BodyReader();
  private readonly born: number;
  private readonly connectTimeout: number;
  private sink: LinkSink | undefined;
  private phase: Phase = 'idle';
  private names: NameSet | undefined = undefined;
  private headRequest = false;
  private decode = false;
  private guarded: ReadonlySet<string> | undefined = undefined;
  private poolable = true;
  private writeBroken = false;
  /** Bytes of a head that is not complete. */
  private partial: Buffer | undefined = undefined;
  private idleLimit = IDLE_LIMIT;

  constructor(home: LinkHome, sink: LinkSink, connectTimeout: number, now: number) {
    this.home = home;
    this.sink = sink;
    this.born = now;
    this.connectTimeout = connectTimeout;
    this.timer = new Timer(() => this.onTimer());
    home.timers.arm(this.timer, this.born + connectTimeout);
    this.socket = connect({ host: home.host, port: home.port, allowHalfOpen: true });
    this.socket.on('connect', () => {
      try {
        this.onConnect();
      } catch (error) {
        this.onDefect(error);
      }
    });
    this.socket.on('error', (error) => this.onNoConnection(error));
  }

  /** Lends a pooled link out again. */
  take(sink: LinkSink): void {
    this.sink = sink;
    this.reused = true;
    this.connectTime = 0;
    this.home.timers.disarm(this.timer);
  }

  handTo(sink: LinkSink): void {
    this.sink = sink;
  }

  get ranges(): readonly number[] | undefined {
    return this.body.ranges;
  }

  expect(names: NameSet, headRequest: boolean, decode: boolean, guarded: ReadonlySet<string>): void {
    this.names = names;
    this.headRequest = headRequest;
    this.decode = decode;
    this.guarded = guarded;
  }

  send(bytes: Buffer, start: number, end: number, slab: Slab | undefined): boolean {
    this.heard = false;
    this.phase = 'waiting';
    if (this.wire !== undefined) return this.wire.writeWithHead(bytes, start, end, slab);
    this.early.push(Buffer.from(SHEET.view()));
    return start === end || this.write(bytes, start, end, slab);
  }

  write(bytes: Buffer, start: number, end: number, slab: Slab | undefined): boolean {
    if (this.writeBroken) return true;
    if (this.wire !== undefined) return this.wire.writeBytes(bytes, start, end, slab);
    this.early.push(Buffer.from(bytes.subarray(start, end)));
    return false;
  }

  end(): void {
    this.wire?.end();
  }

  pause(): void {
    this.wire?.pause();
  }

  resume(): void {
    // Behind an interim reply that the client did not take at once, the next head may be here already.
    if (this.phase === 'waiting' && this.partial !== undefined && !this.receive(NOTHING, 0, 0)) return;
    this.wire?.resume();
  }

  becomeTunnel(): void {
    this.phase = 'tunnel';
    this.poolable = false;
  }

  keepOut(): void {
    this.poolable = false;
  }

  release(now: number): void {
    if (this.phase === 'closed') return;
    this.sink = undefined;
    this.partial = undefined;
    // What the socket still holds of the request would precede the next one's bytes, harmlessly; but a request that was
    // not taken yet though its reply is complete is a peer gone wrong.
    if (!this.poolable || !this.body.done || this.unsent > 0 || !this.reply.persistent) {
      this.destroy();
      return;
    }
    this.phase = 'idle';
    this.reply.forget();
    if (this.reply.keepAliveSeconds >= 0) this.idleLimit = idleLimitOf(this.reply.keepAliveSeconds);
    this.idleUntil = now + this.idleLimit;
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
    if (this.wire === undefined) this.socket.destroy();
    else this.wire.destroy(reset);
  }

  /** The member has left, and what it had under way has had its time: a tunnel ends, anything else goes on. */
  cutTunnel(): void {
    if (this.phase !== 'tunnel') return;
    const { sink } = this;
    this.destroy(true);
    sink?.onFault(fault('draining', `${this.home.id} has left its upstream, and the time of its tunnels is over`));
  }

  get unsent(): number {
    return this.wire?.unsent ?? this.early.length;
  }

  /**
   * An origin that replies before the upload ends and closes makes our next write fail, while its reply is still to be
   * read. So a failed write only ends the writing, and reading finds the reply, or the end of the connection.
   */
  onWriteFailed(what: string): void {
    if (this.phase !== 'waiting' && this.phase !== 'body') {
      this.fail('upstream_reset', `broke off: ${what}`);
      return;
    }
    this.writeBroken = true;
    this.poolable = false;
    this.sink?.onDrain();
  }

  private onNoConnection({ code, message }: NodeJS.ErrnoException): void {
    // The member is not to blame where this process, or the machine, has no descriptor left.
    const short = code === 'EMFILE' || code === 'ENFILE';
    if (short) this.fail('overloaded', `was not asked, no descriptor is free: ${message}`);
    else this.fail('upstream_connect', message);
  }

  private onConnect(): void {
    const wire = new Wire(takeHandle(this.socket), this, true);
    this.wire = wire;
    this.connected = true;
    this.connectTime = this.home.clock.now() - this.born;
    this.home.timers.disarm(this.timer);
    const early = Buffer.concat(this.early);
    this.early.length = 0;
    wire.resume();
    this.sink?.onConnected();
    if (wire.writeBytes(early, 0, early.length, undefined)) this.sink?.onDrain();
  }

  onDrain(): void {
    this.sink?.onDrain();
  }

  private onTimer(): void {
    try {
      if (this.phase === 'idle') this.destroy();
      else if (!this.connected) {
        const what = `did not take the connection within ${this.connectTimeout} ms (timeout.connect)`;
        this.fail('upstream_connect', what);
      }
    } catch (error) {
      this.onDefect(error);
    }
  }

  onRead(bytes: Buffer, start: number, end: number): boolean {
    const { sink } = this;
    const taken = this.receive(bytes, start, end);
    const goesOn = this.phase === 'body' || this.phase === 'tunnel';
    this.wire?.settle(end - start, taken, goesOn);
    // Released, and perhaps lent out again already: whatever waits at the client is no reason to stop listening here.
    return taken || !(goesOn || (this.phase === 'waiting' && this.sink === sink));
  }

  onDefect(error: unknown): void {
    const stack = error instanceof Error ? error.stack : String(error);
    this.fail('internal_error', `met a defect of the router: ${stack}`);
  }

  private receive(bytes: Buffer, start: number, end: number): boolean {
    switch (this.phase) {
      case 'waiting':
        this.heard = true;
        return this.onHeadBytes(bytes, start, end);
      case 'body':
        return this.onBodyBytes(bytes, start, end);
      case 'tunnel':
        return this.sink?.onBody(bytes, start, end, false, this.wire?.slab) ?? true;
      case 'idle':
        this.home.odd('on an idle connection');
        this.destroy();
        return true;
      case 'closed':
        return true;
    }
  }

  /** Head bytes, in one piece or several. A 1xx head is followed by another head (RFC 9110 section 15.2). */
  private onHeadBytes(read: Buffer, start: number, readEnd: number): boolean {
    let bytes = read;
    let at = start;
    let end = readEnd;
    if (this.partial !== undefined) {
      bytes = Buffer.concat([this.partial, read.subarray(start, readEnd)]);
      at = 0;
      end = bytes.length;
      // Without a line end nothing new can be learnt of a head in pieces; but it may have grown beyond its limit.
      const learns =
        start === readEnd || end >= MOST_REPLY_HEAD || endsLine(this.partial, read.subarray(start, readEnd));
      this.partial = learns ? undefined : bytes;
      if (!learns) return true;
    }
    const { reply, names, sink } = this;
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

  private onFinalHead(bytes: Buffer, after: number, end: number, sink: LinkSink): boolean {
    const { reply, body } = this;
    const switched = reply.status === 101;
    body.begin(reply.framing, reply.length, this.decode, this.guarded);
    this.phase = 'body';
    const bodyEnd = switched ? end : body.read(bytes, after, end);
    if (bodyEnd === -1) {
      this.fail('upstream_protocol', `sent ${body.refusal}`);
      return true;
    }
    if (bodyEnd < end) this.onExcess();
    return sink.onReply(reply, bytes, after, bodyEnd, body.done && !switched, this.wire?.slabOf(bytes));
  }

  private onBodyBytes(bytes: Buffer, start: number, readEnd: number): boolean {
    const end = this.body.read(bytes, start, readEnd);
    if (end === -1) {
      this.fail('upstream_protocol', `sent ${this.body.refusal}`);
      return true;
    }
    if (end < readEnd) this.onExcess();
    return this.sink?.onBody(bytes, start, end, this.body.done, this.wire?.slab) ?? true;
  }

  /** Bytes behind a complete reply: whatever they are, they answer nobody's request. */
  private onExcess(): void {
    this.poolable = false;
    this.home.odd('behind a complete reply');
  }

  onEnd(): void {
    if (this.phase === 'tunnel') {
      this.sink?.onEnd();
      return;
    }
    if (this.phase === 'body' && this.body.framing === FRAMING.close && !this.body.done) {
      this.body.done = true;
      this.poolable = false;
      this.sink?.onBody(NOTHING, 0, 0, true, undefined);
      return;
    }
    const within = this.phase === 'body' ? 'in the middle of the body' : 'in the middle of the head';
    const begun = this.phase === 'body' || this.partial !== undefined;
    this.fail('upstream_reset', `closed the connection ${begun ? within : 'before the reply'}`);
  }

  onBroken(what: string): void {
    this.fail('upstream_reset', `broke off: ${what}`);
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
