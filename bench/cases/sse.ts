/**
 * Event streams: 500 through each peer, one event a second each; processor time per event, memory, lateness.
 *
 * Rule: all streams of all peers stay open the whole time; the origin sends to those of one peer at a time, in turns.
 * Every stream must have got every event when its peer's turn is over.
 */

import { fileURLToPath } from 'node:url';
import { Samples } from '../figures/outcome.ts';
import { quantile } from '../figures/statistics.ts';
import { EventStreams } from '../load/event-streams.ts';
import { CORES, pinned } from '../stage/cores.ts';
import { memoryOf } from '../stage/cost.ts';
import { listening, type Running, withPeers } from '../stage/launch.ts';
import { end, freePort, pause, start } from '../stage/processes.ts';
import type { Case, Stage } from './case.ts';
import { USUAL } from './floods.ts';
import { orderOf, SETTLE } from './rotate.ts';

const STREAMS = 500;
const ORIGIN = fileURLToPath(new URL('../stage/event-origin.ts', import.meta.url));
/** Seconds of a turn: an event a second is few. */
const SECONDS = 5;
const ROTATIONS = 3;

/** One turn of some seconds; `first` is the number its first event has. */
async function turn(one: Running, streams: EventStreams, originPort: number, first: number, seconds: number) {
  const late = streams.late.length;
  const before = one.cost.read();
  const of = encodeURIComponent(one.name);
  await fetch(`http://127.0.0.1:${originPort}/run?of=${of}&seconds=${seconds}&first=${first}`, { method: 'POST' });
  await pause(SETTLE);
  streams.demand(first + seconds - 1);
  const us = (one.cost.read() - before) / (STREAMS * seconds);
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(streams.late.slice(late), share));
  return { us, p50, p99, mib: memoryOf(one.pid) / 1024 / 1024 };
}

async function run(this: Case, stage: Stage) {
  const { peers, pace, note } = stage;
  const originPort = await freePort();
  const origin = start(pinned(CORES.origin, [process.execPath, ORIGIN, String(originPort)]));
  const samples = new Samples();
  const rotations = Math.min(ROTATIONS, pace.rotations);
  const ground = { ...stage.ground, originPort, streams: true };
  try {
    await listening(originPort, USUAL);
    await withPeers(peers, ground, USUAL, async (running) => {
      const streams = new Map<Running, EventStreams>();
      for (const one of running) {
        const opened = new EventStreams();
        streams.set(one, opened);
        await opened.open(one.port, `/events?of=${encodeURIComponent(one.name)}`, STREAMS);
        samples.add(one.name, {});
        await turn(one, opened, originPort, 0, pace.warmup);
      }
      for (let rotation = 0; rotation < rotations; rotation++) {
        for (const one of orderOf(running, rotation)) {
          const opened = streams.get(one);
          if (opened !== undefined)
            samples.add(one.name, await turn(one, opened, originPort, pace.warmup + rotation * SECONDS, SECONDS));
        }
        note(
          `rotation ${rotation + 1}: ${running.map(({ name }) => `${name} ${samples.of(name).us[rotation].toFixed(1)}`).join('  ')}`,
        );
      }
      for (const each of streams.values()) each.end();
    });
  } finally {
    await end(origin);
  }
  const columns = [
    { key: 'us', label: 'CPU us/event', digits: 1 },
    { key: 'p50', label: 'late p50 ms', digits: 2 },
    { key: 'p99', label: 'late p99 ms', digits: 2 },
    { key: 'mib', label: 'memory MiB', digits: 0 },
  ];
  return { id: this.id, title: this.title, columns, rows: samples.all(), notes: [] };
}

export const SSE: Case = { id: 'sse', title: 'event streams, 500 with an event a second each', run };
