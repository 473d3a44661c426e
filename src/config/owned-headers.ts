/**
 * The headers that the router itself writes or frames messages with: no document edits them.
 *
 * Rule: a header has one author. What is passed on as it came (cookies, authorization, context) is not in this list.
 */

import { UNTOUCHABLE } from '../policy/headers.ts';
import type { Flaw } from './wording.ts';

/** Written by the router on every request, and some of them on replies. */
const OWN = new Set([
  'forwarded',
  'proxy-status',
  'traceparent',
  'tracestate',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);

/** Why a header cannot be edited; undefined where it can. `correlation`: the document's correlation header, lower case. */
export function ownedFlaw(name: string, correlation: string): Flaw | undefined {
  const lower = name.toLowerCase();
  if (lower === 'host') return { reason: 'Host is not edited here', advice: 'use `rewrite.host`' };
  if (UNTOUCHABLE.has(lower)) {
    const reason = `${name} frames the message or belongs to one connection, and cannot be edited`;
    return { reason, advice: 'remove it' };
  }
  if (!OWN.has(lower) && !lower.startsWith('x-signalbox-') && lower !== correlation) return undefined;
  return { reason: `${name} is written by the router and cannot be edited`, advice: 'remove it' };
}
