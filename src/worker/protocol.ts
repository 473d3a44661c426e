/**
 * What the control thread and a data thread say to each other.
 *
 * Rule: the control thread asks, the data thread answers, always with a value: a thread that cannot do what was asked, or
 * that died over it, is an expected end. The same interface stands before a worker thread and before the data plane on
 * the main thread (workers: 0). Everything here survives a structured clone.
 */

import type { compile } from '../config/compile.ts';
import type { CallerDigest } from '../core/callers.ts';
import type { LogLevel, PlaneEvent } from '../core/events.ts';
import type { LeavingMember, MemberSettings, MembersChange } from '../upstream/upstream.ts';

/** What `compile` takes: a validated document. */
export type Document = Parameters<typeof compile>[0];

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** A document to put in force, with the blocks of counters of its keys. */
export interface Order {
  readonly document: Document;
  readonly revision: string;
  readonly blocks: readonly (readonly [key: string, block: number])[];
}

/** An order on its way (parcel.ts): serialised by V8, because settings hold Infinity, which JSON does not have. */
export interface Parcel {
  readonly head: Uint8Array;
  readonly upstreams: readonly Uint8Array[];
  readonly routes: readonly Uint8Array[];
}

export interface PrepareCall {
  readonly revision: string;
  /** The order's document and blocks, packed. */
  readonly parcel: Parcel;
  readonly memory: BlockMemory;
  /** Members that are not in the document, of every upstream that has such. */
  readonly members: readonly MembersCall[];
}

/** The memory behind the blocks. */
export interface BlockMemory {
  /** Of the thread's lane. */
  readonly lane: readonly SharedArrayBuffer[];
  /** The words that all threads share. */
  readonly common: readonly SharedArrayBuffer[];
}

/** Who is found by name or registered, of one upstream: the whole list, in place of the one before. */
export interface MembersCall {
  readonly upstream: string;
  /** In order of their ids. */
  readonly members: readonly MemberSettings[];
  /** Of this list and no other (MembersChange). */
  readonly number: number;
}

export interface ListenCall {
  readonly listener: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly reusePort: boolean;
}

export interface ThreadStatus {
  readonly connections: number;
  readonly exchanges: number;
  readonly tunnels: number;
}

export interface DataThread {
  /** Compiles beside the traffic and keeps the table aside. A later call, or a drop, ends one that is under way. */
  prepare(call: PrepareCall): Promise<Answer<undefined>>;
  /** Swaps the prepared table of this revision in. */
  commit(revision: string): Promise<Answer<undefined>>;
  /** Forgets the table of this revision, prepared or about to be. */
  drop(revision: string): Promise<Answer<undefined>>;
  /** Takes the members of an upstream that are not in the document; `memory` grows with them. */
  members(call: MembersCall, memory: BlockMemory): Promise<Answer<undefined>>;
  /** The same, by what has changed; false where this thread does not have the list that it begins with. */
  change(call: MembersChange, memory: BlockMemory): Promise<Answer<boolean>>;
  /** How much is still under way at each of these members, which have left. */
  underWay(members: readonly LeavingMember[]): Promise<Answer<readonly number[]>>;
  /** Opens a listener of the table; the answer is the port. */
  listen(call: ListenCall): Promise<Answer<number>>;
  /** From now on replies carry `Connection: close`; new connections are still served. */
  drain(): Promise<Answer<undefined>>;
  /** Stops accepting, lets exchanges finish for `limit` milliseconds, cuts the rest. */
  stop(limit: number): Promise<Answer<undefined>>;
  status(): Promise<Answer<ThreadStatus>>;
  /** Hands on what the access log gathers. */
  flush(): Promise<Answer<undefined>>;
  /** What was counted by caller since the last call; goes on counting while `watch`, forgets where not. */
  callers(watch: boolean): Promise<Answer<CallerDigest>>;
}

/** A thread that can be ended from outside. */
export interface EndableThread extends DataThread {
  /** Ends it now, with all its connections. */
  end(): Promise<void>;
}

export type Method = keyof DataThread;

/** From the control thread. */
export interface ToThread {
  readonly id: number;
  readonly method: Method;
  /** The arguments of the method. */
  readonly given: readonly unknown[];
}

/** From a data thread. */
export type FromThread =
  | { readonly is: 'answer'; readonly id: number; readonly answer: Answer<unknown> }
  | { readonly is: 'event'; readonly event: PlaneEvent }
  | {
      readonly is: 'log';
      readonly level: LogLevel;
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    };

/** What a worker thread is born with. */
export interface Birth {
  readonly hostname: string;
  /** Ring (core/ring.ts) for access log lines; undefined where nobody reads them: then no line is built. */
  readonly lines: SharedArrayBuffer | undefined;
  /** Somebody reads level debug of the operational log. */
  readonly debug: boolean;
  /** Threads that share the listeners, this one counted. */
  readonly threads: number;
  /** Where it was slow to load it may end at once, and is started once more (first-start.ts). */
  readonly mayStartOver: boolean;
}

export function done(): Answer<undefined> {
  return { ok: true, value: undefined };
}

export function refused(error: unknown): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason: error instanceof Error ? error.message : String(error) };
}
