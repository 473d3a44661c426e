/**
 * The field section of a head: one pass over its lines.
 *
 * Rule: every byte is checked (RFC 9112 section 5: no space before the colon, no folding, no bare CR or LF, no control
 * bytes), but only lines whose names matter to the table are noted, as positions; all others stay part of untouched
 * runs that are copied as one slice. Nothing is repaired. A name that some servers cannot tell from one that matters is
 * left out, or refused where it would frame the message: the router has not read it as what they would.
 */

import { SHARED } from '../core/io.ts';
import { bucketOf, NAME, type NameSet } from '../core/names.ts';
import { holds, textOf } from '../core/text.ts';
import { COLON, CR, HTAB, LF, PLAIN, SP, TOKEN, VALUE } from './bytes.ts';
import { leapName, leapValue } from './leap.ts';

// To the compiler what is imported is no constant, not even a table of it: it is looked up and checked anew for every byte.
const plain = PLAIN;
const token = TOKEN;
const visible = VALUE;
const colon = COLON;
const cr = CR;
const lf = LF;
const sp = SP;
const htab = HTAB;

/** How the body of a message ends. */
export const FRAMING = { none: 0, length: 1, chunked: 2, close: 3 } as const;
export type Framing = (typeof FRAMING)[keyof typeof FRAMING];

/** Numbers per noted line: name number, start of line, start and end of the trimmed value, end of line (after CRLF). */
export const STRIDE = 5;
/** Name number of a line that must not be passed on, whatever the table says. */
export const CUT = -1;

/** `scan` could not go on: more bytes are needed, or the refusal says why. */
export const INCOMPLETE = 0;
export const REFUSED = -1;

export class Fields {
  /** Noted lines in order of appearance, STRIDE numbers each. */
  readonly lines: number[] = [];
  /** How many of `lines` count; the array is reused. */
  used = 0;
  refusal = '';
  tooMany = false;
  /** Which names were noted, as bits by their numbers, 32 apart alike: most that are asked for are not there. */
  private seen = 0;

  /**
   * Reads field lines from `at` up to and with the empty line. Returns the position after it, INCOMPLETE or REFUSED.
   * Positions noted are relative to `origin`, the start of the head.
   */
  scan(bytes: Uint8Array, at: number, end: number, origin: number, names: NameSet, most: number): number {
    const { first } = names;
    const shared = bytes === SHARED;
    let total = 0;
    this.used = 0;
    this.seen = 0;
    this.tooMany = false;
    let i = at;
    for (;;) {
      if (i >= end) return INCOMPLETE;
      const start = i;
      if (shared) i = leapName(i, end);
      while (i < end && plain[bytes[i]] === 1) i++;
      if (i >= end) return INCOMPLETE;
      let marked = false;
      if (bytes[i] !== colon || i === start) {
        while (i < end && token[bytes[i]] === 1) i++;
        if (i >= end) return INCOMPLETE;
        if (i === start) return this.lastLine(bytes, i, end);
        if (bytes[i] !== colon) return this.refuse(badName(bytes[i]));
        marked = true;
      }
      const nameEnd = i++;
      while (i < end && (bytes[i] === sp || bytes[i] === htab)) i++;
      const valueStart = i;
      if (shared) i = leapValue(i, end);
      while (i < end && visible[bytes[i]] === 1) i++;
      if (i + 1 >= end) return i >= end || bytes[i] === cr ? INCOMPLETE : this.refuse(badValue(bytes[i]));
      if (bytes[i] !== cr) return this.refuse(badValue(bytes[i]));
      if (bytes[i + 1] !== lf) return this.refuse('a CR without LF in a field value');
      if (++total > most) {
        this.tooMany = true;
        return this.refuse(`more than ${most} header fields`);
      }
      // Asked here and not in `find`: most lines matter to nobody, and a call per line costs more than the answer.
      if (first[bucketOf(bytes[start], nameEnd - start)] !== -1) {
        const number = names.find(bytes, start, nameEnd);
        const other = marked || (number < 0 && names.marked) ? names.alike(bytes, start, nameEnd) : -1;
        if (other === CONTENT_LENGTH || other === TRANSFER_ENCODING)
          return this.refuse('a look-alike of a framing field');
        if (other >= 0) this.note(bytes, CUT, start, valueStart, i, origin);
        else if (number >= 0) this.note(bytes, number, start, valueStart, i, origin);
      }
      i += 2;
    }
  }

