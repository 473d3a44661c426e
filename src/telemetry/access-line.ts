/**
 * Finished exchanges as lines of JSON in pino's shape.
 *
 * Rule: the line is put together by hand, as bytes, because that happens for every exchange: at 70,000 lines a second
 * JSON.stringify alone would take a fifth of a core. A line is pure ASCII (everything else is escaped). The path is written
 * without its query, which may carry secrets. Gathering and sending is left to access-log.ts.
 */

import type { Exchange } from '../core/exchange.ts';
import { inQuotes, type Kept, kept, type Sheet } from '../core/sheet.ts';

/** Ends known per member, and members known, before either is begun anew. */
const ENDS_LIMIT = 256;
const MEMBERS_LIMIT = 16_384;

/** Where exchanges ended, with the part of the line that says so: behind a listener, and behind a route's id. */
interface End {
  readonly upstream: string | undefined;
  readonly member: string | undefined;
  readonly revision: string;
  readonly unrouted: Kept;
  readonly routed: Kept;
}

const NOWHERE = kept('');

const QUOTE = 34;
const COMMA = 44;
const POINT = 46;
const ZERO = 48;
const QUESTION_MARK = 63;
const BRACE_CLOSED = 125;
const COLON_QUOTE = kept('":"');
const CONTEXT = kept(',"context":{');
const CALLER = kept(',"caller":"');
const VERSION = kept(',"version":"');
const METHOD = kept('","method":"');
const HOST = kept('","host":"');
const PATH = kept('","path":"');
const STATUS = kept('","status":');
const CODE = kept(',"code":"');
const DETAIL = kept(',"detail":"');
const ATTEMPTS = kept(',"attempts":');
const BYTES_IN = kept(',"bytesIn":');
const BYTES_OUT = kept(',"bytesOut":');
const TOTAL = kept(',"durations":{"total":');
const FIRST_BYTE = kept(',"firstByte":');
const QUEUE = kept(',"queue":');
const CONNECT = kept(',"connect":');
/** A pooled connection and no queue: the usual case as one piece. */
const NO_WAIT = kept(',"queue":0.000,"connect":0.000}');
const TRACE_ID = kept(',"traceId":"');
const SPAN_ID = kept('","spanId":"');
const PARENT = kept(',"parentSpanId":"');
const END = kept(',"msg":"exchange"}\n');

export class AccessLines {
  private readonly origin: string;
  /** By member; undefined for exchanges that reached none. */
  private readonly ends = new Map<string | undefined, End[]>();
  private time = 0;
  private start = kept('');
  // Where the line before came from and went to, and the bytes of it.
  private listener: string | undefined = undefined;
  private unrouted = kept('');
  private routed = kept('');
  private end: End = { upstream: undefined, member: undefined, revision: '\0', unrouted: NOWHERE, routed: NOWHERE };

  /** `pid` and `hostname` stand in every line, as pino has it. */
  constructor(pid: number, hostname: string) {
    this.origin = `,"pid":${pid},"hostname":"${inQuotes(hostname)}","correlationId":"`;
  }

  /**
   * Puts the line of an exchange on the sheet, with its line feed. `time` is milliseconds since the epoch; `names` are the
   * context headers in the order of `exchange.context`. Facts that the exchange never got are left out. Method and trace
   * ids are written unchecked: the wire lets only tokens (RFC 9110 section 5.6.2) and hex digits through.
   */
  put(sheet: Sheet, x: Exchange, time: number, names: readonly string[]): void {
    if (time !== this.time) {
      // The same millisecond serves many lines.
      this.time = time;
      this.start = kept(`{"level":30,"time":${time}${this.origin}`);
    }
    sheet.put(this.start);
    if (x.idGiven === undefined) x.putCorrelationId(sheet);
    else sheet.quoted(x.idGiven);
    sheet.byte(QUOTE);
    if (x.context !== undefined) putContext(sheet, x.context, names);
    if (x.caller !== undefined) putField(sheet, CALLER, x.caller);
    if (x.version !== undefined) putField(sheet, VERSION, x.version);
    this.putPlace(sheet, x);
    putAsker(sheet, x);
    putOutcome(sheet, x);
    putDurations(sheet, x);
    if (x.hasIds) {
      sheet.put(TRACE_ID);
      x.putTraceId(sheet);
      sheet.put(SPAN_ID);
      x.putSpanId(sheet);
      sheet.byte(QUOTE);
    }
    if (x.parentSpanId !== undefined) putField(sheet, PARENT, x.parentSpanId);
    sheet.put(END);
  }

