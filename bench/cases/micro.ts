/**
 * The micro benches: each script of micro/ in a process of its own on the proxies' core, several times over.
 *
 * Rule: another commit is measured with the scripts of the working tree laid over its sources, in turns with them, so
 * that only the sources differ. Of the runs the best counts: what makes a loop slower than it can be is the machine.
 */

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Outcome, Samples } from '../figures/outcome.ts';
import { aligned } from '../figures/report.ts';
import { toldIn } from '../micro/timing.ts';
import { CORES, pinned } from '../stage/cores.ts';
import { outputOf } from '../stage/processes.ts';
import type { Stage } from './case.ts';
import { orderOf } from './rotate.ts';

const SCRIPTS = ['head', 'match', 'lanes', 'access-log', 'protect', 'aim', 'live', 'leases', 'members'];
const ROTATIONS = 5;
/** Seconds a script may take. */
const LIMIT = 120;

/** An outcome per figure, so that the result file reads like that of the other cases. */
export async function micro({ own, pace, note }: Stage): Promise<Outcome[]> {
  for (const { root } of own.slice(1))
    cpSync(join(own[0].root, 'bench/micro'), join(root, 'bench/micro'), { recursive: true });
  const figures = new Map<string, Samples>();
  for (let rotation = 0; rotation < Math.min(ROTATIONS, pace.rotations); rotation++) {
    for (const script of SCRIPTS) {
      for (const { name, root } of orderOf(own, rotation)) {
        note(`run ${rotation + 1}: ${script}, ${name}`);
        const command = [process.execPath, join(root, 'bench/micro', `${script}.ts`)];
        for (const [label, ns] of toldIn(await outputOf(pinned(CORES.proxy, command), LIMIT))) {
          const samples = figures.get(label) ?? new Samples();
          figures.set(label, samples);
          for (const each of own) samples.add(each.name, {});
          samples.add(name, { ns });
        }
      }
    }
  }
  const columns = [{ key: 'ns', label: 'ns', digits: 1 }];
  return [...figures].map(([label, samples]) => ({
    id: 'micro',
    title: label,
    columns,
    rows: samples.all(),
    notes: [],
  }));
}

/** All figures in one table: a row each, a column per working tree or commit. */
export function microTable(outcomes: readonly Outcome[]): string {
  const names = outcomes[0].rows.map(({ peer }) => peer);
  const cells = outcomes.map(({ title, rows }) => {
    const [own, ...others] = rows.map(({ samples }) => Math.min(...samples.ns));
    return [
      title,
      ...[own, ...others].map((best) => best.toFixed(1)),
      ...others.map((best) => (own / best).toFixed(3)),
    ];
  });
  const head = ['nanoseconds', ...names, ...names.slice(1).map((name) => `${names[0]} / ${name}`)];
  return aligned(head, cells);
}
