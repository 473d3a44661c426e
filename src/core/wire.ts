/**
 * A connected TCP socket, as thin as Node.js lets it be: reads into a buffer we choose, writes without a queue in between.
 *
 * Rule: it owns the handle of libuv that a `net.Socket` would own, and speaks to it as `net.Socket` does, through the
 * binding behind it. Measured on one core with 1 KiB replies: without the two stream state machines, their `drain` events
 * and the tick that each write schedules, a request costs a quarter less of our own time. Small reads and the messages
 * they lead to wait for the end of the turn (turn.ts). Every failure reaches the owner in a turn of its own, never from
 * inside a call of his. What the bytes mean is left to the owner.
 */

import {
  type Handle,
  type HandleUser,
  kLastWriteWasAsync,
  kReadBytesOrError,
  ShutdownWrap,
  streamBaseState,
  systemName,
  type WriteRequest,
  WriteWrap,
} from './handle.ts';
import {
  BULK_BYTES,
  borrowSlab,
  mayRest,
  READ,
  returnSlab,
  SHARED,
  type Slab,
  SMALL_READ,
  STRING_BYTES,
} from './io.ts';
import { SHEET } from './sheet.ts';
import { textOf } from './text.ts';
import { type Correspondent, TURN } from './turn.ts';

/** Who is told what happens on a wire. None of these is called from inside a call of the owner's. */
export interface WireOwner {
  /** Bytes came in; they stand in `bytes` until the call returns. False pauses reading until `resume`. */
  onRead(bytes: Buffer, start: number, end: number): boolean;
  /** The peer sends no more (FIN). */
  onEnd(): void;
  /** The kernel took what was waiting. */
  onDrain(): void;
  /** The connection broke while reading: nothing will come any more. `what` as the system says it: `read ECONNRESET`. */
  onBroken(what: string): void;
  /** A write failed. What came in before can still be read. */
  onWriteFailed(what: string): void;
  /** One of the above threw: a defect of the router, which may cost this connection and no other. */
  onDefect(error: unknown): void;
}

/** Hears nothing: for a connection that is only told to go. */
export const NOBODY: WireOwner = {
  onRead: () => true,
  onEnd: () => {},
  onDrain: () => {},
  onBroken: () => {},
  onWriteFailed: () => {},
  onDefect: () => {},
};

const END_OF_FILE = -4095;
const CANCELLED = -125;

/** After so many in a row a connection reads in bulk no more. */
const SMALL_READS = 4;

/** Lent to each write; used up only by one that the kernel does not take at once. */
let spare = new WriteWrap();

/** Where the system's answer about the other side is put: its fields exist already, which spares each connection making them. */
const PEER = { address: '', family: '', port: 0 };

export class Wire implements HandleUser, Correspondent {
  /** The other side's address, '' where it left before it could be asked. */
  readonly address: string;
  readonly first: boolean;
  /** True once a FIN of ours went out behind all that was written. */
  finished = false;
  closed = false;
  /** Set while the connection reads into a buffer of its own. */
  slab: Slab | undefined = undefined;

  private readonly handle: Handle;
  private readonly owner: WireOwner;
  private bytes: Buffer = READ;
  /** What was read last waits for the end of the turn (turn.ts). */
  private gathered = false;
  /** Messages that wait for the end of the turn. */
  private letters = 0;
  private reading = false;
  private ending = false;
  private shut = false;
  private ended: (() => void) | undefined = undefined;
  private pendingWrites = 0;
  private smallReads = 0;
  private failed: string | undefined = undefined;

  /** Takes a handle over; `first`: it leads to an upstream (turn.ts). Reading begins with `resume`. */
  constructor(handle: Handle, owner: WireOwner, first = false) {
    this.first = first;
    this.handle = handle;
    this.owner = owner;
    handle.wire = this;
    handle.onread = onread;
    handle.useUserBuffer(READ);
    PEER.address = '';
    handle.getpeername(PEER);
    this.address = plainAddress(PEER.address);
  }

  /** Bytes that were written and the kernel has not taken yet. */
  get unsent(): number {
    this.sendLetters();
    return this.pendingWrites === 0 || this.closed ? 0 : this.handle.writeQueueSize;
  }

