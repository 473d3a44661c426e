/**
 * What a router's process says and holds, seen from outside: its metrics, its access log, its descriptors, its memory.
 */

import { createReadStream, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Started } from '../process.ts';
import { until } from '../wait.ts';
import type { Kept } from './probe.ts';

/** Samples of one scrape by `name{labels}`. The connection is not kept: it would count as a descriptor. */
export async function scrape(adminUrl: string): Promise<Map<string, number>> {
  const reply = await fetch(`${adminUrl}/metrics`, { headers: { connection: 'close' } });
  const samples = (await reply.text()).matchAll(/^(\w+(?:\{.*\})?) ([\d.e+-]+)$/gm);
  return new Map([...samples].map((sample) => [sample[1], Number(sample[2])]));
}

/** All series of a metric, added up. */
export function sumOf(samples: ReadonlyMap<string, number>, metric: string): number {
  let sum = 0;
  for (const [series, value] of samples) if (series === metric || series.startsWith(`${metric}{`)) sum += value;
  return sum;
}

/** What stands behind the descriptors of a process, how many of each: `socket`, `/dev/null` and the like. */
export function descriptorsOf(pid: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let behind: string;
    try {
      behind = readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/:\[\d+\]$/, '');
    } catch {
      continue; // closed since
    }
    counts[behind] = (counts[behind] ?? 0) + 1;
  }
  return counts;
}

/** Resident memory of a process in bytes. */
export function residentOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** Processor time a process has used, milliseconds. */
export function processorOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // Ticks of a hundredth of a second, as Linux shows them on every machine.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What each thread keeps alive, by its name; for a router that was started with the probe. */
export async function keptBy(router: Started, threads: number): Promise<Map<string, Kept>> {
  const before = router.aside().length;
  router.child.kill('SIGUSR2');
  const lines = await until(
    'all threads to tell what they keep',
    () => {
      const told = router.aside().slice(before).split('\n').slice(0, -1);
      return told.length >= threads && told;
    },
    20_000,
  );
  return new Map(lines.map((line) => JSON.parse(line) as Kept).map((kept) => [kept.thread, kept]));
}

/** The access log read back: how often each exchange has a line, and what is wrong with the lines. */
export interface Tally {
  lines: number;
  /** Lines of a route that comes and goes, and whose counts go with it. */
  passing: number;
  /** By exchange number. */
  readonly times: Uint8Array;
  readonly statuses: Uint16Array;
  readonly codes: Map<string, number>;
}

export async function tallyOf(files: readonly string[], exchanges: number): Promise<Tally> {
  const tally: Tally = {
    lines: 0,
    passing: 0,
    times: new Uint8Array(exchanges),
    statuses: new Uint16Array(exchanges),
    codes: new Map(),
  };
  for (const file of files) {
    let rest = '';
    for await (const chunk of createReadStream(file, { encoding: 'latin1', highWaterMark: 1 << 20 })) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) enter(tally, line);
    }
    if (rest !== '') throw new Error(`${file} ends in the middle of a line: ${rest}`);
  }
  return tally;
}

function enter(tally: Tally, line: string): void {
  tally.lines += 1;
  const status = /"status":(\d+)/.exec(line)?.[1];
  if (!line.endsWith('}') || status === undefined) throw new Error(`not a line of the access log: ${line}`);
  if (line.includes('"route":"sometimes"')) tally.passing += 1;
  const code = /"code":"(\w+)"/.exec(line)?.[1];
  if (code !== undefined) tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1);
  const path = /"path":"\/(?:always|sometimes)\/(\d+)"/.exec(line)?.[1];
  if (path === undefined) return;
  tally.times[Number(path)] += 1;
  tally.statuses[Number(path)] = Number(status);
}
