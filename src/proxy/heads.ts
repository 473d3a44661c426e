/**
 * The heads that leave: for the upstream and for the client.
 *
 * Rule: what the rules keep is copied in runs, as slices of the head as it came, so case, order, duplicates and odd bytes
 * stay; only lines that are cut break a run. Own lines follow at the end. The attempt's lines come last, because a
 * retry writes only those anew.
 */

import type { Exchange } from '../core/exchange.ts';
import { NAME } from '../core/names.ts';
import { CR, SP } from '../http1/bytes.ts';
import { CUT, type Fields, STRIDE } from '../http1/fields.ts';
import type { ReplyHead } from '../http1/reply.ts';
import type { RequestHead } from '../http1/request.ts';
import type { HeaderEdit } from '../policy/policy.ts';
import type { Rewrite } from '../routing/route.ts';
import type { Identity } from './identify.ts';
import { DROP, EXACT, KEEP, NAME_LENGTH } from './rules.ts';

/** Copies the field lines that stay, from `from`; the last empty line is left out. */
function copyLines(
  head: string,
  fields: Fields,
  from: number,
  rules: Uint8Array,
  edit: HeaderEdit | undefined,
  alsoCut: number,
  alsoCutToo: number,
): string {
  const { lines, used } = fields;
  let out = '';
  let run = from;
  for (let at = 0; at < used; at += STRIDE) {
    const number = lines[at];
    let rule = number === CUT || number === alsoCut || number === alsoCutToo ? DROP : rules[number];
    if (edit?.cut.has(number) === true) rule = DROP;
    if (rule === KEEP) continue;
    const start = lines[at + 1];
    if (rule === EXACT) {
      const nameEnd = start + NAME_LENGTH[number];
      const usual = nameEnd + 2 === lines[at + 2] && head.charCodeAt(nameEnd + 1) === SP;
      if (usual && lines[at + 3] + 2 === lines[at + 4]) continue;
      out += `${head.slice(run, nameEnd)}: ${head.slice(lines[at + 2], lines[at + 3])}\r\n`;
    } else {
      out += head.slice(run, start);
    }
    run = lines[at + 4];
  }
  return out + head.slice(run, head.length - 2);
}

/** The lines of our own that every attempt of an exchange carries alike. `forwarded`: see identify.ts. */
export function ownLines(
  exchange: Exchange,
  identity: Identity,
  header: string,
  forwarded: string,
  minor: number,
): string {
  const correlation = identity.kept ? '' : `${header}: ${exchange.correlationId}\r\n`;
  return `${correlation}${identity.traceparent}${forwarded}Via: 1.${minor} signalbox\r\n`;
}

/**
 * The head for the upstream, without the attempt's lines and the last empty line. `authority` (`host:port` of the member)
 * is for clients of HTTP/1.0 that named no host, neither in a Host line nor in the target.
 */
