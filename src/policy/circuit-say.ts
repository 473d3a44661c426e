/**
 * What is said of a circuit, to clients and operators.
 *
 * Rule: a refusal names the upstream, what led to it and when it may go better.
 */

import { type Fault, fault } from '../core/fault.ts';
import type { OpeningCause } from '../core/lanes.ts';
import { elapsed, MOST_REASON, timeWord, UPSTREAM_WORDS } from '../core/words.ts';
import { type CircuitState, STATE, stateIn } from './circuit-state.ts';

/** Retry-After of an isolation without end: somebody works on it. */
const ISOLATED_RETRY = 60;

/** Why an operator holds the circuit. */
export function reasonIn(words: Int32Array): string {
  const at = UPSTREAM_WORDS.reason;
  const length = Math.min(MOST_REASON, Math.max(0, Atomics.load(words, at)));
  const shared = new Uint8Array(words.buffer, words.byteOffset + (at + 1) * words.BYTES_PER_ELEMENT, length);
  return Buffer.from(shared).toString('utf8');
}

/** Writes the reason, as much of it as there is room for, whole letters. */
export function writeReason(words: Int32Array, reason: string): void {
  const at = UPSTREAM_WORDS.reason;
  const bytes = new Uint8Array(MOST_REASON);
  const { written } = new TextEncoder().encodeInto(reason, bytes);
  new Uint8Array(words.buffer, words.byteOffset + (at + 1) * words.BYTES_PER_ELEMENT, written).set(
    bytes.subarray(0, written),
  );
  Atomics.store(words, at, written);
}

export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** What opened a circuit, in words. */
export function openedBy(why: OpeningCause | undefined, figure: number): string {
  if (why === 'failure_rate') return `${figure}% of the requests failed`;
  if (why === 'probe') return figure === 0 ? 'its probe failed' : `its probe failed with status ${figure}`;
  return `${figure} failures in a row`;
}

export function isolatedFault(id: string, words: Int32Array, left: number): Fault {
  const reason = reasonIn(words);
  const why = reason === '' ? '' : `: ${reason}`;
  if (left === Number.POSITIVE_INFINITY)
    return fault('circuit_isolated', `an operator holds the circuit of ${id} open${why}`, ISOLATED_RETRY);
  const wait = Math.max(0, left);
  return fault(
    'circuit_isolated',
    `an operator holds the circuit of ${id} open for another ${seconds(wait)}${why}`,
    Math.max(1, Math.ceil(wait / 1000)),
  );
}

export function openFault(
  id: string,
  state: CircuitState,
  word: number,
  left: number,
  ramp: number,
  now: number,
): Fault {
  const { why, figure } = state.blamed();
  const cause = openedBy(why, figure);
  switch (stateIn(word)) {
    case STATE.open: {
      const ago = seconds(Math.max(0, elapsed(Atomics.load(state.words, UPSTREAM_WORDS.since), timeWord(now))));
      const wait = Math.max(0, left);
      const detail = `the circuit of ${id} is open since ${ago}: ${cause}; it is tried again in ${seconds(wait)}`;
      return fault('circuit_open', detail, Math.max(1, Math.ceil(wait / 1000)));
    }
    case STATE.ramp: {
      const share = ramp === 0 ? 100 : Math.round(100 * Math.min(1, Math.max(0, 1 - left / ramp)));
      return fault('circuit_open', `the circuit of ${id} lets ${share}% through after an opening: ${cause}`, 1);
    }
    case STATE.halfOpen:
      return fault('circuit_open', `the circuit of ${id} is half-open, one request probes it: ${cause}`, 1);
    default:
      return fault('circuit_open', `the circuit of ${id} was open until now: ${cause}`, 1);
  }
}
