/**
 * The document: what routes.yaml says, validated, with every default resolved and every unit converted.
 *
 * Rule: plain data only (it is hashed, posted to threads, and compared), durations in milliseconds, sizes in bytes, `off`
 * as Infinity for limits. The canonical JSON of a document is its identity: the revision is that JSON's hash.
 */

import type { CorrelationSettings, DestinationSettings, ListenerSettings, RouteSettings } from '../routing/route.ts';

export interface AdminSettings {
  readonly address: string;
  /** '' where none is set. */
  readonly token: string;
}

/** Asked of every new table before it is swapped in. */
export interface ExampleSettings {
  /** `GET http://cart.internal/cart/7` */
  readonly request: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The listener it comes in by; undefined: the first one that serves the expected route. */
  readonly listener: string | undefined;
  /** Route id; `_none` where no route may match. */
  readonly route: string | undefined;
  readonly upstream: string | undefined;
}

export interface Document {
  readonly listeners: Readonly<Record<string, ListenerSettings>>;
  readonly admin: AdminSettings;
  /** undefined: one per core. 0: on the main thread. */
  readonly workers: number | undefined;
  readonly drain: { readonly notice: number; readonly limit: number };
  readonly correlation: CorrelationSettings;
  readonly upstreams: Readonly<Record<string, DestinationSettings>>;
  readonly routes: Readonly<Record<string, RouteSettings>>;
  /** Validated in shape; they get life with rollouts and invariants. */
  readonly rollouts: Readonly<Record<string, unknown>>;
  readonly invariants: Readonly<Record<string, unknown>>;
  readonly alerts: Readonly<Record<string, unknown>>;
  readonly examples: readonly ExampleSettings[];
}

/** One thing wrong with (or worth saying about) a text. Lines and columns count from 1. */
export interface Problem {
  readonly severity: 'error' | 'notice';
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** Where in the document, as a JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly reason: string;
  readonly advice: string;
}

export interface ValidReading {
  readonly ok: true;
  readonly document: Document;
  readonly revision: string;
  readonly notices: readonly Problem[];
}

export type Reading = ValidReading | { readonly ok: false; readonly problems: readonly Problem[] };
