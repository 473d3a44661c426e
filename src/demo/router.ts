/**
 * The router beside the demo, as the product it is: a process of its own, `signalbox serve`, started and stopped.
 *
 * Rule: the demo reads the router's access log as anybody could, from its standard output, and turns it into readable
 * lines; what the router says about itself goes to standard error untouched. Ports shift only in a copy of the document.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AccessLine, byLine } from './print.ts';

const MAIN = fileURLToPath(new URL('../boot.js', import.meta.url));
const LEASH = new URL('./leash.ts', import.meta.url).href;
const READY_LIMIT = 20_000;
const READY_POLL = 50;
/** Somewhat above the drain limit of routes.yaml; a router that is still there then is told once more, which means now. */
const STOP_LIMIT = 8000;

export interface RunningRouter {
  /** The document it watches. */
  readonly document: string;
  /** Resolves once it serves; rejects where it does not get there. */
  readonly ready: Promise<void>;
  /** The exit code, when the process ends, whoever ended it. */
  readonly ended: Promise<number>;
  /** Drains it; called once more, it stops now. */
  stop(): Promise<void>;
}

/** Starts `signalbox serve` on a document; `seen` hears of every line of its access log. */
export async function startRouter(
  document: string,
  shift: number,
  adminPort: number,
  seen: (line: AccessLine) => void,
): Promise<RunningRouter> {
  const copy = shift === 0 ? undefined : await shiftedCopy(document, shift);
  const path = copy === undefined ? document : join(copy, 'routes.yaml');
  // A group of its own: Ctrl-C in a terminal reaches the demo alone, which then drains the router once and in order.
  // What a shifted copy remembers is nothing to the next one.
  const state = copy === undefined ? [] : ['--state', join(copy, 'state')];
  const serve = ['serve', '--config', path, ...state];
  const child = spawn(process.execPath, ['--single-threaded-gc', '--import', LEASH, MAIN, ...serve], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true,
  });
  const lines = byLine((line) => readLine(line, seen));
  child.stdout?.setEncoding('utf8').on('data', lines);
  const ended = new Promise<number>((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 1));
  });
  const stop = async (): Promise<void> => {
    await end(child, ended);
    if (copy !== undefined) await rm(copy, { recursive: true, force: true });
  };
  return { document: path, ready: ready(adminPort, ended), ended, stop };
}

function readLine(line: string, seen: (line: AccessLine) => void): void {
  try {
    seen(JSON.parse(line) as AccessLine);
  } catch {
    process.stdout.write(`${line}\n`);
  }
}

/** The same document in a folder of its own, with every port of 127.0.0.1 moved up. */
async function shiftedCopy(document: string, shift: number): Promise<string> {
  const text = await readFile(document, 'utf8');
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-demo-'));
  const moved = text.replaceAll(/127\.0\.0\.1:(\d+)/g, (_, port) => `127.0.0.1:${Number(port) + shift}`);
  await writeFile(join(folder, 'routes.yaml'), moved);
  return folder;
}

async function ready(adminPort: number, ended: Promise<number>): Promise<void> {
  let over = false;
  const limit = new Promise<string>((resolve) => {
    setTimeout(() => resolve(`the router was not ready within ${READY_LIMIT / 1000} s`), READY_LIMIT).unref();
  });
  const exit = ended.then(
    (code) => `the router ended with exit code ${code} before it was ready; its reason stands above`,
  );
  const failed = Promise.race([limit, exit]).then((reason) => {
    over = true;
    return reason;
  });
  while (!over && (await statusOf(adminPort)) !== 200) {
    await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, READY_POLL))]);
  }
  if (over) throw new Error(await failed);
}

function statusOf(adminPort: number): Promise<number> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port: adminPort, path: '/readyz', agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    }).on('error', () => resolve(0));
  });
}

async function end(child: ChildProcess, ended: Promise<number>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const again = setTimeout(() => child.kill('SIGTERM'), STOP_LIMIT);
  await ended;
  clearTimeout(again);
}
