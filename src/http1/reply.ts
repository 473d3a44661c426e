/**
 * The head of a reply: bytes in, facts out.
 *
 * Rule: an origin's bytes are a stranger's bytes too: every rule for requests has its twin here. What a reply's body
 * looks like depends on the request's method as well (RFC 9112 section 6.3), so the caller says whether it was HEAD.
 */

import { NAME, type NameSet } from '../core/names.ts';
import { holds, textOf } from '../core/text.ts';
import { CR, LF, SP, VALUE } from './bytes.ts';
import {
  CONTENT_LENGTH,
  type ConnectionOptions,
  Fields,
  FRAMING,
  type Framing,
  INCOMPLETE,
  REFUSED,
  readConnection,
  readFraming,
  STRIDE,
  TRANSFER_ENCODING,
  trimmed,
} from './fields.ts';

// Names of this file's own: to the compiler what is imported is no constant (fields.ts).
const visible = VALUE;
const [cr, lf, sp] = [CR, LF, SP];
const stride = STRIDE;
const { date, host, upgrade } = NAME;

const NOTHING = Buffer.alloc(0);

/** Limits for reply heads; origins are few and known, so these are not settings. */
export const MOST_REPLY_HEAD = 256 * 1024;
export const MOST_REPLY_HEADERS = 1000;

export class ReplyHead {
  readonly fields = new Fields();
  /** Where the whole head stands, with its last empty line: in the buffer that was read into, so only until the next read. */
  bytes: Buffer = NOTHING;
  start = 0;
  end = 0;
  status = 0;
  minor = 1;
  /** Where the first field line begins, from `start` on. */
  fieldsStart = 0;
  framing: Framing = FRAMING.none;
  length = 0;
  readonly connection: ConnectionOptions = { close: false, keepAlive: false, upgrade: false, named: undefined };
  /** Seconds of `Keep-Alive: timeout=`, or -1. */
  keepAliveSeconds = -1;
  /** It carries Date. */
  dated = false;
  private keepAliveText = '';
  private keepAliveSaid = -1;
  upgrade = '';
  refusal = '';

  /** True where the origin keeps the connection open after this reply (RFC 9112 section 9.3). */
  get persistent(): boolean {
    return this.minor === 1 && !this.connection.close && this.framing !== FRAMING.close;
  }

  /** Reads a head that begins at `start`; the position behind it, INCOMPLETE, or REFUSED with `refusal` set. */
  parse(bytes: Buffer, start: number, end: number, names: NameSet, headRequest: boolean): number {
    const lineEnd = this.statusLine(bytes, start, end);
    if (lineEnd <= 0) return lineEnd;
    const after = this.fields.scan(bytes, lineEnd, end, start, names, MOST_REPLY_HEADERS);
    if (after === REFUSED) return this.refuse(this.fields.refusal);
    if (after === INCOMPLETE ? end - start >= MOST_REPLY_HEAD : after - start > MOST_REPLY_HEAD) {
      return this.refuse(`a head longer than ${MOST_REPLY_HEAD} bytes`);
    }
    if (after === INCOMPLETE) return INCOMPLETE;
    this.fieldsStart = lineEnd - start;
    this.bytes = bytes;
    this.start = start;
    this.end = after;
    return this.readFields(headRequest) ? after : REFUSED;
  }

  /** The whole head as latin1. */
  text(): string {
    return textOf(this.bytes, this.start, this.end);
  }

  /** The reply is over: lets go of the buffer it stood in. */
  forget(): void {
    this.bytes = NOTHING;
  }

  /** RFC 9112 section 4: HTTP-version SP 3DIGIT SP [ reason-phrase ] CRLF; the second SP may be missing without reason. */
  private statusLine(bytes: Buffer, start: number, end: number): number {
    const have = Math.min(end - start, VERSION.length);
    for (let i = 0; i < have; i++) {
      if (bytes[start + i] !== VERSION.charCodeAt(i)) return this.refuse('no HTTP/1 status line');
    }
    const minor = bytes[start + 7] - 48;
    if (end - start > 7 && minor !== 0 && minor !== 1) return this.refuse('unknown HTTP version in a reply');
    if (end - start < 13) return end - start >= 1 && this.endsEarly(bytes, start, end) ? REFUSED : INCOMPLETE;
    const status = (bytes[start + 9] - 48) * 100 + (bytes[start + 10] - 48) * 10 + (bytes[start + 11] - 48);
    const digits = isDigit(bytes[start + 9]) && isDigit(bytes[start + 10]) && isDigit(bytes[start + 11]);
    if (bytes[start + 8] !== sp || !digits || status < 100 || status > 599) return this.refuse('an invalid status');
    let i = start + 12;
    if (bytes[i] !== sp && bytes[i] !== cr) return this.refuse('an invalid status line');
    while (i < end && visible[bytes[i]] === 1) i++;
    if (i >= end) return INCOMPLETE;
    if (bytes[i] !== cr) return this.refuse('an invalid byte in the reason phrase');
    if (i + 1 >= end) return INCOMPLETE;
    if (bytes[i + 1] !== lf) return this.refuse('a CR without LF in the status line');
    this.minor = minor;
    this.status = status;
    return i + 2;
  }