  /** Writes a latin1 text; true where the kernel took all of it and of what was written before. */
  write(text: string): boolean {
    this.sendLetters();
    if (this.closed || this.ending) return true;
    return this.written(this.handle.writeLatin1String(spare, text), undefined);
  }

  /**
   * Writes bytes of the buffer that was read into; true as in `write`. Where it is false and the bytes stand in a slab,
   * that slab must not be read into before the drain. Bytes of the shared buffer are copied as far as they have to wait.
   * What waits for the end of the turn counts as taken, and what the kernel does not take then is told by the next write.
   */
  writeBytes(bytes: Buffer, start: number, end: number, slab: Slab | undefined): boolean {
    if (this.closed || this.ending) return true;
    if (end - start > STRING_BYTES) {
      const part = bytes.subarray(start, end);
      return this.writeView(slab === undefined ? Buffer.from(part) : part);
    }
    // Up to 16 KiB the binding sends a text from its stack and copies only what has to wait; more is copied always.
    if (!TURN.working) return this.write(textOf(bytes, start, end));
    SHEET.begin();
    SHEET.copy(bytes, start, end);
    return this.letter();
  }

  /**
   * Writes the head on SHEET and the first bytes of its body at once; the result as in `writeBytes`. In a slab the head is put
   * right before the body, where the head stood that came in, so that the body is not copied; elsewhere the body is put
   * behind the head (measured: 0.2 us less for a body of 1 KiB than one joined string).
   */
  writeWithHead(bytes: Buffer, start: number, end: number, slab: Slab | undefined): boolean {
    if (this.closed || this.ending) return true;
    const before = start === end ? undefined : slab?.before(SHEET, start, end);
    if (before !== undefined) return this.writeView(before);
    const together = SHEET.fits(end - start);
    if (together) SHEET.copy(bytes, start, end);
    const taken = this.letter();
    return together ? taken : this.writeBytes(bytes, start, end, slab);
  }

  /** Writes what stands on SHEET, with the end of the turn where one is about to end. */
  private letter(): boolean {
    this.letters++;
    return TURN.letter(this) && this.pendingWrites === 0;
  }

  post(message: Buffer): boolean {
    this.letters--;
    return this.writeNow(message);
  }

  /** Before anything else is done with the connection. */
  private sendLetters(): void {
    if (this.letters !== 0) TURN.send();
  }

  private writeView(view: Uint8Array): boolean {
    this.sendLetters();
    return this.writeNow(view);
  }

  private writeNow(view: Uint8Array): boolean {
    if (this.closed || this.ending) return true;
    return this.written(this.handle.writeBuffer(spare, view), view);
  }

  private written(result: unknown, kept: Uint8Array | undefined): boolean {
    if (streamBaseState[kLastWriteWasAsync] === 0) {
      if (result !== 0) this.writeFailed(typeof result === 'number' ? result : 0);
      return this.pendingWrites === 0;
    }
    const request = spare;
    spare = new WriteWrap();
    request.oncomplete = onWritten;
    request.wire = this;
    request.kept = kept;
    this.pendingWrites++;
    return false;
  }

  /** A write that had to wait is over. */
  wrote(status: number): void {
    this.pendingWrites--;
    if (this.closed) return;
    if (this.ending && (this.pendingWrites === 0 || status < 0)) this.shutDown();
    if (status < 0) this.writeFailed(status);
    else if (this.pendingWrites === 0) this.tell(() => this.owner.onDrain());
  }

  private writeFailed(status: number): void {
    if (this.failed !== undefined || status === CANCELLED) return;
    const what = `write ${systemName(status)}`;
    this.failed = what;
    queueMicrotask(() => {
      if (!this.closed) this.tell(() => this.owner.onWriteFailed(what));
    });
  }

  pause(): void {
    if (!this.reading || this.closed) return;
    this.reading = false;
    this.handle.readStop();
  }

  resume(): void {
    if (this.reading || this.closed) return;
    this.reading = true;
    this.handle.readStart();
  }

  /** Half-closes behind what was written; `done` hears when the FIN went out, or cannot any more. May be asked again. */
  end(done?: () => void): void {
    if (this.closed) return;
    this.sendLetters();
    if (done !== undefined) this.ended = done;
    if (this.finished) queueMicrotask(() => this.finish());
    if (this.ending) return;
    this.ending = true;
    // A handle that is about to be shut down cannot be reset any more: what waits goes first, and may be given up till then.
    if (this.pendingWrites === 0) this.shutDown();
  }

