/**
 * What an idle client connection costs in memory: resident bytes of the proxy before and after many of them.
 *
 * Rule: each connection has had one reply, as a browser's has; the process was warm before. Every rotation starts the
 * peer anew, because a heap that has grown once hides what comes later. Figures of a few hundred bytes are noise.
 */

import { readFileSync } from 'node:fs';
import { Samples } from '../figures/outcome.ts';
import { askAndHold, descriptorLimit, type HeldConnection } from '../load/connections.ts';
import { memoryOf } from '../stage/cost.ts';
import { type Running, withPeers } from '../stage/launch.ts';
import { pause } from '../stage/processes.ts';
import type { Case, Stage } from './case.ts';
import { USUAL } from './floods.ts';
import { warmUp } from './rotate.ts';

const CONNECTIONS = 5_000;
/** Opened at the same time; more would only fill the backlog. */
const AT_ONCE = 50;
const ROTATIONS = 3;
/** Milliseconds until memory stands still. */
const STILL = 2_000;

async function hold(one: Running, count: number): Promise<HeldConnection[]> {
  const held: HeldConnection[] = [];
  while (held.length < count) {
    const more = Array.from({ length: Math.min(AT_ONCE, count - held.length) }, () => askAndHold(one.port, USUAL.path));
    held.push(...(await Promise.all(more)));
  }
  return held;
}

async function measured(one: Running, count: number, warmup: number): Promise<Record<string, number>> {
  await warmUp(one, { ask: USUAL, connections: AT_ONCE }, warmup);
  await pause(STILL);
  const before = memoryOf(one.pid);
  const held = await hold(one, count);
  await pause(STILL);
  const after = memoryOf(one.pid);
  const lost = held.filter(({ socket }) => socket.destroyed).length;
  for (const each of held) each.end();
  if (lost > 0) throw new Error(`${one.name} closed ${lost} of its idle connections`);
  return { kib: (after - before) / count / 1024, mib: after / 1024 / 1024 };
}

async function run(this: Case, { peers, ground, pace, note }: Stage) {
  const limit = descriptorLimit(readFileSync('/proc/self/limits', 'utf8'));
  const count = Math.min(CONNECTIONS, Math.floor((limit - 1_000) / 2));
  if (count < 1_000) throw new Error(`only ${limit} descriptors are allowed; raise the hard limit (ulimit -Hn)`);
  const samples = new Samples();
  for (let rotation = 0; rotation < Math.min(ROTATIONS, pace.rotations); rotation++) {
    for (const peer of peers) {
      const figures = await withPeers([peer], ground, USUAL, ([one]) => measured(one, count, pace.warmup));
      samples.add(peer.name, figures);
      note(`rotation ${rotation + 1}: ${peer.name} ${figures.kib.toFixed(2)} KiB`);
    }
  }
  const columns = [
    { key: 'kib', label: 'KiB/connection', digits: 2 },
    { key: 'mib', label: 'memory with them, MiB', digits: 0 },
  ];
  return { id: this.id, title: this.title, columns, rows: samples.all(), notes: [`${count} connections.`] };
}

export const IDLE: Case = { id: 'idle', title: 'memory of an idle client connection, 5,000 of them', run };
