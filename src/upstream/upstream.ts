/**
 * Who can serve: the contract between the line and the upstreams.
 *
 * Three types: UpstreamSettings is written in the document, Upstream is what a table holds, Member and its links are
 * alive and outlive tables. Durations are milliseconds, sizes bytes, `off` is Infinity.
 */

import type { Exchange } from '../core/exchange.ts';
import type { Fault } from '../core/fault.ts';
import type { Slab } from '../core/io.ts';
import type { NameSet } from '../core/names.ts';
import type { ReplyHead } from '../http1/reply.ts';

export interface EndpointSettings {
  /** Origin only, `http://127.0.0.1:7001`: no path, no query. */
  readonly url: string;
  readonly weight: number;
}

/** What a consistent hash is made of. */
export type HashSettings =
  | { readonly header: string }
  | { readonly cookie: string }
  | { readonly query: string }
  | { readonly client: true }
  | { readonly path: true };

export type Balance = 'p2c' | 'round-robin' | 'least-request' | 'random' | { readonly hash: HashSettings };

export interface TimeoutSettings {
  readonly connect: number;
  /** From aiming to the reply's head. */
  readonly attempt: number;
  /** From arrival to the end of the reply's head, all attempts together, queueing too. */
  readonly total: number;
  /** Between two reads of a body, or of a tunnel. */
  readonly idle: number;
}

/** What is asked of every member from time to time. */
export interface HealthCheckSettings {
  /** undefined: a TCP connection that stands is enough. */
  readonly path: string | undefined;
  /** First and last status that is well. */
  readonly status: readonly [first: number, last: number];
  /** Text that must stand in the first 64 KiB of the body. */
  readonly body: string | undefined;
  readonly interval: number;
  readonly timeout: number;
  readonly healthyAfter: number;
  readonly unhealthyAfter: number;
}

export interface OutlierSettings {
  readonly consecutiveFailures: number;
  /** Success rate against the others, looked at every `interval`; `off` leaves it to the failures in a row. */
  readonly successRate:
    | {
        readonly interval: number;
        /** Fewer attempts at a member say nothing about it. */
        readonly minRequests: number;
        /** Fewer members that can be compared say nothing about one of them. */
        readonly minMembers: number;
        /** How many standard deviations below the others is too low. */
        readonly deviations: number;
      }
    | 'off';
  /** The first time; each further time in a row that much longer, up to maxEjectFor. */
  readonly ejectFor: number;
  readonly maxEjectFor: number;
  readonly maxEjectedPercent: number;
}

export interface UpstreamSettings {
  readonly endpoints: readonly EndpointSettings[];
  readonly balance: Balance;
  /** How long the share of a member that came, or came back, grows from a tenth to its weight; 0: at once. */
  readonly slowStart: number;
  /** Below this share of members that can serve, all of them are used; 0: never. */
  readonly panicPercent: number;
  readonly timeout: TimeoutSettings;
  readonly healthCheck: HealthCheckSettings | 'off';
  readonly outliers: OutlierSettings | 'off';
}

/** What a document makes of a member. */
export interface MemberTerms {
  readonly weight: number;
  /** `host:port` as the document has it, for a Host header where the client sent none. */
  readonly authority: string;
}

/** A member as it is told to a thread. */
export interface MemberSettings extends MemberTerms {
  /** Metric label and log field: the endpoint's URL as written, or with the address that its name led to. */
  readonly id: string;
  /** An address, or `localhost`; never a name that somebody would have to ask for. */
  readonly host: string;
  readonly port: number;
  /** What the document on its way makes of it, where that is something else (terms.ts). */
  readonly next?: MemberTerms | undefined;
  /** Its block of counters and words. */
  readonly block: number;
  /** When it joined, as `timeWord`; 0 where it was there from the start. */
  readonly since: number;
}

/**
 * What leads from one list of an upstream's joined members to the next, both in order of their ids. Every list has a number
 * that no other list has, 0 where nobody is in it.
 */
export interface MembersChange {
  readonly upstream: string;
  readonly from: number;
  readonly to: number;
  /** Those that are new, or about whom something is. */
  readonly put: readonly MemberSettings[];
  /** Ids. */
  readonly gone: readonly string[];
}

/** A member that has left, by its id. */
export interface LeavingMember {
  readonly upstream: string;
  readonly member: string;
  /** Its time is over: tunnels to it end now. */
  readonly cut: boolean;
}

/** Blocks of counters of an upstream: its own, and those of its endpoints that are addresses (-1 for names). */
export interface UpstreamBlocks {
  readonly own: number;
  readonly endpoints: readonly number[];
}

