/**
 * Heads that arrive in pieces, read the way connections read them, and what a head said once it is complete.
 *
 * Rule: pieces are kept together until they make a head; a piece without a line end is not read at all while the head is
 * small, because nothing new can be learnt of it, unless a CR stands in it or before it.
 */

import { NameSet } from '../../../src/core/names.ts';
import { INCOMPLETE, STRIDE } from '../../../src/http1/fields.ts';
import { ReplyHead } from '../../../src/http1/reply.ts';
import { type HeadLimits, RequestHead } from '../../../src/http1/request.ts';

/** The defaults of the contract. */
export const LIMITS: HeadLimits = { target: 16_384, head: 65_536, headers: 200 };

export const NAMES = new NameSet();

type Parse = (bytes: Buffer, start: number, end: number) => number;

/** One head in pieces. `most`: up to this size a piece without a line end is kept unread. */
class Pieces {
  private pending: Buffer | undefined = undefined;
  private readonly parse: Parse;
  private readonly most: number;

  constructor(parse: Parse, most: number) {
    this.parse = parse;
    this.most = most;
  }

  push(piece: Buffer): number {
    const bytes = this.pending === undefined ? piece : Buffer.concat([this.pending, piece]);
    const open = this.pending?.at(-1) !== 13 && !piece.includes(13);
    if (open && this.pending !== undefined && bytes.length <= this.most && !piece.includes(10)) {
      this.pending = bytes;
      return INCOMPLETE;
    }
    this.pending = Buffer.from(bytes);
    return this.parse(bytes, 0, bytes.length);
  }
}

/** A request head in pieces; `head` may have read other requests before. */
export function requestPieces(head: RequestHead, names = NAMES, limits = LIMITS): Pieces {
  return new Pieces((bytes, start, end) => head.parse(bytes, start, end, names, limits), limits.target);
}

export function replyPieces(head: ReplyHead, names = NAMES, headRequest = false): Pieces {
  return new Pieces((bytes, start, end) => head.parse(bytes, start, end, names, headRequest), 65_535);
}

/** Everything a complete request head says. */
export function requestFacts(head: RequestHead): Record<string, unknown> {
  const { method, target, originForm, rawHost, host, minor, framing, length } = head;
  const { upgrade, teTrailers, expectContinue, fieldsStart } = head;
  const options = optionsOf(head.connection);
  const facts = {
    method,
    target,
    originForm,
    rawHost,
    host,
    minor,
    framing,
    length,
    upgrade,
    teTrailers,
    expectContinue,
  };
  return { ...facts, fieldsStart, options, text: head.text(), lines: linesOf(head) };
}

/** Everything a complete reply head says. */
export function replyFacts(head: ReplyHead): Record<string, unknown> {
  const { status, minor, framing, length, keepAliveSeconds, upgrade, fieldsStart, persistent } = head;
  const options = optionsOf(head.connection);
  const facts = { status, minor, framing, length, keepAliveSeconds, upgrade, fieldsStart, persistent };
  return { ...facts, options, text: head.text(), lines: linesOf(head) };
}

function optionsOf(connection: RequestHead['connection']): Record<string, unknown> {
  return { ...connection, named: connection.named === undefined ? [] : [...connection.named].sort() };
}

/** The noted lines, STRIDE numbers each. */
export function linesOf(head: RequestHead | ReplyHead): number[][] {
  const { fields } = head;
  return Array.from({ length: fields.count }, (_, i) => fields.lines.slice(i * STRIDE, (i + 1) * STRIDE));
}

export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Reads a whole request head (latin1), which may be followed by other bytes. */
export function readRequest(text: string, names = NAMES, limits = LIMITS): { head: RequestHead; after: number } {
  const head = new RequestHead();
  const bytes = latin1(text);
  return { head, after: head.parse(bytes, 0, bytes.length, names, limits) };
}

/** Reads a whole reply head (latin1), which may be followed by other bytes. */
export function readReply(text: string, headRequest = false, names = NAMES): { head: ReplyHead; after: number } {
  const head = new ReplyHead();
  const bytes = latin1(text);
  return { head, after: head.parse(bytes, 0, bytes.length, names, headRequest) };
}
