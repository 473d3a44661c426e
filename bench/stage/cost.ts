/**
 * What a process costs: processor time and memory, of all its threads and of its children, from /proc.
 *
 * Rule: processor time is read in nanoseconds (schedstat), because the 10 ms ticks of /proc/PID/stat are too coarse for a
 * slice of a second. A thread that ends takes its figures with it, so each meter remembers what it last saw of every one.
 */

import { readdirSync, readFileSync } from 'node:fs';

/** First field of a schedstat file: nanoseconds spent on a core (Documentation/scheduler/sched-stats of the kernel). */
export function onCore(schedstat: string): number {
  const nanoseconds = Number(schedstat.trim().split(' ')[0]);
  return Number.isFinite(nanoseconds) ? nanoseconds : 0;
}

/** Text of a file of /proc, or an empty one where its process or thread is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** A process, its children and theirs; nginx, for one, works in a child. */
export function family(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter((text) => text.trim() !== ''),
  );
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

/** Processor time of one family, growing only. */
export class CostMeter {
  private readonly pid: number;
  private readonly seen = new Map<string, number>();

  constructor(pid: number) {
    this.pid = pid;
  }

  /** Microseconds used so far. */
  read(): number {
    for (const pid of family(this.pid)) {
      for (const thread of threadsOf(pid)) {
        const path = `/proc/${pid}/task/${thread}/schedstat`;
        this.learn(path, onCore(read(path)));
      }
    }
    return [...this.seen.values()].reduce((sum, each) => sum + each, 0) / 1000;
  }

  /** An ended thread's file is empty: what it had used still counts. */
  learn(thread: string, nanoseconds: number): void {
    if (nanoseconds > (this.seen.get(thread) ?? 0)) this.seen.set(thread, nanoseconds);
  }
}

/** Resident bytes of a family. */
export function memoryOf(pid: number): number {
  return family(pid).reduce((sum, each) => {
    const kib = /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${each}/status`))?.[1];
    return sum + Number(kib ?? 0) * 1024;
  }, 0);
}
