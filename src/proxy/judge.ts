/**
 * Whether a failed try deserves another: step 9 of the line, as one plain question.
 *
 * Rule: a request that may have been processed goes out again only where twice does no harm (RFC 9110 section 9.2.2), only
 * while no byte of a reply went to the client, only with the very body it came with, and only as long as there is time,
 * budget and tries. What is not asked for by the document is answered `no`, what is and cannot be is a denial that is counted.
 */

import type { DenialCause, RetryReason } from '../core/lanes.ts';
import { RETRY_REASONS } from '../core/lanes.ts';
import type { ReplyHead } from '../http1/reply.ts';
import type { Failure, Retry } from '../policy/policy.ts';

export interface Failed {
  readonly failure: Failure;
  readonly method: string;
  /** Further tries made so far. */
  readonly further: number;
  /** Another member is there that was not tried yet. */
  readonly elsewhere: boolean;
  /** Milliseconds until the exchange's time is over. */
  readonly left: number;
  /** Milliseconds that the upstream asked to be spared for (Retry-After); 0 where it asked for none. */
  readonly spare: number;
}

/** Milliseconds to wait before another try, or why there is none. Where it is a number, the budget has paid for it. */
export function nextTry(retry: Retry, failed: Failed, now: number): number | DenialCause | 'no' {
  const { failure, method, further, elsewhere, left, spare } = failed;
  if (!retry.retriesOn(failure)) return 'no';
  // Without a connection nothing was sent, whatever the method.
  if (failure !== 'connect' && !retry.retriesMethod(method)) return 'no';
  if (further >= retry.attempts) return 'attempts';
  // A member that could not be reached says nothing about another one: no need to spare that.
  const pause = failure === 'connect' && elsewhere ? 0 : Math.max(retry.pause(further + 1), spare);
  if (pause >= left) return 'deadline';
  return retry.spend(now) ? pause : 'budget';
}

/** The counter of a retry after such a failure. */
export function retryReason(failure: Failure): RetryReason {
  const name = String(failure);
  return RETRY_REASONS.find((reason) => reason === name) ?? 'status';
}

const RETRY_AFTER = /\r\nretry-after:[ \t]*([^\r]*?)[ \t]*\r\n/i;

/** Milliseconds that a reply asks to be spared for (RFC 9110 section 10.2.3); 0 where it says nothing that can be read. */
export function spareTime(head: ReplyHead, wall: number): number {
  const value = RETRY_AFTER.exec(head.text())?.[1];
  if (value === undefined) return 0;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const until = Date.parse(value);
  return Number.isNaN(until) ? 0 : Math.max(0, until - wall);
}
