/**
 * Bodies that arrive in pieces, and what the reader made of them; beside it a second reader of chunked bodies, made of
 * regular expressions and sharing no line with the one under test.
 */

import assert from 'node:assert/strict';
import { BodyReader } from '../../../src/http1/body.ts';
import { FRAMING, type Framing } from '../../../src/http1/fields.ts';
import { latin1 } from './feed.ts';

export interface Outcome {
  /** Bytes that belong to the body; -1 where it was refused. */
  readonly consumed: number;
  readonly data: string;
  readonly dataBytes: number;
  readonly done: boolean;
  readonly refusal: string;
}

export interface How {
  readonly framing?: Framing;
  readonly length?: number;
  readonly guarded?: ReadonlySet<string>;
}

/** Reads the pieces one after another, as a connection does: until the body is done or refused. */
export function readBody(pieces: readonly string[], how: How = {}, reader = new BodyReader()): Outcome {
  reader.begin(how.framing ?? FRAMING.chunked, how.length ?? 0, true, how.guarded);
  let consumed = 0;
  let data = '';
  for (const piece of pieces) {
    // Bytes of others around it: positions are not counted from 0 on a connection.
    const bytes = latin1(`0\r\n${piece}#`);
    const after = reader.read(bytes, 3, bytes.length - 1);
    if (after === -1) return outcome(-1, data, reader);
    consumed += after - 3;
    const ranges = reader.ranges ?? [];
    for (let i = 0; i < ranges.length; i += 2) data += bytes.toString('latin1', ranges[i], ranges[i + 1]);
    if (reader.done) break;
    assert.equal(after, bytes.length - 1, 'all bytes belong to a body that is not done');
  }
  return outcome(consumed, data, reader);
}

function outcome(consumed: number, data: string, reader: BodyReader): Outcome {
  const { dataBytes, done, refusal } = reader;
  return { consumed, data, dataBytes, done, refusal };
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const CHUNK = new RegExp(`([0-9A-Fa-f]{1,16})(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*\\r\\n`, 'y');
const TRAILER = new RegExp(`(${TOKEN}):[\\t -~\\x80-\\xff]*\\r\\n`, 'y');

/** Where a complete chunked body ends, and its data; undefined where the text does not begin with one. */
export function chunkedReference(text: string): { end: number; data: string } | undefined {
  let at = 0;
  let data = '';
  for (;;) {
    CHUNK.lastIndex = at;
    const line = CHUNK.exec(text);
    if (line === null) return undefined;
    const size = Number.parseInt(line[1], 16);
    at += line[0].length;
    if (size === 0) break;
    if (text.slice(at + size, at + size + 2) !== '\r\n') return undefined;
    data += text.slice(at, at + size);
    at += size + 2;
  }
  TRAILER.lastIndex = at;
  for (let line = TRAILER.exec(text); line !== null; line = TRAILER.exec(text)) {
    if (/^(?:content-length|transfer-encoding|host|te)$/i.test(line[1])) return undefined;
    at += line[0].length;
    TRAILER.lastIndex = at;
  }
  return text.startsWith('\r\n', at) ? { end: at + 2, data } : undefined;
}
