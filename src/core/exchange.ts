/**
 * One request and its reply, as facts.
 *
 * Rule: an exchange is made when a request head is complete and settles exactly once. Fields are filled by the step of
 * the line that learns them and read by whoever listens at the end (counters, access log, hop records). It holds
 * strings and numbers, never sockets; the ids made here are random digits, and become strings for those who ask.
 */

import { type Draw, digitsText } from './draw.ts';
import type { Fault } from './fault.ts';
import type { Sheet } from './sheet.ts';

const NO_DIGITS = new Int32Array();
/** Where the ids stand among the words drawn for an exchange, and how many words each has (W3C Trace Context for two). */
const CORRELATION = { at: 0, words: 8 } as const;
const TRACE = { at: 8, words: 8 } as const;
const SPAN = { at: 16, words: 4 } as const;
const WORDS = 20;

/** What the wire knows of a request; http1 fills it, routing and release read it. Valid until the exchange settles. */
export interface RequestFacts {
  readonly method: string;
  /** Path and query as they came, byte for byte (latin1): `/cart/7?x=1`, or `*` for OPTIONS. */
  readonly target: string;
  /** Host in lower case, without port; '' where an HTTP/1.0 client sent none. */
  readonly host: string;
  /** Minor HTTP/1 version: 0 or 1. */
  readonly minor: number;
  /** Value of the header with this number in the table's NameSet, white space around it trimmed, repeated lines joined
   * with `, ` (RFC 9110 section 5.3); undefined where the header is absent. */
  field(number: number): string | undefined;
}

export class Exchange {
  // 1 arrive
  /** Monotonic milliseconds when the head was complete. */
  readonly arrived: number;
  /** The one random draw, in [0, 1). */
  readonly draw: number;
  readonly request: RequestFacts;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly listener: string;
  /** The client's address: of the socket, or what a trusted proxy says. */
  client: string;
  /** The correlation id that came in and is passed on as it came; undefined where one is made here. */
  idGiven: string | undefined = undefined;
  /** Set where the table names a caller header and the request carries it. */
  caller: string | undefined = undefined;
  /** Values of the context headers, in the order of the document; undefined where absent. */
  context: readonly (string | undefined)[] | undefined = undefined;
  /** The trace that came in; undefined where one begins here. */
  traceGiven: string | undefined = undefined;
  /** Span of whoever called, where a valid traceparent came in. */
  parentSpanId: string | undefined = undefined;
  /** The flag of the trace; new traces are sampled. */
  sampled = true;
  private digits: Int32Array = NO_DIGITS;
  private digitsAt = 0;

  // 2 board, 3 match
  readonly revision: string;
  /** The path as matching reads it: unreserved percent-codes decoded, no query. */
  path = '';
  route: string | undefined = undefined;

  // 6 choose, 7 aim, 8 attempt
  upstream: string | undefined = undefined;
  version: string | undefined = undefined;
  member: string | undefined = undefined;
  attempts = 0;
  /** Block of counters of this (route, upstream) pair; see core/lanes.ts. 0 is the block of `_none`. */
  block = 0;

  // 9 judge, 10 relay
  /** Status sent to the client; 0 while none was, 499 where the client left before. */
  status = 0;
  fault: Fault | undefined = undefined;
  /** Body bytes as framed on the wire (chunk lines included). */
  bytesIn = 0;
  bytesOut = 0;

  // Durations in milliseconds; -1 where the step was not reached.
  queueTime = -1;
  connectTime = -1;
  firstByteTime = -1;
  totalTime = -1;
  /** True once 101 was relayed and bytes pass both ways. */
  tunnel = false;

  constructor(
    arrived: number,
    draw: number,
    request: RequestFacts,
    listener: string,
    client: string,
    revision: string,
  ) {
    this.arrived = arrived;
    this.draw = draw;
    this.request = request;
    this.method = request.method;
    this.target = request.target;
    this.host = request.host;
    this.listener = listener;
    this.client = client;
    this.revision = revision;
  }

  /** Draws the ids that are made here. */
  drawIds(draw: Draw): void {
    this.digitsAt = draw.reserve(WORDS);
    this.digits = draw.digits;
  }

  get hasIds(): boolean {
    return this.digits !== NO_DIGITS;
  }

  get correlationId(): string {
    return this.idGiven ?? digitsText(this.digits, this.digitsAt + CORRELATION.at, CORRELATION.words);
  }

  /** The trace this exchange belongs to: 32 hexadecimal digits. */
  get traceId(): string {
    return this.traceGiven ?? digitsText(this.digits, this.digitsAt + TRACE.at, TRACE.words);
  }

  /** This hop's own span: 16 hexadecimal digits. */
  get spanId(): string {
    return digitsText(this.digits, this.digitsAt + SPAN.at, SPAN.words);
  }

  putCorrelationId(sheet: Sheet): void {
    if (this.idGiven !== undefined) sheet.text(this.idGiven);
    else if (this.hasIds) sheet.fours(this.digits, this.digitsAt + CORRELATION.at, CORRELATION.words);
  }

  putTraceId(sheet: Sheet): void {
    if (this.traceGiven !== undefined) sheet.text(this.traceGiven);
    else sheet.fours(this.digits, this.digitsAt + TRACE.at, TRACE.words);
  }

  putSpanId(sheet: Sheet): void {
    sheet.fours(this.digits, this.digitsAt + SPAN.at, SPAN.words);
  }
}
