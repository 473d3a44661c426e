/**
 * One client's connection: heads and bodies come in, replies go out, one exchange at a time.
 *
 * Rule: pipelined requests wait here, bounded, and are answered in order; whatever cannot be framed with certainty ends
 * the connection. What is done with a request is the line's affair (line.ts), what becomes of it on the way to an
 * upstream the attempt's (attempt.ts).
 */

import { fault } from '../core/fault.ts';
import type { Handle } from '../core/handle.ts';
import type { Slab } from '../core/io.ts';
import { Timer } from '../core/timers.ts';
import { Wire, type WireOwner } from '../core/wire.ts';
import type { BodyReader } from '../http1/body.ts';
import { CR, endsLine, LF } from '../http1/bytes.ts';
import { INCOMPLETE, REFUSED } from '../http1/fields.ts';
import type { RequestHead } from '../http1/request.ts';
import type { Client, Doorway, Passage, Waiting } from './parts.ts';
import { borrowBody, borrowRequest, NO_BODY, NO_REQUEST, returnReaders } from './readers.ts';
import type { Reprieve } from './reprieve.ts';

/** head: waiting for a request; busy: an exchange is under way; lingering: replied for good, the rest is thrown away. */
type Phase = 'head' | 'busy' | 'tunnel' | 'lingering' | 'closed';

/** Bytes of pipelined requests kept while an exchange is under way; above this the client is not read from. */
const MOST_PENDING = 65_536;
/** Bytes of replies that may wait in the socket before the next pipelined request is taken up. */
const MOST_UNSENT = 65_536;
/** After the last reply the client's remaining bytes are thrown away, lest a reset eat the reply: until it is silent for
 * so long, and no longer than that in all. */
const LINGER_SILENCE = 2_000;
export const LINGER_LIMIT = 5_000;

export class ClientConnection implements Client, WireOwner {
  readonly door: Doorway;
  readonly wire: Wire;
  /** Lent while a request is here or under way; see readers.ts. */
  request: RequestHead = NO_REQUEST;
  body: BodyReader = NO_BODY;
  passage: Passage | undefined = undefined;
  /** The connection closes behind the reply under way. */
  closing = false;
  last = false;
  /** X-Forwarded-* and Forwarded of this client for the host it named last. */
  forwarded = '';
  forwardedHost = '\0';

  /** Where the route of an exchange here was removed. */
  reprieve: Reprieve | undefined = undefined;

  private readonly timer: Timer;
  private phase: Phase = 'head';
  private waiting: Waiting = 'head';
  /** Bytes that no request has taken yet. */
  private pending: Buffer | undefined = undefined;
  private paused = false;
  private consuming = false;
  /** Requests wait here until the client has taken the replies before them. */
  private held = false;
  private emptyLinePassed = false;
  private lingerUntil = 0;
  private clientEnded = false;

  constructor(door: Doorway, handle: Handle) {
    this.door = door;
    this.wire = new Wire(handle, this);
    this.timer = new Timer(() => this.onTimer());
    this.wait('head', door.clock.now() + door.settings.timeout.head);
  }

  get busy(): boolean {
    return this.phase === 'busy' || this.phase === 'tunnel';
  }

  /** Between requests, with nothing of the next one here yet. */
  get idle(): boolean {
    return this.phase === 'head' && this.pending === undefined;
  }

  /** Idle, and its client has taken all replies. */
  get over(): boolean {
    return this.idle && this.wire.unsent === 0;
  }

  get inTunnel(): boolean {
    return this.phase === 'tunnel';
  }

  /** Arms the connection's timer; see `onTimer` for what each waiting ends in. */
  wait(waiting: Waiting, due: number): void {
    this.waiting = waiting;
    this.door.timers.arm(this.timer, due);
  }

  onRead(bytes: Buffer, start: number, end: number): boolean {
    const taken = this.receive(bytes, start, end);
    this.wire.settle(end - start, taken, this.busy);
    if (!taken && this.busy) this.paused = true;
    return !this.paused;
  }

  private receive(bytes: Buffer, start: number, end: number): boolean {
    switch (this.phase) {
      case 'head':
        this.onHeadBytes(bytes, start, end);
        return true;
      case 'busy':
        return this.onBusyBytes(bytes, start, end, this.wire.slab);
      case 'tunnel':
        return this.passage?.onUpload(bytes, start, end, false, this.wire.slab) ?? true;
      case 'lingering':
        this.lingerOn();
        return true;
      case 'closed':
        return true;
    }
  }

