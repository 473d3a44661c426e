/**
 * An operator's hand on the circuit of an upstream.
 *
 * Rule: an order counts for the process from the moment it was given, outlives documents as long as they name the
 * upstream, and is told as an event with who gave it and why. How it stands in shared words is policy/circuit-control.ts's;
 * how it outlives the process, circuit-orders.ts's.
 */

import type { Clock } from '../core/clock.ts';
import { formatDuration } from '../core/duration.ts';
import type { PlaneEvents } from '../core/events.ts';
import type { BlockLedger } from '../core/ledger.ts';
import type { SharedLanes } from '../core/shared.ts';
import {
  type CircuitView,
  circuitStateOf,
  forceClosed,
  isolate,
  LONGEST_ORDER,
  release,
} from '../policy/circuit-control.ts';
import type { AuditEntry } from './audit.ts';
import type { View } from './view.ts';

export interface CircuitOrder {
  /** Hold it open, force it closed, or let it judge by itself again. */
  readonly state: 'isolated' | 'closed' | 'auto';
  readonly reason: string;
  readonly author: string;
  /** Milliseconds; undefined: until the next order. */
  readonly for?: number | undefined;
}

export type CircuitAnswer =
  /** `changed`: false where there was nothing to let go of. */
  | { readonly ok: true; readonly changed: boolean; readonly circuit: CircuitView }
  | { readonly ok: false; readonly reason: string };

export interface CircuitParts {
  readonly clock: Clock;
  readonly ledger: BlockLedger;
  readonly lanes: SharedLanes;
  readonly tell: PlaneEvents;
}

export function setCircuit(parts: CircuitParts, view: View, upstream: string, order: CircuitOrder): CircuitAnswer {
  const { clock, ledger, lanes, tell } = parts;
  const upstreams = view.running?.document.upstreams ?? {};
  const block = Object.hasOwn(upstreams, upstream) ? ledger.blockOf(`upstream:${upstream}`) : undefined;
  if (block === undefined) return { ok: false, reason: `there is no upstream ${upstream} in the running document` };
  if (order.for !== undefined && !(order.for > 0)) return { ok: false, reason: '`for` must be longer than nothing' };
  const words = lanes.words.block(block);
  const now = clock.now();
  const changed = give(words, now, order);
  const circuit = circuitStateOf(words, now);
  if (changed) {
    const until = circuit.until === undefined ? undefined : clock.wall() + circuit.until - now;
    tell({ is: 'circuit', upstream, state: circuit.state, cause: causeOf(order), until });
  }
  return { ok: true, changed, circuit };
}

/** False where there was nothing to do. */
export function give(words: Int32Array, now: number, { state, reason, for: time }: CircuitOrder): boolean {
  if (state === 'auto') return release(words, now);
  if (state === 'closed') forceClosed(words, now, reason, time);
  else isolate(words, now, reason, time);
  return true;
}

const SAID = { isolated: 'held open', closed: 'forced closed', auto: 'let go' } as const;
const DONE = { isolated: 'isolated', closed: 'forced closed', auto: 'let go' } as const;

export function causeOf({ state, author, reason }: CircuitOrder): string {
  const who = author === '' ? 'an operator' : author;
  return `${SAID[state]} by ${who}${reason === '' ? '' : `: ${reason}`}`;
}

/** Its record in the audit log: beside the document that runs, which it leaves as it is. */
export function recordOf(upstream: string, order: CircuitOrder, revision: string): AuditEntry {
  const { state, author, reason, for: time } = order;
  const span = state === 'auto' || time === undefined ? '' : ` for ${formatDuration(Math.min(time, LONGEST_ORDER))}`;
  const words = [`upstream ${upstream} ${DONE[state]}${span}`];
  const nothing = { detail: '', patch: [], text: undefined };
  return { revision, parent: revision, source: 'api', author, reason, result: 'applied', words, ...nothing };
}
