/**
 * Max-Forwards (RFC 9110 section 7.6.2): how many more hops an OPTIONS or a TRACE may take.
 *
 * Rule: where none is left the router answers as the last one; else the number goes on, one less. A TRACE is shown its
 * way and nothing else, because any other line might be a secret.
 */

import { NAME } from '../core/names.ts';
import type { RequestHead } from '../http1/request.ts';
import type { Reply } from '../policy/policy.ts';

/** More hops than any path has; a longer number goes on as this. */
const MOST_HOPS = 1_000;

/** Undefined where the request knows no limit, -1 where it is malformed. Other methods may carry what they like. */
export function hopsOf(request: RequestHead): number | undefined {
  if (request.method !== 'OPTIONS' && request.method !== 'TRACE') return undefined;
  const value = request.field(NAME['max-forwards']);
  if (value === undefined) return undefined;
  return /^\d+$/.test(value) ? Math.min(Number(value), MOST_HOPS) : -1;
}

const SHOWN = /^(?:host|via|max-forwards):/i;

/** The reply of the last hop (RFC 9110 sections 9.3.7 and 9.3.8). */
export function lastHop(request: RequestHead): Reply {
  if (request.method === 'OPTIONS') return { status: 200, headers: [], body: '' };
  const lines = request
    .text()
    .split('\r\n')
    .filter((line, i) => i === 0 || SHOWN.test(line));
  const headers: [string, string][] = [
    ['Content-Type', 'message/http'],
    ['Cache-Control', 'no-store'],
  ];
  return { status: 200, headers, body: `${lines.join('\r\n')}\r\n\r\n` };
}
