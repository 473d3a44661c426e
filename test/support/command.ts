/**
 * A command in this process: its words in, what it says and its exit code out.
 *
 * Rule: the outside is all fake but the network: environment, input, time for people, signals, a terminal.
 */

import type { Io, Terminal } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runCommand } from '../../src/cli/run.ts';
import { type Alarms, systemAlarms } from '../../src/core/alarm.ts';
import { NOW } from './admin-samples.ts';
import { FakeClock } from './clock.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Outside {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly terminal?: FakeTerminal;
  readonly alarms?: Alarms;
}

/** A command under way. */
export interface Running {
  readonly said: { out: string; err: string };
  readonly done: Promise<Ran>;
  /** As SIGTERM would. */
  signal(): void;
}

export function begin(words: readonly string[], outside: Outside = {}): Running {
  const said = { out: '', err: '' };
  const listeners = new Set<() => void>();
  const { terminal } = outside;
  const io: Io = {
    out: (text) => {
      said.out += text;
      terminal?.write(text);
    },
    err: (text) => {
      said.err += text;
    },
    input: async () => outside.input ?? '',
    env: outside.env ?? {},
    clock: new FakeClock(1000, NOW),
    alarms: outside.alarms ?? systemAlarms,
    terminal,
    onSignal: (listen) => {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    outliveReader: () => {},
    commands: COMMANDS,
  };
  const command = COMMANDS.find(({ name }) => name === words[0]);
  if (command === undefined) throw new Error(`there is no command ${words[0]}`);
  const done = runCommand(command, words.slice(1), io).then((code) => ({ code, ...said }));
  return {
    said,
    done,
    signal: () => {
      for (const listen of listeners) listen();
    },
  };
}

export function run(words: readonly string[], outside: Outside = {}): Promise<Ran> {
  return begin(words, outside).done;
}

export class FakeTerminal implements Terminal {
  columns = 100;
  rows = 30;
  written = '';
  private readonly resized = new Set<() => void>();
  private readonly typed = new Set<(text: string) => void>();

  write(text: string): void {
    this.written += text;
  }

  size(): { columns: number; rows: number } {
    return { columns: this.columns, rows: this.rows };
  }

  onResize(listen: () => void): () => void {
    this.resized.add(listen);
    return () => this.resized.delete(listen);
  }

  onKeys(listen: (text: string) => void): () => void {
    this.typed.add(listen);
    return () => this.typed.delete(listen);
  }

  type(text: string): void {
    for (const listen of this.typed) listen(text);
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    for (const listen of this.resized) listen();
  }

  /** Who still listens. */
  get listening(): number {
    return this.resized.size + this.typed.size;
  }

  /** The lines of the last screen that was drawn, without colours. */
  get screen(): string[] {
    const last = this.written.slice(this.written.lastIndexOf('\x1b[H') + 3);
    const drawn = last.replace(/\r\n\x1b\[J[\s\S]*$/, '').split('\r\n');
    return drawn.map((line) => line.replaceAll(/\x1b\[\??[0-9;]*[A-Za-z]/g, ''));
  }
}
