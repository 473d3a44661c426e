/**
 * Counters in shared memory: one lane per data thread, no locks.
 *
 * Rule: a lane has one writer, its thread; anyone may read all lanes and add them up. Memory comes in segments of
 * BLOCKS_PER_SEGMENT blocks; a block belongs to one key (a route and upstream pair, an upstream, a listener) for as long
 * as the ledger says, across tables. Values are doubles: exact up to 2^53, one plain add per count, and on 64-bit
 * machines never seen half written. Who owns which block is left to core/ledger.ts, the memory to core/shared.ts.
 */

// To the compiler what a module exports is no constant, not even to that module's own functions: counting by names of this
// file's own saves two divisions and 35 instructions a count (measured).
const SIZE = 128;
const PER_SEGMENT = 4096;

/** Doubles per block. */
export const BLOCK_SIZE = SIZE;
/** A segment takes only the memory that is written to; few of them lie in the processor's caches. */
export const BLOCKS_PER_SEGMENT = PER_SEGMENT;

/**
 * Layout of a block of kind (route, upstream): the histogram's sum in milliseconds, statuses, the histogram. The sum and
 * the usual statuses lie in one line of the processor's cache: with many routes every block is a cold one.
 */
export const ROUTE_BLOCK = { sum: 0, statuses: 1, buckets: 69 } as const;
/**
 * Layout of a block of kind upstream. `places` and `queued` are a thread's part of what all threads hold (core/words.ts). What
 * every attempt counts lies in one line of the processor's cache.
 */
export const UPSTREAM_BLOCK = {
  inFlight: 0,
  places: 1,
  queued: 2,
  outcomes: 3,
  retries: 16,
  opened: 36,
  refused: 44,
  denied: 52,
  hedges: 60,
  fallbacks: 64,
} as const;
/** Layout of a block of kind member: attempts that ended well and badly, and ejections by cause. */
export const MEMBER_BLOCK = { good: 0, bad: 1, ejections: 2 } as const;
/** Layout of a block of kind listener. */
export const LISTENER_BLOCK = { connections: 0, cuts: 1 } as const;
/**
 * Layout of the one block of kind thread: what a thread counts of itself; `carried`: when the oldest table that still carries
 * somebody was replaced there, monotonic milliseconds, 0 where none does.
 */
export const THREAD_BLOCK = { droppedLines: 0, carried: 1 } as const;

/** Outcomes of an attempt, in the order of their counters. `cancelled`: another try of the same request was faster. */
export const OUTCOMES = [
  'success',
  'connect',
  'reset',
  'protocol',
  'timeout',
  'server_error',
  'client_gone',
  'cancelled',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The counter of each outcome, from `UPSTREAM_BLOCK.outcomes` on. */
export const OUTCOME_NUMBER = Object.freeze(
  Object.fromEntries(OUTCOMES.map((outcome, number) => [outcome, number])) as Record<Outcome, number>,
);

/** Why a further attempt was made, in the order of their counters. `reused`: a pooled connection had died unused;
 * `status`: a status that has no counter of its own. */
export const RETRY_REASONS = [
  'reused',
  'connect',
  'reset',
  'timeout',
  '500',
  '502',
  '503',
  '504',
  'status',
  'protocol',
] as const;
export type RetryReason = (typeof RETRY_REASONS)[number];

/** What opened a circuit, in the order of their counters; `probe`: it was half-open and its probe failed. */
export const OPENING_CAUSES = ['consecutive_failures', 'failure_rate', 'probe'] as const;
export type OpeningCause = (typeof OPENING_CAUSES)[number];

/**
 * Why an upstream was not asked, in the order of their counters. `displaced`: it waited longest when the queue was full and
 * turned newest-first.
 */
export const REFUSAL_CAUSES = [
  'circuit_open',
  'circuit_isolated',
  'queue_full',
  'queue_timeout',
  'displaced',
  'no_member',
] as const;
export type RefusalCause = (typeof REFUSAL_CAUSES)[number];

/** Why a failed attempt got no further one though its kind is retried, in the order of their counters. */
export const DENIAL_CAUSES = ['budget', 'attempts', 'deadline', 'circuit', 'place'] as const;
export type DenialCause = (typeof DENIAL_CAUSES)[number];

/** Second requests sent before the first one was answered, and those of them that answered first. */
export const HEDGE_ENDS = ['sent', 'won'] as const;

/** Why a member was ejected, in the order of their counters. */
export const EJECTION_CAUSES = ['consecutive_failures', 'success_rate', 'probe'] as const;
export type EjectionCause = (typeof EJECTION_CAUSES)[number];

/**
 * Why a client's connection was ended where no exchange tells of it, in the order of their counters. `silent`: no byte of
 * a request came; `idle`: it rested between two requests; `unread`: replies were not taken; `lingering`: it stayed open
 * behind its last reply; `limit`: too many were open; `descriptors`: the process has none left for it.
 */
export const CUTS = ['silent', 'idle', 'unread', 'lingering', 'limit', 'descriptors'] as const;
export type Cut = (typeof CUTS)[number];

/** Statuses with a counter of their own: those registered with IANA, and 499, our mark for a client that left. */
const OWN_STATUSES = [
  [100, 103],
  [200, 208],
  [226, 226],
  [300, 305],
  [307, 308],
  [400, 417],
  [421, 426],
  [428, 429],
  [431, 431],
  [451, 451],
  [499, 499],
  [500, 508],
  [510, 511],
] as const;

/** Labels of the status counters, in their order: exact where registered, then one a class, then `none` (nothing sent). */
export const STATUS_LABELS: readonly string[] = [
  ...OWN_STATUSES.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => String(first + i))),
  ...['1xx', '2xx', '3xx', '4xx', '5xx', 'none'],
];

