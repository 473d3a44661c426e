/**
 * Instructions that our data thread takes for a request, counted by callgrind.
 *
 * Rule: the count is the same again within half a percent, whatever else the machine does, so that it shows changes that are
 * lost in the noise of processor time. It knows nothing of the kernel's part, nor of waiting for memory. The garbage
 * collector's larger turns come when they come: the median of several portions leaves them out.
 */

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Samples } from '../figures/outcome.ts';
import { exactly } from '../load/h2load.ts';
import type { Peer } from '../peers/peer.ts';
import { signalbox } from '../peers/signalbox.ts';
import { type Running, withPeers } from '../stage/launch.ts';
import { demand } from '../stage/processes.ts';
import type { Case, Stage } from './case.ts';
import { USUAL } from './floods.ts';

const CONNECTIONS = 64;
/** Until everything that is asked often is compiled as well as it will be. */
const WARM_UP = 200_000;
const PORTION = 5_000;
const PORTIONS = 7;
/** Requests a second that are answered under callgrind at least. */
const SLOWEST = 500;
const OUT = 'callgrind.out';

async function run(this: Case, { own, ground, note }: Stage) {
  const samples = new Samples();
  for (const { name, root } of own) {
    await withPeers([counted(signalbox({ name, root }))], ground, USUAL, async ([one]) => {
      const load = (requests: number) =>
        exactly({ ask: USUAL, requests, connections: CONNECTIONS, seconds: requests / SLOWEST }, one.port);
      await load(WARM_UP);
      control(one, '--instr=on');
      // What was compiled before is looked at anew now; that counts for nobody.
      await load(PORTION);
      control(one, '--zero');
      for (let portion = 1; portion <= PORTIONS; portion++) {
        await load(PORTION);
        control(one, '--dump');
        samples.add(name, { instructions: busiest(dumped(one, portion)) / PORTION });
      }
      const { instructions } = samples.of(name);
      note(`${name}: ${instructions.map((count) => count.toFixed(0)).join(' ')}`);
    });
  }
  const columns = [{ key: 'instructions', label: 'instructions/request', digits: 0 }];
  return { id: this.id, title: this.title, columns, rows: samples.all(), notes: [] };
}

/** The same peer under callgrind, which counts nothing yet. */
function counted(peer: Peer): Peer {
  const valgrind = demand('valgrind', 'to count instructions');
  return {
    ...peer,
    prepare: (setup) => {
      const prepared = peer.prepare(setup);
      const flags = ['--tool=callgrind', '--quiet', '--instr-atstart=no', '--separate-threads=yes'];
      // Code that V8 makes anew in the same place is another code.
      flags.push('--smc-check=all-non-file', `--callgrind-out-file=${join(setup.folder, OUT)}`);
      return { ...prepared, command: [valgrind, ...flags, ...prepared.command] };
    },
  };
}

function control({ pid }: Running, order: string): void {
  const { status, stderr, error } = spawnSync('callgrind_control', [order, String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`callgrind_control ${order}: ${error?.message ?? stderr.trim()}`);
}

/** What the n-th dump says of each thread. */
function dumped({ folder }: Running, n: number): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${OUT}.${n}-`))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** Instructions of the thread that took most, from the dumps of all threads. */
export function busiest(dumps: readonly string[]): number {
  const counts = dumps.map((text) => Number(/^(?:summary|totals): (\d+)/m.exec(text)?.[1] ?? Number.NaN));
  if (counts.length === 0 || counts.some(Number.isNaN)) throw new Error('callgrind did not say what it counted');
  return Math.max(...counts);
}

export const INSTRUCTIONS: Case = {
  id: 'instructions',
  title: 'instructions a request of our own thread, counted by callgrind; signalbox alone',
  run,
};
