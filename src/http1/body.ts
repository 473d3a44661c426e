/**
 * Where a body ends: counts the bytes of one message body as they pass.
 *
 * Rule: bytes are judged, never changed. A chunked body is read byte by byte where framing stands and in leaps where data
 * stands (RFC 9112 section 7.1); chunk lines, extensions and trailers pass as they came, so every one of them is checked
 * for what a lenient reader further on could misunderstand. White space in a chunk line, which RFC 9112 calls bad but
 * lets recipients parse, is refused: no client sends it, and readers differ about it.
 */

import { plainName } from '../core/names.ts';
import { CR, HEX, LF, TOKEN, VALUE } from './bytes.ts';
import { FRAMING, type Framing } from './fields.ts';

/** States of the chunked reader. Numbers: they are compared for every framing byte. */
const SIZE_FIRST = 0;
const SIZE = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const EXT_NAME = 6;
const EXT_VALUE = 7;
const EXT_QUOTED = 8;
const EXT_ESCAPED = 9;
const EXT_AFTER = 10;
const TRAILER_START = 11;
const TRAILER_NAME = 12;
const TRAILER_VALUE = 13;
const TRAILER_LF = 14;
const END_LF = 15;

const MOST_SIZE_DIGITS = 16;
/** Bytes of extensions in one body: more is an attempt to make framing dearer than data. */
const MOST_EXTENSION_BYTES = 16 * 1024;
const MOST_TRAILER_BYTES = 64 * 1024;