/** Counter of each status from 0 to 999. From 600 on counts as 5xx, as RFC 9110 section 15 has clients treat it. */
const STATUS_INDEX = Uint8Array.from({ length: 1000 }, (_, status) => {
  const own = STATUS_LABELS.indexOf(String(status));
  if (own !== -1) return own;
  return STATUS_LABELS.indexOf(status < 100 ? 'none' : `${Math.min(5, Math.floor(status / 100))}xx`);
});

/** The position of a status among the counters of a route block. */
export function statusIndex(status: number): number {
  return STATUS_INDEX[status] ?? STATUS_INDEX[999];
}

/** Upper bounds of the histogram's buckets in milliseconds, inclusive: 1 to 9 times each power of ten, 0.1 ms to 60 s. */
export const BOUNDS: readonly number[] = Array.from({ length: 51 }, (_, i) => {
  const digit = 1 + (i % 9);
  return i < 9 ? digit / 10 : digit * 10 ** (Math.floor(i / 9) - 1);
});

/** All buckets: one per bound, and one for what took longer. */
export const BUCKETS = BOUNDS.length + 1;

/** The bucket of a duration in milliseconds; below 0 (not measured) counts as 0. A few nanoseconds. */
export function bucketOf(ms: number): number {
  if (ms <= 1) return ms <= 0.1 ? 0 : Math.ceil(ms * 10) - 1;
  if (ms <= 10) return Math.ceil(ms) + 8;
  if (ms <= 100) return Math.ceil(ms / 10) + 17;
  if (ms <= 1000) return Math.ceil(ms / 100) + 26;
  if (ms <= 10_000) return Math.ceil(ms / 1000) + 35;
  return ms <= 60_000 ? Math.ceil(ms / 10_000) + 44 : BUCKETS - 1;
}

const { sum, statuses, buckets } = ROUTE_BLOCK;
const { inFlight, outcomes } = UPSTREAM_BLOCK;

/** One thread's lane: its segments, in order. Grown by the ledger's owner before a table that needs more is swapped in. */
export class Lane {
  private readonly segments: Float64Array[] = [];

  grow(memory: readonly SharedArrayBuffer[]): void {
    for (let i = this.segments.length; i < memory.length; i++) this.segments.push(new Float64Array(memory[i]));
  }

  add(block: number, offset: number, amount: number): void {
    const segment = this.segments[(block / PER_SEGMENT) | 0];
    segment[(block % PER_SEGMENT) * SIZE + offset] += amount;
  }

  /** Puts a value in place of another. Only for whoever knows that the lane's thread does not write there now. */
  set(block: number, offset: number, value: number): void {
    const segment = this.segments[(block / PER_SEGMENT) | 0];
    segment[(block % PER_SEGMENT) * SIZE + offset] = value;
  }

  read(block: number, offset: number): number {
    const segment = this.segments[(block / PER_SEGMENT) | 0];
    return segment[(block % PER_SEGMENT) * SIZE + offset];
  }

  /** One attempt under way less at the upstream of this block, and one more that ended so (a number of OUTCOMES). */
  countEnd(block: number, outcome: number): void {
    const segment = this.segments[(block / PER_SEGMENT) | 0];
    const start = (block % PER_SEGMENT) * SIZE;
    segment[start + inFlight] -= 1;
    segment[start + outcomes + outcome] += 1;
  }

  /** One finished exchange: its status and its duration in milliseconds, into a block of kind (route, upstream). */
  count(block: number, status: number, ms: number): void {
    const segment = this.segments[(block / PER_SEGMENT) | 0];
    const start = (block % PER_SEGMENT) * SIZE;
    segment[start + statuses + statusIndex(status)] += 1;
    segment[start + buckets + bucketOf(ms)] += 1;
    if (ms > 0) segment[start + sum] += ms;
  }
}
