/**
 * Which block of counters belongs to which key, across documents.
 *
 * Rule: a key keeps its block as long as a document speaks of it. A key that no document speaks of any more is shown to
 * one further scrape, so that its last counts are seen (that of a route while something may settle there, too), and then no
 * longer. Its block rests before it gets a new owner (free-blocks.ts): an exchange that boarded under the old table still
 * settles in it. An upstream that comes back while something is under way there goes on in its block.
 * Runs on the control thread; the threads get the result as a list of keys and blocks.
 */

import type { Clock } from './clock.ts';
import { FreeBlocks, isBusy } from './free-blocks.ts';
import { LISTENER_BLOCK, THREAD_BLOCK, UPSTREAM_BLOCK } from './lanes.ts';
import type { SharedLanes } from './shared.ts';
import { UPSTREAM_WORDS } from './words.ts';

/** Exchanges of no route. Its block is 0 in every process. */
export const UNMATCHED_KEY = 'route:_none|';
/** What threads count of themselves; its block is 1 in every process. */
export const THREAD_KEY = 'thread:';
export const THREAD_COUNTERS = 1;

/** How long the counts of a removed key are kept for a scrape that does not come, milliseconds. */
const UNSEEN_LIMIT = 600_000;
/** Without documents, unseen keys are looked for so often at most, milliseconds. */
const LOOK_PAUSE = 60_000;

/** What a key says: a route with the upstream it reached ('' where none), an upstream or a member of it, a listener, or
 * the threads. */
export type KeyFacts =
  | { readonly kind: 'route'; readonly route: string; readonly upstream: string }
  | { readonly kind: 'upstream'; readonly upstream: string }
  | { readonly kind: 'member'; readonly upstream: string; readonly member: string }
  | { readonly kind: 'listener'; readonly listener: string }
  | { readonly kind: 'thread' };

/** The key of a member of an upstream. */
export function memberKey(upstream: string, member: string): string {
  return `member:${upstream}|${member}`;
}

/** The facts in a key. Upstream ids hold no `|`, so the last one parts route and upstream, the first upstream and member. */
export function readKey(key: string): KeyFacts {
  if (key.startsWith('route:')) {
    const bar = key.lastIndexOf('|');
    return { kind: 'route', route: key.slice(6, bar), upstream: key.slice(bar + 1) };
  }
  if (key.startsWith('upstream:')) return { kind: 'upstream', upstream: key.slice(9) };
  if (key.startsWith('member:')) {
    const bar = key.indexOf('|');
    return { kind: 'member', upstream: key.slice(7, bar), member: key.slice(bar + 1) };
  }
  if (key.startsWith('listener:')) return { kind: 'listener', listener: key.slice(9) };
  return { kind: 'thread' };
}

/** Blocks asked for by one proposal: either all of them become the document's, or those that are new are given back. */
export interface Claim {
  block(key: string): number;
  /** Every key asked for so far, with its block. */
  entries(): [key: string, block: number][];
  /** The proposal is the document now: keys it did not ask for begin to leave. */
  settle(): void;
  /** The proposal was refused: it leaves no trace. */
  drop(): void;
}

interface Owned {
  readonly block: number;
  /** It had this block before, and goes on in it. */
  readonly resumed: boolean;
  /** When its key left the document, monotonic milliseconds; undefined while it is in it. */
  left: number | undefined;
  /** Something could settle there when it was looked at last: what did since is for the next scrape to show. */
  busy: boolean;
}

export class BlockLedger {
  private readonly lanes: SharedLanes;
  private readonly clock: Clock;
  private readonly owners = new Map<string, Owned>();
  private readonly free: FreeBlocks;
  /** Keys that live outside of documents. */
  private readonly held = new Set<string>();
  /** What the document in force asked for. */
  private settled: ReadonlyMap<string, number> = new Map();
  /** What the open claim asked for: a scrape meanwhile must not take it away. */
  private claimed: ReadonlyMap<string, number> | undefined = undefined;
  private size = 0;
  /** When unseen keys were looked for last. */
  private looked = 0;
  /** Goes up whenever a key gets or loses its block, for those who keep a list of them. */
  changes = 0;

  constructor(lanes: SharedLanes, clock: Clock) {
    this.lanes = lanes;
    this.clock = clock;
    this.free = new FreeBlocks(lanes, clock);
    this.own(UNMATCHED_KEY);
    this.own(THREAD_KEY);
  }

  /** Opens a claim; the one before must be settled or dropped (proposals come one at a time). */
  claim(): Claim {
    this.forget(UNSEEN_LIMIT);
    const asked = new Map<string, number>();
    const fresh: string[] = [];
    for (const key of [UNMATCHED_KEY, THREAD_KEY]) asked.set(key, this.own(key));
    this.claimed = asked;
    return {
      block: (key) => {
        if (!this.owners.has(key)) fresh.push(key);
        const block = this.own(key);
        asked.set(key, block);
        return block;
      },
      entries: () => [...asked],
      settle: () => {
        this.claimed = undefined;
        this.keep(asked);
      },
      drop: () => {
        this.claimed = undefined;
        // Somebody may have come meanwhile who was to be written down: the block is in use then, or was.
        for (const key of fresh) {
          const owned = this.owners.get(key);
          if (owned?.left === undefined && !this.held.has(key)) this.release(key, owned?.resumed === true);
        }
      },
    };
  }

