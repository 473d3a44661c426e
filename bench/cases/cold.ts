/**
 * Cold start: from starting the process to the first right answer through it.
 *
 * Rule: peers take turns, each start is a new process; programs and files are in the page cache, as after a restart.
 */

import { Samples } from '../figures/outcome.ts';
import { withPeers } from '../stage/launch.ts';
import type { Case, Stage } from './case.ts';
import { USUAL } from './floods.ts';
import { orderOf } from './rotate.ts';

const ROTATIONS = 10;

async function run(this: Case, { peers, ground, pace, note }: Stage) {
  const samples = new Samples();
  for (const peer of peers) {
    samples.add(peer.name, {});
    await withPeers([peer], ground, USUAL, async () => {});
  }
  for (let rotation = 0; rotation < Math.min(ROTATIONS, pace.rotations); rotation++) {
    for (const peer of orderOf(peers, rotation)) {
      await withPeers([peer], ground, USUAL, async ([{ ready, cost }]) =>
        samples.add(peer.name, { ms: ready, cpu: cost.read() / 1000 }),
      );
    }
    note(
      `start ${rotation + 1}: ${peers.map(({ name }) => `${name} ${samples.of(name).ms[rotation].toFixed(0)}`).join('  ')}`,
    );
  }
  const columns = [
    { key: 'ms', label: 'ms to the first answer', digits: 0 },
    { key: 'cpu', label: 'CPU ms', digits: 0 },
  ];
  return { id: this.id, title: this.title, columns, rows: samples.all(), notes: [] };
}

export const COLD: Case = { id: 'cold', title: 'cold start: from spawn to the first answer', run };
