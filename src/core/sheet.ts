/**
 * Where a thread puts bytes together that leave: heads, with small bodies behind them, and lines of the access log.
 *
 * Rule: one message at a time, from `begin` on; what stands there holds until the next `begin`, but for what was kept with
 * `keep`. Whoever lets bytes wait in their place asks for a new one with `leave`. Nothing is allocated for a message. Measured
 * against ropes of strings, which have to be made flat before they are written: 1 us and 3 KB of garbage less for an exchange
 * of 1 KiB.
 */

import { putText } from './text.ts';

/** A head and a body that is not read in bulk. */
export const SHEET_BYTES = 24_576;
/** Room for the messages of a turn. */
const TURN_BYTES = 131_072;

/** Up to this many bytes a loop is quicker than a call to copy. */
const FEW = 16;

/** Up to this many bytes a loop over words of four is quicker than `set`. */
const SOME = 96;
/** Words are written whole: up to so many bytes behind the last one that counts. */
const SLACK = 3;
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

const ZERO = 48;
/** No character. */
const NEVER = -1;

/** Characters that stand in a string of JSON as they are: visible ASCII and space, but for quote and backslash. */
const PLAIN_IN_JSON = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x20 && code <= 0x7e && code !== 0x22 && code !== 0x5c ? 1 : 0,
);

/** Views of the first bytes, by their length: messages of a route are often of one length (measured: 0.1 us a message). */
const VIEWS = 1_024;

export class Sheet {
  bytes: Buffer;
  /** Where the message under way begins. */
  from = 0;
  /** Behind the last byte that was put. */
  at = 0;
  private words: DataView;
  private views: (Buffer | undefined)[] = new Array(VIEWS);

  constructor(size = SHEET_BYTES) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.words = wordsOf(this.bytes);
  }

  begin(): void {
    this.at = this.from;
  }

  /** The message stays, and the next one begins behind it, until all are cleared. */
  keep(): void {
    this.from = this.at;
  }

  clear(): void {
    this.from = 0;
    this.at = 0;
  }

  /** A latin1 text. A flat one costs 20 ns, one that was cut from another or joined up to twice as much and more. */
  text(text: string): void {
    const { length } = text;
    if (this.at + length > this.bytes.length) this.grow(length);
    putText(this.bytes, text, this.at);
    this.at += length;
  }

  /** Bytes that are kept for this purpose (measured: a third of what `set` costs, for the 20 bytes that most have). */
  put({ length, bytes, words }: Kept): void {
    const { at } = this;
    if (at + length + SLACK > this.bytes.length) this.grow(length + SLACK);
    this.at = at + length;
    if (length > SOME) this.bytes.set(bytes, at);
    else putWords(this.words, at, words, 0, words.length);
  }

  /** `count` words of four latin1 characters each. */
  fours(words: Int32Array, from: number, count: number): void {
    const { at } = this;
    if (at + count * 4 > this.bytes.length) this.grow(count * 4);
    this.at = at + count * 4;
    putWords(this.words, at, words, from, from + count);
  }

  byte(byte: number): void {
    if (this.at === this.bytes.length) this.grow(1);
    this.bytes[this.at++] = byte;
  }

  /** Bytes of a read buffer, of another memory than this one. */
  copy(from: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.at + length > this.bytes.length) this.grow(length);
    if (length <= FEW) for (let i = 0; i < length; i++) this.bytes[this.at + i] = from[start + i];
    else from.copy(this.bytes, this.at, start, end);
    this.at += length;
  }

  /** A latin1 text as it stands between the quotes of JSON, in ASCII alone, up to its first `end` character (which is left out). */
  quoted(text: string, end = NEVER): void {
    const { length } = text;
    if (this.at + length > this.bytes.length) this.grow(length);
    const { bytes, at } = this;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code === end) {
        this.at = at + i;
        return;
      }
      if (PLAIN_IN_JSON[code & 0xff] === 0 || code > 0xff) {
        const stop = end === NEVER ? -1 : text.indexOf(String.fromCharCode(end), i);
        this.text(inQuotes(stop === -1 ? text : text.slice(0, stop)));
        return;
      }
      bytes[at + i] = code;
    }
    this.at = at + length;
  }

  /** A whole number from 0 on, in decimal digits. */
  whole(n: number): void {
    if (n >= 100_000_000) {
      this.text(String(n));
      return;
    }
    if (this.at + 8 > this.bytes.length) this.grow(8);
    const { bytes, at } = this;
    let end = at + 1;
    for (let more = n; more >= 10; more = (more / 10) | 0) end++;
    this.at = end;
    for (let left = n; end > at; left = (left / 10) | 0) bytes[--end] = ZERO + (left % 10);
  }

  /** Whether so many bytes more still make a message of the usual size. */
  fits(more: number): boolean {
    return this.at - this.from + more <= SHEET_BYTES;
  }

  /** Whether there is room for one more message of the usual size. */
  get roomy(): boolean {
    return this.at + SHEET_BYTES <= this.bytes.length;
  }

  /** What was put since `begin`, in place. */
  view(): Buffer {
    if (this.from !== 0) return this.bytes.subarray(this.from, this.at);
    const length = this.at;
    const known = this.views[length % VIEWS];
    if (known !== undefined && known.length === length) return known;
    const view = this.bytes.subarray(0, length);
    this.views[length % VIEWS] = view;
    return view;
  }

  /** What was put still waits to be written and stays where it is: the next message is put together elsewhere. */
  leave(): void {
    this.place(Buffer.allocUnsafeSlow(SHEET_BYTES));
    this.clear();
  }

  private grow(more: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.at + more, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.at);
    this.place(larger);
  }

  private place(bytes: Buffer): void {
    this.bytes = bytes;
    this.words = wordsOf(bytes);
    this.views = new Array(VIEWS);
  }
}

/** The thread's sheet for messages (each worker thread has its own instance of this module). */
export const SHEET = new Sheet(TURN_BYTES);

/** Bytes that are put on sheets often, as such and as words of four. */
export interface Kept {
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/** A latin1 text, for `put`. */
export function kept(text: string): Kept {
  const { length } = text;
  const words = new Int32Array(Math.ceil(length / 4));
  const bytes = new Uint8Array(words.buffer, 0, length);
  for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i);
  return { length, bytes, words };
}

function putWords(into: DataView, at: number, words: Int32Array, from: number, to: number): void {
  for (let i = from, place = at; i < to; i++, place += 4) into.setInt32(place, words[i], LITTLE_ENDIAN);
}

function wordsOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A text as it stands between the quotes of JSON, with everything above ASCII escaped, which JSON.stringify leaves as it is. */
export function inQuotes(text: string): string {
  const json = JSON.stringify(text).slice(1, -1);
  return json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
