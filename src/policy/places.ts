/**
 * The places of one upstream as one thread uses them: how many are taken is counted for the process, who waits is kept here.
 *
 * Rule: nobody overtakes those who wait; a place that comes free goes by turns to this thread's and to another's. No waking is
 * lost: a waiter is counted before it looks for a place once more, and a place is given back before anyone looks for waiters.
 * The lane has this thread's part of both counts, in step, so that it can be given back if the thread dies. Waiters are called
 * from `leave` or in a turn of their own, never from `wait`.
 */

import type { Clock } from '../core/clock.ts';
import { type Fault, fault } from '../core/fault.ts';
import { type Lane, REFUSAL_CAUSES, type RefusalCause, UPSTREAM_BLOCK } from '../core/lanes.ts';
import { Timer, type Timers } from '../core/timers.ts';
import { UPSTREAM_WORDS } from '../core/words.ts';
import { AdaptiveLimit } from './adaptive.ts';
import type { LimitsSettings, Waiter } from './policy.ts';
import { WaitingLine } from './queue.ts';

const { inFlight, queued, wake } = UPSTREAM_WORDS;

/** While somebody waits, places are looked for at least this often: a thread may die with a waking. */
const LOOK_EVERY = 100;

export interface PlacesSite {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lane: Lane;
}

export class Places {
  /** Number of the table whose limits count: the newest that was in force. */
  table = -1;
  readonly block: number;
  private readonly site: PlacesSite;
  private readonly id: string;
  private readonly words: Int32Array;
  private readonly line = new WaitingLine();
  private limits: LimitsSettings = { concurrency: 1, queue: 0, queueTimeout: 0 };
  private adaptive: AdaptiveLimit | undefined = undefined;
  /** Pushed out, and about to hear of it. */
  private readonly shed = new Map<Waiter, Fault>();
  private readonly look = new Timer(() => this.woken());
  /** This thread hears of places that others give back. */
  private listening = false;
  /** Waiters are being called, and so many places may still go to them. */
  private handing = false;
  private toHand = 0;
  private handsSoon = false;
  private othersTurn = false;
  private stopped = false;

  constructor(site: PlacesSite, id: string, words: Int32Array, block: number) {
    this.site = site;
    this.id = id;
    this.words = words;
    this.block = block;
  }

  /** The limits of a newer table count from now on, for those who wait already too. */
  adopt(table: number, limits: LimitsSettings): void {
    this.table = table;
    this.limits = limits;
    this.adaptive = limits.concurrency === 'adaptive' ? new AdaptiveLimit(this.words) : undefined;
    if (this.line.size > 0) this.handSoon();
  }

  enter(): boolean {
    return this.words[queued] === 0 && this.take();
  }

  leave(now: number, ms: number, failed: boolean): void {
    const { words } = this;
    this.adaptive?.learn(now, ms, failed);
    this.site.lane.add(this.block, UPSTREAM_BLOCK.places, -1);
    Atomics.sub(words, inFlight, 1);
    if (this.handing) {
      // Called by one who was just given a place: whoever gave it goes on.
      this.toHand += 1;
      return;
    }
    const waiting = Atomics.load(words, queued);
    if (waiting === 0) return;
    if (this.line.size < waiting) {
      this.othersTurn = !this.othersTurn;
      if ((this.othersTurn || this.line.size === 0) && this.wakeOther()) return;
    }
    // The one place: another may be on its way to a thread that was woken.
    this.hand(now, 1);
  }

  wait(waiter: Waiter, now: number): Fault | undefined {
    // Read before this one is counted: whoever gives a place back and sees it changes the word.
    const before = Atomics.load(this.words, wake);
    let pushedOut: Waiter | undefined;
    if (!this.join()) {
      if (!this.line.stands(now)) return this.refuse('queue_full', this.full());
      pushedOut = this.line.oldest;
    }
    this.line.push(waiter, now);
    if (pushedOut !== undefined) this.line.remove(pushedOut);
    this.listen(before);
    if (Atomics.load(this.words, inFlight) < this.limit) this.handSoon();
    if (pushedOut !== undefined) this.shedSoon(pushedOut);
    return undefined;
  }

  /**
   * A client whose request is shed goes on with its next one, which may push out another, and so on through all who wait: a
   * turn of its own for each, or so many calls within calls are more than the stack holds.
   */
  private shedSoon(waiter: Waiter): void {
    const reason = this.refuse('displaced', `${this.full()}, and this one waited longest`);
    this.shed.set(waiter, reason);
    queueMicrotask(() => {
      if (this.shed.delete(waiter)) waiter.onShed(reason);
    });
  }

