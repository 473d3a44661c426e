/**
 * What the parts of the data path know of each other.
 *
 * Rule: a client's connection, the line and the attempt call each other in turn; each knows only these shapes of the
 * others, so that no file imports in a circle. The parts are put together in plane.ts.
 */

import type { Clock } from '../core/clock.ts';
import type { Draw } from '../core/draw.ts';
import type { PlaneDebug, PlaneLog, Settled } from '../core/events.ts';
import type { Fault } from '../core/fault.ts';
import type { Slab } from '../core/io.ts';
import type { Cut, Lane } from '../core/lanes.ts';
import type { NameSet } from '../core/names.ts';
import type { Timers } from '../core/timers.ts';
import type { Wire } from '../core/wire.ts';
import type { BodyReader } from '../http1/body.ts';
import type { RequestHead } from '../http1/request.ts';
import type { Current } from '../routing/current.ts';
import type { ListenerSettings, ListenerTable, Route } from '../routing/route.ts';
import type { HeadRules } from './rules.ts';

/** What every part of the data path needs from outside. */
export interface PlaneNeeds {
  readonly clock: Clock;
  readonly draw: Draw;
  readonly timers: Timers;
  readonly lane: Lane;
  readonly settled: readonly Settled[];
  readonly log: PlaneLog;
  readonly debug?: PlaneDebug;
  /** Threads that share the listeners: each takes its part of a listener's connection limit. */
  readonly threads?: number;
  /** Most descriptors of the process, and the first one that no new client gets; without it there is no such limit. */
  readonly descriptors?: DescriptorLimit;
}

export interface DescriptorLimit {
  readonly limit: number;
  readonly ceiling: number;
}

/** One listener on one thread, as its connections see it. */
export interface Doorway extends PlaneNeeds {
  readonly id: string;
  readonly current: Current;
  readonly line: Line;
  /** Replies carry `Connection: close`. */
  readonly draining: boolean;
  readonly listener: ListenerTable;
  readonly settings: ListenerSettings;
  readonly names: NameSet;
  readonly rules: HeadRules;
  left(client: Client): void;
  /** A connection ends without an exchange that could tell of it. */
  cut(client: Client, cut: Cut): void;
  /** Says that the process has no descriptor to spare. */
  shortOfDescriptors(): void;
}

/**
 * What the client connection's one timer is armed for. `queue`: for a place before the upstream; `pause`: before a further
 * try; `hedge`: until a second request goes out beside the first; `delay`: an injected one.
 */
export type Waiting =
  | 'head'
  | 'next'
  | 'upload'
  | 'reply'
  | 'total'
  | 'relay'
  | 'client'
  | 'lingering'
  | 'queue'
  | 'pause'
  | 'hedge'
  | 'delay';

/** A client's connection, as the line and the attempt see it. */
export interface Client {
  readonly door: Doorway;
  readonly wire: Wire;
  readonly request: RequestHead;
  readonly body: BodyReader;
  passage: Passage | undefined;
  /** The connection closes behind the reply under way. */
  closing: boolean;
  /** The client itself said that it sends no more behind this request (RFC 9112 section 9.6). */
  last: boolean;
  /** X-Forwarded-* and Forwarded of this client for the host it named last. */
  forwarded: string;
  forwardedHost: string;
  /** Arms the connection's timer, due at this monotonic time. */
  wait(waiting: Waiting, due: number): void;
  /** Reads again after a call that returned false. */
  readOn(): void;
  becomeTunnel(): void;
  /** The exchange settled at this time and its reply is written: the next request, or the end. */
  next(now: number): void;
  /** Ends the connection so that nobody takes it for a clean end. */
  break(): void;
  /** The same, where a defect of the router is the reason; tells of it. */
  onDefect(error: unknown): void;
}

/** An exchange under way, as the client's connection sees it. */
export interface Passage {
  readonly route: Route | undefined;
  /** Whether a part of the reply went to the client. */
  readonly relay: { readonly begun: boolean };
  /** Body bytes; false pauses the client until `readOn`. */
  onUpload(bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean;
  /** The request body turned out malformed. */
  onBadUpload(reason: Fault): void;
  /** The client took what waited. */
  onClientDrain(): void;
  /** The client half-closed a tunnel. */
  onClientEnd(): void;
  /** The client is gone. */
  onClientGone(): void;
  onTimeout(waiting: Waiting): void;
  /** Writes a defect of the router down, with the exchange's facts. */
  defect(stack: string): Fault;
  /** The exchange must end now (its route was removed, the router stops). */
  onCut(reason: Fault): void;
}

export interface Line {
  /** Leads one request along the line; `bytes` from `start` to `end` are the first bytes of its body, `done`: all of it. */
  follow(client: Client, bytes: Buffer, start: number, end: number, done: boolean): void;
  /** A head or body that cannot be understood: an exchange of its own, so that it is counted and logged like any other. */
  refuse(client: Client, reason: Fault): void;
}
