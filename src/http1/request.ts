/**
 * The head of a request: bytes in, facts out.
 *
 * Rule: strict RFC 9112, nothing repaired. A head is read in one pass when it is complete; a head in pieces is read anew
 * when a piece brings a line end (at most once a header line, so a dripping client buys no work). One RequestHead
 * serves many requests, one after the other, not all of one connection.
 */

import type { RequestFacts } from '../core/exchange.ts';
import type { FaultCode } from '../core/fault.ts';
import { NAME, type NameSet } from '../core/names.ts';
import { holds, ownText, textOf } from '../core/text.ts';
import { CR, LF, SP, TARGET, TOKEN } from './bytes.ts';
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
import { methodAt } from './method.ts';
import { hostName, isHost, sameAuthority, splitAbsolute } from './target.ts';

// Names of this file's own: to the compiler what is imported is no constant (fields.ts).
const token = TOKEN;
const inTarget = TARGET;
const [cr, lf, sp] = [CR, LF, SP];
const stride = STRIDE;
const lastWireName = NAME.expect;

const NOTHING = Buffer.alloc(0);
/** Heads up to this size are kept in one and the same place, larger ones in a place of their own. */
const USUAL_HEAD = 1_024;

export interface HeadLimits {
  readonly target: number;
  readonly head: number;
  readonly headers: number;
}

export class RequestHead implements RequestFacts {
  readonly fields = new Fields();
  /** The whole head as it came, with its last empty line, from `start` to `end`: a copy, good until the exchange settles. */
  bytes: Buffer = NOTHING;
  readonly start = 0;
  end = 0;
  method = '';
  target = '';
  /** True where the target goes out as it came, so that the request line can be copied with the run behind it. */
  originForm = true;
  /** The Host value as it came; '' where an HTTP/1.0 client sent none. */
  rawHost = '';
  host = '';
  minor = 1;
  /** Where the first field line begins, and the target. */
  fieldsStart = 0;
  private targetStart = 0;
  private targetEnd = 0;
  framing: Framing = FRAMING.none;
  /** Body bytes where framing is `length`. */
  length = 0;
  readonly connection: ConnectionOptions = { close: false, keepAlive: false, upgrade: false, named: undefined };
  /** The token of Upgrade where Connection asks for it and it may be passed on; '' elsewhere. */
  upgrade = '';
  /** `TE: trailers` was sent. */
  teTrailers = false;
  expectContinue = false;

  code: FaultCode = 'bad_request';
  /** Why the head was refused. */
  refusal = '';

  field(number: number): string | undefined {
    return this.fields.value(this.bytes, 0, number);
  }

  /** The whole head as latin1. */
  text(): string {
    return textOf(this.bytes, 0, this.end);
  }

  /**
   * Reads a head that begins at `start`. Returns the position behind it, INCOMPLETE, or REFUSED with `code` and
   * `refusal` set.
   */
  parse(bytes: Buffer, start: number, end: number, names: NameSet, limits: HeadLimits): number {
    this.method = '';
    const lineEnd = this.requestLine(bytes, start, end, limits);
    if (lineEnd <= 0) return lineEnd;
    const fields = this.fields;
    const after = fields.scan(bytes, lineEnd, end, start, names, limits.headers);
    if (after === REFUSED) {
      if (fields.tooMany) return this.refuse('head_too_large', `${fields.refusal} (limits.headers)`);
      return this.refuse('bad_request', fields.refusal);
    }
    if (after === INCOMPLETE ? end - start >= limits.head : after - start > limits.head) {
      return this.refuse('head_too_large', `the head is longer than ${limits.head} bytes (limits.head)`);
    }
    if (after === INCOMPLETE) return INCOMPLETE;
    this.fieldsStart = lineEnd - start;
    this.keep(bytes, start, after);
    this.target = textOf(this.bytes, this.targetStart, this.targetEnd);
    return this.readFields() && this.readTarget() ? after : REFUSED;
  }

  /** What was read into is soon read into again. */
  private keep(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(Math.max(length, USUAL_HEAD));
    bytes.copy(this.bytes, 0, start, end);
    this.end = length;
  }

  /** The request is over: its text goes; what the next one is compared with stays. */
  forget(): void {
    this.end = 0;
    if (this.bytes.length > USUAL_HEAD) this.bytes = NOTHING;
    this.target = '';
    this.method = '';
    this.minor = 1;
    this.upgrade = '';
    this.connection.named = undefined;
  }

  private refuse(code: FaultCode, reason: string): typeof REFUSED {
    this.code = code;
    this.refusal = reason;
    return REFUSED;
  }

  /** RFC 9112 section 3: method SP request-target SP HTTP-version CRLF. Returns the position of the first field. */
  private requestLine(bytes: Buffer, start: number, end: number, limits: HeadLimits): number {
    let i = start;
    while (i < end && token[bytes[i]] === 1) i++;
    if (i - start > MOST_METHOD) return this.refuse('bad_request', 'the method is too long');
    if (i >= end) return INCOMPLETE;
    if (i === start || bytes[i] !== sp) return this.refuse('bad_request', 'an invalid byte in the method');
    this.method = methodAt(bytes, start, i);
    const target = ++i;
    while (i < end && inTarget[bytes[i]] === 1) i++;
    if (i - target > limits.target) {
      return this.refuse('target_too_long', `the request target is longer than ${limits.target} bytes (limits.target)`);
    }
    if (i >= end) return INCOMPLETE;
    if (i === target) return this.refuse('bad_request', 'no request target');
    if (bytes[i] === cr || bytes[i] === lf)
      return this.refuse('bad_request', 'no HTTP version (HTTP/0.9 is not served)');
    if (bytes[i] !== sp) return this.refuse('bad_request', 'an invalid byte in the request target');
    this.targetStart = target - start;
    this.targetEnd = i - start;
    return this.version(bytes, i + 1, end);
  }

