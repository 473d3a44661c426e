/**
 * What the bench tells: a table for people, JSON for comparing, the hottest functions of a profile.
 *
 * Rule: a figure never travels without the machine and the versions it was measured on.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { basename, join } from 'node:path';
import type { Case } from './cases.ts';
import type { Measured } from './measure.ts';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memory: number;
  readonly system: string;
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: totalmem(),
    system: `${type()} ${release()}`,
  };
}

const COLUMNS = [
  'proxy',
  'CPU us/request',
  'least - most',
  'signalbox',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'memory MiB',
];

/** A Markdown table of one case; `signalbox`: its cost as a multiple of this peer's. */
export function table(each: Case, rows: readonly Measured[]): string {
  const own = rows.find((row) => row.peer === 'signalbox')?.microsecondsPerRequest;
  const cells = rows.map((row) => [
    row.peer,
    row.microsecondsPerRequest.toFixed(1),
    `${Math.min(...row.rounds).toFixed(1)} - ${Math.max(...row.rounds).toFixed(1)}`,
    own === undefined ? '' : `${(own / row.microsecondsPerRequest).toFixed(2)} x`,
    row.requestsPerSecond.toFixed(0),
    row.p50.toFixed(2),
    row.p99.toFixed(2),
    (row.memory / 1024 / 1024).toFixed(0),
  ]);
  const widths = COLUMNS.map((column, i) => Math.max(column.length, ...cells.map((row) => row[i].length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [
    `${each.id}: ${each.title}, ${each.connections} connections`,
    '',
    ...[COLUMNS, rule, ...cells].map(line),
  ].join('\n');
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions in which the profiled threads spent most time of their own; the busiest thread first, and in full. */
export function hottest(folder: string, count: number): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  if (files.length === 0) return `no profile was written to ${folder}`;
  return files
    .map((name) => selfTimes(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile))
    .sort((a, b) => b.busy - a.busy)
    .map((thread, i) => inLines(thread, i === 0 ? count : count / 4))
    .join('\n\n');
}

interface SelfTimes {
  /** Microseconds, as those of `functions`. */
  readonly busy: number;
  readonly functions: ReadonlyMap<string, number>;
}

function selfTimes(profile: Profile): SelfTimes {
  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const place = url === '' ? '' : ` ${basename(url)}:${lineNumber + 1}`;
      return [id, `${functionName || '(anonymous)'}${place}`];
    }),
  );
  const functions = new Map<string, number>();
  let busy = 0;
  profile.samples.forEach((id, i) => {
    const name = names.get(id) ?? '?';
    if (name === '(idle)') return;
    busy += profile.timeDeltas[i];
    functions.set(name, (functions.get(name) ?? 0) + profile.timeDeltas[i]);
  });
  return { busy, functions };
}

function inLines({ busy, functions }: SelfTimes, count: number): string {
  const top = [...functions].sort((a, b) => b[1] - a[1]).slice(0, count);
  const lines = top.map(([name, time]) => `  ${((time / busy) * 100).toFixed(1).padStart(5)} %  ${name}`);
  return [`a thread busy for ${(busy / 1e6).toFixed(1)} s, of that:`, ...lines].join('\n');
}
