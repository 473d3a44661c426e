/**
 * Programs beside the bench: found, started, ended; free ports for them.
 *
 * Rule: only what was started here is ended, by its own process id, and nothing outlives the bench, however it ends:
 * whatever is running or lying about is put on a list that is worked off at the exit, also after an interrupt.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';

const belongings = new Set<() => void>();

/** `undo` runs when the process ends, whatever ends it; the answer takes it off the list. It must not wait for anything. */
export function atExit(undo: () => void): () => void {
  watchExit();
  belongings.add(undo);
  return () => belongings.delete(undo);
}

let watching = false;

function watchExit(): void {
  if (watching) return;
  watching = true;
  process.on('exit', () => {
    for (const undo of [...belongings].reverse()) undo();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
}

/** The path of a program, also where /usr/sbin is not on the path; undefined where it is not installed. */
export function find(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.map((folder) => `${folder}/${program}`).find((path) => existsSync(path));
}

/** The path of a program the bench cannot do without; `name` is the Debian package that brings it. */
export function demand(program: string, use: string, name = program): string {
  const path = find(program);
  if (path === undefined)
    throw new Error(`the bench needs ${program} ${use}, which is missing: apt-get install ${name}`);
  return path;
}

/** First line a program prints about its version, on either stream; undefined where it is not installed. */
export function versionOf(program: string, flag: string): string | undefined {
  const path = find(program);
  if (path === undefined) return undefined;
  const { stdout, stderr } = spawnSync(path, [flag], { encoding: 'utf8' });
  return (stdout || stderr).split('\n')[0].trim();
}

export interface StartOptions {
  /** File descriptors for what the program prints; without them output is dropped and errors are passed on. */
  readonly output?: number;
  readonly errors?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs: what it keeps in its working directory is nobody else's. */
  readonly cwd?: string;
}

/** Starts a program that ends with the bench at the latest. */
export function start([program, ...rest]: readonly string[], options: StartOptions = {}): ChildProcess {
  const env = { ...process.env, ...options.env };
  const { output = 'ignore', errors = 'inherit', cwd } = options;
  const child = spawn(program, rest, { stdio: ['ignore', output, errors], env, cwd });
  child.once(
    'exit',
    atExit(() => child.kill('SIGTERM')),
  );
  return child;
}

/** Ends a program and waits until it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(limit);
}

/** Seconds a load may go on after its time on a slow machine. */
const OVERTIME = 30;

/** Runs a program that takes `seconds` and gives what it printed; throws where it fails or does not end. */
export function outputOf([program, ...rest]: readonly string[], seconds: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.once(
      'exit',
      atExit(() => child.kill('SIGTERM')),
    );
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), (seconds + OVERTIME) * 1000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      if (code === 0) resolve(text);
      else reject(new Error(`${rest.join(' ')} ended ${code === null ? 'only by force' : `with ${code}`}:\n${text}`));
    });
  });
}

/** A port of 127.0.0.1 that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
