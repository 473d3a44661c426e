/**
 * What the router's own readers make of a stream of bytes that arrives in pieces.
 *
 * Rule: pieces are taken as proxy/client.ts and upstream/link.ts take them: what is no whole head yet is kept, and read anew
 * only where something can be learnt; the first read of a head stands in the thread's shared buffer where `shared` says so,
 * at any place of it, among bytes of others.
 */

import { SHARED } from '../../src/core/io.ts';
import { NameSet } from '../../src/core/names.ts';
import { BodyReader } from '../../src/http1/body.ts';
import { INCOMPLETE, REFUSED } from '../../src/http1/fields.ts';
import { ReplyHead } from '../../src/http1/reply.ts';
import { type HeadLimits, RequestHead } from '../../src/http1/request.ts';
import { ground } from '../unit/proxy/table.ts';
import type { Field } from './grammar.ts';

export const GROUND = ground({ zone: 'edge', caller: 'x-caller' });
/** The same for callers who are believed about correlation. */
export const INTERNAL = ground({ zone: 'internal', caller: 'x-caller' });

export interface Said {
  /** The head as it came, with its empty line. */
  readonly head: string;
  readonly fields: readonly Field[];
  /** Facts that every reading of the same bytes must share. */
  readonly facts: string;
  /** The body as framed on the wire, and the data in it. */
  readonly raw: string;
  readonly body: string;
  readonly chunked: boolean;
  readonly byClose: boolean;
  readonly start: number;
  readonly end: number;
}

export interface Verdict {
  readonly messages: readonly Said[];
  /** How the reading ended: all bytes belong to messages, one is not complete, or one is refused. */
  readonly last: 'complete' | 'incomplete' | 'refused';
  readonly reason: string;
  /** The refusal is about a size, which is found out sooner or later depending on the pieces. */
  readonly bySize: boolean;
}

export interface How {
  readonly shared?: boolean;
  /** Where in the shared buffer reads stand. */
  readonly offset?: number;
  readonly limits?: HeadLimits;
  /** Method of the request, for replies. */
  readonly method?: string;
  /** Nothing follows the last piece. */
  readonly closed?: boolean;
  readonly guarded?: ReadonlySet<string> | undefined;
}

export const LIMITS: HeadLimits = { target: 16_384, head: 65_536, headers: 200 };

const FRAMING_CHUNKED = 2;
const FRAMING_CLOSE = 3;
/** What stands in the shared buffer around a read: bytes that would go on in a value, a name, a line. */
const REMAINS = 'x: y\r\n\r\nGET / HTTP/1.1\r\naaaaaaaa 0\r\n';

type Parse = (bytes: Buffer, start: number, end: number) => number;

/** One direction of one connection. */
class Conversation {
  readonly messages: Said[] = [];
  ended: Verdict['last'] = 'complete';
  reason = '';
  bySize = false;
  private readonly head: RequestHead | ReplyHead;
  private readonly parse: Parse;
  private readonly unreadUpTo: (pending: Buffer) => number;
  private readonly guarded: ReadonlySet<string> | undefined;
  private readonly body = new BodyReader();
  private pending: Buffer | undefined = undefined;
  private inBody = false;
  private headText = '';
  private emptyLinePassed = false;
  private final = false;
  private start = 0;
  private passed = 0;
  private raw = '';
  private data = '';

  constructor(kind: 'request' | 'reply', how: How, names: NameSet) {
    const limits = how.limits ?? LIMITS;
    this.guarded = how.guarded;
    if (kind === 'request') {
      const head = new RequestHead();
      this.head = head;
      this.parse = (bytes, start, end) => head.parse(bytes, start, end, names, limits);
      this.unreadUpTo = (pending) => (pending.includes(10) ? limits.head : limits.target);
    } else {
      const head = new ReplyHead();
      this.head = head;
      this.parse = (bytes, start, end) => head.parse(bytes, start, end, names, how.method === 'HEAD');
      this.unreadUpTo = () => 65_535;
    }
  }

  /** One read: `bytes` from `from` to `to`. */
  push(bytes: Buffer, from: number, to: number): void {
    if (this.ended === 'refused' || this.final) return;
    if (this.inBody) this.onBody(bytes, from, to);
    else if (this.pending === undefined) this.onHeads(bytes, from, to);
    else this.onMore(bytes.subarray(from, to));
  }

  private onMore(read: Buffer): void {
    const { pending } = this;
    if (pending === undefined) return;
    const all = Buffer.concat([pending, read]);
    const open = pending.at(-1) !== 13 && !read.includes(13) && !read.includes(10);
    if (open && all.length <= this.unreadUpTo(pending)) {
      this.pending = all;
      return;
    }
    this.pending = undefined;
    this.onHeads(all, 0, all.length);
  }

  private onHeads(bytes: Buffer, from: number, to: number): void {
    let at = from;
    if (this.head instanceof RequestHead && !this.emptyLinePassed && bytes[at] === 13 && at + 1 < to) {
      if (bytes[at + 1] === 10) {
        this.emptyLinePassed = true;
        at += 2;
        this.passed += 2;
      }
    }
    const lone = this.head instanceof RequestHead && at + 1 === to && bytes[at] === 13;
    const after = at === to || lone ? INCOMPLETE : this.parse(bytes, at, to);
    if (after === REFUSED) {
      this.refuse(this.head.refusal, this.head instanceof RequestHead ? this.head.code !== 'bad_request' : undefined);
    } else if (after === INCOMPLETE) {
      this.ended = at === to && this.messages.length > 0 ? 'complete' : 'incomplete';
      if (at < to) this.pending = Buffer.from(bytes.subarray(at, to));
      if (at < to) this.ended = 'incomplete';
    } else {
      this.start = this.passed;
      this.passed += after - at;
      this.beginBody(bytes, after, to);
    }
  }

