/**
 * Peers brought up for a case, side by side on the proxy's core, and taken down after it.
 *
 * Rule: idle ones cost nothing, so all of a case run at the same time and the load goes round. None counts as running
 * before it answered right; who logs nothing while it serves is no peer, and that is found out at the end.
 */

import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type Ask, validate } from '../load/ask.ts';
import type { Peer } from '../peers/peer.ts';
import { CORES, pinned, unpinned } from './cores.ts';
import { CostMeter } from './cost.ts';
import { end, freePort, pause, start } from './processes.ts';

export interface Running {
  readonly peer: Peer;
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly folder: string;
  readonly child: ChildProcess;
  readonly cost: CostMeter;
  readonly log: string;
  readonly started: number;
  /** Milliseconds from start to the first right answer. */
  ready: number;
}

export interface Ground {
  /** Folder of the whole run; everybody may read it. */
  readonly folder: string;
  readonly originPort: number;
  readonly streams?: boolean;
  readonly nodeFlags: readonly string[];
}

/** Starting a peer with 100,000 routes on a slow machine, milliseconds. */
const READY_LIMIT = 120_000;
/** Nobody listens; or somebody only tried whether the port is free, and hung up. */
const NOT_YET = ['ECONNREFUSED', 'ECONNRESET'];
/** What a peer prints as error. */
const ERRORS = 'errors.txt';
let serial = 0;

/** Starts the peers, gives them to `body`, ends them. */
export async function withPeers<T>(
  peers: readonly Peer[],
  ground: Ground,
  ask: Ask,
  body: (running: Running[]) => Promise<T>,
): Promise<T> {
  const running: Running[] = [];
  try {
    for (const peer of peers) {
      const one = await launch(peer, ground);
      running.push(one);
      await answering(one, ask);
    }
    return await body(running);
  } finally {
    for (const one of running) await end(one.child);
  }
}

/** Starts a peer and does not wait for it. */
export async function launch(
  peer: Peer,
  { folder: parent, originPort, streams = false, nodeFlags }: Ground,
): Promise<Running> {
  const port = await freePort();
  serial += 1;
  const folder = join(parent, `${serial}-${peer.name.replaceAll(/\W/g, '-')}`);
  mkdirSync(folder);
  // nginx started by root works as nobody.
  chmodSync(folder, 0o777);
  const { command, log, logsToOutput, env = {} } = peer.prepare({ folder, port, originPort, streams, nodeFlags });
  const output = logsToOutput ? { output: openSync(log, 'a') } : {};
  const errors = openSync(join(folder, ERRORS), 'a');
  const placed = peer.everyCore ? unpinned(command) : pinned(CORES.proxy, command);
  const started = performance.now();
  const child = start(placed, { ...output, errors, env, cwd: folder });
  const pid = child.pid ?? 0;
  return { peer, name: peer.name, port, pid, folder, child, cost: new CostMeter(pid), log, started, ready: 0 };
}

/** Waits until the peer answers at all, then says whether it answers right. */
export async function answering(one: Running, ask: Ask): Promise<void> {
  const { peer, port, child, folder } = one;
  const until = performance.now() + READY_LIMIT;
  for (;;) {
    try {
      await validate(ask, port, peer.mark);
      one.ready = performance.now() - one.started;
      return;
    } catch (error) {
      const refused = notYet(error);
      const over = child.exitCode !== null || performance.now() > until;
      const said = readFileSync(join(folder, ERRORS), 'utf8').slice(0, 2000);
      if (!refused || over) throw new Error(`${peer.name}: ${error instanceof Error ? error.message : error}\n${said}`);
      await pause(1);
    }
  }
}

function notYet(error: unknown): boolean {
  return NOT_YET.includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Waits until an origin of ours listens; a proxy that asks too early would think it dead. */
export async function listening(port: number, ask: Ask): Promise<void> {
  const until = performance.now() + READY_LIMIT;
  for (;;) {
    try {
      return await validate(ask, port, undefined);
    } catch (error) {
      if (!notYet(error) || performance.now() > until) throw error;
      await pause(5);
    }
  }
}

/** Empties the log, so that a long run does not fill the disk; gives how long it was. */
export function takeLog({ log }: Running): number {
  const { size } = statSync(log);
  truncateSync(log);
  return size;
}