/** An upstream in a table. `block` is its block of counters (core/lanes.ts). */
export interface Upstream {
  readonly id: string;
  readonly settings: UpstreamSettings;
  readonly block: number;
  /** Those there are now; of an upstream with names the list changes while a table lives. */
  readonly members: readonly Member[];
  /**
   * Picks a member for the next attempt, none of `tried` while another is free; undefined where none can serve. `now`:
   * monotonic. Where it hands out the probe of an ejected member, what becomes of the attempt must be told (`judge`,
   * `forgive`).
   */
  aim(exchange: Exchange, tried: readonly Member[], now: number): Member | undefined;
}

export interface Member {
  readonly id: string;
  readonly authority: string;
  /** Attempts under way on this thread. */
  inFlight: number;
  /** The probe of an ejected member is under way on this thread: its verdict is due with the head of the reply. */
  readonly probing: boolean;
  /** It is ejected. Never the last one is, so others serve. */
  readonly out: boolean;
  /** The pooled link used last, or a new one that is still connecting. `fresh` never takes a pooled one; `now` is monotonic. */
  link(sink: LinkSink, connectTimeout: number, fresh: boolean, now: number): Link;
  /** An attempt that began ended well or badly; badly counts towards its ejection. */
  judge(failed: boolean, now: number): void;
  /** An attempt ended without saying anything about the member (the client left, another try was faster). */
  forgive(now: number): void;
}

/**
 * One connection to a member, lent to one attempt at a time. After `release` or `destroy` the holder forgets it.
 * Writes before the connection stands are kept until it does.
 */
export interface Link {
  /** True where the connection served an exchange before: its death may mean no more than an idle limit. */
  readonly reused: boolean;
  readonly connected: boolean;
  /** Milliseconds the connection took to stand; 0 where it was pooled. */
  readonly connectTime: number;
  /** True once a byte of the reply came in. */
  readonly heard: boolean;
  /** Bytes that were written and the kernel has not taken; what waits for the end of the turn is sent first. */
  readonly unsent: number;
  /** With `decode`: where data stands in the bytes just handed over, as pairs of start and end. */
  readonly ranges: readonly number[] | undefined;
  /**
   * Says how the reply to the next request is to be read. `names`: by whose numbers its lines are noted; `headRequest`: the
   * method is HEAD, so it has no body; `decode`: find the data in a chunked one, for a client that does not know chunks;
   * `guarded`: plain names that must not come as trailers.
   */
  expect(names: NameSet, headRequest: boolean, decode: boolean, guarded: ReadonlySet<string>): void;
  /** Sends the head on SHEET, with the first bytes of its body behind it; see `Wire.writeWithHead` for `slab` and the result. */
  send(bytes: Buffer, start: number, end: number, slab: Slab | undefined): boolean;
  /** Sends body bytes of a read buffer; see `Wire.writeBytes` for `slab` and the result. */
  write(bytes: Buffer, start: number, end: number, slab: Slab | undefined): boolean;
  /** Whoever holds the link hears of it from now on instead of the one before. */
  handTo(sink: LinkSink): void;
  /** Half-closes (tunnels only). */
  end(): void;
  pause(): void;
  resume(): void;
  /** The exchange is complete, at this monotonic time: back to the pool where the reply's framing allows, else closed. */
  release(now: number): void;
  /** Closes at once; the sink hears nothing more. `reset`: so that the origin does not take it for a clean end. */
  destroy(reset?: boolean): void;
  /** From now on bytes pass uninterpreted (after 101). */
  becomeTunnel(): void;
  /** Marks the connection as never to be pooled (upgrade attempts). */
  keepOut(): void;
}

/**
 * What an attempt hears from its link. `bytes` hold only until the call returns, but where they stand in a slab they stay
 * as they are while reading is paused. A call that returns false pauses reading until `resume`.
 */
export interface LinkSink {
  onConnected(): void;
  /** A 1xx head other than 101. */
  onInterim(head: ReplyHead): boolean;
  /** The final head (or 101) and the body bytes that came with it; `done`: the reply ends with them. */
  onReply(head: ReplyHead, bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean;
  onBody(bytes: Buffer, start: number, end: number, done: boolean, slab: Slab | undefined): boolean;
  /** The peer half-closed a tunnel. */
  onEnd(): void;
  /** The kernel took what `write` had left over. */
  onDrain(): void;
  /** The connection failed or broke off before `done`; it is gone already. */
  onFault(fault: Fault): void;
}
