/**
 * A data thread: takes documents, runs the plane, reports.
 *
 * Rule: a document is compiled aside and swapped in only when told so (two phases); until then the running table does not
 * notice. The thread owns its clock, timers, lane and upstreams; it knows nothing of other threads. Whether it runs as a
 * worker or on the main thread is decided by who calls it (entry.ts, app.ts).
 */

import type { Site } from '../config/compile.ts';
import type { Clock } from '../core/clock.ts';
import type { Settled } from '../core/events.ts';
import type { Lane } from '../core/lanes.ts';
import type { Timers } from '../core/timers.ts';
import type { Table } from '../routing/route.ts';
import { AccessLog, type BatchSink } from '../telemetry/access-log.ts';
import { countInto } from '../telemetry/counters.ts';
import type { Upstream, UpstreamSettings } from '../upstream/upstream.ts';
import {
  type Answer,
  type Document,
  done,
  type EndableThread,
  type ListenCall,
  type PrepareCall,
  refused,
  type ThreadStatus,
} from './protocol.ts';

/** The plane as a thread drives it. */
export interface RunningPlane {
  swap(table: Table): void;
  listen(id: string, host: string, port: number, reusePort: boolean): Promise<number>;
  drain(): void;
  stop(limit: number): Promise<void>;
  /** Ends what is under way, at once. */
  abandon(): void;
  status(): ThreadStatus;
}

/** The living upstreams of the thread. */
export interface RunningUpstreams {
  upstream(id: string, settings: UpstreamSettings, block: number): Upstream;
  keepOnly(upstreams: Iterable<Upstream>): void;
  stop(): void;
}

export interface ThreadParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lane: Lane;
  readonly upstreams: RunningUpstreams;
  readonly plane: (settled: Settled[]) => RunningPlane;
  readonly compile: (document: Document, revision: string, site: Site) => Table;
  readonly pid: number;
  readonly hostname: string;
  /** Takes access log lines; undefined where nobody reads them. */
  readonly sink: BatchSink | undefined;
}

export class Thread implements EndableThread {
  private readonly parts: ThreadParts;
  private readonly plane: RunningPlane;
  private readonly accessLog: AccessLog | undefined;
  private prepared: { readonly revision: string; readonly table: Table } | undefined = undefined;
  private current: Table | undefined = undefined;

  constructor(parts: ThreadParts) {
    this.parts = parts;
    const settled: Settled[] = [countInto(parts.lane)];
    if (parts.sink !== undefined) {
      this.accessLog = new AccessLog({ ...parts, sink: parts.sink });
      settled.push(this.accessLog.settled);
    }
    this.plane = parts.plane(settled);
  }

  async prepare({ document, revision, blocks, memory }: PrepareCall): Promise<Answer<undefined>> {
    const { lane, upstreams, compile } = this.parts;
    lane.grow(memory);
    const known = new Map(blocks);
    try {
      const table = compile(document, revision, {
        upstream: (id, settings, block) => upstreams.upstream(id, settings, block),
        block: (key) => blockOf(known, key),
      });
      this.prepared = { revision, table };
      return done();
    } catch (error) {
      this.forget();
      return refused(error);
    }
  }

  async commit(revision: string): Promise<Answer<undefined>> {
    if (this.prepared?.revision !== revision) return refused(`revision ${revision} was not prepared`);
    const { table } = this.prepared;
    this.prepared = undefined;
    this.current = table;
    const names = table.correlation.context.map(({ name }) => name);
    this.accessLog?.learn(revision, names);
    this.plane.swap(table);
    this.parts.upstreams.keepOnly(table.upstreams.values());
    return done();
  }

  async drop(revision: string): Promise<Answer<undefined>> {
    if (this.prepared?.revision === revision) this.forget();
    return done();
  }

  async listen({ listener, host, port, reusePort }: ListenCall): Promise<Answer<number>> {
    try {
      return { ok: true, value: await this.plane.listen(listener, host, port, reusePort) };
    } catch (error) {
      return refused(error);
    }
  }

  async drain(): Promise<Answer<undefined>> {
    this.plane.drain();
    return done();
  }

  async stop(limit: number): Promise<Answer<undefined>> {
    try {
      await this.plane.stop(limit);
      this.parts.upstreams.stop();
      this.accessLog?.stop();
      this.parts.timers.stop();
      return done();
    } catch (error) {
      return refused(error);
    }
  }

  async status(): Promise<Answer<ThreadStatus>> {
    return { ok: true, value: this.plane.status() };
  }

  async flush(): Promise<Answer<undefined>> {
    this.flushNow();
    return done();
  }

  /** The main thread cannot be ended; what runs on it can. */
  async end(): Promise<void> {
    await this.stop(0);
  }

  /** The last thing a dying thread does: exchanges end as faults, and their lines are handed on with all others. */
  lastWords(): void {
    try {
      this.plane.abandon();
    } finally {
      this.flushNow();
    }
  }

  private flushNow(): void {
    this.accessLog?.flush();
  }

  private forget(): void {
    this.prepared = undefined;
    // Members that only the forgotten table named go with it.
    this.parts.upstreams.keepOnly(this.current?.upstreams.values() ?? []);
  }
}

function blockOf(known: ReadonlyMap<string, number>, key: string): number {
  const block = known.get(key);
  if (block === undefined) throw new Error(`no block of counters was given for ${key}`);
  return block;
}
