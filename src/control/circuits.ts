/**
 * An operator's hand on the circuit of an upstream.
 *
 * Rule: an order counts for the process from the moment it was given, outlives documents as long as they name the
 * upstream, and is told as an event with who gave it and why. How it stands in shared words is policy/circuit-control.ts's.
 */

import type { Clock } from '../core/clock.ts';
import type { PlaneEvents } from '../core/events.ts';
import type { BlockLedger } from '../core/ledger.ts';
import type { SharedLanes } from '../core/shared.ts';
import { type CircuitView, circuitStateOf, forceClosed, isolate, release } from '../policy/circuit-control.ts';
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
  | { readonly ok: true; readonly circuit: CircuitView }
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
  const said = give(words, now, order);
  const circuit = circuitStateOf(words, now);
  if (said !== undefined) {
    const until = circuit.until === undefined ? undefined : clock.wall() + circuit.until - now;
    tell({ is: 'circuit', upstream, state: circuit.state, cause: causeOf(said, order), until });
  }
  return { ok: true, circuit };
}

/** What was done, in words; undefined where there was nothing to do. */
function give(words: Int32Array, now: number, { state, reason, for: time }: CircuitOrder): string | undefined {
  if (state === 'auto') return release(words, now) ? 'let go' : undefined;
  if (state === 'closed') {
    forceClosed(words, now, reason, time);
    return 'forced closed';
  }
  isolate(words, now, reason, time);
  return 'held open';
}

function causeOf(said: string, { author, reason }: CircuitOrder): string {
  const who = author === '' ? 'an operator' : author;
  return reason === '' ? `${said} by ${who}` : `${said} by ${who}: ${reason}`;
}
