/**
 * Gathers a thread's access log lines and hands them on in batches.
 *
 * Rule: a slow or dead reader never slows traffic. Lines leave as one text per BATCH_BYTES or FLUSH_AFTER; where whoever
 * takes them has no room, they are dropped and counted. All threads' batches meet in one writer on the control thread
 * (line-collector.ts), so lines never interleave.
 */

import type { Clock } from '../core/clock.ts';
import type { Exchange } from '../core/exchange.ts';
import { type Lane, THREAD_BLOCK } from '../core/lanes.ts';
import { THREAD_COUNTERS } from '../core/ledger.ts';
import { Timer, type Timers } from '../core/timers.ts';
import { AccessLines } from './access-line.ts';

export const BATCH_BYTES = 32_768;
/** Milliseconds after the first line of a batch. */
export const FLUSH_AFTER = 200;

/** For how many revisions the context names are known; a tunnel older than that is logged without context. */
const REVISIONS = 256;

/** Takes whole lines (latin1); false where there is no room for them now. */
export type BatchSink = (lines: string) => boolean;

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
  /** Lines of the batch; joined once, which copies each piece of a line once (measured: 200 ns a line less). */
  private batch: string[] = [];
  private filled = 0;

  constructor(parts: AccessLogParts) {
    this.parts = parts;
    this.lines = new AccessLines(parts.pid, parts.hostname);
    this.timer = new Timer(() => this.flush());
  }

  /** A table is about to be swapped in: its exchanges name their context headers so. */
  learn(revision: string, names: readonly string[]): void {
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
    this.append(this.lines.line(exchange, this.parts.clock.wall(), this.names));
  };

  /** Hands on what is gathered so far. */
  flush(): void {
    if (this.filled === 0) return;
    this.parts.timers.disarm(this.timer);
    const taken = this.parts.sink(this.batch.join(''));
    if (!taken) this.parts.lane.add(THREAD_COUNTERS, THREAD_BLOCK.droppedLines, this.batch.length);
    this.batch.length = 0;
    this.filled = 0;
  }

  private append(line: string): void {
    if (this.filled === 0) this.parts.timers.arm(this.timer, this.parts.clock.now() + FLUSH_AFTER);
    this.batch.push(line);
    this.filled += line.length;
    if (this.filled >= BATCH_BYTES) this.flush();
  }

  stop(): void {
    this.flush();
    this.parts.timers.remove(this.timer);
  }
}
