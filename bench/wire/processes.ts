/**
 * Programs beside the bench: started on a chosen core, asked what processor time they used, ended.
 *
 * Rule: only what was started here is ended, by its own process id. Processor time is user and system time of the whole
 * process with all its threads, and of its children (nginx works in one), from /proc.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';

/** Where a proxy runs, and where everything else does. undefined: the machine has one core, or no taskset. */
export const PROXY_CORE = pinning() ? 0 : undefined;
export const OTHER_CORE = pinning() ? 1 : undefined;

/** Ticks of /proc/PID/stat per second (USER_HZ), the same on every Linux Node.js runs on. */
const TICKS = 100;

function pinning(): boolean {
  return availableParallelism() > 1 && find('taskset') !== undefined;
}

/** The path of a program, also where /usr/sbin is not on the path; undefined where it is not installed. */
export function find(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.map((folder) => `${folder}/${program}`).find((path) => existsSync(path));
}

/** First line a program prints about its version, on either stream. */
export function versionOf(program: string, flag: string): string {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' });
  return (stdout || stderr).split('\n')[0].trim();
}

/** The command with taskset before it, where cores can be chosen. */
export function pinned(core: number | undefined, command: readonly string[]): string[] {
  return core === undefined ? [...command] : ['taskset', '-c', String(core), ...command];
}

/** Starts a program; `output` is a file descriptor for its standard output, where it has an access log to write. */
export function start(core: number | undefined, command: readonly string[], output?: number): ChildProcess {
  const [program, ...rest] = pinned(core, command);
  return spawn(program, rest, { stdio: ['ignore', output ?? 'ignore', 'inherit'] });
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

/** Microseconds of processor time a process and its children have used so far. */
export function processorTime(pid: number): number {
  return family(pid).reduce((sum, each) => sum + ticksOf(each), 0) * (1_000_000 / TICKS);
}

/** Resident memory of a process and its children, bytes. */
export function memoryOf(pid: number): number {
  return family(pid).reduce((sum, each) => {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1];
    return sum + Number(kib ?? 0) * 1024;
  }, 0);
}

function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => family(Number(child))))];
}

function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name stands in brackets and may hold blanks; fields count from behind it (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
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
