/**
 * The heads that leave: for the upstream and for the client.
 *
 * Rule: what the rules keep is copied in runs, as bytes of the head as it came, so case, order, duplicates and odd bytes
 * stay; only lines that are cut break a run. Own lines follow at the end. All of it is put on a sheet (core/sheet.ts), so
 * that nothing is allocated for a head that changes nothing else.
 */

import type { Exchange } from '../core/exchange.ts';
import { NAME } from '../core/names.ts';
import { kept, type Sheet } from '../core/sheet.ts';
import { CR, SP } from '../http1/bytes.ts';
import { CUT, STRIDE } from '../http1/fields.ts';
import type { ReplyHead } from '../http1/reply.ts';
import type { RequestHead } from '../http1/request.ts';
import type { HeaderEdit } from '../policy/policy.ts';
import type { Rewrite } from '../routing/route.ts';
import { DROP, EXACT, type HeadRules, KEEP, NAME_LENGTH } from './rules.ts';

// Names of this file's own: to the compiler what is imported is no constant (http1/fields.ts).
const cutNumber = CUT;
const stride = STRIDE;
const [keep, drop, exact] = [KEEP, DROP, EXACT];
const nameLength = NAME_LENGTH;
const sp = SP;

const LINE_END = kept('\r\n');
const COLON_SPACE = kept(': ');
const TRACE_START = kept('traceparent: 00-');
const DASH = 45;
const SAMPLED = kept('-01\r\n');
const NOT_SAMPLED = kept('-00\r\n');
/** By the minor version of the client. */
const VIA = [kept('Via: 1.0 signalbox\r\n'), kept('Via: 1.1 signalbox\r\n')] as const;
const TE_TRAILERS = kept('TE: trailers\r\nConnection: TE\r\n');
const UPSTREAM_START = kept('x-signalbox-upstream: ');
const CLOSE = kept('Connection: close\r\n\r\n');
const KEEP_ALIVE = kept('Connection: keep-alive\r\n\r\n');
const STATUS_START = kept('HTTP/1.1');

/** Copies the field lines that stay, from `from` (counted from the head's start); the last empty line is left out. */
function copyLines(
  sheet: Sheet,
  head: RequestHead | ReplyHead,
  from: number,
  rules: Uint8Array,
  edit: HeaderEdit | undefined,
  alsoCut: number,
  alsoCutToo: number,
): void {
  const { bytes, start: origin, end } = head;
  const { lines, used } = head.fields;
  let run = origin + from;
  for (let at = 0; at < used; at += stride) {
    const number = lines[at];
    let rule = number === cutNumber || number === alsoCut || number === alsoCutToo ? drop : rules[number];
    if (edit?.cut.has(number) === true) rule = drop;
    if (rule === keep) continue;
    const start = origin + lines[at + 1];
    if (rule === exact) {
      const nameEnd = start + nameLength[number];
      const usual = nameEnd + 2 === origin + lines[at + 2] && bytes[nameEnd + 1] === sp;
      if (usual && lines[at + 3] + 2 === lines[at + 4]) continue;
      sheet.copy(bytes, run, nameEnd);
      sheet.put(COLON_SPACE);
      sheet.copy(bytes, origin + lines[at + 2], origin + lines[at + 3]);
      sheet.put(LINE_END);
    } else {
      sheet.copy(bytes, run, start);
    }
    run = origin + lines[at + 4];
  }
  sheet.copy(bytes, run, end - 2);
}

/** What a request is to go on as; every attempt of an exchange is made from the same. */
export interface Onward {
  readonly request: RequestHead;
  readonly exchange: Exchange;
  /** Of the table that the exchange boarded: its lines are numbered by that table's names. */
  readonly rules: HeadRules;
  readonly rewrite: Rewrite;
  /** X-Forwarded-* and Forwarded; see identify.ts. */
  readonly forwarded: string;
  /** Hops that are left behind this one (Max-Forwards), undefined where nobody counts. */
  readonly hops: number | undefined;
}

/**
 * Puts the head of an attempt on the sheet, complete. `authority` (`host:port` of the member) is for clients of HTTP/1.0
 * that named no host, neither in a Host line nor in the target; `left`: milliseconds until the deadline, Infinity for none.
 */
export function requestHead(sheet: Sheet, onward: Onward, authority: string, left: number): void {
  const { request: head, exchange, rewrite } = onward;
  const old = head.minor === 0;
  const counted = onward.hops !== undefined;
  const usual = counted ? onward.rules.counted : onward.rules.request;
  const rules = rewrite.host !== undefined || old ? narrowed(usual, rewrite.host !== undefined, old) : usual;
  const target = rewrite.target === undefined ? head.target : rewrite.target(head.target);
  const hostless = old && head.fields.times(NAME.host) === 0;
  const host = rewrite.host ?? (hostless ? head.rawHost || authority : undefined);
  const lineStays = head.originForm && !old && target === head.target;
  let from = 0;
  if (!lineStays || host !== undefined) {
    sheet.text(`${head.method} ${target} HTTP/1.1\r\n`);
    from = head.fieldsStart;
    if (host !== undefined) sheet.text(`Host: ${host}\r\n`);
  }
  const alsoCut = exchange.idGiven !== undefined ? CUT : onward.rules.id;
  const alsoCutToo = exchange.parentSpanId === undefined ? NAME.tracestate : CUT;
  copyLines(sheet, head, from, rules, rewrite.request, alsoCut, alsoCutToo);
  putIdentity(sheet, exchange, onward.rules);
  sheet.text(onward.forwarded);
  sheet.put(VIA[head.minor]);
  if (counted) sheet.text(`Max-Forwards: ${onward.hops}\r\n`);
  if (rewrite.request !== undefined) sheet.text(rewrite.request.append);
  if (head.upgrade !== '') sheet.text(`Connection: upgrade\r\nUpgrade: ${head.upgrade}\r\n`);
  else if (head.teTrailers) sheet.put(TE_TRAILERS);
  putAttempt(sheet, exchange.attempts, left);
}

