/**
 * What runs, as anyone may ask: the document in force, since when, and how the last proposal ended.
 *
 * Rule: written by control alone, replaced and never changed in place, so that a reader never sees half of it.
 */

import type { Document, Problem } from '../config/document.ts';

/** Who wants a change, from where and why. */
export interface Origin {
  /** `start`, `file`, `reload`, `api`, `restore`. */
  readonly source: string;
  readonly author: string;
  readonly reason: string;
}

export interface Running {
  readonly document: Document;
  readonly revision: string;
  /** The text it was read from. */
  readonly text: string;
  /** Epoch milliseconds when every thread ran it. */
  readonly since: number;
  /** What its text gives to think about. */
  readonly notices: readonly Problem[];
}

export interface LastReload extends Origin {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly successful: boolean;
  /** Epoch milliseconds of the last one that was successful. */
  readonly successfulAt: number;
  /** Why it was refused; empty where it was not. */
  readonly problems: readonly Problem[];
}

export interface View {
  /** undefined until the first document is in. */
  readonly running: Running | undefined;
  readonly lastReload: LastReload | undefined;
}

/** How the last reload ended, and when one last succeeded. */
export function reloadOf({ lastReload }: View): { successful: boolean; at: number } {
  return { successful: lastReload?.successful ?? false, at: lastReload?.successfulAt ?? 0 };
}
