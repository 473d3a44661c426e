/**
 * One upstream hangs with thousands of requests in flight: what that does to the latency of the routes beside it.
 *
 * Rule: calm and hanging slices alternate at one fixed rate, in pairs, so that a machine whose speed swings treats both alike;
 * every request that hangs must still hang when its slice is over, and every one beside it must be answered.
 */

import { createServer, type Server } from 'node:net';
import { Samples } from '../figures/outcome.ts';
import { quantile } from '../figures/statistics.ts';
import { HeldConnection } from '../load/connections.ts';
import { steady } from '../load/h2load.ts';
import { signalbox } from '../peers/signalbox.ts';
import { type Running, withPeers } from '../stage/launch.ts';
import { freePort, pause } from '../stage/processes.ts';
import type { Case, Stage } from './case.ts';
import { USUAL } from './floods.ts';
import { rateFor } from './latency.ts';
import { SETTLE, warmUp } from './rotate.ts';

const HANGING = 3_000;
const CONNECTIONS = 32;
const PATH = '/hang';
/** Milliseconds within which all of them must be on their way to the origin. */
const LIMIT = 20_000;

/** An origin that takes whatever comes and says nothing. */
class SilentOrigin {
  private readonly server: Server = createServer((socket) => {
    this.held += 1;
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => {
      this.held -= 1;
    });
  });
  held = 0;

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.server.listen({ port, host: '127.0.0.1', backlog: 1024 }, resolve));
  }

  close(): void {
    this.server.close();
  }
}

/** Resolves once so many requests hang at the origin. */
async function hanging(origin: SilentOrigin, count: number): Promise<void> {
  for (let waited = 0; origin.held !== count; waited += 20) {
    if (waited > LIMIT) throw new Error(`${origin.held} requests hang, ${count} should`);
    await pause(20);
  }
}

/** Opens them a few at a time, lest the listener's backlog overflow. */
async function hang(one: Running, origin: SilentOrigin): Promise<HeldConnection[]> {
  const held: HeldConnection[] = [];
  while (held.length < HANGING) {
    for (let i = 0; i < 250; i++) held.push(new HeldConnection(one.port, PATH, () => {}));
    await hanging(origin, held.length);
  }
  return held;
}

async function run(this: Case, stage: Stage) {
  const { own, ground, pace, note } = stage;
  const samples = new Samples();
  for (const { name, root } of own) {
    const origin = new SilentOrigin();
    const port = await freePort();
    await origin.listen(port);
    const upstreams = `, hung: { endpoints: [ "http://127.0.0.1:${port}" ], timeout: { attempt: 120s, total: 120s }, limits: off }`;
    const routes = `routes:\n  hung: { match: { path: ${PATH} }, upstream: hung }\n  all: { match: { path: / }, upstream: origin }\n`;
    const peer = signalbox({ name, root, routes, upstreams });
    await withPeers([peer], ground, USUAL, async ([one]) => {
      await warmUp(one, { ask: USUAL, connections: 64 }, pace.warmup);
      const rate = await rateFor(stage, one, USUAL);
      note(`rate: ${rate} requests/s, ${HANGING} requests hang`);
      const load = { ask: USUAL, rate, connections: CONNECTIONS, seconds: pace.slice * 2 };
      for (let rotation = 0; rotation < pace.rotations; rotation++) {
        const calm = await steady(load, one.port, one.folder);
        const held = await hang(one, origin);
        await pause(SETTLE);
        const beside = await steady(load, one.port, one.folder);
        if (calm.failed + beside.failed > 0) throw new Error(`${name}: a request beside the hanging ones failed`);
        if (origin.held !== HANGING) throw new Error(`${name}: only ${origin.held} requests still hang`);
        for (const connection of held) connection.end();
        await hanging(origin, 0);
        const [p99, q99] = [quantile(calm.times, 0.99), quantile(beside.times, 0.99)];
        const [p50, q50] = [quantile(calm.times, 0.5), quantile(beside.times, 0.5)];
        samples.add(name, { calm: p99, beside: q99, ratio: q99 / p99, median: q50 / p50 });
        note(`rotation ${rotation + 1}: p99 ${p99.toFixed(2)} ms calm, ${q99.toFixed(2)} ms beside`);
      }
    });
    origin.close();
  }
  const columns = [
    { key: 'calm', label: 'p99 ms calm', digits: 2 },
    { key: 'beside', label: 'p99 ms beside', digits: 2 },
    { key: 'ratio', label: 'ratio of p99', digits: 3 },
    { key: 'median', label: 'ratio of p50', digits: 3 },
  ];
  const notes = [`${HANGING} requests to another upstream hang meanwhile; medians over pairs of slices.`];
  return { id: this.id, title: this.title, columns, rows: samples.all(), notes };
}

export const HANG: Case = { id: 'hang', title: 'a route beside an upstream that hangs, fixed rate, 1 KiB reply', run };