  private onHeadBytes(read: Buffer, start: number, end: number): void {
    if (this.held) {
      this.stash(read, start, end, false);
      return;
    }
    if (this.pending === undefined) {
      this.consume(read, start, end, false);
      return;
    }
    const { limits } = this.door.settings;
    const limit = this.pending.includes(LF) ? limits.head : limits.target;
    const bytes = Buffer.concat([this.pending, read.subarray(start, end)]);
    // Without a line end nothing new can be learnt of a head in pieces; but it may have grown beyond its limit.
    if (bytes.length <= limit && !endsLine(this.pending, read.subarray(start, end))) {
      this.pending = bytes;
      return;
    }
    this.pending = undefined;
    this.consume(bytes, 0, bytes.length, true);
  }

  /** Request body, and behind it the next requests. */
  private onBusyBytes(bytes: Buffer, start: number, end: number, slab: Slab | undefined): boolean {
    let at = start;
    let taken = true;
    if (!this.body.done) {
      at = this.body.read(bytes, start, end);
      if (at === -1) {
        this.passage?.onBadUpload(fault('bad_request', `the request body has ${this.body.refusal}`));
        return true;
      }
      taken = this.passage?.onUpload(bytes, start, at, this.body.done, slab) ?? true;
    }
    if (at < end && this.phase === 'busy') this.stash(bytes, at, end, false);
    return taken;
  }

  /** Keeps bytes for later. `stable`: they stay as they are, so that they need no copy. */
  private stash(bytes: Buffer, start: number, end: number, stable: boolean): void {
    const more = bytes.subarray(start, end);
    if (this.pending !== undefined) this.pending = Buffer.concat([this.pending, more]);
    else this.pending = stable ? more : Buffer.from(more);
    if (this.pending.length > MOST_PENDING && (this.phase === 'busy' || this.held)) this.paused = true;
  }

  /** Takes requests from `bytes` until one is under way or bytes are short. */
  private consume(bytes: Buffer, start: number, end: number, stable: boolean): void {
    let at = start;
    this.consuming = true;
    this.borrow();
    while (at < end && this.phase === 'head') {
      this.held = this.wire.unsent > MOST_UNSENT;
      if (this.held) break;
      at = this.passEmptyLine(bytes, at, end);
      const lone = at + 1 === end && bytes[at] === CR;
      const after =
        at === end || lone
          ? INCOMPLETE
          : this.request.parse(bytes, at, end, this.door.names, this.door.settings.limits);
      if (after === INCOMPLETE) break;
      this.phase = 'busy';
      if (after === REFUSED) {
        this.door.line.refuse(this, fault(this.request.code, this.request.refusal));
        break;
      }
      at = this.onRequest(bytes, after, end);
    }
    this.consuming = false;
    if (at < end && (this.phase === 'head' || this.phase === 'busy')) {
      // The limit counts from the head's first byte: later pieces do not put it off. One that is held is not late.
      if (this.phase === 'head' && this.waiting === 'next' && !this.held) {
        this.wait('head', this.door.clock.now() + this.door.settings.timeout.head);
      }
      this.stash(bytes, at, end, stable);
    }
    this.rest();
  }

  private borrow(): void {
    if (this.request !== NO_REQUEST) return;
    this.request = borrowRequest();
    this.body = borrowBody();
  }

  /** Gives the readers back where nothing of a request is here. */
  private rest(): void {
    if (this.idle || this.phase === 'closed') this.giveBack();
  }

  private giveBack(): void {
    if (this.request === NO_REQUEST) return;
    returnReaders(this.request, this.body);
    this.request = NO_REQUEST;
    this.body = NO_BODY;
  }

  /** One empty line before a request is let pass (RFC 9112 section 2.2), as old clients send it behind a body. */
  private passEmptyLine(bytes: Buffer, at: number, end: number): number {
    if (this.emptyLinePassed || at + 1 >= end || bytes[at] !== CR || bytes[at + 1] !== LF) return at;
    this.emptyLinePassed = true;
    return at + 2;
  }

  private takePending(): void {
    const { pending } = this;
    if (pending === undefined || this.phase !== 'head') return;
    this.pending = undefined;
    this.consume(pending, 0, pending.length, true);
  }

  /** A head is complete: its exchange begins, with the body bytes that came along. Returns where the next one begins. */
  private onRequest(bytes: Buffer, after: number, end: number): number {
    const { request, body } = this;
    this.emptyLinePassed = false;
    body.begin(request.framing, request.length, false, this.door.rules.guarded);
    const bodyEnd = body.read(bytes, after, end);
    if (bodyEnd === -1) {
      this.door.line.refuse(this, fault('bad_request', `the request body has ${body.refusal}`));
      return end;
    }
    this.door.line.follow(this, bytes, after, bodyEnd, body.done);
    return bodyEnd;
  }

