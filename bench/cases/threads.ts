/**
 * Two data threads against one.
 *
 * Rule: on a machine of two cores threads on both of them share these with origin and load, so requests a second say little
 * there; work per request does. Two threads on the one core of one show what a second thread costs by itself.
 */

import { signalbox } from '../peers/signalbox.ts';
import { withPeers } from '../stage/launch.ts';
import type { Case, Stage } from './case.ts';
import { FLOOD_COLUMNS, USUAL } from './floods.ts';
import { rotate } from './rotate.ts';

async function run(this: Case, { own, ground, pace, note }: Stage) {
  const peers = own.flatMap(({ name, root }) => [
    signalbox({ name: `${name}, 2 threads, 1 core`, root, workers: 2 }),
    signalbox({ name: `${name}, 2 threads, 2 cores`, root, workers: 2, everyCore: true }),
    signalbox({ name: `${name}, 1 thread`, root }),
  ]);
  const samples = await withPeers(peers, ground, USUAL, (running) =>
    rotate(running, () => ({ ask: USUAL, connections: 64 }), pace, note),
  );
  const notes = [
    'Threads on 2 cores share the second with origin and load; their requests/s are no measure of capacity.',
  ];
  return { id: this.id, title: this.title, columns: FLOOD_COLUMNS, rows: samples.all(), notes };
}

export const THREADS: Case = { id: 'threads', title: '2 data threads against 1, 1 KiB reply; signalbox alone', run };
