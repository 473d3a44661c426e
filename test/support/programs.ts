/**
 * Programs of other people that tests run: curl, python3, nginx and so on.
 *
 * Rule: one that is missing fails the test, and says which package brings it. Whatever is started is bounded in time and
 * ends with the test; servers listen on 127.0.0.1.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { until } from './wait.ts';

/** Program -> Debian package; the same list stands in .ci/run. */
const PACKAGES = {
  curl: 'curl',
  openssl: 'openssl',
  python3: 'python3',
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  h2load: 'nghttp2-client',
  prometheus: 'prometheus',
  promtool: 'prometheus',
  chromium: 'chromium',
} as const;

export type Program = keyof typeof PACKAGES;

/** Where servers stand on Debian, which the PATH of an ordinary user does not name. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** The program's path; throws where it is not installed. */
export function pathOf(program: Program): string {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS]) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder may have it.
    }
  }
  throw new Error(`${program} is not installed; on Debian: apt-get install ${PACKAGES[program]}`);
}

export interface Ran {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

/** Runs a program to its end. `limit` in milliseconds, after which it is killed. */
export function run(
  program: Program,
  args: readonly string[],
  { input, limit = 30_000 }: { input?: Uint8Array | string; limit?: number } = {},
): Promise<Ran> {
  const child = spawn(pathOf(program), args, { timeout: limit, killSignal: 'SIGKILL' });
  const out: Buffer[] = [];
  let err = '';
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  // A program that ends before it has read all of its input is no error of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err }));
  });
}

export interface Running {
  readonly child: ChildProcess;
  /** Folder of its own, gone when it stops. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Starts a server and waits until its port takes connections. `args` hears of the folder that the server may use. */
export async function startServer(
  program: Program,
  port: number,
  args: (folder: string) => Promise<readonly string[]>,
): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), `signalbox-${program}-`));
  const child = spawn(pathOf(program), await args(folder), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(kill);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(
      `${program} to listen on port ${port}`,
      async () => {
        if (child.exitCode !== null) throw new Error(`${program} ended at once:\n${said}`);
        return accepts(port);
      },
      20_000,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { child, folder, stop };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
