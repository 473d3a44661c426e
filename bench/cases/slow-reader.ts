/**
 * A body of 1 GiB for a reader that is slow at first: how far the proxy's memory grows.
 *
 * Rule: a proxy that slows the origin down with the reader stays small; one that gathers the body does not. The bar for
 * the router is 32 MiB. nothing is reused between peers: each is started, measured and ended.
 */

import { Samples } from '../figures/outcome.ts';
import { HeldConnection } from '../load/connections.ts';
import { memoryOf } from '../stage/cost.ts';
import { type Running, withPeers } from '../stage/launch.ts';
import { GIB, GIB_PATH } from '../stage/origin.ts';
import type { Case, Stage } from './case.ts';
import { USUAL } from './floods.ts';
import { warmUp } from './rotate.ts';

const MIB = 1024 * 1024;
/** Bytes a second, and how many are read at that rate. */
const SLOW_RATE = 20 * MIB;
const SLOW_BYTES = 100 * MIB;
/** Milliseconds. */
const LOOK = 50;

/** Reads the whole body, and gives the most memory the proxy had meanwhile. */
async function readSlowly(one: Running): Promise<{ peak: number; seconds: number }> {
  let got = 0;
  let peak = 0;
  const started = performance.now();
  const held = new HeldConnection(one.port, GIB_PATH, (chunk) => {
    got += chunk.length;
    const due = (got / SLOW_RATE) * 1000 - (performance.now() - started);
    if (got > SLOW_BYTES || due <= 1) return;
    held.socket.pause();
    setTimeout(() => held.socket.resume(), due);
  });
  const looks = setInterval(() => {
    peak = Math.max(peak, memoryOf(one.pid));
    // The head is part of what came; a byte of it more or less is no matter here.
    if (got >= GIB) held.end();
  }, LOOK);
  try {
    await held.over;
  } finally {
    clearInterval(looks);
  }
  return { peak, seconds: (performance.now() - started) / 1000 };
}

async function run(this: Case, { peers, ground, pace, note }: Stage) {
  const samples = new Samples();
  for (const peer of peers) {
    await withPeers([peer], ground, USUAL, async ([one]) => {
      await warmUp(one, { ask: USUAL, connections: 64 }, pace.warmup);
      const before = memoryOf(one.pid);
      const spent = one.cost.read();
      const { peak, seconds } = await readSlowly(one);
      const growth = Math.max(0, peak - before) / MIB;
      samples.add(peer.name, { growth, seconds, cpu: (one.cost.read() - spent) / 1000 });
      note(`${peer.name}: grew by ${growth.toFixed(1)} MiB`);
    });
  }
  const columns = [
    { key: 'growth', label: 'growth MiB', digits: 1 },
    { key: 'seconds', label: 'seconds', digits: 1 },
    { key: 'cpu', label: 'CPU ms', digits: 0 },
  ];
  const notes = ['100 MiB of it at 20 MiB/s, the rest as fast as it comes; growth over the warm process. Bar: 32 MiB.'];
  return { id: this.id, title: this.title, columns, rows: samples.all(), notes };
}

export const SLOW_READER: Case = { id: 'slow-reader', title: 'memory while 1 GiB goes to a slow reader', run };
