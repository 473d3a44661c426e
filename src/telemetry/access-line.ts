/**
 * Finished exchanges as lines of JSON in pino's shape.
 *
 * Rule: the line is put together by hand because that happens for every exchange: at 70,000 lines a second JSON.stringify
 * alone would take a fifth of a core. A line is pure ASCII (everything else is escaped), so its bytes are its characters.
 * The path is written without its query, which may carry secrets. Gathering and sending is left to access-log.ts.
 */

import type { Exchange } from '../core/exchange.ts';
import { ownText } from '../core/text.ts';

/** Places known per block of counters before the list is begun anew. */
const PLACES_LIMIT = 256;

/** Where an exchange came from and went to, with the part of the line that says so. */
interface Place {
  readonly listener: string;
  readonly route: string | undefined;
  readonly upstream: string | undefined;
  readonly member: string | undefined;
  readonly revision: string;
  readonly text: string;
}

export class AccessLines {
  private readonly origin: string;
  /** By block of counters, which stands for route and upstream. */
  private places: Place[][] = [];
  private time = 0;
  private start = '';
  // What the line before said of these facts, and the text of it.
  private client: string | undefined = undefined;
  private method = '';
  private host = '';
  private askerText = '';
  private status = -1;
  private attempts = -1;
  private bytesIn = -1;
  private bytesOut = -1;
  private outcomeText = '';

  /** `pid` and `hostname` stand in every line, as pino has it. */
  constructor(pid: number, hostname: string) {
    this.origin = `,"pid":${pid},"hostname":"${inner(hostname)}","correlationId":"`;
  }

  /**
   * The line of an exchange, with its line feed. `time` is milliseconds since the epoch; `names` are the context headers
   * in the order of `exchange.context`. Facts that the exchange never got are left out. Method and trace ids are
   * written unchecked: the wire lets only tokens (RFC 9110 section 5.6.2) and hex digits through.
   */
  line(x: Exchange, time: number, names: readonly string[]): string {
    if (time !== this.time) {
      // The same millisecond serves many lines.
      this.time = time;
      this.start = ownText(`{"level":30,"time":${time}${this.origin}`);
    }
    let line = `${this.start}${inner(x.correlationId)}"`;
    if (x.context !== undefined) line += contextOf(x.context, names);
    if (x.caller !== undefined) line += `,"caller":"${inner(x.caller)}"`;
    if (x.version !== undefined) line += `,"version":"${inner(x.version)}"`;
    line += this.place(x) + this.asker(x) + inner(withoutQuery(x.target)) + this.outcome(x) + durationsOf(x);
    if (x.traceId !== '') line += `,"traceId":"${x.traceId}","spanId":"${x.spanId}"`;
    if (x.parentSpanId !== undefined) line += `,"parentSpanId":"${x.parentSpanId}"`;
    return `${line},"msg":"exchange"}\n`;
  }

  /** Five facts that are strings of the document, as one piece that is made once. */
  private place(x: Exchange): string {
    this.places[x.block] ??= [];
    const known = this.places[x.block];
    for (const place of known) {
      if (
        place.member === x.member &&
        place.upstream === x.upstream &&
        place.route === x.route &&
        place.listener === x.listener &&
        place.revision === x.revision
      ) {
        return place.text;
      }
    }
    const { listener, route, upstream, member, revision } = x;
    const text = JSON.stringify({ listener, route, upstream, member, revision }).slice(1, -1);
    if (known.length >= PLACES_LIMIT) known.length = 0;
    known.unshift({ listener, route, upstream, member, revision, text: ownText(`,${ascii(text)},"client":"`) });
    return known[0].text;
  }

  /** Who asked how: one client's exchanges in a row say the same. */
  private asker(x: Exchange): string {
    if (x.client !== this.client || x.method !== this.method || x.host !== this.host) {
      this.client = x.client;
      this.method = x.method;
      this.host = x.host;
      this.askerText = ownText(`${inner(x.client)}","method":"${x.method}","host":"${inner(x.host)}","path":"`);
    }
    return this.askerText;
  }

  /** Status and counts, from the quote that ends the path. */
  private outcome(x: Exchange): string {
    if (x.fault !== undefined) return outcomeOf(x);
    const { status, attempts, bytesIn, bytesOut } = x;
    if (
      status !== this.status ||
      attempts !== this.attempts ||
      bytesIn !== this.bytesIn ||
      bytesOut !== this.bytesOut
    ) {
      this.status = status;
      this.attempts = attempts;
      this.bytesIn = bytesIn;
      this.bytesOut = bytesOut;
      this.outcomeText = ownText(outcomeOf(x));
    }
    return this.outcomeText;
  }
}

function outcomeOf(x: Exchange): string {
  const code = x.fault === undefined ? '' : `,"code":"${x.fault.kind.code}","detail":"${inner(x.fault.detail)}"`;
  const outcome = `","status":${whole(x.status)}${code},"attempts":${whole(x.attempts)}`;
  return `${outcome},"bytesIn":${whole(x.bytesIn)},"bytesOut":${whole(x.bytesOut)}`;
}

function durationsOf(x: Exchange): string {
  let fields = `,"durations":{"total":${thousandths(x.totalTime)}`;
  if (x.firstByteTime >= 0) fields += `,"firstByte":${thousandths(x.firstByteTime)}`;
  // A pooled connection and no queue: the usual case as one piece.
  if (x.queueTime === 0 && x.connectTime === 0) return `${fields},"queue":0.000,"connect":0.000}`;
  if (x.queueTime >= 0) fields += `,"queue":${thousandths(x.queueTime)}`;
  if (x.connectTime >= 0) fields += `,"connect":${thousandths(x.connectTime)}`;
  return `${fields}}`;
}

function contextOf(values: readonly (string | undefined)[], names: readonly string[]): string {
  let fields = '';
  for (let i = 0; i < values.length && i < names.length; i++) {
    const value = values[i];
    if (value !== undefined) fields += `${fields === '' ? '' : ','}"${inner(names[i])}":"${inner(value)}"`;
  }
  return fields === '' ? '' : `,"context":{${fields}}`;
}

function withoutQuery(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

/** A string as it stands between the quotes of JSON. Nearly every one stands there as it is. */
function inner(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return ascii(JSON.stringify(text).slice(1, -1));
  }
  return text;
}

/** JSON with everything above ASCII escaped, which JSON.stringify leaves as it is. */
function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const WHOLE = Array.from({ length: 4096 }, (_, i) => String(i));
const FRACTION = Array.from({ length: 1000 }, (_, i) => `.${String(i).padStart(3, '0')}`);

/** Small numbers come from a list: making their text anew costs several times as much. */
function whole(n: number): string {
  return n < WHOLE.length ? WHOLE[n] : String(n);
}

/** Milliseconds with three decimals; microseconds as an integer spare the search for the shortest decimal form. */
function thousandths(ms: number): string {
  const micros = Math.round(ms <= 0 ? 0 : ms * 1000);
  const rest = micros % 1000;
  return whole((micros - rest) / 1000) + FRACTION[rest];
}
