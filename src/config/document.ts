/**
 * The document: what routes.yaml says, validated, with every default resolved and every unit converted.
 *
 * Rule: plain data only (it is hashed, posted to threads, and compared), durations in milliseconds, sizes in bytes, `off`
 * as Infinity for limits. The canonical JSON of a document is its identity: the revision is that JSON's hash.
 */

import type { CorrelationSettings, DestinationSettings, ListenerSettings, RouteSettings } from '../routing/route.ts';

/** Each role may do what the ones before it may. */
export type AdminRole = 'viewer' | 'operator' | 'admin';

export interface AdminSettings {
  readonly address: string;
  /** Of role admin; '' where none is set. */
  readonly token: string;
  /** Name -> role, and the token's SHA-256 in hexadecimal digits. */
  readonly tokens: Readonly<Record<string, { readonly role: AdminRole; readonly sha256: string }>>;
  /** Paths; clients need a certificate of `clientCa` where that is set. undefined: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string | undefined } | undefined;
  /** Names that a Host header may have beside addresses, `localhost` and the name in `address`; lower case. */
  readonly hosts: readonly string[];
  /** Whether edits through the API become edits of the file; else they are kept in the state folder. */
  readonly writeBack: boolean;
  /** Bytes of a body; requests a second of one client. */
  readonly limits: { readonly body: number; readonly requests: number };
  /** How many revisions are remembered, and for how long (milliseconds). */
  readonly revisions: { readonly count: number; readonly age: number };
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