  /**
   * Five facts that are strings of the document. A route's id is written as it is, between two pieces that most lines have
   * in common: where routes are many, a piece kept for each would be cold memory.
   */
  private putPlace(sheet: Sheet, x: Exchange): void {
    if (x.listener !== this.listener) {
      const text = `,"listener":"${inQuotes(x.listener)}"`;
      this.listener = x.listener;
      this.unrouted = kept(text);
      this.routed = kept(`${text},"route":"`);
    }
    if (!isEnd(this.end, x)) this.end = this.endOf(x);
    if (x.route === undefined) {
      sheet.put(this.unrouted);
      sheet.put(this.end.unrouted);
      return;
    }
    sheet.put(this.routed);
    sheet.quoted(x.route);
    sheet.put(this.end.routed);
  }

  private endOf(x: Exchange): End {
    const { upstream, member, revision } = x;
    const known = this.ends.get(member)?.find((end) => isEnd(end, x));
    if (known !== undefined) return known;
    const facts = Object.entries({ upstream, member, revision });
    const text = facts.map(([name, value]) => (value === undefined ? '' : `,"${name}":"${inQuotes(value)}"`)).join('');
    const end = {
      upstream,
      member,
      revision,
      unrouted: kept(`${text},"client":"`),
      routed: kept(`"${text},"client":"`),
    };
    if (this.ends.size >= MEMBERS_LIMIT) this.ends.clear();
    const others = this.ends.get(member) ?? [];
    this.ends.set(member, [end, ...others.slice(0, ENDS_LIMIT - 1)]);
    return end;
  }
}

function isEnd(end: End, { upstream, member, revision }: Exchange): boolean {
  return end.member === member && end.upstream === upstream && end.revision === revision;
}

/** Who asked for what, from within the quotes of the client. */
function putAsker(sheet: Sheet, x: Exchange): void {
  sheet.quoted(x.client);
  sheet.put(METHOD);
  sheet.text(x.method);
  sheet.put(HOST);
  sheet.quoted(x.host);
  sheet.put(PATH);
  sheet.quoted(x.target, QUESTION_MARK);
}

/** How it ended, from the quote that ends the path. */
function putOutcome(sheet: Sheet, x: Exchange): void {
  sheet.put(STATUS);
  sheet.whole(x.status);
  if (x.fault !== undefined) {
    putField(sheet, CODE, x.fault.kind.code);
    putField(sheet, DETAIL, x.fault.detail);
  }
  sheet.put(ATTEMPTS);
  sheet.whole(x.attempts);
  sheet.put(BYTES_IN);
  sheet.whole(x.bytesIn);
  sheet.put(BYTES_OUT);
  sheet.whole(x.bytesOut);
}

/** `start` with the opening quote, the value, the closing quote. */
function putField(sheet: Sheet, start: Kept, value: string): void {
  sheet.put(start);
  sheet.quoted(value);
  sheet.byte(QUOTE);
}

function putDurations(sheet: Sheet, x: Exchange): void {
  sheet.put(TOTAL);
  putThousandths(sheet, x.totalTime);
  if (x.firstByteTime >= 0) {
    sheet.put(FIRST_BYTE);
    putThousandths(sheet, x.firstByteTime);
  }
  if (x.queueTime === 0 && x.connectTime === 0) {
    sheet.put(NO_WAIT);
    return;
  }
  if (x.queueTime >= 0) {
    sheet.put(QUEUE);
    putThousandths(sheet, x.queueTime);
  }
  if (x.connectTime >= 0) {
    sheet.put(CONNECT);
    putThousandths(sheet, x.connectTime);
  }
  sheet.byte(BRACE_CLOSED);
}

function putContext(sheet: Sheet, values: readonly (string | undefined)[], names: readonly string[]): void {
  let some = false;
  for (let i = 0; i < values.length && i < names.length; i++) {
    const value = values[i];
    if (value === undefined) continue;
    if (some) sheet.byte(COMMA);
    else sheet.put(CONTEXT);
    some = true;
    sheet.byte(QUOTE);
    sheet.quoted(names[i]);
    sheet.put(COLON_QUOTE);
    sheet.quoted(value);
    sheet.byte(QUOTE);
  }
  if (some) sheet.byte(BRACE_CLOSED);
}

/** Milliseconds with three decimals; microseconds as an integer spare the search for the shortest decimal form. */
function putThousandths(sheet: Sheet, ms: number): void {
  const micros = Math.round(ms <= 0 ? 0 : ms * 1000);
  const rest = micros % 1000;
  sheet.whole((micros - rest) / 1000);
  sheet.byte(POINT);
  sheet.byte(ZERO + ((rest / 100) | 0));
  sheet.byte(ZERO + (((rest / 10) | 0) % 10));
  sheet.byte(ZERO + (rest % 10));
}
