/**
 * The state of a circuit in shared words, and how it is changed.
 *
 * Rule: one word holds the state (3 bits) and the turn above it, which goes up with every change; beside it stands when the
 * state ends. Both are exchanged at once, as one 64-bit value, so that exactly one thread makes each change, and nobody sees a
 * new state with the end of an old one. All zeros are a closed circuit. What else is written about a state (since, cause,
 * reason) is for people and for the next opening, and may lag behind by an instant.
 */

import { OPENING_CAUSES, type OpeningCause } from '../core/lanes.ts';
import { elapsed, roundOf, timeOf, timeWord, UPSTREAM_WORDS } from '../core/words.ts';
import { SLOTS } from './window.ts';

const { circuit: WORD, until: UNTIL, failures, openings, since, sinceRound, cause, judged, failed } = UPSTREAM_WORDS;

/** `ramp`: closed again, but only for a growing share; `isolated`, `forced`: an operator's word, open and closed. */
export const STATE = { closed: 0, open: 1, halfOpen: 2, ramp: 3, isolated: 4, forced: 5 } as const;
export type State = (typeof STATE)[keyof typeof STATE];

const STATE_BITS = 3;
const STATE_MASK = (1 << STATE_BITS) - 1;
const CAUSE_BITS = 4;

/** No end: it lasts until somebody ends it. */
export const NO_END = 0;

export function stateIn(word: number): State {
  return (word & STATE_MASK) as State; // only states are ever written there
}

/** An operator's word holds it. */
export function isOrder(state: State): boolean {
  return state === STATE.isolated || state === STATE.forced;
}

/** Whether two words are of the same turn; of two such only a ramp and the closed state that follows it differ. */
export function sameTurn(word: number, other: number): boolean {
  return word >>> STATE_BITS === other >>> STATE_BITS;
}

export class CircuitState {
  readonly words: Int32Array;
  /** The state's word and its end as one. */
  private readonly whole: BigInt64Array;
  /** Puts two words together as they lie in memory, whichever half comes first there. */
  private readonly pair = new Int32Array(2);
  private readonly paired = new BigInt64Array(this.pair.buffer);

  constructor(words: Int32Array) {
    this.words = words;
    this.whole = new BigInt64Array(words.buffer, words.byteOffset + WORD * words.BYTES_PER_ELEMENT, 1);
  }

  /** The state's word as it is now. */
  get word(): number {
    return Atomics.load(this.words, WORD);
  }

  /** When the state of this word ends; undefined where another one took its place. */
  endOf(word: number): number | undefined {
    const until = Atomics.load(this.words, UNTIL);
    // Both are written at once and no two states share a word: what was read in between belongs to it.
    return this.word === word ? until : undefined;
  }

  /** Milliseconds until the state of this word ends: 0 or less where it is over, Infinity where it has no end. */
  left(word: number, now: number): number {
    const until = this.endOf(word);
    if (until === undefined) return 0;
    if (until === NO_END) return Number.POSITIVE_INFINITY;
    return isOrder(stateIn(word)) ? this.endOfOrder(until) - Math.trunc(now) : elapsed(timeWord(now), until);
  }

  /** Told from when it began: nobody may ask for an upstream for so long that time words come round again. */
  private endOfOrder(until: number): number {
    const from = Atomics.load(this.words, since);
    return timeOf(from, Atomics.load(this.words, sinceRound)) + elapsed(from, until);
  }

  /**
   * Puts `state` in place of the state of `word`; false where another thread was faster. `until` as a time word, or NO_END. A
   * ramp that is over becomes the closed state of the same turn: what began under it still counts.
   */
  change(word: number, state: State, until: number): boolean {
    const end = this.endOf(word);
    if (end === undefined) return false;
    const turn = stateIn(word) === STATE.ramp && state === STATE.closed ? word : word + (1 << STATE_BITS);
    const before = this.together(word, end);
    return Atomics.compareExchange(this.whole, 0, before, this.together(changed(turn, state), until)) === before;
  }

  /** The word that `change` puts in place of `word`. */
  next(word: number, state: State): number {
    return changed(word + (1 << STATE_BITS), state);
  }

  /** When the state began, for the words that say it. */
  began(now: number): void {
    Atomics.store(this.words, since, timeWord(now));
    Atomics.store(this.words, sinceRound, roundOf(now));
  }

  /** What opened the circuit: which cause, and the number that goes with it (failures in a row, or percent). */
  blame(why: OpeningCause, figure: number): void {
    Atomics.store(this.words, cause, OPENING_CAUSES.indexOf(why) | (Math.min(figure, 1e6) << CAUSE_BITS));
  }

  blamed(): { readonly why: OpeningCause; readonly figure: number } {
    const word = Atomics.load(this.words, cause);
    return { why: OPENING_CAUSES[word & ((1 << CAUSE_BITS) - 1)], figure: word >>> CAUSE_BITS };
  }

  /** Nothing that was counted before says anything about what comes. */
  forget(): void {
    Atomics.store(this.words, failures, 0);
    for (let i = 0; i < SLOTS; i++) {
      Atomics.store(this.words, judged + i, 0);
      Atomics.store(this.words, failed + i, 0);
    }
  }

  get openings(): number {
    return Atomics.load(this.words, openings);
  }

  set openings(count: number) {
    Atomics.store(this.words, openings, count);
  }

  private together(word: number, until: number): bigint {
    this.pair[0] = word;
    this.pair[1] = until;
    return this.paired[0];
  }
}

function changed(word: number, state: State): number {
  return (word & ~STATE_MASK) | state | 0;
}