  /** A line end before the status could be complete. */
  private endsEarly(bytes: Buffer, start: number, end: number): boolean {
    const ends = bytes.subarray(start, end).includes(LF);
    if (ends) this.refuse('an invalid status');
    return ends;
  }

  /** Whether a 101 switches to nothing but what was offered, and says so as it must (RFC 9110 section 7.8). */
  switchesTo(offer: string): boolean {
    const offered = new Set(offer.toLowerCase().split(',').map(trimmed));
    const chosen = this.upgrade.toLowerCase().split(',').map(trimmed);
    const said = this.minor === 1 && this.connection.upgrade && this.upgrade !== '';
    return said && chosen.every((one) => offered.has(one));
  }

  private refuse(reason: string): typeof REFUSED {
    this.refusal = reason;
    return REFUSED;
  }

  private no(reason: string): false {
    this.refusal = reason;
    return false;
  }

  private readFields(headRequest: boolean): boolean {
    this.framing = FRAMING.close;
    this.length = 0;
    this.keepAliveSeconds = -1;
    this.upgrade = '';
    this.dated = false;
    const { bytes, start, connection } = this;
    connection.close = false;
    connection.keepAlive = false;
    connection.upgrade = false;
    connection.named = undefined;
    const lines = this.fields.lines;
    for (let at = 0; at < this.fields.used; at += stride) {
      const number = lines[at];
      if (number === date) this.dated = true;
      if (number === host || number > upgrade) continue;
      const from = start + lines[at + 2];
      const to = start + lines[at + 3];
      switch (number) {
        case CONTENT_LENGTH:
        case TRANSFER_ENCODING: {
          const refusal = readFraming(this, FRAMING.close, number, bytes, from, to);
          if (refusal !== undefined) return this.no(refusal);
          break;
        }
        case NAME.connection: {
          const refusal = readConnection(bytes, from, to, connection);
          if (refusal !== undefined) return this.no(refusal);
          break;
        }
        case NAME['keep-alive']:
          this.keepAliveSeconds = this.readKeepAlive(bytes, from, to);
          break;
        case NAME.upgrade:
          this.upgrade = textOf(bytes, from, to);
          break;
      }
    }
    if (connection.named !== undefined) this.fields.cut(this.text(), this.fieldsStart, connection.named);
    if (this.connection.named?.has('date') === true) this.dated = false;
    return this.settleFraming(headRequest);
  }

  /** An origin says the same in every reply, so the last answer is kept (measured: 0.1 us a reply). */
  private readKeepAlive(bytes: Buffer, from: number, to: number): number {
    if (!holds(bytes, from, to, this.keepAliveText)) {
      this.keepAliveText = textOf(bytes, from, to);
      this.keepAliveSaid = Number(/\btimeout\s*=\s*"?(\d{1,6})/i.exec(this.keepAliveText)?.[1] ?? -1);
    }
    return this.keepAliveSaid;
  }

  /** RFC 9112 section 6.3, in its order. */
  private settleFraming(headRequest: boolean): boolean {
    const interim = this.status < 200;
    if ((interim || this.status === 204) && this.framing === FRAMING.chunked) {
      return this.no(`Transfer-Encoding in a ${this.status} reply`);
    }
    // Some clients read on behind the head of a 205 at once (RFC 9110 section 15.3.6: it has no content).
    if (this.status === 205 && !headRequest && (this.framing === FRAMING.chunked || this.length > 0)) {
      return this.no('a body in a 205 reply');
    }
    if (interim || headRequest || this.status === 204 || this.status === 304) this.framing = FRAMING.none;
    return true;
  }
}

const VERSION = 'HTTP/1.';

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}
