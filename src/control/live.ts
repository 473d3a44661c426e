/**
 * One second of traffic after the other, for whoever watches: the stream of the admin API, and with it dashboard and `top`.
 *
 * Rule: while nobody listens nothing runs, here and on the data threads. The first listener gets its first frame after a
 * second, since a rate needs something to count from; those that come later get the last one at once. A frame is made and
 * written as JSON once for all. How it is sent, and to whom not, is left to admin/live.ts.
 */

import type { Alarms } from '../core/alarm.ts';
import type { CallerDigest } from '../core/callers.ts';
import type { Clock } from '../core/clock.ts';
import type { PlaneLog } from '../core/events.ts';
import { Books, type BooksParts } from './live-books.ts';
import { callersOf } from './live-callers.ts';
import type { LiveFrame } from './live-frame.ts';

const SECOND = 1000;

export interface LiveParts extends BooksParts {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly log: PlaneLog;
  /** What data threads counted by caller since the last call, of those that answer in time; they go on while `watch`. */
  callers(watch: boolean): Promise<readonly CallerDigest[]>;
}

/** Hears of every frame, as JSON and as what it was made of. */
export type LiveListener = (text: string, frame: LiveFrame) => void;

/** From the first listener to the last one's end. */
interface Watch {
  readonly books: Books;
  /** When the counters were last read. */
  since: number;
  /** Calls the next frame off. */
  cancel: () => void;
  last: { readonly text: string; readonly frame: LiveFrame } | undefined;
}

export class Live {
  private readonly parts: LiveParts;
  private readonly listeners = new Set<{ readonly hear: LiveListener }>();
  private watch: Watch | undefined = undefined;

  constructor(parts: LiveParts) {
    this.parts = parts;
  }

  /** Hears of every frame from now on; the result ends that. */
  listen(hear: LiveListener): () => void {
    const listener = { hear };
    this.listeners.add(listener);
    this.watch ??= this.begin();
    const { last } = this.watch;
    if (last !== undefined) this.tell(listener, last.text, last.frame);
    return () => {
      if (this.listeners.delete(listener) && this.listeners.size === 0) this.stop();
    };
  }

  /** The last frame, while somebody listens. */
  latest(): LiveFrame | undefined {
    return this.watch?.last?.frame;
  }

  /** Nobody hears anything any more. */
  stop(): void {
    this.listeners.clear();
    if (this.watch === undefined) return;
    this.watch.cancel();
    this.watch = undefined;
    void this.ask(false);
  }

  private begin(): Watch {
    const now = this.parts.clock.now();
    const watch: Watch = { books: new Books(this.parts), since: now, cancel: () => {}, last: undefined };
    watch.books.read(1, now);
    void this.ask(true);
    this.plan(watch, now + SECOND);
    return watch;
  }

  private plan(watch: Watch, due: number): void {
    const { clock, alarms } = this.parts;
    watch.cancel = alarms.after(Math.max(0, due - clock.now()), () => void this.turn(watch, due));
  }

  private async turn(watch: Watch, due: number): Promise<void> {
    const digests = await this.ask(true);
    // Meanwhile the last listener may have left, and another have come.
    if (this.watch !== watch) return;
    const { clock, log } = this.parts;
    try {
      const frame = this.frame(watch, digests);
      const text = JSON.stringify(frame);
      watch.last = { text, frame };
      for (const listener of this.listeners) this.tell(listener, text, frame);
    } catch (error) {
      log('error', { err: String(error) }, 'a second of traffic could not be told');
    }
    // A frame that is late leaves the beat as it is, unless hardly anything of the next second is left.
    if (this.watch === watch) this.plan(watch, Math.max(due + SECOND, clock.now() + SECOND / 2));
  }

  private frame(watch: Watch, digests: readonly CallerDigest[]): LiveFrame {
    const { clock, view } = this.parts;
    const now = clock.now();
    const interval = Math.max(1, now - watch.since);
    watch.since = now;
    const seconds = interval / SECOND;
    const { connections, total, routes, upstreams } = watch.books.read(seconds, now);
    return {
      at: new Date(clock.wall()).toISOString(),
      interval: Math.round(interval),
      revision: view().running?.revision ?? '',
      connections,
      total,
      routes,
      upstreams,
      callers: callersOf(digests, seconds, watch.books.routeOf),
    };
  }

  private async ask(watch: boolean): Promise<readonly CallerDigest[]> {
    try {
      return await this.parts.callers(watch);
    } catch (error) {
      this.parts.log('error', { err: String(error) }, 'data threads did not tell who called');
      return [];
    }
  }

  private tell(listener: { readonly hear: LiveListener }, text: string, frame: LiveFrame): void {
    try {
      listener.hear(text, frame);
    } catch (error) {
      this.parts.log('error', { err: String(error) }, 'a listener to live traffic failed');
    }
  }
}
