/**
 * What a command is, and what it meets outside: streams, environment, time, signals, a terminal.
 *
 * Rule: a command touches the process only through its Io, so that a test can be the process. Files it reads by itself.
 */

import type { Alarms } from '../core/alarm.ts';
import type { Clock } from '../core/clock.ts';
import type { Given, Options, Place } from './given.ts';

/** Standard output where it is a terminal. */
export interface Terminal {
  write(text: string): void;
  size(): { readonly columns: number; readonly rows: number };
  /** The result stops listening. */
  onResize(listen: () => void): () => void;
  /** Keys as they are typed, neither shown nor gathered to lines; the result puts the terminal back. */
  onKeys(listen: (text: string) => void): () => void;
}

export interface Io {
  /** Text as it is; nothing is added. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** All of standard input. */
  readonly input: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly terminal: Terminal | undefined;
  /** Hears of SIGTERM, SIGINT and SIGHUP in place of ending; the result stops listening. */
  readonly onSignal: (listen: () => void) => () => void;
  /** From now on the process lives on when nobody reads its output any more. */
  readonly outliveReader: () => void;
  /** All there are. */
  readonly commands: readonly Command[];
}

/** Resolves with the exit code; throws a CommandEnd where it does not get there. */
export type Run = (given: Given, io: Io) => Promise<number>;

export const GROUPS = ['run', 'look', 'change', 'other'] as const;

export interface Command {
  readonly name: string;
  /** A hidden one is for programs and stands in no list. */
  readonly group: (typeof GROUPS)[number] | 'hidden';
  /** One line, without a full stop. */
  readonly says: string;
  /** What follows the name, a line each. */
  readonly forms: readonly string[];
  readonly places: readonly Place[];
  readonly options: Options;
  /** More paragraphs of help. */
  readonly more?: string;
  /** Absent where main.ts runs it itself. */
  readonly load?: () => Promise<Run>;
}
