/**
 * Where the time goes, from the .cpuprofile files that Node.js leaves: the functions with most time of their own.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

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
