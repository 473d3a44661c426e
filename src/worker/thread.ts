/**
 * A data thread: takes documents, runs the plane, reports.
 *
 * Rule: a document is compiled aside, a slice at a time with requests served in between, and swapped in only when told so
 * (two phases); until then the running table does not notice. One proposal at a time: a later one, or a drop, ends what
 * is under way. The thread owns its clock, timers, lane and upstreams; it knows nothing of other threads. Whether it runs
 * as a worker or on the main thread is decided by who calls it (entry.ts, app.ts).
 */

import type { DocumentParts, Site, Steps } from '../config/compile.ts';
import type { CallerDigest } from '../core/callers.ts';
import type { Clock } from '../core/clock.ts';
import type { Settled } from '../core/events.ts';
import type { Lane } from '../core/lanes.ts';
import type { NameSet } from '../core/names.ts';
import type { Timers } from '../core/timers.ts';
import type { Words } from '../core/words.ts';
import type { Protection, ProtectionSettings } from '../policy/policy.ts';
import type { Table } from '../routing/route.ts';
import { AccessLog, type BatchSink } from '../telemetry/access-log.ts';
import { Callers } from '../telemetry/callers.ts';
import { countInto } from '../telemetry/counters.ts';
import type {
  LeavingMember,
  MemberSettings,
  MembersChange,
  Upstream,
  UpstreamBlocks,
  UpstreamSettings,
} from '../upstream/upstream.ts';
import {
  type Answer,
  type BlockMemory,
  done,
  type EndableThread,
  type ListenCall,
  type MembersCall,
  type Parcel,
  type PrepareCall,
  refused,
  type ThreadStatus,
} from './protocol.ts';
import { type Before, type Unpacked, unpack } from './unpack.ts';

/**
 * How long compiling keeps the thread from its requests at a stretch, milliseconds. A document of a thousand routes takes
 * ten such stretches, an edit of one of them two or three.
 */
const SLICE = 0.5;

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
  upstream(id: string, settings: UpstreamSettings, blocks: UpstreamBlocks, names: NameSet): Upstream;
  /** Who is found by name or registered, in place of those before. */
  join(id: string, members: readonly MemberSettings[], number: number): void;
  /** The same by what has changed; false where the list before is another one. */
  change(change: MembersChange): boolean;
  /** What is still under way at members that have left. */
  underWay(members: readonly LeavingMember[]): readonly number[];
  keepOnly(upstreams: Iterable<Upstream>): void;
  stop(): void;
}

/** What protects them. */
export interface RunningProtections {
  protection(id: string, settings: ProtectionSettings, block: number): Protection;
  keepOnly(protections: ReadonlyMap<string, Protection>): void;
  stop(): void;
}

export interface ThreadParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lane: Lane;
  readonly words: Words;
  readonly upstreams: RunningUpstreams;
  readonly protections: RunningProtections;
  readonly plane: (settled: Settled[]) => RunningPlane;
  readonly compile: (document: DocumentParts, revision: string, site: Site) => Steps<Table>;
  /** Resolves once the requests that have arrived by now were seen to. */
  readonly breathe: () => Promise<void>;
  readonly pid: number;
  readonly hostname: string;
  /** Takes access log lines; undefined where nobody reads them. */
  readonly sink: BatchSink | undefined;
}

/** A table, and what the next one may take from its parcel. */
interface Compiled {
  readonly table: Table;
  readonly unpacked: Unpacked | undefined;
}

function beforeOf(current: Compiled | undefined): Before | undefined {
  return current?.unpacked === undefined ? undefined : { table: current.table, unpacked: current.unpacked };
}

export class Thread implements EndableThread {
  private readonly parts: ThreadParts;
  private readonly plane: RunningPlane;
  private readonly accessLog: AccessLog | undefined;
  /** Who hears of exchanges that are over; the plane has the same list. */
  private readonly settled: Settled[];
  /** In the list while somebody watches. */
  private watched: Callers | undefined = undefined;
  private prepared: ({ readonly revision: string } & Compiled) | undefined = undefined;
  /** What is being compiled; whoever does it looks after each breath whether this is still theirs. */
  private work: { readonly revision: string } | undefined = undefined;
  private current: Compiled | undefined = undefined;

