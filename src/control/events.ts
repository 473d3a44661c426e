/**
 * What has happened: changes of state that data threads and the control thread tell of.
 *
 * Rule: one line in the log for each, at the level of its weight; the last KEPT stay for whoever asks, and whoever listens
 * hears of each. A listener that throws is said in the log and harms nobody else.
 */

import type { Clock } from '../core/clock.ts';
import type { LogLevel, PlaneEvent, PlaneLog } from '../core/events.ts';

const KEPT = 256;

/** An event with its time, epoch milliseconds, and a number that counts up by one. */
export interface Told {
  readonly number: number;
  readonly at: number;
  readonly event: PlaneEvent;
}

export class Events {
  private readonly clock: Clock;
  private readonly log: PlaneLog;
  private readonly listeners = new Set<(told: Told) => void>();
  private readonly kept: Told[] = [];
  private count = 0;

  constructor(clock: Clock, log: PlaneLog) {
    this.clock = clock;
    this.log = log;
  }

  readonly tell = (event: PlaneEvent): void => {
    this.count += 1;
    const told = { number: this.count, at: this.clock.wall(), event };
    this.kept.push(told);
    if (this.kept.length > KEPT) this.kept.shift();
    this.write(event);
    for (const listener of this.listeners) {
      try {
        listener(told);
      } catch (error) {
        this.log('error', { err: String(error), is: event.is }, 'a listener to events failed');
      }
    }
  };

  /** The last events, oldest first. */
  recent(): readonly Told[] {
    return [...this.kept];
  }

  /** Hears of every event from now on; the result ends that. */
  listen(listener: (told: Told) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private write(event: PlaneEvent): void {
    // Who came and who left at once stands in one line, which upstream/members.ts writes.
    if (event.is === 'member' && (event.state === 'joined' || event.state === 'left')) return;
    const [level, message] = inWords(event);
    const until = 'until' in event && event.until !== undefined ? new Date(event.until).toISOString() : undefined;
    this.log(level, { ...event, until }, message);
  }
}

function inWords(event: PlaneEvent): [LogLevel, string] {
  switch (event.is) {
    case 'circuit': {
      const graver = event.state === 'open' || event.state === 'isolated';
      return [graver ? 'warn' : 'info', `the circuit of an upstream is ${event.state}`];
    }
    case 'member': {
      const graver = event.state === 'ejected' || event.state === 'unhealthy';
      return [graver ? 'warn' : 'info', `a member is ${event.state === 'probation' ? 'on probation' : event.state}`];
    }
    default:
      return event.on
        ? ['warn', 'so few members can serve that all of them are used']
        : ['info', 'enough members can serve again'];
  }
}
