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
