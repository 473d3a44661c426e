/**
 * How often something happened lately, counted by all threads together.
 *
 * Rule: time is cut into slots, and each of SLOTS words holds which slot it counts (10 bits) and how much (22 bits), so that
 * turning a word over to a new slot is one compare-and-exchange that loses no count, and a count is one Atomics.add. The
 * look back covers the current slot and whole ones before it: from `span - 1` to `span` slots. A word whose slot is long over
 * is taken for a current one after 16,384 slots (hours), if nothing was counted between; it costs one look that is too high.
 */

/** Words that a sliding count takes. */
export const SLOTS = 16;

const COUNT_BITS = 22;
const MOST = (1 << COUNT_BITS) - 1;
const STAMPS = 1 << (32 - COUNT_BITS);
/** What a count must stay below, so that all threads at once do not run it over. */
const ROOM = 1024;

/** Shortest slot: below it two readings of the clock hardly fall into one. */
const LEAST_SLOT = 1;

export class Window {
  private readonly words: Int32Array;
  private readonly first: number;
  private readonly slot: number;
  private readonly span: number;

  /** Counts the last `length` milliseconds in the SLOTS words from `first` on, cut into `span` slots (at most SLOTS). */
  constructor(words: Int32Array, first: number, length: number, span: number = SLOTS) {
    this.words = words;
    this.first = first;
    this.slot = Math.max(LEAST_SLOT, length / span);
    this.span = span;
  }

  add(now: number): void {
    const tick = Math.floor(now / this.slot);
    const at = this.first + (tick & (SLOTS - 1));
    const stamp = stampOf(tick);
    for (;;) {
      const word = this.words[at];
      const age = (stamp - (word >>> COUNT_BITS)) & (STAMPS - 1);
      if (age === 0) {
        // A slot that is full stays full: it must not run over into its stamp.
        if ((word & MOST) < MOST - ROOM) Atomics.add(this.words, at, 1);
        return;
      }
      // The word has gone on, and whoever comes that late counts for nothing. Older ones are of another slot length, and one
      // that counts nothing is a fresh one, which looks as if it were ahead of the last stamp.
      if (age === STAMPS - 1 && (word & MOST) !== 0) return;
      if (Atomics.compareExchange(this.words, at, word, (stamp << COUNT_BITS) | 1) === word) return;
    }
  }

  /** Takes back what `add` counted at the same time. */
  takeBack(now: number): void {
    const tick = Math.floor(now / this.slot);
    const at = this.first + (tick & (SLOTS - 1));
    for (;;) {
      const word = Atomics.load(this.words, at);
      if (word >>> COUNT_BITS !== stampOf(tick) || (word & MOST) === 0) return;
      if (Atomics.compareExchange(this.words, at, word, word - 1) === word) return;
    }
  }

  count(now: number): number {
    const last = Math.floor(now / this.slot);
    let total = 0;
    for (let tick = last - this.span + 1; tick <= last; tick++) {
      const word = Atomics.load(this.words, this.first + (tick & (SLOTS - 1)));
      if (word >>> COUNT_BITS === stampOf(tick)) total += word & MOST;
    }
    return total;
  }

  /** Forgets everything. */
  clear(): void {
    for (let i = 0; i < SLOTS; i++) Atomics.store(this.words, this.first + i, 0);
  }
}

/** Which of its turns a slot has; small numbers come round again. */
function stampOf(tick: number): number {
  return Math.floor(tick / SLOTS) & (STAMPS - 1);
}
