/**
 * signalbox serve: arguments in, signals while it runs, an exit code in the end.
 *
 * Rule: whatever keeps it from starting is said on one screen of plain text, with the remedy; from then on it speaks
 * through its logs. A fault on the control thread is logged and traffic goes on; where the data plane runs on that same
 * thread nobody knows what state it is in, so the process ends as a data thread would, for its supervisor to start anew.
 */

import { didYouMean } from '../config/suggest.ts';
import type { PlaneLog } from '../core/events.ts';
import { SERVE_USAGE } from './usage.ts';

const { parseArgs } = process.getBuiltinModule('node:util');

/** Lines of reasons that fit on a screen. */
const SCREEN = 20;
const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];

export interface ServeSettings {
  readonly configPath: string;
  /** Where revisions, leases and orders about circuits are kept. */
  readonly stateFolder: string;
  readonly workers: number | undefined;
  readonly watch: boolean;
  /** A file, `-` or `off`. */
  readonly accessLog: string;
  readonly logLevel: LogLevel;
}

/** The running router, as this command drives it. */
export interface Served {
  readonly workers: number;
  readonly log: PlaneLog;
  reload(): Promise<unknown>;
  reopenLogs(): void;
  drain(): Promise<void>;
  stop(): Promise<void>;
  /** After drain or stop: what the logs still hold is written. */
  endLogs(): Promise<void>;
}

export interface ServeIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Starts the router; rejects with an Error whose message is for people. */
  readonly start: (settings: ServeSettings) => Promise<Served>;
  /** Hears of signals and of errors that nobody caught. */
  readonly process: {
    on(event: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void): unknown;
    on(event: 'uncaughtException', listener: (error: Error) => void): unknown;
  };
}

/** Runs until it is told to stop; resolves with the exit code. */
export async function serveCommand(argv: readonly string[], io: ServeIo): Promise<number> {
  const parsed = readArguments(argv);
  if ('wrong' in parsed) {
    io.err(`${parsed.wrong}\nsignalbox serve --help says what there is\n`);
    return 2;
  }
  if ('help' in parsed) {
    io.out(SERVE_USAGE);
    return 0;
  }
  const lifetime = new Lifetime(io);
  let app: Served;
  try {
    app = await io.start(parsed.settings);
  } catch (error) {
    io.err(screenful(error));
    return 1;
  }
  return lifetime.accompany(app);
}

/** A running process and what reaches it, signal by signal. Listens from the start, so that none is lost while it starts. */
class Lifetime {
  private readonly io: ServeIo;
  private app: Served | undefined = undefined;
  private terms = 0;
  private end: (code: number) => void = () => {};

  constructor(io: ServeIo) {
    this.io = io;
    io.process.on('SIGTERM', () => this.term());
    io.process.on('SIGINT', () => this.term());
    io.process.on('SIGHUP', () => this.hup());
    io.process.on('uncaughtException', (error) => this.fault(error));
  }

  async accompany(app: Served): Promise<number> {
    const ended = new Promise<number>((resolve) => {
      this.end = resolve;
    });
    this.app = app;
    // Told to stop while it started: nobody was promised anything yet.
    if (this.terms > 0) this.leave(app.stop(), 0);
    const code = await ended;
    await app.endLogs();
    return code;
  }

  private term(): void {
    this.terms += 1;
    if (this.app === undefined) return;
    if (this.terms === 2) this.app.log('info', {}, 'told to stop a second time: what is under way ends now');
    this.leave(this.terms === 1 ? this.app.drain() : this.app.stop(), 0);
  }

  private leave(gone: Promise<void>, code: number): void {
    gone.then(
      () => this.end(code),
      () => this.end(1),
    );
  }

  private hup(): void {
    this.app?.reopenLogs();
    void this.app?.reload();
  }

  private fault(error: Error): void {
    if (this.app === undefined) {
      this.io.err(`${error.stack ?? error.message}\n`);
      process.exit(1);
    }
    const fields = { err: error.message, stack: error.stack };
    if (this.app.workers > 0) {
      this.app.log('error', fields, 'uncaught error on the control thread; traffic goes on');
      return;
    }
    this.app.log('error', fields, 'uncaught error on the thread that carries traffic; the process ends');
    this.leave(this.app.stop(), 1);
  }
}

type Arguments = { readonly settings: ServeSettings } | { readonly help: true } | { readonly wrong: string };

const OPTIONS = {
  config: { type: 'string', default: 'routes.yaml' },
  state: { type: 'string', default: '.signalbox' },
  workers: { type: 'string' },
  'no-watch': { type: 'boolean', default: false },
  'access-log': { type: 'string', default: '-' },
  'log-level': { type: 'string', default: 'info' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

function readArguments(argv: readonly string[]): Arguments {
  const names = Object.keys(OPTIONS).map((name) => `--${name}`);
  const unknown = argv.find((word) => word.startsWith('--') && !names.includes(word.split('=')[0]));
  if (unknown !== undefined) {
    const name = unknown.split('=')[0];
    return { wrong: `unknown option ${name}; ${didYouMean(name, names, `there are ${names.join(', ')}`)}` };
  }
  try {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: false });
    return values.help ? { help: true } : settingsOf(values);
  } catch (error) {
    return { wrong: (error as Error).message };
  }
}

function settingsOf(values: {
  config: string;
  state: string;
  workers?: string;
  'no-watch': boolean;
  'access-log': string;
  'log-level': string;
}): Arguments {
  const level = LEVELS.find((known) => known === values['log-level']);
  if (level === undefined) {
    return { wrong: `--log-level ${values['log-level']}: there are ${LEVELS.join(', ')}` };
  }
  const workers = values.workers === undefined ? undefined : Number(values.workers);
  if (
    workers !== undefined &&
    !(Number.isInteger(workers) && workers >= 0 && workers <= 256 && values.workers !== '')
  ) {
    return { wrong: `--workers ${values.workers}: write a whole number from 0 to 256` };
  }
  const { config: configPath, state: stateFolder, 'access-log': accessLog } = values;
  return { settings: { configPath, stateFolder, workers, watch: !values['no-watch'], accessLog, logLevel: level } };
}

/** The reasons, cut to one screen, with the number of those left out. */
function screenful(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n');
  const rest = lines.length - SCREEN;
  const shown = rest > 0 ? [...lines.slice(0, SCREEN), `... and ${rest} more; signalbox check lists them all`] : lines;
  return `signalbox does not start: ${shown.join('\n')}\n`;
}
