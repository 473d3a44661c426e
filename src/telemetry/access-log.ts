/**
 * Gathers a thread's access log lines and hands them on in batches.
 *
 * Rule: a slow or dead reader never slows traffic. Lines leave in one piece per BATCH_BYTES or FLUSH_AFTER; where whoever
 * takes them has no room, they are dropped and counted. All threads' batches meet in one writer on the control thread
 * (line-collector.ts), so lines never interleave.
 */

import type { Clock } from '../core/clock.ts';
import type { Exchange } from '../core/exchange.ts';
import { type Lane, THREAD_BLOCK } from '../core/lanes.ts';
import { THREAD_COUNTERS } from '../core/ledger.ts';
import { Sheet } from '../core/sheet.ts';
import { Timer, type Timers } from '../core/timers.ts';
import { AccessLines } from './access-line.ts';

export const BATCH_BYTES = 32_768;
/** Milliseconds after the first line of a batch. */
export const FLUSH_AFTER = 200;

/** For how many revisions the context names are known; a tunnel older than that is logged without context. */
const REVISIONS = 256;

/** Takes whole lines, which stand there until it returns; false where there is no room for them now. */
export type BatchSink = (lines: Buffer) => boolean;

export interface AccessLogParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lane: Lane;
  readonly pid: number;
  readonly hostname: string;
  readonly sink: BatchSink;
}

export class AccessLog {
  private readonly parts: AccessLogParts;
  private readonly lines: AccessLines;
  private readonly timer: Timer;
  private readonly contextNames = new Map<string, readonly string[]>();
  private revision = '';
  private names: readonly string[] = [];
  /** The batch, a line behind the other, and how many there are. */
  private readonly batch = new Sheet(BATCH_BYTES * 2);
  private count = 0;
  private time = 0;
  private askedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: AccessLogParts) {
    this.parts = parts;
    this.lines = new AccessLines(parts.pid, parts.hostname);
    this.timer = new Timer(() => this.flush());
  }

  /** A table is about to be swapped in: its exchanges name their context headers so. */
  learn(revision: string, names: readonly string[]): void {
    // One that comes back is the newest again.
    this.contextNames.delete(revision);
    this.contextNames.set(revision, names);
    for (const old of this.contextNames.keys()) {
      if (this.contextNames.size <= REVISIONS) break;
      this.contextNames.delete(old);
    }
  }

  readonly settled = (exchange: Exchange): void => {
    if (exchange.revision !== this.revision) {
      this.revision = exchange.revision;
      this.names = this.contextNames.get(exchange.revision) ?? [];
    }
    const { batch, parts } = this;
    if (this.count === 0) parts.timers.arm(this.timer, parts.clock.now() + FLUSH_AFTER);
    this.lines.put(batch, exchange, this.timeAt(exchange.arrived + exchange.totalTime), this.names);
    this.count++;
    if (batch.at >= BATCH_BYTES) this.flush();
  };

  /** The time of day, which is asked for once a millisecond of monotonic time (measured: 30 ns a line less under load). */
  private timeAt(now: number): number {
    if (now - this.askedAt >= 1 || now < this.askedAt) {
      this.askedAt = now;
      this.time = this.parts.clock.wall();
    }
    return this.time;
  }

  /** Hands on what is gathered so far. */
  flush(): void {
    const { batch, parts, count } = this;
    if (count === 0) return;
    parts.timers.disarm(this.timer);
    if (!parts.sink(batch.view())) parts.lane.add(THREAD_COUNTERS, THREAD_BLOCK.droppedLines, count);
    batch.begin();
    this.count = 0;
  }

  stop(): void {
    this.flush();
    this.parts.timers.remove(this.timer);
  }
}