  /** `late`: how long it was to wait at most, where that is over; a newer table may say something else by now. */
  withdraw(waiter: Waiter, late: number | undefined): Fault | undefined {
    const reason = this.shed.get(waiter);
    if (reason !== undefined) {
      this.shed.delete(waiter);
      return late === undefined ? undefined : reason;
    }
    if (!this.line.remove(waiter)) return undefined;
    this.part();
    if (late === undefined) return undefined;
    return this.refuse(
      'queue_timeout',
      `no place for upstream ${this.id} came free in ${late} ms (limits.queueTimeout); ${this.taken()}`,
    );
  }

  /** Those who wait stay as they are; they hear of no place any more. */
  stop(): void {
    this.stopped = true;
    this.site.timers.remove(this.look);
    // Lets go of what listens; the other threads look once for nothing.
    Atomics.notify(this.words, wake);
  }

  private get limit(): number {
    return this.adaptive === undefined ? (this.limits.concurrency as number) : this.adaptive.limit;
  }

  /** Not added and taken back: in between the others would see a place taken that nobody has. */
  private take(): boolean {
    const { limit, words } = this;
    // What a plain read misses the exchange finds out (measured: 118 instructions less than an atomic one).
    for (let taken = words[inFlight]; taken < limit; ) {
      const seen = Atomics.compareExchange(words, inFlight, taken, taken + 1);
      if (seen === taken) {
        this.site.lane.add(this.block, UPSTREAM_BLOCK.places, 1);
        return true;
      }
      taken = seen;
    }
    return false;
  }

  private join(): boolean {
    const { words } = this;
    for (let waiting = Atomics.load(words, queued); waiting < this.limits.queue; ) {
      const seen = Atomics.compareExchange(words, queued, waiting, waiting + 1);
      if (seen === waiting) {
        this.site.lane.add(this.block, UPSTREAM_BLOCK.queued, 1);
        return true;
      }
      waiting = seen;
    }
    return false;
  }

  private part(): void {
    this.site.lane.add(this.block, UPSTREAM_BLOCK.queued, -1);
    Atomics.sub(this.words, queued, 1);
  }

  /** Gives so many of the places that are free to those who wait here, and what is left to the other threads. */
  private hand(now: number, most: number): void {
    this.handing = true;
    this.toHand = most;
    try {
      while (this.toHand > 0 && this.line.size > 0 && this.take()) {
        this.toHand -= 1;
        const waiter = this.line.shift(now);
        this.part();
        waiter?.onPlace(now);
      }
    } finally {
      this.handing = false;
    }
    if (this.line.size === 0 && Atomics.load(this.words, queued) > 0) {
      if (Atomics.load(this.words, inFlight) < this.limit) this.wakeOther();
    }
  }

  private handSoon(): void {
    if (this.handsSoon) return;
    this.handsSoon = true;
    queueMicrotask(() => {
      this.handsSoon = false;
      this.woken();
    });
  }

  /** One thread that listens, the one that listens for longest; it may be this one. False where none does. */
  private wakeOther(): boolean {
    Atomics.add(this.words, wake, 1);
    return Atomics.notify(this.words, wake, 1) > 0;
  }

  private woken(): void {
    if (this.stopped) return;
    this.hand(this.site.clock.now(), Number.POSITIVE_INFINITY);
    if (this.line.size > 0) this.listen(Atomics.load(this.words, wake));
  }

  /** Measured: 35 us until another thread's word is heard. What listens stays until it is woken, with or without waiters. */
  private listen(before: number): void {
    if (this.stopped) return;
    const { look, site } = this;
    if (look.due === Number.POSITIVE_INFINITY) site.timers.arm(look, site.clock.now() + LOOK_EVERY);
    if (this.listening) return;
    const heard = Atomics.waitAsync(this.words, wake, before);
    if (heard.async) {
      this.listening = true;
      void heard.value.then(() => {
        this.listening = false;
        this.woken();
      });
    } else this.handSoon();
  }

  private refuse(cause: RefusalCause, detail: string): Fault {
    this.site.lane.add(this.block, UPSTREAM_BLOCK.refused + REFUSAL_CAUSES.indexOf(cause), 1);
    // Who may wait for ever says nothing about when a place comes free.
    const { queueTimeout } = this.limits;
    return fault('overloaded', detail, Number.isFinite(queueTimeout) ? Math.ceil(queueTimeout / 1000) : undefined);
  }

  private full(): string {
    return `${this.taken()}, and ${this.limits.queue} may wait (limits.queue)`;
  }

  private taken(): string {
    const limit = `limits.concurrency${this.adaptive === undefined ? '' : ': adaptive'}`;
    return `all ${this.limit} places of upstream ${this.id} (${limit}) are taken`;
  }
}
