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

export type Balance =
  | 'p2c'
  | 'round-robin'
  | 'least-request'
  | 'random'
  | { readonly hash: Readonly<Record<string, unknown>> };

export interface TimeoutSettings {
  readonly connect: number;
  /** From aiming to the reply's head. */
  readonly attempt: number;
  /** From arrival to the end of the reply's head, all attempts together. */
  readonly total: number;
  /** Between two reads of a body, or of a tunnel. */
  readonly idle: number;
}

export interface UpstreamSettings {
  readonly endpoints: readonly EndpointSettings[];
  readonly balance: Balance;
  readonly timeout: TimeoutSettings;
  /** Policies of the contract as resolved settings, or 'off'. Their parts get life with the policies themselves. */
  readonly retry: Readonly<Record<string, unknown>> | 'off';
  readonly circuitBreaker: Readonly<Record<string, unknown>> | 'off';
  readonly healthCheck: Readonly<Record<string, unknown>> | 'off';
  readonly outliers: Readonly<Record<string, unknown>> | 'off';
  readonly limits: Readonly<Record<string, unknown>> | 'off';
}

/** An upstream in a table. `block` is its block of counters (core/lanes.ts). */
export interface Upstream {
  readonly id: string;
  readonly settings: UpstreamSettings;
  readonly block: number;
  readonly members: readonly Member[];
  /** Picks a member for the next attempt, another than `tried` where there is one; undefined where none can serve. */
  aim(exchange: Exchange, tried: Member | undefined): Member | undefined;
}

export interface Member {
  /** The endpoint's URL as written; metric label and log field. */
  readonly id: string;
  /** `host:port` for a Host header where the client sent none. */
  readonly authority: string;
  /** Attempts under way on this thread. */
  inFlight: number;
  /** The pooled link used last, or a new one that is still connecting. `fresh` never takes a pooled one; `now` is monotonic. */
  link(sink: LinkSink, connectTimeout: number, fresh: boolean, now: number): Link;
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
