/**
 * Words in shared memory that all threads read and write: what must hold for the process, not for one thread.
 *
 * Rule: a block of words stands beside each block of counters (core/lanes.ts), under the same number, and goes on across
 * tables and threads. Whoever writes a word that others write too uses Atomics; a plain read sees what another thread wrote
 * by its next turn of the loop. A fresh block is all zeros, and zeros mean: nothing happened yet. Times are the low 32 bits of
 * `Clock.now()` in whole milliseconds, compared by `elapsed`, so that they may wrap round.
 */

import { BLOCK_SIZE, BLOCKS_PER_SEGMENT } from './lanes.ts';

/** 32-bit words in a block: as many bytes as a lane's block has. */
export const WORDS_PER_BLOCK = BLOCK_SIZE * 2;

/**
 * Layout of an upstream's words. What is read by every request and seldom written lies apart from what every request
 * writes: 16 words make a line of the processor's cache.
 */
export const UPSTREAM_WORDS = {
  /** State and turn of the circuit; see policy/circuit-state.ts. */
  circuit: 0,
  /** When an open circuit lets a probe through, an isolation ends, or a probe counts as lost. Exchanged along with the state. */
  until: 1,
  /** Failures in a row. */
  failures: 2,
  /** Openings in a row, without a calm time in between. */
  openings: 3,
  /** When the circuit came into its state. */
  since: 4,
  /** What opened it, with a number (policy/circuit-state.ts). */
  cause: 5,
  /** Counts every change of who can serve: pickers made before it are out of date. */
  availability: 6,
  /** 1 while so few members can serve that all of them are used. */
  panic: 7,
  /** Concurrency limit found from latency; 0 where it is not looked for. */
  limit: 8,
  /** How often time words had come round when the circuit came into its state: months later it is still told right. */
  sinceRound: 9,
  /** Attempts that hold a place. */
  inFlight: 16,
  /** Exchanges that wait for a place. */
  queued: 17,
  /** Changes when a place came free while others wait. */
  wake: 18,
  /** What the search for a limit measures (policy/adaptive.ts): 12 words. */
  search: 20,
  /** Sliding counts of the retry budget (policy/window.ts). */
  requests: 32,
  retries: 48,
  /** Sliding counts of the circuit's failure rate. */
  judged: 64,
  failed: 80,
  /** Why an operator holds the circuit: a length, then as many bytes of UTF-8. */
  reason: 96,
  /** Sliding counts of requests that may be sent twice, and of those that were. */
  hedgeable: 160,
  hedged: 176,
} as const;

/** Bytes of a reason that are kept. */
export const MOST_REASON = 252;

/** Layout of a member's words. */
export const MEMBER_WORDS = {
  /** What active checks say: 0 nothing or well, 1 ill. */
  health: 0,
  /** Passive ejection: 0 in, 1 out, 2 on probation (upstream/ejection.ts). */
  ejection: 1,
  /** When it may be tried again, or its probe counts as lost. */
  until: 2,
  /** Failures in a row. */
  failures: 3,
  /** Ejections in a row. */
  ejections: 4,
  /** When it came back, or came; 0 where it was there from the start: a slow start counts from here. */
  since: 5,
  /** Counts ejections for its success rate, which the control thread makes: it has no lane to count in. */
  rated: 6,
} as const;

/** What lies further ahead, in milliseconds (12 days), is told in words as if it lay here. */
export const LONGEST = 2 ** 30;

/** Milliseconds after which time words come round. */
const ROUND = 2 ** 32;

/** Milliseconds from `then` to `now`, both as `timeWord` gives them; right while less than 24 days lie between. */
export function elapsed(then: number, now: number): number {
  return (now - then) | 0;
}

/**
 * How far ahead of a thread's time another one's may be, milliseconds: what is worked off together has one time
 * (core/clock.ts), and meanwhile other threads go on.
 */
export const AHEAD = 1_000;

/** The same for a `then` that is over: 0 where a thread that is ahead wrote it; below 0 only where times wrapped round. */
export function ago(then: number, now: number): number {
  const ms = elapsed(then, now);
  return ms < 0 && ms >= -AHEAD ? 0 : ms;
}

/** A monotonic time as a word. Never 0, which stands for no time at all. */
export function timeWord(now: number): number {
  return Math.trunc(now) | 0 || 1;
}

/** How often time words have come round until `now`. */
export function roundOf(now: number): number {
  return Math.floor(now / ROUND);
}

/** The time that was written as this word in this round. */
export function timeOf(word: number, round: number): number {
  return round * ROUND + (word >>> 0);
}

/** All blocks of words as one thread sees them; the memory is the same for all. */
export class Words {
  private readonly segments: SharedArrayBuffer[] = [];

  grow(memory: readonly SharedArrayBuffer[]): void {
    for (let i = this.segments.length; i < memory.length; i++) this.segments.push(memory[i]);
  }

  /** The words of one block. Asked for when a table is compiled, not under traffic. */
  block(block: number): Int32Array {
    const segment = this.segments[Math.floor(block / BLOCKS_PER_SEGMENT)];
    const start = (block % BLOCKS_PER_SEGMENT) * WORDS_PER_BLOCK * Int32Array.BYTES_PER_ELEMENT;
    return new Int32Array(segment, start, WORDS_PER_BLOCK);
  }
}
