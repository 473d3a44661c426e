/**
 * The services of the chain: those that ask the next one, and the last one, which fails.
 *
 * Rule: as most services are: each passes on the correlation id and the status it got, none notices that its caller gave up, and
 * the last one works off what it accepted in the order in which it came, whether or not anybody still waits for it.
 */

import type { Draw } from '../../src/core/draw.ts';
import type { Hop, Reply, Service } from './hop.ts';
import type { VirtualTime } from './time.ts';

/** Milliseconds that a service works before it asks the next one. */
const OWN_WORK = 1;

/** Asks the router before the next service, and answers what it is answered. */
export function middle(time: VirtualTime, next: Hop): Service {
  return (who, reply) => time.after(OWN_WORK, () => next.ask(who, reply));
}

/** well; answers 503 at once; takes so many times as long; takes requests and never answers. */
export type Trouble = 'none' | 'refuses' | 'hangs' | { readonly slower: number };

export interface Capacity {
  readonly workers: number;
  /** Milliseconds of work on one request, in the mean. */
  readonly work: number;
  /** Requests that may wait; more are taken and never answered. */
  readonly backlog: number;
}

export class LastService {
  trouble: Trouble = 'none';
  private readonly time: VirtualTime;
  private readonly draw: Draw;
  private readonly capacity: Capacity;
  private busy = 0;
  private waiting: Reply[] = [];
  private next = 0;

  constructor(time: VirtualTime, draw: Draw, capacity: Capacity) {
    this.time = time;
    this.draw = draw;
    this.capacity = capacity;
  }

  take(reply: Reply): void {
    if (this.trouble === 'refuses') reply(503);
    else if (this.trouble === 'hangs') return;
    else if (this.busy < this.capacity.workers) this.work(reply);
    else if (this.waiting.length - this.next < this.capacity.backlog) this.waiting.push(reply);
  }

  private work(reply: Reply): void {
    this.busy += 1;
    const slower = typeof this.trouble === 'object' ? this.trouble.slower : 1;
    // As long as on the shortest path, or much longer: exponential.
    const ms = -Math.log(1 - this.draw.chance()) * this.capacity.work * slower;
    this.time.after(ms, () => {
      this.busy -= 1;
      const next = this.shift();
      if (next !== undefined) this.work(next);
      reply(200);
    });
  }

  /** The one that waits for longest. */
  private shift(): Reply | undefined {
    if (this.next === this.waiting.length) return undefined;
    const first = this.waiting[this.next++];
    if (this.next > 1000) {
      this.waiting = this.waiting.slice(this.next);
      this.next = 0;
    }
    return first;
  }
}
