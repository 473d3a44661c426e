/**
 * `concurrency: adaptive`: the limit that an upstream's latency allows, found by all threads together.
 *
 * Rule: the gradient of Netflix' concurrency-limits (Gradient2Limit; github.com/Netflix/concurrency-limits): latency of a short
 * window against its long average; where it rises, replies wait inside the upstream, and the limit shrinks with the ratio; else
 * it grows by its square root. A tenth of failures shrinks it by a tenth, as their AIMDLimit does. As in Envoy's gradient
 * controller few are let in once in a while, to see again what is fast. Only a limit that is used changes.
 */

import { elapsed, timeWord, UPSTREAM_WORDS } from '../core/words.ts';

export const START = 20;
export const LEAST = 4;
export const MOST = 10_000;

/** Shortest window, milliseconds, and the fewest samples in it. A window is at least as long as a reply takes. */
export const WINDOW = 100;
export const SAMPLES = 10;
/** Windows in the long average. */
const LONG = 600;
/** Windows until the long average is more than a guess. */
const WARM = 10;
/** So much slower than on average is no sign of a queue yet. */
const TOLERANCE = 1.5;
const SMOOTHING = 0.2;
/**
 * Of so many windows the first few have a quarter of the limit: under lasting load the average would rise with the queue
 * that the limit itself made.
 */
const LOOK_EVERY = 600;
const LOOK_FOR = 4;
/** Longest time that is counted, milliseconds; the sum in microseconds must fit into a word. */
const LONGEST = 60_000;
const SUM_FULL = 1 << 30;

/** Words from UPSTREAM_WORDS.search on; `average` (microseconds) and `estimate` are floats, written by who closes a window. */
const FIRST = UPSTREAM_WORDS.search;
const AT = {
  samples: FIRST,
  sum: FIRST + 1,
  failed: FIRST + 2,
  most: FIRST + 3,
  since: FIRST + 4,
  average: FIRST + 5,
  estimate: FIRST + 6,
  windows: FIRST + 7,
} as const;

export class AdaptiveLimit {
  private readonly words: Int32Array;
  private readonly floats: Float32Array;

  constructor(words: Int32Array) {
    this.words = words;
    this.floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  }

  get limit(): number {
    return this.words[UPSTREAM_WORDS.limit] || START;
  }

  /** An attempt ended, its place is still taken. `ms` below 0: how long it took says nothing. */
  learn(now: number, ms: number, failed: boolean): void {
    const { words } = this;
    if (failed) Atomics.add(words, AT.failed, 1);
    else if (ms < 0) return;
    else {
      Atomics.add(words, AT.samples, 1);
      Atomics.add(words, AT.sum, Math.max(1, Math.round(Math.min(ms, LONGEST) * 1000)));
    }
    const taken = words[UPSTREAM_WORDS.inFlight];
    if (taken > words[AT.most]) Atomics.store(words, AT.most, taken);
    if (words[AT.samples] + words[AT.failed] < SAMPLES) return;
    const since = Atomics.load(words, AT.since);
    const over = since === 0 || elapsed(since, timeWord(now)) >= this.window || words[AT.sum] > SUM_FULL;
    if (over && Atomics.compareExchange(words, AT.since, since, timeWord(now)) === since) this.close();
  }

  private get window(): number {
    return Math.max(WINDOW, this.floats[AT.average] / 1000);
  }

  /** By one thread at a time: the next window is not over before this is done. */
  private close(): void {
    const { words, floats } = this;
    const samples = Atomics.exchange(words, AT.samples, 0);
    const sum = Atomics.exchange(words, AT.sum, 0);
    const failed = Atomics.exchange(words, AT.failed, 0);
    const most = Atomics.exchange(words, AT.most, 0);
    const estimate = floats[AT.estimate] || START;
    const windows = Atomics.load(words, AT.windows);
    const gradient = samples > 0 && sum > 0 ? this.gradient(sum / samples, estimate, windows) : 1;
    // Where a fraction of the places is enough, latency says nothing about the rest.
    const used = looks(windows) || most >= estimate / 2;
    if (!used) return;
    Atomics.store(words, AT.windows, windows + 1);
    if (!looks(windows)) {
      const anew =
        failed > 0 && failed * 10 >= samples + failed
          ? estimate * 0.9
          : estimate * (1 - SMOOTHING) + (estimate * gradient + Math.sqrt(estimate)) * SMOOTHING;
      floats[AT.estimate] = Math.min(MOST, Math.max(LEAST, anew));
    }
    const limit = looks(windows + 1) ? estimate / 4 : floats[AT.estimate];
    Atomics.store(words, UPSTREAM_WORDS.limit, Math.max(LEAST, Math.floor(limit)));
  }

  /** 1 where replies take as long as ever, down to one half where they take longer. */
  private gradient(short: number, estimate: number, windows: number): number {
    const { floats } = this;
    const before = floats[AT.average];
    // Nothing but failures until now: the first that went well is the measure.
    const average = before === 0 ? short : before + (short - before) * share(short > before, estimate, windows);
    floats[AT.average] = average;
    return Math.min(1, Math.max(0.5, (TOLERANCE * average) / short));
  }
}

/** Whether a window has a part of the limit only. */
function looks(windows: number): boolean {
  return windows >= LOOK_EVERY && windows % LOOK_EVERY < LOOK_FOR;
}

/** How much one window counts in the long average. */
function share(slower: boolean, estimate: number, windows: number): number {
  if (windows < WARM) return 1 / (windows + 1);
  const usual = 2 / (LONG + 1);
  // The more are let in, the likelier they wait for one another, and that is not to become the measure.
  if (slower) return usual * Math.min(1, START / estimate);
  return looks(windows) ? 0.5 : usual;
}