  /** A line without a name: the empty one that ends the section, or nothing that may stand here. */
  private lastLine(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at] !== CR) return this.refuse(badStart(bytes[at]));
    if (at + 1 >= end) return INCOMPLETE;
    return bytes[at + 1] === LF ? at + 2 : this.refuse('a CR without LF');
  }

  /** Number of noted lines. */
  get count(): number {
    return this.used / STRIDE;
  }

  /**
   * The values of all lines of this name, joined with `, ` (RFC 9110 section 5.3). `bytes` hold the head from `origin` on.
   */
  value(bytes: Buffer, origin: number, number: number): string | undefined {
    if ((this.seen & (1 << number)) === 0) return undefined;
    let value: string | undefined;
    for (let at = 0; at < this.used; at += STRIDE) {
      if (this.lines[at] !== number) continue;
      const one = textOf(bytes, origin + this.lines[at + 2], origin + this.lines[at + 3]);
      value = value === undefined ? one : `${value}, ${one}`;
    }
    return value;
  }

  /** How many lines have this name. */
  times(number: number): number {
    let times = 0;
    for (let at = 0; at < this.used; at += STRIDE) if (this.lines[at] === number) times++;
    return times;
  }

  /**
   * Marks the lines with these (lower-case) names as cut: options that Connection names go no further (RFC 9110 section
   * 7.6.1). Rare, so it reads the head again instead of burdening the scan.
   */
  cut(head: string, fieldsStart: number, names: ReadonlySet<string>): void {
    const noted = new Map<number, number[]>();
    for (let at = 0; at < this.used; at += STRIDE) noted.set(this.lines[at + 1], this.lines.slice(at, at + STRIDE));
    this.used = 0;
    for (let start = fieldsStart; head.charCodeAt(start) !== CR; ) {
      const end = head.indexOf('\r\n', start) + 2;
      const name = head.slice(start, head.indexOf(':', start)).toLowerCase();
      const line = names.has(name) ? [CUT, start, start, start, end] : noted.get(start);
      if (line !== undefined) for (const part of line) this.lines[this.used++] = part;
      start = end;
    }
  }

  private note(bytes: Uint8Array, number: number, start: number, from: number, to: number, origin: number): void {
    let valueEnd = to;
    while (valueEnd > from && (bytes[valueEnd - 1] === sp || bytes[valueEnd - 1] === htab)) valueEnd--;
    const lines = this.lines;
    const at = this.used;
    lines[at] = number;
    lines[at + 1] = start - origin;
    lines[at + 2] = from - origin;
    lines[at + 3] = valueEnd - origin;
    lines[at + 4] = to + 2 - origin;
    this.used = at + STRIDE;
    this.seen |= 1 << number;
  }

  private refuse(reason: string): typeof REFUSED {
    this.refusal = reason;
    return REFUSED;
  }
}

function badStart(byte: number): string {
  if (byte === SP || byte === HTAB) return 'a folded field line';
  if (byte === LF) return 'a bare LF as line end';
  if (byte === COLON) return 'a field without a name';
  return 'an invalid byte in a field name';
}

function badName(byte: number): string {
  if (byte === SP || byte === HTAB) return 'white space before the colon of a field';
  if (byte === CR || byte === LF) return 'a field line without a colon';
  return 'an invalid byte in a field name';
}

function badValue(byte: number): string {
  return byte === LF ? 'a bare LF in a field value' : 'a control byte in a field value';
}

