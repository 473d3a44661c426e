/**
 * What may happen to an exchange on the way: the shapes a policy can have.
 *
 * gate: may refuse before cost is paid; answer: may reply in place of an upstream; edit: changes heads.
 * Every shape returns values, never promises, and is bound to its settings when the table is compiled.
 */

import type { Exchange } from '../core/exchange.ts';
import type { Fault } from '../core/fault.ts';

export interface Gate {
  readonly id: string;
  /** A fault refuses; undefined lets pass, and `leave` will be called exactly once. */
  enter(exchange: Exchange): Fault | undefined;
  leave(exchange: Exchange): void;
}

/** A reply the router makes in place of an upstream. */
export interface Reply {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface Answer {
  readonly id: string;
  /** undefined: not mine, go on. */
  reply(exchange: Exchange): Reply | undefined;
}

/** Edits of one head, bound when the table is compiled. Order: remove, then set, then add. */
export interface HeaderEdit {
  /** Numbers (in the table's NameSet) of the lines to cut: those removed and those set anew. */
  readonly cut: ReadonlySet<number>;
  /** Ready lines to append, each ended with CRLF; '' where there are none. */
  readonly append: string;
}

export interface RedirectSettings {
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  readonly port?: number;
  /** The whole path anew; the query is kept. */
  readonly path?: string;
  /** The matched prefix anew; the rest of the path and the query are kept. */
  readonly replacePrefix?: string;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

export interface HeaderEditSettings {
  readonly set: Readonly<Record<string, string>>;
  readonly add: Readonly<Record<string, string | readonly string[]>>;
  readonly remove: readonly string[];
}

export interface RewriteSettings {
  /** Cuts this prefix (whole segments) off the path; `/` where nothing is left. */
  readonly stripPrefix?: string;
  /** Puts `with` in place of this prefix (whole segments). */
  readonly replacePrefix?: { readonly prefix: string; readonly with: string };
  /** The whole path anew; the query is kept. */
  readonly path?: string;
  /** Host header for the upstream; the client's goes unchanged without it. */
  readonly host?: string;
  readonly headers: { readonly request: HeaderEditSettings; readonly response: HeaderEditSettings };
}

/** A kind of failed attempt: a fault, or a status. */
export type Failure = 'connect' | 'reset' | 'timeout' | 'protocol' | number;

export interface RetrySettings {
  /** Further tries after the first. */
  readonly attempts: number;
  readonly on: readonly Failure[];
  /** Exponential, with full jitter. */
  readonly backoff: { readonly initial: number; readonly max: number };
  /** Further tries of all exchanges together: a share of the requests, or so many a second where that is more. */
  readonly budget: { readonly percent: number; readonly minPerSecond: number } | 'off';
  readonly methods: readonly string[];
  /** A longer body is streamed and not sent again. */
  readonly bodyLimit: number;
}

export interface CircuitBreakerSettings {
  /** Infinity: off. */
  readonly consecutiveFailures: number;
  readonly failureRate: { readonly percent: number; readonly minRequests: number; readonly window: number } | 'off';
  /** The first time; twice as long at each opening that follows soon, up to maxOpenFor. */
  readonly openFor: number;
  readonly maxOpenFor: number;
  readonly on: readonly Failure[];
  /** How long the share of requests let through grows after a probe succeeded; 0: all at once. */
  readonly recovery: { readonly ramp: number };
}

export interface LimitsSettings {
  /** Attempts under way on all threads; Infinity: off. */
  readonly concurrency: number | 'adaptive';
  readonly queue: number;
  readonly queueTimeout: number;
}

export interface HedgeSettings {
  /** Milliseconds without a reply, or the quantile of recent replies. */
  readonly after: number | 'p50' | 'p90' | 'p95' | 'p99';
  /** Most requests that are sent twice, of all. */
  readonly percent: number;
}

/** What protects an upstream, as written. */
export interface ProtectionSettings {
  readonly retry: RetrySettings | 'off';
  readonly circuitBreaker: CircuitBreakerSettings | 'off';
  readonly limits: LimitsSettings | 'off';
  readonly hedge: HedgeSettings | 'off';
}

/** What `Circuit.enter` returns where it lets nothing through. */
export const REFUSED = -1;

/** Who asks to pass a circuit: during a ramp the same id is let through, or is not, at every circuit it comes to. */
export interface Known {
  readonly correlationId: string;
}

/** The breaker of an upstream, one for the process. */
export interface Circuit {
  /**
   * One attempt asks to pass: REFUSED, or a pass that `judge` or `forgive` takes back exactly once. `who` counts during a ramp;
   * without it chance decides anew.
   */
  enter(now: number, who?: Known): number;
  /** Why it refuses now; `counts`: as an exchange whose upstream is not asked. */
  refusal(now: number, counts: boolean): Fault;
  /** Whether a pass is that of the one probe. */
  isProbe(pass: number): boolean;
  /** The attempt ended well, or with this failure. */
  judge(pass: number, failure: Failure | undefined, now: number): void;
  /** The attempt ended without saying anything about the upstream. */
  forgive(pass: number, now: number): void;
}

/** Someone who waits for a place. The links are the queue's. */
export interface Waiter {
  ahead: Waiter | undefined;
  behind: Waiter | undefined;
  /** A place was taken for it; it is in no queue any more. */
  onPlace(now: number): void;
  /** It was pushed out of the queue. */
  onShed(reason: Fault): void;
}

/** The concurrency limit of an upstream, one for the process, with this thread's part of the queue before it. */
export interface Limiter {
  /** Takes a place where one is free and nobody waits for it. */
  enter(): boolean;
  /** Gives a place back. `ms`: how long the attempt took to its reply's head; -1 where that says nothing. */
  leave(now: number, ms: number, failed: boolean): void;
  /** Waits for a place; why not, where the queue is full. */
  wait(waiter: Waiter, now: number): Fault | undefined;
  /** Waits no more. `late`: because its time in the queue was over. */
  withdraw(waiter: Waiter, late: boolean): Fault | undefined;
  readonly queueTimeout: number;
  /** It wants to know how long attempts take. */
  readonly learns: boolean;
}

/** When a failed attempt deserves another. */
export interface Retry {
  readonly attempts: number;
  readonly bodyLimit: number;
  retriesOn(failure: Failure): boolean;
  /** Whether this method may be sent again though it may have been processed. */
  retriesMethod(method: string): boolean;
  /** Milliseconds before the n-th further try, n from 1. */
  pause(n: number): number;
  /** A first attempt begins: it earns its share of the budget. */
  earn(now: number): void;
  /** Takes one further try out of the budget, where it has one. */
  spend(now: number): boolean;
}

/** When a request is sent a second time before the first is answered. */
export interface Hedge {
  /** Milliseconds to wait before; Infinity where too little is known yet. */
  delay(): number;
  /** A reply's head came after so many milliseconds. */
  learn(ms: number): void;
  /** Takes one second request out of the share there is for them. */
  spend(now: number): boolean;
  earn(now: number): void;
}

/** What stands before one upstream on one thread; undefined where it is off. */
export interface Protection {
  readonly circuit: Circuit | undefined;
  readonly limiter: Limiter | undefined;
  readonly retry: Retry | undefined;
  readonly hedge: Hedge | undefined;
}

/** What a route does where no member of its upstream can serve: another upstream by its index in the plan, or a reply. */
export type Fallback = { readonly upstream: number } | { readonly reply: Reply };

export interface FallbackSettings {
  readonly upstream?: string;
  readonly reply?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
}

/** Faults that a route makes itself, so that its users can rehearse real ones. Percent of its requests. */
export interface InjectionSettings {
  readonly delay?: { readonly time: number; readonly percent: number };
  readonly abort?: { readonly status: number; readonly percent: number };
}
