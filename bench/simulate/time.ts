/**
 * Time that passes as fast as what happens in it can be worked off.
 *
 * Rule: events run in the order of their times, and those of one time in the order in which they were asked for, so that a run
 * is the same every time. The product's own wheel of timers turns in it, tick by tick, as on a thread that is not busy.
 */

import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/core/clock.ts';
import { TICK, Timers } from '../../src/core/timers.ts';

interface Event {
  readonly at: number;
  readonly number: number;
  readonly run: () => void;
}

/** When every run begins, monotonic milliseconds: not 0, which stands for no time in the product. */
const BEGINNING = 1_000;
const EPOCH = Date.UTC(2026, 0, 1);
/** Ticks between two looks at the real loop: what is heard of another thread must not pile up. */
const BREATHE_EVERY = 500;

export class VirtualTime implements Clock {
  readonly timers: Timers;
  /** A heap: no event stands before the one it hangs from. */
  private readonly events: Event[] = [];
  private time = BEGINNING;
  private asked = 0;

  constructor() {
    this.timers = new Timers(this, false);
  }

  now(): number {
    return this.time;
  }

  wall(): number {
    return EPOCH + Math.floor(this.time);
  }

  /** Runs `run` so many milliseconds from now. */
  after(ms: number, run: () => void): void {
    const { events } = this;
    const event = { at: this.time + ms, number: this.asked++, run };
    let place = events.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (before(events[above], event)) break;
      events[place] = events[above];
      place = above;
    }
    events[place] = event;
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (let tick = 1; this.time < end; tick++) {
      const until = Math.min(end, (Math.floor(this.time / TICK) + 1) * TICK);
      while (this.events.length > 0 && this.events[0].at <= until) {
        const event = this.take();
        this.time = event.at;
        event.run();
      }
      this.time = until;
      this.timers.turn();
      // What the product put off to the end of the turn.
      await (tick % BREATHE_EVERY === 0 ? setImmediate() : undefined);
    }
  }

  private take(): Event {
    const { events } = this;
    const [first] = events;
    const last = events.pop() ?? first;
    if (events.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= events.length) break;
      if (below + 1 < events.length && before(events[below + 1], events[below])) below += 1;
      if (before(last, events[below])) break;
      events[place] = events[below];
      place = below;
    }
    events[place] = last;
    return first;
  }
}

function before(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}
