/**
 * The request's body on its way to the upstream: how much of it is here, whose turn it is, and what is kept of it so that it
 * can be sent again.
 *
 * Rule: it is kept byte for byte from its first byte on, or not at all: once a part is not kept the body cannot be sent again.
 * Most requests have no body; they share two uploads in which nothing changes. Times are monotonic milliseconds.
 */

/** A body up to this size can be sent again where the document says nothing about it. */
export const SMALL_BODY = 16_384;
export const NO_BODY = Buffer.alloc(0);

export class Upload {
  /** The whole request is here. */
  done: boolean;
  /** The client waits for 100 before it sends its body. */
  expecting: boolean;
  /** The upstream has not taken what was sent. */
  blocked = false;
  /** What can be sent again; undefined where nothing can. */
  kept: Buffer | undefined = undefined;
  /** When the last byte of its body was here, so far: the time of the upstream counts from then. */
  completeAt: number;
  /** From when the client's rate counts. What it waits for (100, a place, an upstream that takes nothing) is not its time. */
  private since: number;
  private blockedSince = 0;

  constructor(done: boolean, expecting: boolean, now: number) {
    this.done = done;
    this.expecting = expecting;
    this.completeAt = now;
    this.since = now;
  }

  /** It cannot be sent again from here on; gives the upload to go on with. */
  spend(): Upload {
    if (this === BODILESS) return SPENT;
    if (this.kept !== undefined) this.kept = undefined;
    return this;
  }

  /** Keeps the first bytes (as a copy), unless they are more than `limit`. */
  begin(bytes: Buffer, start: number, end: number, limit: number): void {
    if (this === BODILESS) return;
    this.kept = NO_BODY;
    this.keep(bytes, start, end, limit);
  }

  /** Keeps these bytes behind the others; where all together become more than `limit`, nothing. */
  keep(bytes: Buffer, start: number, end: number, limit: number): void {
    const { kept } = this;
    if (kept === undefined || start === end) return;
    const more = bytes.subarray(start, end);
    if (kept.length + more.length > limit) this.kept = undefined;
    else this.kept = kept.length === 0 ? Buffer.from(more) : Buffer.concat([kept, more]);
  }

  /** Milliseconds of the client's own time so far. */
  elapsed(now: number): number {
    return (this.blocked ? this.blockedSince : now) - this.since;
  }

  /** More of it came, perhaps the end. */
  came(done: boolean, now: number): void {
    if (this.expecting) this.expectNoMore(now);
    this.done = done;
    this.completeAt = now;
  }

  /** The body comes now, or may. */
  expectNoMore(now: number): void {
    this.expecting = false;
    this.since = now;
  }

  /** The upstream did or did not take all that was sent. */
  sent(taken: boolean, now: number): void {
    if (taken || this.done) this.drained(now);
    else this.hold(now);
  }

  /** What comes has to wait from now on, for the upstream or for a try to be made. */
  hold(now: number): void {
    if (this.blocked || this.done) return;
    this.blocked = true;
    this.blockedSince = now;
  }

  /** The upstream took what waited. */
  drained(now: number): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.since += now - this.blockedSince;
  }
}

/** Of every request without a body: while it may be sent again, and once it may not. Complete since the request was. */
export const BODILESS = withoutBody(NO_BODY);
export const SPENT = withoutBody(undefined);

function withoutBody(kept: Buffer | undefined): Upload {
  const upload = new Upload(true, false, 0);
  upload.kept = kept;
  Object.freeze(upload);
  return upload;
}