  /** The block of a key that no document speaks of (a member found by name), until `letGo`. */
  hold(key: string): number {
    // Instances that come with another address each time would pile up where nobody scrapes and no document comes.
    if (this.clock.now() - this.looked >= LOOK_PAUSE) this.forget(UNSEEN_LIMIT);
    const block = this.own(key);
    this.held.add(key);
    const owned = this.owners.get(key);
    // It may have left and be back: what it counts from now on is seen once more when it leaves again.
    if (owned !== undefined) owned.left = undefined;
    return block;
  }

  /** A held key is no more; its counts are shown to one further scrape. */
  letGo(key: string): void {
    if (!this.held.delete(key)) return;
    const owned = this.owners.get(key);
    if (owned !== undefined && !this.settled.has(key)) owned.left ??= this.clock.now();
  }

  /** The document in force speaks of this key. */
  isWritten(key: string): boolean {
    return this.settled.has(key);
  }

  /** The block of a key that is shown; undefined where there is none. */
  blockOf(key: string): number | undefined {
    return this.owners.get(key)?.block;
  }

  /** Every key a scrape shows, with its block: those of the document, and those that left since the last scrape. */
  shown(): [key: string, block: number][] {
    return Array.from(this.owners, ([key, owned]) => [key, owned.block]);
  }

  /** A scrape was answered: keys that had left by then are shown no more. */
  scraped(): void {
    this.forget(0);
  }

  /** A thread died: what it held open is gone with it. Counts stay. */
  resetGauges(lane: number): void {
    for (const [key, block] of this.shown()) {
      const { kind } = readKey(key);
      if (kind === 'upstream') this.releasePlaces(lane, block);
      if (kind === 'listener') this.lanes.reset(lane, block, LISTENER_BLOCK.connections);
      if (kind === 'thread') this.lanes.reset(lane, block, THREAD_BLOCK.carried);
    }
    for (const block of this.free.withGauges()) this.releasePlaces(lane, block);
  }

  /** What a thread held of an upstream is free again for the others. */
  private releasePlaces(lane: number, block: number): void {
    const words = this.lanes.words.block(block);
    this.lanes.reset(lane, block, UPSTREAM_BLOCK.inFlight);
    Atomics.sub(words, UPSTREAM_WORDS.inFlight, this.lanes.reset(lane, block, UPSTREAM_BLOCK.places));
    Atomics.sub(words, UPSTREAM_WORDS.queued, this.lanes.reset(lane, block, UPSTREAM_BLOCK.queued));
    Atomics.notify(words, UPSTREAM_WORDS.wake);
  }

  private keep(asked: ReadonlyMap<string, number>): void {
    this.settled = asked;
    const now = this.clock.now();
    for (const [key, owned] of this.owners) {
      if (asked.has(key) || this.held.has(key)) owned.left = undefined;
      else if (owned.left === undefined) {
        owned.left = now;
        owned.busy = this.isAwaited(key, owned);
      }
    }
  }

  /** An exchange may still count there: all at an upstream that has gone, else those that a table with this key carries. */
  private isAwaited(key: string, { left = 0 }: Owned): boolean {
    const facts = readKey(key);
    if (facts.kind !== 'route') return false;
    const upstream = `upstream:${facts.upstream}`;
    const its = this.owners.get(upstream)?.block ?? this.free.lastOf(upstream);
    if (its === undefined || !isBusy(this.lanes, its)) return false;
    return !this.settled.has(upstream) || this.lanes.some(THREAD_COUNTERS, THREAD_BLOCK.carried, 1, left);
  }

  /** Keys that left so long ago, milliseconds, are shown no more. */
  private forget(least: number): void {
    const now = this.clock.now();
    this.looked = now;
    for (const [key, owned] of this.owners) {
      const { left, busy } = owned;
      if (left === undefined || now - left < least || this.held.has(key)) continue;
      owned.busy = this.isAwaited(key, owned);
      if (busy || owned.busy) continue;
      if (this.claimed?.has(key) !== true) this.release(key, true);
    }
  }

  private own(key: string): number {
    const known = this.owners.get(key);
    if (known !== undefined) return known.block;
    const before = this.free.resume(key);
    const block = before ?? this.take();
    this.changes += 1;
    // Until its claim settles the key counts as the document's: a scrape in between shows zeros, which is true.
    this.owners.set(key, { block, resumed: before !== undefined, left: undefined, busy: false });
    return block;
  }

  private take(): number {
    const rested = this.free.take();
    if (rested !== undefined) {
      this.lanes.clear(rested);
      return rested;
    }
    this.size += 1;
    this.lanes.grow(this.size);
    return this.size - 1;
  }

  private release(key: string, used: boolean): void {
    const owned = this.owners.get(key);
    if (owned === undefined) return;
    this.owners.delete(key);
    this.changes += 1;
    this.free.put(owned.block, key, { gauges: readKey(key).kind === 'upstream', used });
  }
}
