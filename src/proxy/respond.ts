/**
 * The replies the router makes itself.
 *
 * Rule: the only file that turns a fault into bytes. Errors are problem details (RFC 9457) with the fault's code, and carry
 * Proxy-Status (RFC 9209); they say what happened in words, and never anything of the client's that is not its own.
 */

import type { Exchange } from '../core/exchange.ts';
import type { Fault } from '../core/fault.ts';
import type { Reply } from '../policy/policy.ts';
import { httpDate } from './date.ts';

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Content Too Large',
  414: 'URI Too Long',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

const UPGRADE_REQUIRED = 426;

/** Seconds after which a refused client may try again, where nobody knows better. */
const RETRY_AFTER = 1;

/** The reply to a fault. `status` may differ from the fault's own (a route can name the status of unserved versions). */
export function faultReply(exchange: Exchange, fault: Fault, status: number): Reply {
  const { kind, detail } = fault;
  const problem = {
    type: `urn:signalbox:fault:${kind.code}`,
    title: kind.title,
    status,
    detail,
    code: kind.code,
    correlationId: exchange.correlationId,
  };
  const headers: [string, string][] = [
    ['Content-Type', 'application/problem+json'],
    ['Cache-Control', 'no-store'],
    ['Proxy-Status', `signalbox; error=${kind.proxyError}; details=${quoted(`${kind.code}: ${detail}`)}`],
  ];
  // RFC 9110 section 15.5.22 asks for the field. It is not the protocol that is too old here, so it names the one spoken.
  if (status === UPGRADE_REQUIRED) headers.push(['Upgrade', 'HTTP/1.1']);
  if (status === 503 || status === 429) {
    headers.push(['Retry-After', String(Math.max(1, Math.ceil(fault.retryAfter ?? RETRY_AFTER)))]);
  }
  return { status, headers, body: `${JSON.stringify(problem)}\n` };
}

/** Clients read heads of 8 KiB and up; a detail that quotes a long target must not make ours unreadable. */
const MOST_DETAILS = 512;

/** A structured-field string (RFC 9651 section 3.3.3): visible ASCII and space, quotes and backslashes escaped. */
function quoted(text: string): string {
  const short = text.length > MOST_DETAILS ? `${text.slice(0, MOST_DETAILS - 3)}...` : text;
  return `"${short.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

export interface ReplyContext {
  readonly correlationHeader: string;
  readonly close: boolean;
  /** HTTP minor version of the client. */
  readonly minor: number;
  /** The request was HEAD: the length is told, the body is not sent. */
  readonly head: boolean;
  /** Milliseconds since the epoch, for Date. */
  readonly wall: number;
}

/** A reply as bytes (a latin1 string of UTF-8 bytes). */
export function replyText(exchange: Exchange, reply: Reply, context: ReplyContext): string {
  const body = Buffer.from(reply.body, 'utf8').toString('latin1');
  let text = `HTTP/1.1 ${reply.status} ${REASONS[reply.status] ?? 'Status'}\r\nDate: ${httpDate(context.wall)}\r\n`;
  for (const [name, value] of reply.headers) text += `${name}: ${value}\r\n`;
  text += `${context.correlationHeader}: ${exchange.correlationId}\r\n`;
  if (reply.status !== 204) text += `Content-Length: ${body.length}\r\n`;
  const options = context.close ? ['close'] : context.minor === 0 ? ['keep-alive'] : [];
  if (reply.status === UPGRADE_REQUIRED) options.push('Upgrade');
  if (options.length > 0) text += `Connection: ${options.join(', ')}\r\n`;
  return `${text}\r\n${context.head ? '' : body}`;
}
