/**
 * wrk: as many requests as the proxy takes, over some connections, for some seconds.
 *
 * Rule: a run with errors or unexpected statuses is no measurement; it ends the bench. The figures come from a script that
 * prints wrk's own counters, because the report for people is rounded.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CORES, pinned } from '../stage/cores.ts';
import { demand, outputOf } from '../stage/processes.ts';
import type { Ask } from './ask.ts';

export interface Flood {
  readonly ask: Ask;
  readonly connections: number;
  /** Instead of the one path of `ask`: requests go to all of these in turn. */
  readonly targets?: readonly { readonly host: string; readonly path: string }[];
}

export interface FloodResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds, of a closed loop at full load: comparable between peers of one run, no promise to users. */
  readonly p50: number;
  readonly p99: number;
}

const REPORT = `
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("signalbox-bench %d %d %d %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect, e.read, e.write, e.status, e.timeout))
end
`;

/** Runs wrk against a port. `folder` takes its script. */
export async function flood(what: Flood, port: number, seconds: number, folder: string): Promise<FloodResult> {
  const wrk = demand('wrk', 'for its load');
  const script = join(folder, 'load.lua');
  writeFileSync(script, scriptOf(what));
  const command = [wrk, '-t1', `-c${what.connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script];
  for (const [name, value] of what.ask.headers) command.push('-H', `${name}: ${value}`);
  command.push(`http://127.0.0.1:${port}${what.ask.path}`);
  return readFlood(await outputOf(pinned(CORES.load, command), seconds));
}

function scriptOf({ ask, targets }: Flood): string {
  const lines = [`wrk.method = "${ask.method}"`];
  if (ask.sentBytes > 0) lines.push(`wrk.body = string.rep("y", ${ask.sentBytes})`);
  if (targets !== undefined) lines.push(rounds(targets));
  return lines.join('\n') + REPORT;
}

/** Requests are made into bytes beforehand: the load shares its core with the origin. */
function rounds(targets: readonly { readonly host: string; readonly path: string }[]): string {
  const list = targets.map(({ host, path }) => `{"${host}","${path}"}`).join(',\n');
  return `local targets = {${list}}
local ready, n = {}, 0
init = function()
  for i, target in ipairs(targets) do
    wrk.headers["Host"] = target[1]
    ready[i] = wrk.format("GET", target[2])
  end
end
request = function()
  n = n % #ready + 1
  return ready[n]
end`;
}

/** Reads what the script printed; throws where it speaks of errors. */
export function readFlood(text: string): FloodResult {
  const line = /^signalbox-bench ([\d ]+)$/m.exec(text)?.[1];
  if (line === undefined) throw new Error(`wrk said nothing of what it did:\n${text}`);
  const [requests, microseconds, p50, p99, connect, read, write, status, timeout] = line.split(' ').map(Number);
  const errors = { connect, read, write, status, timeout };
  const trouble = Object.entries(errors).filter(([, count]) => count > 0);
  if (trouble.length > 0)
    throw new Error(`not every request was answered well: ${trouble.map(([what, n]) => `${n} ${what}`).join(', ')}`);
  if (requests === 0) throw new Error('not one request was answered');
  return { requests, perSecond: requests / (microseconds / 1e6), p50: p50 / 1000, p99: p99 / 1000 };
}
