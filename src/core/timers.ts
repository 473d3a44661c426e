/**
 * Coarse timers: one wheel per data thread instead of a timer object per request.
 *
 * Rule: an entry that is put off (the usual case: a connection's next deadline lies later) costs one field write; it is
 * moved only when the wheel passes its old slot. An entry fires up to one tick late, never early. The wheel sleeps until
 * the next slot that holds something is over: a thread without deadlines is not woken.
 */

import type { Clock } from './clock.ts';
import { TURN } from './turn.ts';

/** Something with a deadline. Owned by whoever embeds it; `fire` is called once per arming. */
export class Timer {
  readonly fire: () => void;
  /** When it is due, monotonic milliseconds; Infinity when it is not armed. */
  due = Number.POSITIVE_INFINITY;
  /** When the wheel looks at it next; Infinity when it is in no slot. */
  seen = Number.POSITIVE_INFINITY;
  prev: Timer | undefined = undefined;
  next: Timer | undefined = undefined;

  constructor(fire: () => void) {
    this.fire = fire;
  }
}

export const TICK = 20;
const SLOTS = 512;
const TURNING = Number.NEGATIVE_INFINITY;

export class Timers {
  private readonly clock: Clock;
  /** Each slot is a ring with a head of its own, so that linking needs no case for "first" or "last". */
  private readonly slots: Timer[];
  private passed: number;
  private readonly own: boolean;
  private alarm: NodeJS.Timeout | undefined = undefined;
  /** The tick whose end the alarm waits for, Infinity where nothing is armed; slots before it are empty. TURNING in a turn. */
  private wakesAfter = Number.POSITIVE_INFINITY;
  private stopped = false;
  private afterReads: NodeJS.Immediate | undefined = undefined;

  /** `own: false` leaves turning the wheel to the caller (tests with a fake clock call `turn`). */
  constructor(clock: Clock, own = true) {
    this.clock = clock;
    this.own = own;
    this.passed = Math.floor(clock.now() / TICK);
    this.slots = Array.from({ length: SLOTS }, () => {
      const head = new Timer(() => {});
      head.prev = head;
      head.next = head;
      return head;
    });
  }

  /** Arms or re-arms: `timer.fire` is called at `due` (monotonic milliseconds) or up to a tick later. */
  arm(timer: Timer, due: number): void {
    timer.due = due;
    if (due < timer.seen) this.put(timer);
  }

  /** Lets the timer rest; it stays in its slot until the wheel passes, which costs nothing now. */
  disarm(timer: Timer): void {
    timer.due = Number.POSITIVE_INFINITY;
  }

  /** Takes the timer out for good, so that its owner can be collected. */
  remove(timer: Timer): void {
    timer.due = Number.POSITIVE_INFINITY;
    unlink(timer);
  }

  /** Fires all that is due; called where the alarm rang, or once a tick. */
  turn(now = this.clock.now()): void {
    const current = Math.floor(now / TICK);
    const from = Math.max(this.passed, current - SLOTS);
    // Set before anything fires: what is put meanwhile goes into slots of turns to come, even after a long stall.
    this.passed = current;
    for (let tick = from; tick < current; tick++) this.pass(this.slots[tick % SLOTS], now);
  }

  /**
   * Fires what is due now, but behind the sockets of this round of the loop: what came while the thread stood still must
   * not be found too late. What becomes due while they are read waits for the next round, lest a stall among them count.
   */
  private turnSoon(): void {
    const now = this.clock.now();
    this.afterReads = setImmediate(() => {
      // What is still gathered was read before.
      TURN.work();
      this.wakesAfter = TURNING;
      try {
        this.turn(now);
      } finally {
        this.sleep();
      }
    });
  }

  /** Until the end of the first slot that holds something. */
  private sleep(): void {
    this.wakesAfter = Number.POSITIVE_INFINITY;
    for (let tick = this.passed; tick < this.passed + SLOTS && tick < this.wakesAfter; tick++) {
      const head = this.slots[tick % SLOTS];
      if (head.next !== head) this.wakeAfter(tick);
    }
  }

  private wakeAfter(tick: number): void {
    if (this.stopped) return;
    this.wakesAfter = tick;
    clearTimeout(this.alarm);
    const wait = Math.ceil((tick + 1) * TICK - this.clock.now());
    this.alarm = setTimeout(() => this.turnSoon(), Math.max(1, wait)).unref();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.alarm);
    clearImmediate(this.afterReads);
  }

  private pass(head: Timer, now: number): void {
    // The slot is emptied first: whatever `fire` arms goes into slots that this pass does not look at again.
    const due: Timer[] = [];
    for (let timer = head.next; timer !== undefined && timer !== head; timer = head.next) {
      unlink(timer);
      due.push(timer);
    }
    for (const timer of due) {
      if (timer.due <= now) {
        timer.due = Number.POSITIVE_INFINITY;
        timer.fire();
      } else if (timer.due !== Number.POSITIVE_INFINITY && timer.due < timer.seen) {
        this.put(timer);
      }
    }
  }

  private put(timer: Timer): void {
    unlink(timer);
    // What the wheel slept through was empty.
    if (this.own && this.wakesAfter > this.passed + 1)
      this.passed = Math.min(Math.floor(this.clock.now() / TICK), this.wakesAfter);
    // The slot after the one `due` falls into: passed only when `due` is surely over. Far ones are looked at once a round.
    const tick = Math.min(Math.floor(timer.due / TICK), this.passed + SLOTS - 1);
    const slot = Math.max(tick, this.passed);
    timer.seen = (slot + 1) * TICK;
    const head = this.slots[slot % SLOTS];
    timer.prev = head.prev;
    timer.next = head;
    if (head.prev !== undefined) head.prev.next = timer;
    head.prev = timer;
    if (this.own && slot < this.wakesAfter) this.wakeAfter(slot);
  }
}

function unlink(timer: Timer): void {
  if (timer.next === undefined || timer.prev === undefined) return;
  timer.prev.next = timer.next;
  timer.next.prev = timer.prev;
  timer.next = undefined;
  timer.prev = undefined;
  timer.seen = Number.POSITIVE_INFINITY;
}