/** Content-Length as RFC 9110 section 8.6 writes it, digits only; -1 where it is anything else or beyond 2^53. */
export function parseLength(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 16) return -1;
  let length = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return Number.isSafeInteger(length) ? length : -1;
}

/** What the Connection lines of a head say. */
export interface ConnectionOptions {
  close: boolean;
  keepAlive: boolean;
  upgrade: boolean;
  /** Names of fields that go no further, beyond those that never do. */
  named: Set<string> | undefined;
}

const NEVER_PASSED = new Set(['close', 'keep-alive', 'upgrade', 'te', 'proxy-connection', 'connection']);
/** Naming these would unframe or misroute the message at the next hop: an attack, not an option. */
const ESSENTIAL = new Set(['host', 'content-length', 'transfer-encoding']);

/** Reads the options of a Connection value, the bytes from `start` to `end`; a refusal reason, or undefined. */
export function readConnection(bytes: Buffer, start: number, end: number, into: ConnectionOptions): string | undefined {
  // Measured with a connection per request: 1% of the time, where these two are taken apart as a list.
  if (holds(bytes, start, end, 'keep-alive')) {
    into.keepAlive = true;
    return undefined;
  }
  if (holds(bytes, start, end, 'close')) {
    into.close = true;
    return undefined;
  }
  for (const part of textOf(bytes, start, end).toLowerCase().split(',')) {
    const option = trimmed(part);
    if (option === 'close') into.close = true;
    else if (option === 'keep-alive') into.keepAlive = true;
    else if (option === 'upgrade') into.upgrade = true;
    if (option === '' || NEVER_PASSED.has(option)) continue;
    if (ESSENTIAL.has(option)) return `Connection names ${option}`;
    if (!isToken(option)) return 'a Connection option that is no token';
    into.named ??= new Set();
    into.named.add(option);
  }
  return undefined;
}

/** Without spaces and tabs around it. `trim` of strings would take a no-break space (obs-text here) for white space. */
export function trimmed(part: string): string {
  let from = 0;
  let to = part.length;
  while (from < to && isBlank(part.charCodeAt(from))) from++;
  while (to > from && isBlank(part.charCodeAt(to - 1))) to--;
  return part.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127 || TOKEN[code] !== 1) return false;
  }
  return text.length > 0;
}

/** The names this file reads, for callers that count lines. */
export const CONTENT_LENGTH = NAME['content-length'];
export const TRANSFER_ENCODING = NAME['transfer-encoding'];

/** What a head says of its body, as far as its lines were read. */
export interface BodyFraming {
  framing: Framing;
  length: number;
  readonly minor: number;
}

/**
 * Takes one Content-Length or Transfer-Encoding line, its value the bytes from `start` to `end`: one length, or one final
 * `chunked`, never both (RFC 9112 section 6). `unsaid` is the framing of a head that has neither. Returns the refusal
 * reason, or undefined.
 */
export function readFraming(
  into: BodyFraming,
  unsaid: Framing,
  number: number,
  bytes: Buffer,
  start: number,
  end: number,
): string | undefined {
  if (into.framing !== unsaid) {
    if (into.framing === FRAMING.length && number === CONTENT_LENGTH) return 'more than one Content-Length';
    if (into.framing === FRAMING.chunked && number === TRANSFER_ENCODING) return 'more than one Transfer-Encoding';
    return 'Content-Length together with Transfer-Encoding';
  }
  if (number === CONTENT_LENGTH) {
    into.length = parseLength(bytes, start, end);
    into.framing = FRAMING.length;
    return into.length >= 0 ? undefined : 'a malformed Content-Length';
  }
  if (textOf(bytes, start, end).toLowerCase() !== 'chunked') return 'a Transfer-Encoding other than one final chunked';
  if (into.minor === 0) return 'Transfer-Encoding in HTTP/1.0';
  into.framing = FRAMING.chunked;
  return undefined;
}
