/**
 * The router as a process of its own, as an operator starts it: arguments in, signals, exit code, output.
 *
 * Rule: every process a test starts ends with the test, whatever happens; `stop` kills what is left by its own id.
 */

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { freePort } from './ports.ts';
import { ROOT } from './source.ts';
import { until, within } from './wait.ts';

/** Starting a process on a busy machine, milliseconds. */
const START_LIMIT = 30_000;

export interface Started {
  readonly child: ChildProcess;
  /** Listener `internal`, and the admin port. */
  readonly port: number;
  readonly adminUrl: string;
  readonly directory: string;
  readonly configPath: string;
  out(): string;
  err(): string;
  /** What came over file descriptor 3. */
  aside(): string;
  /** Exit code; rejects where it does not come within the limit. */
  exit(limit?: number): Promise<number | null>;
  /** Resolves when /readyz says 200. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export interface ProcessOptions {
  readonly args?: readonly string[] | ((directory: string) => readonly string[]);
  /** Nobody reads standard output: the pipe fills. */
  readonly deaf?: boolean;
  /** Ports to use in place of free ones. */
  readonly port?: number;
  readonly adminPort?: number;
  /** Arguments of Node.js itself, before the program. */
  readonly nodeArgs?: readonly string[];
  /** Most descriptors the process may open; the system's own limit where it is not given. */
  readonly descriptors?: number;
}

/** `document` gets the ports it is to listen on. Starts `serve` on it, and does not wait. */
export async function startProcess(
  document: (port: number, adminPort: number) => string,
  options: ProcessOptions = {},
): Promise<Started> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-process-'));
  const configPath = join(directory, 'routes.yaml');
  const port = options.port ?? (await freePort());
  const adminPort = options.adminPort ?? (await freePort());
  await writeFile(configPath, document(port, adminPort));
  const own = typeof options.args === 'function' ? options.args(directory) : (options.args ?? []);
  const args = ['serve', '--config', configPath, '--state', join(directory, 'state'), ...own];
  const child = launch(
    ['--single-threaded-gc', ...(options.nodeArgs ?? []), join(ROOT, 'src/boot.js'), ...args],
    options.descriptors,
  );
  let out = '';
  let err = '';
  let aside = '';
  if (options.deaf !== true) {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
  }
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  const beside = child.stdio[3] as Readable;
  beside.setEncoding('utf8').on('data', (chunk: string) => {
    aside += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  return {
    child,
    port,
    adminUrl,
    directory,
    configPath,
    out: () => out,
    err: () => err,
    aside: () => aside,
    exit: (limit = 20_000) => within(`the process to end; it said:\n${err}`, ended, limit),
    ready: () =>
      untilReady(
        adminUrl,
        () => child.exitCode !== null,
        () => err,
      ),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
      child.stdout.destroy();
      beside.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

type Running = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable };

/** The shell that sets a limit is replaced by the program, so that signals reach it. */
function launch(args: readonly string[], descriptors: number | undefined): Running {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'pipe'];
  if (descriptors === undefined) return spawn(process.execPath, args, { stdio }) as Running;
  const script = `ulimit -n ${descriptors}; exec "$0" "$@"`;
  return spawn('/bin/sh', ['-c', script, process.execPath, ...args], { stdio }) as Running;
}

async function untilReady(adminUrl: string, over: () => boolean, said: () => string): Promise<void> {
  await until(
    'the router to be ready',
    async () => {
      if (over()) throw new Error(`the router ended before it was ready:\n${said()}`);
      return (await statusOf(adminUrl)) === 200;
    },
    START_LIMIT,
  );
}

/** Status of /readyz; 0 where nobody answers. */
export async function statusOf(adminUrl: string): Promise<number> {
  try {
    const reply = await fetch(`${adminUrl}/readyz`);
    await reply.arrayBuffer();
    return reply.status;
  } catch {
    return 0;
  }
}

/** The value of one series of a scrape; undefined where there is none. `series` as it stands there, labels included. */
export async function metricOf(adminUrl: string, series: string): Promise<number | undefined> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
