/**
 * An operator's hand on a circuit, and what is seen of it from outside: for the control thread.
 *
 * Rule: an order stands when the call returns, and every thread follows it from its next request on; passes given out before
 * count for nothing. Whoever gives the order tells of it. An order with an end is ended by the thread that notices first.
 */

import { timeOf, timeWord, UPSTREAM_WORDS } from '../core/words.ts';
import { openedBy, reasonIn, writeReason } from './circuit-say.ts';
import { CircuitState, isOrder, NO_END, STATE, type State, stateIn } from './circuit-state.ts';

/** Longest order with an end, milliseconds: time words must tell past from future. */
export const LONGEST_ORDER = 1_000_000_000;

export interface CircuitView {
  /** A circuit that lets a growing share through is closed; one that is forced closed is closed, and forced. */
  readonly state: 'closed' | 'open' | 'half-open' | 'isolated';
  readonly forced: boolean;
  /** The operator's reason, or what opened it last; '' where nothing did. */
  readonly reason: string;
  /** When it ends by itself, on the scale of `now`; undefined where it does not. */
  readonly until: number | undefined;
  /** When it came into its state; undefined where nothing ever happened. */
  readonly since: number | undefined;
  /** Failures in a row. */
  readonly failures: number;
}

/** Holds the circuit open: nothing is sent to the upstream. `forMs`: undefined until `release`. */
export function isolate(words: Int32Array, now: number, reason: string, forMs: number | undefined): void {
  writeReason(words, reason);
  order(words, STATE.isolated, now, forMs);
}

/** Lets everything through, whatever fails. */
export function forceClosed(words: Int32Array, now: number, reason: string, forMs: number | undefined): void {
  writeReason(words, reason);
  order(words, STATE.forced, now, forMs);
}

/** Lets go: the circuit is closed and judges by itself again. False where no order held it; then nothing changes. */
export function release(words: Int32Array, now: number): boolean {
  const circuit = new CircuitState(words);
  for (;;) {
    const word = circuit.word;
    const state = stateIn(word);
    if (!isOrder(state)) return false;
    circuit.forget();
    if (!circuit.change(word, STATE.closed, NO_END)) continue;
    circuit.openings = 0;
    circuit.began(now);
    return true;
  }
}

export function circuitStateOf(words: Int32Array, now: number): CircuitView {
  const circuit = new CircuitState(words);
  const word = circuit.word;
  const left = circuit.left(word, now);
  const since = Atomics.load(words, UPSTREAM_WORDS.since);
  const failures = Atomics.load(words, UPSTREAM_WORDS.failures);
  const state = stateIn(word);
  const held = isOrder(state);
  // Ended by the next request, which may take its time: until then it says no more than it will say afterwards.
  const over = left <= 0 && (held || state === STATE.ramp);
  const { why, figure } = circuit.blamed();
  const began = since === 0 ? undefined : timeOf(since, Atomics.load(words, UPSTREAM_WORDS.sinceRound));
  return {
    state: held && over ? 'closed' : nameOf(state),
    forced: state === STATE.forced && !over,
    reason: held ? (over ? '' : reasonIn(words)) : circuit.openings === 0 ? '' : openedBy(why, figure),
    until: state === STATE.closed || over || left === Number.POSITIVE_INFINITY ? undefined : now + left,
    since: held && over ? now + left : began,
    failures,
  };
}

/** The state in one word, nearly free where a circuit is closed: for whoever looks at all of them again and again. */
export function circuitWordOf(words: Int32Array, now: number): CircuitView['state'] | 'forced' {
  const state = stateIn(Atomics.load(words, UPSTREAM_WORDS.circuit));
  if (state === STATE.closed || state === STATE.ramp) return 'closed';
  const view = circuitStateOf(words, now);
  return view.forced ? 'forced' : view.state;
}

function order(words: Int32Array, state: State, now: number, forMs: number | undefined): void {
  const circuit = new CircuitState(words);
  const until = forMs === undefined ? NO_END : timeWord(now + Math.min(forMs, LONGEST_ORDER));
  // Before the change: whoever sees the order reads from this when it ends.
  circuit.began(now);
  while (!circuit.change(circuit.word, state, until));
}

function nameOf(state: State): CircuitView['state'] {
  if (state === STATE.open) return 'open';
  if (state === STATE.halfOpen) return 'half-open';
  return state === STATE.isolated ? 'isolated' : 'closed';
}