/** The correlation id where none came in, and the trace. */
function putIdentity(sheet: Sheet, exchange: Exchange, rules: HeadRules): void {
  if (exchange.idGiven === undefined) {
    sheet.put(rules.idStart);
    exchange.putCorrelationId(sheet);
    sheet.put(LINE_END);
  }
  sheet.put(TRACE_START);
  exchange.putTraceId(sheet);
  sheet.byte(DASH);
  exchange.putSpanId(sheet);
  sheet.put(exchange.sampled ? SAMPLED : NOT_SAMPLED);
}

let firstTotal = -1;
let firstLines = kept('');

/**
 * The lines of one attempt, and the end of the head. `left`: milliseconds until the deadline; `total: off` leaves none to
 * tell. First attempts of an upstream all say the same (measured: making their text anew costs 0.1 us).
 */
function putAttempt(sheet: Sheet, attempts: number, left: number): void {
  if (attempts === 1 && left === firstTotal) {
    sheet.put(firstLines);
    return;
  }
  const deadline = left === Number.POSITIVE_INFINITY ? '' : `x-signalbox-deadline-ms: ${Math.max(left, 0)}\r\n`;
  const lines = kept(`x-signalbox-attempt: ${attempts}\r\n${deadline}\r\n`);
  sheet.put(lines);
  if (attempts !== 1) return;
  firstTotal = left;
  firstLines = lines;
}

/** HTTP/1.0 knows no Expect (RFC 9110 section 10.1.1), so what a 1.0 client sent goes no further. */
function narrowed(rules: Uint8Array, host: boolean, expect: boolean): Uint8Array {
  const copy = Uint8Array.from(rules);
  if (host) copy[NAME.host] = DROP;
  if (expect) copy[NAME.expect] = DROP;
  return copy;
}

/**
 * Puts the head for the client on the sheet, complete. `upstream`: on internal listeners, which one served; `close`: the
 * connection closes behind this reply; `minor`: HTTP minor version of the client; `date`: the time now as HTTP writes it,
 * where the reply has no Date (RFC 9110 section 6.6.1), else ''.
 */
export function replyHead(
  sheet: Sheet,
  head: ReplyHead,
  rules: HeadRules,
  edit: HeaderEdit | undefined,
  exchange: Exchange,
  upstream: string | undefined,
  close: boolean,
  minor: number,
  date: string,
): void {
  // No length in 204 and 1xx (RFC 9110 section 8.6), no coding for a client of HTTP/1.0, in replies to HEAD neither.
  const alsoCut = head.status === 204 || head.status < 200 ? NAME['content-length'] : CUT;
  const alsoCutToo = minor === 0 ? NAME['transfer-encoding'] : CUT;
  putStatusAndLines(sheet, head, rules.reply, edit, alsoCut, alsoCutToo);
  sheet.put(rules.idStart);
  exchange.putCorrelationId(sheet);
  sheet.put(LINE_END);
  if (upstream !== undefined) {
    sheet.put(UPSTREAM_START);
    sheet.text(upstream);
    sheet.put(LINE_END);
  }
  if (date !== '' && edit?.cut.has(NAME.date) !== true) sheet.text(`Date: ${date}\r\n`);
  if (edit !== undefined) sheet.text(edit.append);
  if (head.status === 101) sheet.text(`Connection: upgrade\r\nUpgrade: ${head.upgrade}\r\n\r\n`);
  else if (close) sheet.put(CLOSE);
  else sheet.put(minor === 0 && head.status >= 200 ? KEEP_ALIVE : LINE_END);
}

/** Puts the head of a 1xx reply that passes through on the sheet. */
export function interimHead(sheet: Sheet, head: ReplyHead, rules: HeadRules): void {
  putStatusAndLines(sheet, head, rules.reply, undefined, NAME['content-length'], CUT);
  sheet.put(LINE_END);
}

/**
 * The status line is copied with the run behind it, but for what a peer must not see of the origin: its HTTP/1.0, and a
 * missing space where a reason is missing (RFC 9112 section 4).
 */
function putStatusAndLines(
  sheet: Sheet,
  head: ReplyHead,
  rules: Uint8Array,
  edit: HeaderEdit | undefined,
  alsoCut: number,
  alsoCutToo: number,
): void {
  const { bytes, start, fieldsStart } = head;
  const bare = bytes[start + STATUS_END] === CR;
  if (head.minor === 1 && !bare) {
    copyLines(sheet, head, 0, rules, edit, alsoCut, alsoCutToo);
    return;
  }
  sheet.put(STATUS_START);
  sheet.copy(bytes, start + STATUS_START.length, start + STATUS_END);
  if (bare) sheet.byte(SP);
  sheet.copy(bytes, start + STATUS_END, start + fieldsStart);
  copyLines(sheet, head, fieldsStart, rules, edit, alsoCut, alsoCutToo);
}

/** Behind `HTTP/1.1 200`. */
const STATUS_END = 12;