  private shutDown(): void {
    if (this.shut) return;
    this.shut = true;
    const request = new ShutdownWrap();
    request.oncomplete = () => this.finish();
    if (this.handle.shutdown(request) !== 0) queueMicrotask(() => this.finish());
  }

  private finish(): void {
    this.finished = true;
    const { ended } = this;
    this.ended = undefined;
    if (!this.closed && ended !== undefined) this.tell(ended);
  }

  /** Closes at once; the owner hears nothing more. `reset`: with a RST, so that nobody takes it for a clean end. */
  destroy(reset = false): void {
    if (this.closed) return;
    this.sendLetters();
    this.closed = true;
    // A write of the connection on the other side may still refer to what was read last.
    this.leaveSlab();
    if (!reset || this.handle.reset() !== 0) this.handle.close();
  }

  /**
   * After a read of `length` bytes: decides what the next read goes into. `goesOn`: the message goes on, so that reading
   * pauses where writes still refer to what was read (`taken` is false). Whoever reads in bulk keeps a slab between
   * messages too, while there are few, until several small reads came in a row. Called from `onRead` only: the next read
   * goes where this one's end says.
   */
  settle(length: number, taken: boolean, goesOn: boolean): void {
    if (this.closed) return;
    this.smallReads = length >= BULK_BYTES ? 0 : this.smallReads + 1;
    if (this.slab === undefined) {
      if (length >= BULK_BYTES) this.slab = borrowSlab();
    } else if (!taken) {
      if (!goesOn) this.leaveSlab();
    } else if (this.smallReads >= SMALL_READS || (!goesOn && !mayRest())) {
      returnSlab(this.slab, true);
      this.slab = undefined;
    }
  }

  /** The slab that these bytes stand in, where it is this connection's. */
  slabOf(bytes: Buffer): Slab | undefined {
    return this.slab?.bytes === bytes ? this.slab : undefined;
  }

  /** A write of another connection still refers to what was read: the next read goes elsewhere. From `onRead` only. */
  leaveSlab(): void {
    if (this.slab !== undefined) returnSlab(this.slab, false);
    this.slab = undefined;
  }

  /** A read came in, or the end of all reading. Returns the buffer for the next read where it is another. */
  arrived(length: number): Buffer | undefined {
    if (this.closed) return undefined;
    if (length > 0 && length <= SMALL_READ && this.bytes === READ && !this.gathered) {
      this.gathered = true;
      TURN.gather(this, length);
      return undefined;
    }
    // Reads are taken up in the order in which they came; an end comes before all but what the peer said itself.
    if (length > 0 || this.gathered) TURN.work();
    if (this.closed) return undefined;
    if (length > 0) {
      this.hand(this.bytes === READ ? SHARED : this.bytes, 0, length);
      const next = this.slab === undefined ? READ : this.slab.bytes;
      if (next === this.bytes || this.closed) return undefined;
      this.bytes = next;
      return next;
    }
    if (length === END_OF_FILE) this.tell(() => this.owner.onEnd());
    else if (length < 0) this.tell(() => this.owner.onBroken(`read ${systemName(length)}`));
    return undefined;
  }

  takeUp(start: number, end: number): void {
    this.gathered = false;
    if (!this.closed) this.hand(SHARED, start, end);
  }

  private hand(bytes: Buffer, start: number, end: number): void {
    try {
      if (!this.owner.onRead(bytes, start, end)) this.pause();
    } catch (error) {
      this.owner.onDefect(error);
    }
  }

  private tell(event: () => void): void {
    try {
      event();
    } catch (error) {
      this.owner.onDefect(error);
    }
  }
}

function onread(this: Handle): Uint8Array | undefined {
  return this.wire?.arrived(streamBaseState[kReadBytesOrError]);
}

function onWritten(this: WriteRequest, status: number): void {
  this.kept = undefined;
  this.wire?.wrote(status);
}

/** An IPv4 address that a dual-stack socket shows as ::ffff:a.b.c.d. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