/** Fields that frame, route or authenticate a message must not come behind its body (RFC 9110 section 6.5.1). */
const NOT_AS_TRAILER = new Set([
  'content-length',
  'transfer-encoding',
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'content-encoding',
  'content-type',
  'content-range',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);

const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;
const COLON = 58;

export class BodyReader {
  framing: Framing = FRAMING.none;
  /** True once the last byte of the message was seen. */
  done = true;
  /** Why the body is malformed; '' while it is not. */
  refusal = '';
  /** Data bytes so far, without chunk lines and trailers. */
  dataBytes = 0;
  /** Where data stands in the bytes last read, as pairs of start and end; collected only where asked for. */
  ranges: number[] | undefined = undefined;
  /** Plain names that must not come as trailers beside the usual ones (those the router vouches for). */
  private guarded: ReadonlySet<string> | undefined = undefined;

  private remaining = 0;
  private state = SIZE_FIRST;
  private digits = 0;
  private extensionBytes = 0;
  private trailerBytes = 0;
  private lastChunk = false;
  private trailerName = '';

  /** `decode`: collect `ranges`, for a peer that does not know chunks. */
  begin(framing: Framing, length: number, decode: boolean, guarded: ReadonlySet<string> | undefined): void {
    this.framing = framing;
    this.done = framing === FRAMING.none || (framing === FRAMING.length && length === 0);
    this.refusal = '';
    this.dataBytes = 0;
    this.remaining = length;
    this.ranges = decode && framing === FRAMING.chunked ? [] : undefined;
    this.guarded = guarded;
    this.state = SIZE_FIRST;
    this.digits = 0;
    this.extensionBytes = 0;
    this.trailerBytes = 0;
    this.lastChunk = false;
  }

  /** The body is over, or nobody waits for its rest: what was gathered of a trailer goes. */
  forget(): void {
    this.trailerName = '';
    this.ranges = undefined;
  }

  /**
   * Takes what belongs to the body from `start`. Returns the position behind the last byte of it; -1 where the framing
   * is malformed, with `refusal` set.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    if (this.framing === FRAMING.chunked) return this.readChunks(bytes, start, end);
    if (this.done) return start;
    if (this.framing === FRAMING.close) {
      this.dataBytes += end - start;
      return end;
    }
    const take = Math.min(this.remaining, end - start);
    this.remaining -= take;
    this.dataBytes += take;
    this.done = this.remaining === 0;
    return start + take;
  }

  private readChunks(bytes: Uint8Array, start: number, end: number): number {
    if (this.ranges !== undefined) this.ranges.length = 0;
    let i = start;
    while (i < end && !this.done) {
      if (this.state === DATA) {
        const take = Math.min(this.remaining, end - i);
        this.ranges?.push(i, i + take);
        this.remaining -= take;
        this.dataBytes += take;
        i += take;
        if (this.remaining === 0) this.state = DATA_CR;
        continue;
      }
      const ok = this.state >= TRAILER_START ? this.trailerByte(bytes[i]) : this.chunkByte(bytes[i]);
      if (!ok) return -1;
      i++;
    }
    return i;
  }

  private chunkByte(byte: number): boolean {
    switch (this.state) {
      case SIZE_FIRST:
      case SIZE:
        return this.sizeByte(byte);
      case SIZE_LF:
        if (byte !== LF) return this.no('a chunk size line without CRLF');
        this.state = this.lastChunk ? TRAILER_START : DATA;
        return true;
      case DATA_CR:
        this.state = DATA_LF;
        return byte === CR || this.no('chunk data longer than its size');
      case DATA_LF:
        this.state = SIZE_FIRST;
        this.digits = 0;
        return byte === LF || this.no('chunk data without CRLF');
      default:
        return this.extensionByte(byte);
    }
  }

  private sizeByte(byte: number): boolean {
    const digit = HEX[byte];
    if (digit !== 255) {
      if (this.state === SIZE_FIRST) this.remaining = 0;
      this.state = SIZE;
      this.remaining = this.remaining * 16 + digit;
      if (++this.digits > MOST_SIZE_DIGITS || !Number.isSafeInteger(this.remaining))
        return this.no('a chunk size too large');
      return true;
    }
    if (this.state === SIZE_FIRST) return this.no('no chunk size');
    return this.chunkLineEnd(byte, 'an invalid byte in a chunk size');
  }

  /** After a size or a complete extension: another extension, or the end of the line. */
  private chunkLineEnd(byte: number, otherwise: string): boolean {
    this.lastChunk = this.remaining === 0;
    if (byte === SEMICOLON) {
      this.state = EXT_NAME;
      this.digits = 0;
      return true;
    }
    this.state = SIZE_LF;
    return byte === CR || this.no(otherwise);
  }

  /** `;name`, `;name=token` or `;name="quoted"`. `digits` counts the bytes of the name or value under way. */
  private extensionByte(byte: number): boolean {
    if (++this.extensionBytes > MOST_EXTENSION_BYTES) return this.no('chunk extensions too long');
    switch (this.state) {
      case EXT_NAME:
      case EXT_VALUE: {
        const first = this.digits++ === 0;
        if (TOKEN[byte] === 1) return true;
        if (this.state === EXT_VALUE && first && byte === QUOTE) {
          this.state = EXT_QUOTED;
          return true;
        }
        if (first) return this.no('a malformed chunk extension');
        if (this.state === EXT_NAME && byte === EQUALS) {
          this.state = EXT_VALUE;
          this.digits = 0;
          return true;
        }
        return this.chunkLineEnd(byte, 'a malformed chunk extension');
      }
      case EXT_QUOTED:
        if (byte === QUOTE) this.state = EXT_AFTER;
        else if (byte === BACKSLASH) this.state = EXT_ESCAPED;
        return VALUE[byte] === 1 || this.no('a control byte in a chunk extension');
      case EXT_ESCAPED:
        this.state = EXT_QUOTED;
        return VALUE[byte] === 1 || this.no('a control byte in a chunk extension');
      default:
        return this.chunkLineEnd(byte, 'a malformed chunk extension');
    }
  }

  private trailerByte(byte: number): boolean {
    if (++this.trailerBytes > MOST_TRAILER_BYTES) return this.no('trailers too long');
    switch (this.state) {
      case TRAILER_START:
        if (byte === CR) {
          this.state = END_LF;
          return true;
        }
        this.state = TRAILER_NAME;
        this.trailerName = String.fromCharCode(byte);
        return TOKEN[byte] === 1 || this.no('an invalid byte in a trailer name');
      case TRAILER_NAME:
        if (byte === COLON) return this.trailerNamed();
        this.trailerName += String.fromCharCode(byte);
        return TOKEN[byte] === 1 || this.no('an invalid byte in a trailer name');
      case TRAILER_VALUE:
        if (byte === CR) this.state = TRAILER_LF;
        return byte === CR || VALUE[byte] === 1 || this.no('a control byte in a trailer');
      case TRAILER_LF:
        this.state = TRAILER_START;
        return byte === LF || this.no('a CR without LF in a trailer');
      default:
        this.done = byte === LF;
        return this.done || this.no('a CR without LF after the last chunk');
    }
  }

  private trailerNamed(): boolean {
    const name = this.trailerName.toLowerCase();
    const seen = plainName(name);
    if (NOT_AS_TRAILER.has(seen) || this.guarded?.has(seen) === true) return this.no(`${name} as a trailer`);
    this.state = TRAILER_VALUE;
    return true;
  }

  private no(reason: string): false {
    this.refusal = reason;
    return false;
  }
}