export function requestHead(
  head: RequestHead,
  usual: Uint8Array,
  rewrite: Rewrite,
  identity: Identity,
  own: string,
  authority: string,
): string {
  const old = head.minor === 0;
  const rules = rewrite.host !== undefined || old ? narrowed(usual, rewrite.host !== undefined, old) : usual;
  const target = rewrite.target === undefined ? head.target : rewrite.target(head.target);
  const hostless = old && head.fields.times(NAME.host) === 0;
  const host = rewrite.host ?? (hostless ? head.rawHost || authority : undefined);
  const lineStays = head.originForm && !old && target === head.target;
  let out = '';
  let from = 0;
  if (!lineStays || host !== undefined) {
    out = `${head.method} ${target} HTTP/1.1\r\n`;
    from = head.fieldsStart;
    if (host !== undefined) out += `Host: ${host}\r\n`;
  }
  const alsoCut = identity.kept ? CUT : identity.number;
  const alsoCutToo = identity.keepState ? CUT : NAME.tracestate;
  out += copyLines(head.head, head.fields, from, rules, rewrite.request, alsoCut, alsoCutToo) + own;
  if (rewrite.request !== undefined) out += rewrite.request.append;
  if (head.upgrade !== '') return `${out}Connection: upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  return head.teTrailers ? `${out}TE: trailers\r\nConnection: TE\r\n` : out;
}

let firstTotal = -1;
let firstLines = '';

/**
 * The lines of one attempt, and the end of the head. `left`: milliseconds until the deadline; `total: off` leaves none to
 * tell. First attempts of an upstream all say the same (measured: making their text anew costs 0.1 us).
 */
export function attemptLines(attempts: number, left: number): string {
  if (attempts === 1 && left === firstTotal) return firstLines;
  const deadline = left === Number.POSITIVE_INFINITY ? '' : `x-signalbox-deadline-ms: ${Math.max(left, 0)}\r\n`;
  const lines = `x-signalbox-attempt: ${attempts}\r\n${deadline}\r\n`;
  if (attempts === 1) {
    firstTotal = left;
    firstLines = lines;
  }
  return lines;
}

/** HTTP/1.0 knows no Expect (RFC 9110 section 10.1.1), so what a 1.0 client sent goes no further. */
function narrowed(rules: Uint8Array, host: boolean, expect: boolean): Uint8Array {
  const copy = Uint8Array.from(rules);
  if (host) copy[NAME.host] = DROP;
  if (expect) copy[NAME.expect] = DROP;
  return copy;
}

export interface ReplyParts {
  readonly correlationHeader: string;
  readonly correlationId: string;
  /** Set on internal listeners: which upstream served. */
  readonly upstream: string | undefined;
  /** The connection closes behind this reply. */
  readonly close: boolean;
  /** HTTP minor version of the client. */
  readonly minor: number;
  /** The time now as HTTP writes it, where the reply has no Date (RFC 9110 section 6.6.1); else ''. */
  readonly date: string;
}

/** The head for the client, complete. */
export function replyHead(head: ReplyHead, rules: Uint8Array, edit: HeaderEdit | undefined, parts: ReplyParts): string {
  // No length in 204 and 1xx (RFC 9110 section 8.6), no coding for a client of HTTP/1.0, in replies to HEAD neither.
  const alsoCut = head.status === 204 || head.status < 200 ? NAME['content-length'] : CUT;
  const alsoCutToo = parts.minor === 0 ? NAME['transfer-encoding'] : CUT;
  let out = statusAndLines(head, rules, edit, alsoCut, alsoCutToo);
  out += `${parts.correlationHeader}: ${parts.correlationId}\r\n`;
  if (parts.upstream !== undefined) out += `x-signalbox-upstream: ${parts.upstream}\r\n`;
  if (parts.date !== '' && edit?.cut.has(NAME.date) !== true) out += `Date: ${parts.date}\r\n`;
  if (edit !== undefined) out += edit.append;
  if (head.status === 101) return `${out}Connection: upgrade\r\nUpgrade: ${head.upgrade}\r\n\r\n`;
  if (parts.close) return `${out}Connection: close\r\n\r\n`;
  return parts.minor === 0 && head.status >= 200 ? `${out}Connection: keep-alive\r\n\r\n` : `${out}\r\n`;
}

/** The head of a 1xx reply that passes through. */
export function interimHead(head: ReplyHead, rules: Uint8Array): string {
  return `${statusAndLines(head, rules, undefined, NAME['content-length'], CUT)}\r\n`;
}

/**
 * The status line is copied with the run behind it, but for what a peer must not see of the origin: its HTTP/1.0, and a
 * missing space where a reason is missing (RFC 9112 section 4).
 */
function statusAndLines(
  head: ReplyHead,
  rules: Uint8Array,
  edit: HeaderEdit | undefined,
  alsoCut: number,
  alsoCutToo: number,
): string {
  const text = head.head;
  const bare = text.charCodeAt(STATUS_END) === CR;
  if (head.minor === 1 && !bare) return copyLines(text, head.fields, 0, rules, edit, alsoCut, alsoCutToo);
  const line = `HTTP/1.1${text.slice(8, STATUS_END)}${bare ? ' ' : ''}${text.slice(STATUS_END, head.fieldsStart)}`;
  return line + copyLines(text, head.fields, head.fieldsStart, rules, edit, alsoCut, alsoCutToo);
}

/** Behind `HTTP/1.1 200`. */
const STATUS_END = 12;
