/**
 * Two data threads against one.
 *
 * Rule: on a machine of two cores threads on both of them share these with origin and load, so requests a second say little
 * there; work per request does. Two threads on the one core of one show what a second thread costs by itself.
 */

import { ratios, spread } from '../figures/statistics.ts';
import { nginx, nginxOf } from '../peers/nginx.ts';
import { signalbox } from '../peers/signalbox.ts';
import type { Case, Stage } from './case.ts';
import { FLOOD_COLUMNS, USUAL } from './floods.ts';
import { inSittings } from './rotate.ts';

async function run(this: Case, { own, peers: asked, ground, pace, note }: Stage) {
  const ours = own.flatMap(({ name, root }) => [
    signalbox({ name: `${name}, 2 threads, 1 core`, root, workers: 2 }),
    signalbox({ name: `${name}, 2 threads, 2 cores`, root, workers: 2, everyCore: true }),
    signalbox({ name: `${name}, 1 thread`, root }),
  ]);
  const theirs = [nginxOf(NGINX.two, 2), nginxOf(NGINX.one, 1)];
  const peers = asked.includes(nginx) ? [...ours, ...theirs] : ours;
  const samples = await inSittings(peers, ground, USUAL, () => ({ ask: USUAL, connections: 64 }), pace, note);
  const notes = [
    'Threads on 2 cores share the second with origin and load; their requests/s are no measure of capacity.',
  ];
  if (peers !== ours) {
    const { low, middle, high } = spread(ratios(samples.of(NGINX.two).us, samples.of(NGINX.one).us));
    const quartiles = `${low.toFixed(3)} - ${high.toFixed(3)}`;
    notes.push(`nginx costs ${middle.toFixed(3)} (${quartiles}) with 2 workers on 1 core of what it costs with one.`);
  }
  return { id: this.id, title: this.title, columns: FLOOD_COLUMNS, rows: samples.all(), notes };
}

const NGINX = { one: 'nginx, 1 worker', two: 'nginx, 2 workers, 1 core' } as const;

export const THREADS: Case = { id: 'threads', title: '2 data threads against 1, 1 KiB reply; nginx likewise', run };
