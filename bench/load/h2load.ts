/**
 * h2load: a fixed rate over some connections, with the time every single request took.
 *
 * Rule: its clients send on ticks of ten milliseconds that fall together within one process, so the connections are spread
 * over several processes with ticks of their own; the load is then nearly even. Only whole seconds behind the first count. Or so
 * many requests, as fast as they are answered.
 */

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CORES, pinned } from '../stage/cores.ts';
import { demand, outputOf } from '../stage/processes.ts';
import type { Ask } from './ask.ts';

export interface SteadyLoad {
  readonly ask: Ask;
  /** Requests a second, over all connections. */
  readonly rate: number;
  readonly connections: number;
  readonly seconds: number;
}

export interface SteadyResult {
  /** Milliseconds of each request, the first second left out. */
  readonly times: readonly number[];
  /** Requests a second that were really made. */
  readonly perSecond: number;
  /** All that were answered, for the processor time of the whole run. */
  readonly requests: number;
  readonly failed: number;
}

const PROCESSES = 8;
/** Microseconds at the start that do not count: connecting, and finding the beat. */
const START = 1_000_000;

export interface CountedLoad {
  readonly ask: Ask;
  readonly requests: number;
  readonly connections: number;
  /** What it may take. */
  readonly seconds: number;
}

/** So many requests, one after the other on each connection; throws where one was not answered well. */
export async function exactly({ ask, requests, connections, seconds }: CountedLoad, port: number): Promise<void> {
  const program = demand('h2load', 'for a number of requests', 'nghttp2-client');
  const command = [program, '--h1', '-t1', '-m1', `-c${connections}`, `-n${requests}`, ...headerFlags(ask)];
  const url = `http://127.0.0.1:${port}${ask.path}`;
  const summary = readSummary(await outputOf(pinned(CORES.load, [...command, url]), seconds));
  if (summary.requests !== requests || summary.failed > 0)
    throw new Error(`${summary.requests} of ${requests} requests were answered well, ${summary.failed} were not`);
}

/** h2load would write a Host of ours beside its own; this is its name for that one. */
function headerFlags({ headers }: Ask): string[] {
  return headers.flatMap(([name, value]) => ['-H', `${name === 'Host' ? ':authority' : name}: ${value}`]);
}

export async function steady(load: SteadyLoad, port: number, folder: string): Promise<SteadyResult> {
  const program = demand('h2load', 'for loads of fixed rate', 'nghttp2-client');
  const { ask, rate, connections, seconds } = load;
  const processes = Math.min(PROCESSES, connections);
  const runs = Array.from({ length: processes }, async (_, i) => {
    const clients = Math.floor(connections / processes);
    const log = join(folder, `h2load-${i}.log`);
    // h2load adds to a log that is there: lines of an earlier slice would count again.
    rmSync(log, { force: true });
    const command = [program, '--h1', '-t1', '-m1', `-c${clients}`, `-D${seconds}`, `--log-file=${log}`];
    command.push(`--rps=${rate / (clients * processes)}`);
    command.push(...headerFlags(ask));
    const summary = await outputOf(pinned(CORES.load, [...command, `http://127.0.0.1:${port}${ask.path}`]), seconds);
    return { ...readSummary(summary), lines: readLog(readFileSync(log, 'utf8')) };
  });
  return together(await Promise.all(runs));
}

interface Line {
  /** Microseconds. */
  readonly start: number;
  readonly status: number;
  readonly took: number;
}

/** Reads a log file: start time, status and time taken, in microseconds. */
export function readLog(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [start, status, took] = line.split('\t').map(Number);
      return { start, status, took };
    });
}

/** Reads the counts of the report for people. */
export function readSummary(text: string): { requests: number; failed: number } {
  const found = /requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(text);
  if (found === null) throw new Error(`h2load said nothing of what it did:\n${text}`);
  const [requests, failed, errored, timeout] = found.slice(1).map(Number);
  return { requests, failed: failed + errored + timeout };
}

/** One result of all processes of a run. */
export function together(runs: readonly { requests: number; failed: number; lines: readonly Line[] }[]): SteadyResult {
  const lines = runs.flatMap((run) => run.lines);
  const first = lines.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const last = lines.reduce((most, { start }) => Math.max(most, start), 0);
  const counted = lines.filter(({ start }) => start >= first + START);
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  const wrong = lines.filter(({ status }) => status !== 200).length;
  return {
    times: counted.map(({ took }) => took / 1000),
    perSecond: counted.length / ((last - first - START) / 1e6),
    requests: runs.reduce((sum, run) => sum + run.requests, 0),
    // h2load counts 4xx and 5xx among the failed; a redirect would be wrong here too.
    failed: Math.max(failed, wrong),
  };
}
