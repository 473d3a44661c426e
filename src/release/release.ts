/**
 * Which version serves: the contract.
 *
 * A release picks one of the route's choices, by index: first by the client's version, then by the weighted split
 * inside it. It draws nothing: the exchange carries the one draw.
 */

import type { Exchange, RequestFacts } from '../core/exchange.ts';
import type { Fault } from '../core/fault.ts';

export interface WeightedSettings {
  readonly upstream: string;
  readonly weight: number;
}

/** Where a key or a version is read from. */
export type SourceSettings =
  | { readonly header: string }
  | { readonly query: string }
  | { readonly cookie: string }
  | { readonly client: true };

export interface VersionRangeSettings {
  /** A range of node-semver, `>=1.4.0 <2.0.0`. */
  readonly range: string;
  readonly split: readonly WeightedSettings[];
}

/** What to do with a client that states no version, or one that no range holds. */
export type OtherwiseSettings = { readonly split: readonly WeightedSettings[] } | { readonly status: number };

export interface VersionsSettings {
  readonly from: readonly SourceSettings[];
  readonly serve: readonly VersionRangeSettings[];
  readonly missing: OtherwiseSettings;
  readonly unmatched: OtherwiseSettings;
}

export interface ReleaseSettings {
  /** A route with `upstream: x` has one entry of weight 100. Empty where `versions` is given. */
  readonly split: readonly WeightedSettings[];
  readonly versions?: VersionsSettings;
  readonly sticky?: SourceSettings;
  /** Reaches a side by its upstream's name, also at weight 0; listeners of zone internal only. */
  readonly override?: { readonly header: string };
  /** redirect: 307 to the cluster instead of proxying. */
  readonly mode: 'proxy' | 'redirect';
}

/** What a release decided: an index into the route's choices, or a fault with the status to send. */
export type Choosing =
  | { readonly index: number; readonly version: string | undefined }
  | { readonly fault: Fault; readonly status: number };

export interface Release {
  /** `internal`: the listener is of zone internal, so that an override is believed. */
  choose(exchange: Exchange, request: RequestFacts, internal: boolean): Choosing;
}
