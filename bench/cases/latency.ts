/**
 * Latency at a fixed rate, the same for every peer: about half of what the router sustains.
 *
 * Rule: a closed loop at full load measures queues of its own making; here requests come whether or not the last one is
 * answered on the other connections. A peer that cannot keep up shows in `requests/s`.
 */

import { Samples } from '../figures/outcome.ts';
import { quantile } from '../figures/statistics.ts';
import type { Ask } from '../load/ask.ts';
import { steady } from '../load/h2load.ts';
import { flood } from '../load/wrk.ts';
import { type Running, withPeers } from '../stage/launch.ts';
import { pause } from '../stage/processes.ts';
import type { Case, Stage } from './case.ts';
import { USUAL } from './floods.ts';
import { orderOf, SETTLE, warmUp } from './rotate.ts';

const CONNECTIONS = 32;
/** A slice has to hold enough requests for a p99.9: this many times the usual, and as many fewer. */
const STRETCH = 4;

/** The rate asked for, or half of what the first peer sustains, in whole hundreds. */
export async function rateFor({ rate, pace }: Stage, one: Running, ask: Ask): Promise<number> {
  if (rate !== undefined) return rate;
  const { perSecond } = await flood({ ask, connections: 64 }, one.port, pace.warmup, one.folder);
  return Math.max(100, Math.round(perSecond / 200) * 100);
}

async function run(this: Case, stage: Stage) {
  const { peers, ground, pace, note } = stage;
  return withPeers(peers, ground, USUAL, async (running) => {
    const samples = new Samples();
    const times = new Map(running.map(({ name }): [string, number[]] => [name, []]));
    for (const one of running) await warmUp(one, { ask: USUAL, connections: 64 }, pace.warmup);
    const rate = await rateFor(stage, running[0], USUAL);
    note(`rate: ${rate} requests/s`);
    const load = { ask: USUAL, rate, connections: CONNECTIONS, seconds: pace.slice * STRETCH };
    for (const one of running) samples.add(one.name, {});
    for (let rotation = 0; rotation < Math.ceil(pace.rotations / STRETCH); rotation++) {
      for (const one of orderOf(running, rotation)) {
        const before = one.cost.read();
        const result = await steady(load, one.port, one.folder);
        await pause(SETTLE);
        if (result.failed > 0) throw new Error(`${one.name}: ${result.failed} requests failed`);
        const [p99, p999] = [0.99, 0.999].map((share) => quantile(result.times, share));
        samples.add(one.name, { p99, p999, rps: result.perSecond, us: (one.cost.read() - before) / result.requests });
        // One by one: a slice holds more than a call takes as arguments.
        for (const time of result.times) times.get(one.name)?.push(time);
      }
      note(
        `rotation ${rotation + 1}: ${running.map(({ name }) => `${name} ${samples.of(name).p99[rotation].toFixed(2)}`).join('  ')}`,
      );
    }
    for (const [name, all] of times) {
      samples.add(name, { all50: quantile(all, 0.5), all99: quantile(all, 0.99), all999: quantile(all, 0.999) });
    }
    const columns = [
      { key: 'p99', label: 'p99 ms of a slice', digits: 2 },
      { key: 'all50', label: 'p50 ms', digits: 2 },
      { key: 'all99', label: 'p99 ms', digits: 2 },
      { key: 'all999', label: 'p99.9 ms', digits: 2 },
      { key: 'rps', label: 'requests/s', digits: 0 },
      { key: 'us', label: 'CPU us/request', digits: 1 },
    ];
    const notes = [
      `Fixed rate: ${rate} requests/s over ${CONNECTIONS} connections; p50, p99 and p99.9 over all slices.`,
    ];
    return { id: this.id, title: this.title, columns, rows: samples.all(), notes };
  });
}

export const LATENCY: Case = { id: 'latency', title: 'latency at half load, fixed rate, 1 KiB reply', run };
