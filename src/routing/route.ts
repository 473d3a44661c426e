/**
 * Where configuration and traffic meet: what a table holds.
 *
 * Settings are what the document says, with defaults resolved, durations in milliseconds, sizes in bytes and `off` as
 * Infinity. Route, ListenerTable and Table are compiled from them, immutable, and the same on every thread.
 */

import type { RequestFacts } from '../core/exchange.ts';
import type { NameSet } from '../core/names.ts';
import type {
  Answer,
  Fallback,
  FallbackSettings,
  Gate,
  HeaderEdit,
  InjectionSettings,
  Protection,
  ProtectionSettings,
  RedirectSettings,
  RewriteSettings,
} from '../policy/policy.ts';
import type { Release, ReleaseSettings } from '../release/release.ts';
import type { Upstream, UpstreamSettings } from '../upstream/upstream.ts';

export type Zone = 'internal' | 'edge';

export interface ListenerSettings {
  /** `host:port`; IPv6 in brackets; port 0 lets the system choose. */
  readonly address: string;
  readonly zone: Zone;
  readonly tls: readonly { readonly cert: string; readonly key: string }[];
  /** CIDR blocks whose peers are believed about Forwarded and X-Forwarded-*. */
  readonly trustedProxies: readonly string[];
  readonly limits: {
    readonly target: number;
    readonly head: number;
    readonly headers: number;
    readonly body: number;
    readonly connections: number;
  };
  readonly timeout: { readonly head: number; readonly body: number; readonly keepAlive: number };
  /** Bytes per second, averaged after timeout.body; 0 is off. */
  readonly minBodyRate: number;
}

export interface CorrelationSettings {
  readonly header: string;
  readonly context: readonly string[];
  readonly caller: string | undefined;
}

export type PathMatch =
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'regex'; readonly value: string };

export interface MatchSettings {
  /** Lower case; `*.example.com` stands for one label or more. */
  readonly host?: string;
  /** Absent: any path, `*` of OPTIONS too. */
  readonly path?: PathMatch;
  readonly methods?: readonly string[];
  /** Lower-case name -> exact value. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface RouteSettings {
  readonly match: MatchSettings;
  readonly release: ReleaseSettings;
  readonly redirect?: RedirectSettings;
  readonly rewrite: RewriteSettings;
  readonly fallback?: FallbackSettings;
  readonly faults?: InjectionSettings;
  /** Names of listeners; resolved (default: every listener of zone internal). */
  readonly listeners: readonly string[];
}

export interface Rewrite {
  /** The target for the upstream, from the target as it came; the query stays byte for byte. undefined: unchanged. */
  readonly target: ((target: string) => string) | undefined;
  readonly host: string | undefined;
  readonly request: HeaderEdit | undefined;
  readonly response: HeaderEdit | undefined;
}

/** An upstream as the document has it: who serves, and what protects it. */
export type DestinationSettings = UpstreamSettings & ProtectionSettings;

/** An upstream in a table, with what protects it. */
export interface Destination {
  readonly upstream: Upstream;
  readonly protection: Protection;
}

/** What is done with an exchange of a route. One object for all routes that are alike in it, as thousands may be. */
export interface Plan {
  /** What is asked after compiling. */
  readonly settings: Pick<RouteSettings, 'release' | 'listeners'>;
  readonly gates: readonly Gate[];
  readonly answers: readonly Answer[];
  readonly release: Release;
  /**
   * By the index that the release chooses, the fallback's last; empty for a route that only answers (a redirect).
   */
  readonly destinations: readonly Destination[];
  /** undefined: a fault is answered as such. */
  readonly fallback: Fallback | undefined;
  /** undefined: nothing is made to fail. */
  readonly faults: InjectionSettings | undefined;
  readonly rewrite: Rewrite;
}

/**
 * A route in a table. It is small and holds nothing that another object stands for: of many routes each is a cold line of
 * memory to the request that comes to it.
 */
export interface Route {
  readonly id: string;
  /** Block of counters for exchanges of this route that reached no upstream. */
  readonly block: number;
  /** Block of counters of the first upstream with this route (core/lanes.ts), or `block` where there is none. */
  readonly firstBlock: number;
  /** Those of the other upstreams, in their order. */
  readonly otherBlocks: readonly number[];
  readonly plan: Plan;
}

/** The block of counters of a route and the upstream at this index of its plan. */
export function blockOf(route: Route, index: number): number {
  return index === 0 ? route.firstBlock : route.otherBlocks[index - 1];
}

/** The correlation settings with their names numbered. */
export interface Correlation {
  readonly header: string;
  readonly number: number;
  readonly context: readonly { readonly name: string; readonly number: number }[];
  /** -1 where no caller header is named. */
  readonly caller: number;
}

/** What a reading of the target led to: a route, none, or two different ones (a path trick, RFC 3986 section 6.2.2). */
export type Matched =
  | { readonly is: 'route'; readonly route: Route; readonly path: string }
  | { readonly is: 'none'; readonly path: string }
  | { readonly is: 'ambiguous'; readonly path: string; readonly detail: string };

export interface ListenerTable {
  readonly id: string;
  readonly settings: ListenerSettings;
  readonly internal: boolean;
  /** Block of counters of this listener (core/lanes.ts). */
  readonly block: number;
  /** Whether a peer address (as the socket gives it) is a trusted proxy. */
  trusts(address: string): boolean;
  match(request: RequestFacts): Matched;
}

export interface Table {
  readonly revision: string;
  readonly names: NameSet;
  readonly correlation: Correlation;
  readonly listeners: ReadonlyMap<string, ListenerTable>;
  readonly routes: ReadonlyMap<string, Route>;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly drain: { readonly notice: number; readonly limit: number };
}