  /** The exchange settled and its reply is written: the next request, or the end. */
  next(now: number): void {
    if (this.phase === 'closed') return;
    this.passage = undefined;
    this.reprieve?.lift();
    if (this.closing || !this.body.done) {
      // Nothing is to come that a close could meet: no need to wait for the client's end (measured: 20% of an exchange).
      if (this.last && this.body.done && this.pending === undefined && this.wire.unsent === 0) this.close();
      else this.linger();
      return;
    }
    this.phase = 'head';
    this.wait('next', now + this.door.settings.timeout.keepAlive);
    if (this.consuming) return;
    this.takePending();
    this.rest();
    this.readOn();
  }

  /** Reads again after a pause. */
  readOn(): void {
    if (!this.paused || this.phase === 'closed') return;
    if (this.pending !== undefined && this.pending.length > MOST_PENDING && (this.busy || this.held)) return;
    this.paused = false;
    this.wire.resume();
  }

  becomeTunnel(): void {
    this.phase = 'tunnel';
    const { pending } = this;
    this.pending = undefined;
    if (pending !== undefined) this.passage?.onUpload(pending, 0, pending.length, false, undefined);
    this.readOn();
  }

  /** Half-closes, then throws away what still comes, for a while (RFC 9112 section 9.6). */
  private linger(): void {
    const { door, wire } = this;
    this.phase = 'lingering';
    this.pending = undefined;
    this.lingerUntil = Number.POSITIVE_INFINITY;
    // What the client has not taken yet of the last reply may take as long as a kept connection may rest.
    this.wait('lingering', door.clock.now() + door.settings.timeout.keepAlive);
    wire.end(() => {
      if (this.clientEnded) this.close();
      this.lingerUntil = door.clock.now() + LINGER_LIMIT;
      this.lingerOn();
    });
    this.paused = false;
    wire.resume();
  }

  /** The client still sends: what it sends goes nowhere, but it has not fallen silent. */
  private lingerOn(): void {
    if (this.phase !== 'lingering' || this.lingerUntil === Number.POSITIVE_INFINITY) return;
    this.wait('lingering', Math.min(this.door.clock.now() + LINGER_SILENCE, this.lingerUntil));
  }

  /** Ends the connection so that nobody takes it for a clean end. */
  break(): void {
    if (this.phase === 'closed') return;
    this.wire.destroy(true);
    this.gone();
  }

  /** Ends the connection at once; used where no reply is under way. One that its client has not taken must not end cleanly. */
  close(): void {
    if (this.phase === 'closed') return;
    if (this.wire.unsent > 0) this.wire.destroy(true);
    this.gone();
  }

  /**
   * FIN from the client: in a tunnel half of it ends; elsewhere the client left. It might only be half-closed, and must
   * then not take our end for that of the reply.
   */
  onEnd(): void {
    this.clientEnded = true;
    if (this.phase === 'tunnel') this.passage?.onClientEnd();
    else if (this.passage?.relay.begun) this.break();
    else if (this.phase !== 'lingering' || this.wire.finished) this.gone();
  }

  onDrain(): void {
    this.passage?.onClientDrain();
    if (!this.held || this.wire.unsent > MOST_UNSENT) return;
    this.held = false;
    this.takePending();
    this.readOn();
  }

  /** The client is gone, by whatever way. */
  gone(): void {
    if (this.phase === 'closed') return;
    const { passage } = this;
    this.phase = 'closed';
    this.pending = undefined;
    this.door.timers.remove(this.timer);
    this.reprieve?.stop();
    this.passage = undefined;
    passage?.onClientGone();
    if (passage === undefined && !this.consuming) this.giveBack();
    this.wire.destroy();
    this.door.left(this);
  }

  onBroken(): void {
    this.gone();
  }

  /** Without a way to answer there is nothing left to do for this client. */
  onWriteFailed(): void {
    this.gone();
  }

  private onTimer(): void {
    try {
      if (this.phase === 'head') this.onHeadTimeout();
      else if (this.phase === 'lingering') this.endUntold();
      else this.passage?.onTimeout(this.waiting);
    } catch (error) {
      this.onDefect(error);
    }
  }

  private onHeadTimeout(): void {
    if (this.pending === undefined || this.held) {
      this.endUntold();
      return;
    }
    this.phase = 'busy';
    this.door.line.refuse(
      this,
      fault('request_timeout', `the head was not complete after ${this.door.settings.timeout.head} ms (timeout.head)`),
    );
  }

  /** Ends the connection where no exchange is left to tell of it. What the client has not taken must not end cleanly. */
  private endUntold(): void {
    const { door, phase, waiting } = this;
    if (this.wire.unsent > 0) {
      door.cut(this, 'unread');
      this.break();
      return;
    }
    door.cut(this, phase === 'lingering' ? 'lingering' : waiting === 'next' ? 'idle' : 'silent');
    this.close();
  }

  onDefect(error: unknown): void {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (this.passage !== undefined) this.passage.defect(stack);
    else this.door.log('error', { listener: this.door.id, err: stack }, 'a defect of the router broke a connection');
    this.break();
  }
}
