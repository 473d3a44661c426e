/**
 * Waits until the kernel has forgotten the connections that earlier cases ended.
 *
 * Rule: no case pays for another. Taking ten thousand entries of TIME-WAIT away (RFC 9293 section 3.6.1) is put down to whoever
 * runs on the proxy's core a minute later: event streams seemed to cost eight times as much behind `churn`.
 */

import { existsSync, readFileSync } from 'node:fs';
import { pause } from './processes.ts';

const SOCKETS = '/proc/net/sockstat';
/** Fewer weigh nothing; cases that keep their connections leave that many at most. */
const FEW = 5_000;
/** Seconds: an entry lives for one minute. */
const LIMIT = 90;

export async function tracesGone(): Promise<void> {
  for (let seconds = 0; seconds < LIMIT && traces() > FEW; seconds++) await pause(1000);
}

/** How many ended connections are remembered; 0 where the system does not say. */
function traces(): number {
  return existsSync(SOCKETS) ? Number(/^TCP:.* tw (\d+)/m.exec(readFileSync(SOCKETS, 'utf8'))?.[1] ?? 0) : 0;
}
