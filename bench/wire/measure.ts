/**
 * One case against every peer: start, validate, warm up, then rounds in turn.
 *
 * Rule: peers take turns within each round (A B C, A B C, ...), so that whatever else the machine does meets them all;
 * the figure of a peer is the median of its rounds. Processor time is what the proxy's process used during its own run.
 */

import type { ChildProcess } from 'node:child_process';
import type { Case } from './cases.ts';
import { type Load, load, validate } from './load.ts';
import type { Peer } from './peers.ts';
import { end, freePort, memoryOf, PROXY_CORE, processorTime, start } from './processes.ts';

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmup: number;
  readonly folder: string;
  readonly originPort: number;
  readonly nodeFlags: readonly string[];
  readonly note: (text: string) => void;
}

export interface Measured {
  readonly peer: string;
  /** Microseconds of processor time per request, one figure per round. */
  readonly rounds: readonly number[];
  readonly microsecondsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Resident bytes at the end. */
  readonly memory: number;
}

interface Running {
  readonly peer: Peer;
  readonly port: number;
  readonly child: ChildProcess;
  readonly pid: number;
  readonly loads: Load[];
  readonly costs: number[];
}

const READY_LIMIT = 10_000;

export async function measure(each: Case, peers: readonly Peer[], plan: Plan): Promise<Measured[]> {
  const running: Running[] = [];
  try {
    for (const peer of peers) running.push(await launch(each, peer, plan));
    for (let round = 1; round <= plan.rounds; round++) {
      for (const one of running) {
        const before = processorTime(one.pid);
        const result = await load(each, one.port, plan.seconds, plan.folder);
        one.costs.push((processorTime(one.pid) - before) / result.requests);
        one.loads.push(result);
      }
      plan.note(
        `${each.id} round ${round}: ${running.map((one) => `${one.peer.name} ${one.costs.at(-1)?.toFixed(1)}`).join('  ')}`,
      );
    }
    return running.map(summary);
  } finally {
    for (const one of running) await end(one.child);
  }
}

async function launch(each: Case, peer: Peer, plan: Plan): Promise<Running> {
  const port = await freePort();
  const { folder, originPort, nodeFlags } = plan;
  const { command, output } = peer.prepare({ folder, port, originPort, nodeFlags });
  const child = start(PROXY_CORE, command, output);
  try {
    await answering(each, peer, port);
    await load(each, port, plan.warmup, folder);
  } catch (error) {
    await end(child);
    throw new Error(`${peer.name}, case ${each.id}: ${error instanceof Error ? error.message : error}`);
  }
  return { peer, port, child, pid: child.pid ?? 0, loads: [], costs: [] };
}

/** Waits until the peer answers at all, then says whether it answers right. */
async function answering(each: Case, peer: Peer, port: number): Promise<void> {
  const until = performance.now() + READY_LIMIT;
  for (;;) {
    try {
      return await validate(each, port, peer.mark);
    } catch (error) {
      const refused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
      if (!refused || performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function summary({ peer, pid, loads, costs }: Running): Measured {
  return {
    peer: peer.name,
    rounds: costs,
    microsecondsPerRequest: median(costs),
    requestsPerSecond: median(loads.map((each) => each.perSecond)),
    p50: median(loads.map((each) => each.p50)),
    p99: median(loads.map((each) => each.p99)),
    memory: memoryOf(pid),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