  constructor(parts: ThreadParts) {
    this.parts = parts;
    this.settled = [countInto(parts.lane)];
    if (parts.sink !== undefined) {
      this.accessLog = new AccessLog({ ...parts, sink: parts.sink });
      this.settled.push(this.accessLog.settled);
    }
    this.plane = parts.plane(this.settled);
  }

  async prepare({ parcel, revision, memory, members }: PrepareCall): Promise<Answer<undefined>> {
    this.grow(memory);
    for (const { upstream, members: list, number } of members) this.parts.upstreams.join(upstream, list, number);
    const work = { revision };
    this.work = work;
    this.prepared = undefined;
    try {
      this.prepared = { revision, ...(await this.compile(parcel, work)) };
      this.work = undefined;
      return done();
    } catch (error) {
      // Whoever took its place looks after the upstreams.
      if (this.work === work) this.forget();
      return refused(error);
    }
  }

  async commit(revision: string): Promise<Answer<undefined>> {
    if (this.prepared?.revision !== revision) return refused(`revision ${revision} was not prepared`);
    const { table, unpacked } = this.prepared;
    this.prepared = undefined;
    this.current = { table, unpacked };
    const names = table.correlation.context.map(({ name }) => name);
    this.accessLog?.learn(revision, names);
    this.plane.swap(table);
    this.keepOnly(table);
    return done();
  }

  async members({ upstream, members, number }: MembersCall, memory: BlockMemory): Promise<Answer<undefined>> {
    this.grow(memory);
    this.parts.upstreams.join(upstream, members, number);
    return done();
  }

  async change(call: MembersChange, memory: BlockMemory): Promise<Answer<boolean>> {
    this.grow(memory);
    return { ok: true, value: this.parts.upstreams.change(call) };
  }

  async underWay(members: readonly LeavingMember[]): Promise<Answer<readonly number[]>> {
    return { ok: true, value: this.parts.upstreams.underWay(members) };
  }

  async drop(revision: string): Promise<Answer<undefined>> {
    if ((this.prepared ?? this.work)?.revision === revision) this.forget();
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
    this.work = undefined;
    try {
      await this.plane.stop(limit);
      this.parts.upstreams.stop();
      this.parts.protections.stop();
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

  async callers(watch: boolean): Promise<Answer<CallerDigest>> {
    const callers = this.watched ?? new Callers();
    if (watch !== (this.watched !== undefined)) this.hear(callers, watch);
    return { ok: true, value: callers.take() };
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

  private hear(callers: Callers, watch: boolean): void {
    this.watched = watch ? callers : undefined;
    if (watch) this.settled.push(callers.settled);
    else this.settled.splice(this.settled.indexOf(callers.settled), 1);
  }

  private flushNow(): void {
    this.accessLog?.flush();
  }

  private async compile(parcel: Parcel, work: { readonly revision: string }): Promise<Compiled> {
    const { clock, upstreams, protections, breathe } = this.parts;
    const { revision } = work;
    const { document, block, unpacked } = unpack(parcel, beforeOf(this.current));
    const site: Site = {
      upstream: (id, settings, blocks, names) => upstreams.upstream(id, settings, blocks, names),
      protection: (id, settings, number) => protections.protection(id, settings, number),
      block,
    };
    const steps = this.parts.compile(document, revision, site);
    for (let since = clock.now(); ; ) {
      const step = steps.next();
      if (step.done === true) return { table: step.value, unpacked };
      if (clock.now() - since < SLICE) continue;
      await breathe();
      if (this.work !== work) throw new Error(`revision ${revision} was given up before it was compiled`);
      since = clock.now();
    }
  }

  private forget(): void {
    this.work = undefined;
    this.prepared = undefined;
    // Members that only the forgotten table named go with it.
    this.keepOnly(this.current?.table);
  }

  /** What this table does not name has no life any more. */
  private keepOnly(table: Table | undefined): void {
    const destinations = [...(table?.destinations.values() ?? [])];
    this.parts.upstreams.keepOnly(destinations.map(({ upstream }) => upstream));
    this.parts.protections.keepOnly(new Map(destinations.map(({ upstream, protection }) => [upstream.id, protection])));
  }

  private grow({ lane, common }: BlockMemory): void {
    this.parts.lane.grow(lane);
    this.parts.words.grow(common);
  }
}