  private version(bytes: Buffer, at: number, end: number): number {
    const have = Math.min(end - at, VERSION.length);
    for (let i = 0; i < have; i++) {
      if (bytes[at + i] !== VERSION.charCodeAt(i)) return this.refuse('bad_request', 'unknown HTTP version');
    }
    const digit = at + VERSION.length;
    if (digit >= end) return INCOMPLETE;
    const minor = bytes[digit] - 48;
    if (minor !== 0 && minor !== 1) return this.refuse('bad_request', 'unknown HTTP version');
    if (digit + 1 >= end) return INCOMPLETE;
    if (bytes[digit + 1] !== cr) return this.refuse('bad_request', 'the request line does not end with CRLF');
    if (digit + 2 >= end) return INCOMPLETE;
    if (bytes[digit + 2] !== lf) return this.refuse('bad_request', 'a CR without LF in the request line');
    this.minor = minor;
    return digit + 3;
  }

  /** What the noted lines say of host, framing and connection. False: refused. */
  private readFields(): boolean {
    this.framing = FRAMING.none;
    this.length = 0;
    this.upgrade = '';
    this.teTrailers = false;
    this.expectContinue = false;
    const { bytes, connection } = this;
    connection.close = false;
    connection.keepAlive = false;
    connection.upgrade = false;
    connection.named = undefined;
    let hosts = 0;
    let upgrade = '';
    let expect = '';
    const lines = this.fields.lines;
    for (let at = 0; at < this.fields.used; at += stride) {
      const number = lines[at];
      // Wire names come first and are few; all others are for routes and correlation to read.
      if (number > lastWireName) continue;
      const from = lines[at + 2];
      const to = lines[at + 3];
      switch (number) {
        case NAME.host:
          if (++hosts > 1) return this.no('more than one Host');
          // The host of the request before, most often; '' stands for none and was never checked.
          if (from !== to && holds(bytes, from, to, this.rawHost)) break;
          if (!this.readHost(textOf(bytes, from, to))) return false;
          break;
        case CONTENT_LENGTH:
        case TRANSFER_ENCODING: {
          const refusal = readFraming(this, FRAMING.none, number, bytes, from, to);
          if (refusal !== undefined) return this.no(refusal);
          break;
        }
        case NAME.connection: {
          const refusal = readConnection(bytes, from, to, connection);
          if (refusal !== undefined) return this.no(refusal);
          break;
        }
        case NAME.te:
          this.teTrailers ||= textOf(bytes, from, to).toLowerCase().split(',').map(trimmed).includes('trailers');
          break;
        case NAME.upgrade:
          upgrade = textOf(bytes, from, to);
          break;
        case NAME.expect:
          expect = expect === '' ? textOf(bytes, from, to) : `${expect}, ${textOf(bytes, from, to)}`;
          break;
      }
    }
    if (hosts === 0) {
      if (this.minor === 1) return this.no('no Host');
      this.rawHost = '';
      this.host = '';
    }
    this.settleOptions(upgrade);
    return this.readExpect(expect);
  }

  /** An expectation that some read as 100-continue and others do not leaves open who waits for whom. */
  private readExpect(value: string): boolean {
    if (value === '') return true;
    const said = value.toLowerCase();
    const exact = said === '100-continue';
    // Where Connection names it, it goes no further, and nobody will say 100.
    this.expectContinue = this.minor === 1 && exact && this.connection.named?.has('expect') !== true;
    return exact || !said.includes('100-continue') || this.no('an Expect that only some read as 100-continue');
  }

  private settleOptions(upgrade: string): void {
    const { connection } = this;
    if (connection.named !== undefined) this.fields.cut(this.text(), this.fieldsStart, connection.named);
    // An upgrade to HTTP/2 in clear would carry requests past the router; one with a body would leave it ambiguous whose
    // bytes those are. Both may be ignored (RFC 9110 section 7.8).
    const bodiless = this.framing === FRAMING.none || (this.framing === FRAMING.length && this.length === 0);
    if (connection.upgrade && this.minor === 1 && bodiless && upgrade !== '' && !/\bh2c\b/i.test(upgrade)) {
      this.upgrade = upgrade;
    }
  }

  private no(reason: string): false {
    this.refuse('bad_request', reason);
    return false;
  }

  private readHost(value: string): boolean {
    if (!isHost(value)) return this.no(value === '' ? 'an empty Host' : 'an invalid Host');
    this.rawHost = ownText(value);
    this.host = hostName(this.rawHost);
    return true;
  }

  /** RFC 9112 section 3.2: origin-form, asterisk-form for OPTIONS, absolute-form that agrees with Host. */
  private readTarget(): boolean {
    this.originForm = true;
    if (this.method === 'CONNECT') return this.no('CONNECT is not served');
    if (this.target.charCodeAt(0) === 47) return true;
    this.originForm = false;
    if (this.target === '*') return this.method === 'OPTIONS' || this.no('the target * is for OPTIONS only');
    const absolute = splitAbsolute(this.target);
    if (absolute === undefined) return this.no('the request target is neither a path nor an http URI');
    if (!isHost(absolute.authority)) return this.no('an invalid host in the request target');
    if (this.rawHost === '') this.readHost(absolute.authority);
    else if (!sameAuthority(absolute.authority, this.rawHost)) return this.no('Host disagrees with the request target');
    // An empty path of OPTIONS means the server as a whole (RFC 9112 section 3.2.4).
    this.target = absolute.target !== '' ? absolute.target : this.method === 'OPTIONS' ? '*' : '/';
    return true;
  }
}

const VERSION = 'HTTP/1.';
const MOST_METHOD = 64;