  private beginBody(bytes: Buffer, from: number, to: number): void {
    const { head, body } = this;
    this.emptyLinePassed = false;
    this.inBody = true;
    this.headText = head.text();
    this.raw = '';
    this.data = '';
    body.begin(head.framing, head.length, true, this.guarded);
    this.onBody(bytes, from, to);
  }

  private onBody(bytes: Buffer, from: number, to: number): void {
    const { body } = this;
    const after = body.read(bytes, from, to);
    if (after === -1) {
      this.refuse(body.refusal, /too long$/.test(body.refusal));
      return;
    }
    if (after < from || after > to || (!body.done && after !== to)) throw new Error('the body reader lost its way');
    this.raw += bytes.toString('latin1', from, after);
    if (body.ranges === undefined) this.data += bytes.toString('latin1', from, after);
    const ranges = body.ranges ?? [];
    for (let i = 0; i < ranges.length; i += 2) this.data += bytes.toString('latin1', ranges[i], ranges[i + 1]);
    this.passed += after - from;
    this.ended = 'incomplete';
    if (!body.done) return;
    this.complete();
    if (after < to && !this.final) this.onHeads(bytes, after, to);
  }

  /** The peer closed. */
  close(): void {
    if (this.inBody && this.body.framing === FRAMING_CLOSE && this.ended !== 'refused') this.complete();
  }

  private complete(): void {
    const { head } = this;
    this.inBody = false;
    this.ended = 'complete';
    this.final = head instanceof ReplyHead && (head.status >= 200 || head.status === 101);
    if (this.data.length !== this.body.dataBytes) throw new Error('data bytes were miscounted');
    this.messages.push({
      head: this.headText,
      fields: fieldsIn(this.headText),
      facts: factsOf(head),
      raw: this.raw,
      body: this.data,
      chunked: head.framing === FRAMING_CHUNKED,
      byClose: head.framing === FRAMING_CLOSE,
      start: this.start,
      end: this.passed,
    });
  }

  private refuse(reason: string, bySize = /longer than/.test(reason)): void {
    if (reason === '') throw new Error('a refusal without a reason');
    this.ended = 'refused';
    this.reason = reason;
    this.bySize = bySize;
  }
}

/** Reads pieces of latin1 text one after another. */
export function readPieces(
  kind: 'request' | 'reply',
  pieces: readonly string[],
  how: How = {},
  names: NameSet = GROUND.names,
): Verdict {
  const conversation = new Conversation(kind, how, names);
  for (const piece of pieces) {
    if (how.shared === true && piece.length + 64 < SHARED.length) {
      const from = (how.offset ?? 0) % 64;
      SHARED.fill(REMAINS, 0, Math.min(SHARED.length, from + piece.length + 64), 'latin1');
      SHARED.write(piece, from, 'latin1');
      conversation.push(SHARED, from, from + piece.length);
    } else {
      const bytes = Buffer.from(piece, 'latin1');
      conversation.push(bytes, 0, bytes.length);
    }
  }
  if (how.closed === true) conversation.close();
  const { messages, ended, reason, bySize } = conversation;
  return { messages, last: ended, reason, bySize };
}

/** The head again, alone, with names of its own: for what stands in its lines. */
export function requestAgain(said: Said, names: NameSet, limits = LIMITS): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(said.head, 'latin1');
  if (head.parse(bytes, 0, bytes.length, names, limits) !== bytes.length) throw new Error('refused the second time');
  return head;
}

export function replyAgain(said: Said, names: NameSet, method: string): ReplyHead {
  const head = new ReplyHead();
  const bytes = Buffer.from(said.head, 'latin1');
  if (head.parse(bytes, 0, bytes.length, names, method === 'HEAD') !== bytes.length) throw new Error('refused then');
  return head;
}

/** The field lines of an accepted head, which has nothing but CRLF as line end. */
function fieldsIn(head: string): Field[] {
  const lines = head.slice(0, -4).split('\r\n').slice(1);
  return lines.map((line): Field => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
  });
}

function factsOf(head: RequestHead | ReplyHead): string {
  const { connection, framing, length, minor, fieldsStart, upgrade, fields } = head;
  const named = connection.named === undefined ? [] : [...connection.named].sort();
  const common = [
    { ...connection, named },
    framing,
    length,
    minor,
    fieldsStart,
    upgrade,
    fields.lines.slice(0, fields.used),
  ];
  if (head instanceof ReplyHead)
    return JSON.stringify([...common, head.status, head.keepAliveSeconds, head.persistent]);
  const { method, target, originForm, rawHost, host, teTrailers, expectContinue } = head;
  return JSON.stringify([...common, method, target, originForm, rawHost, host, teTrailers, expectContinue]);
}

/** A set of these names and those of the wire. */
export function namesOf(fields: readonly Field[]): NameSet {
  const names = new NameSet();
  for (const [name] of fields) names.add(name);
  return names;
}
