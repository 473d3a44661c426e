/**
 * Reload under load: a document of 10,000 routes replaced again and again while requests come at a fixed rate.
 *
 * Rule: no request may fail. The slowest request is held against that of a calm run of the same length, right before; the
 * time of a reload counts from the signal until its new route answers.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { Samples } from '../figures/outcome.ts';
import { quantile } from '../figures/statistics.ts';
import { type SteadyResult, steady } from '../load/h2load.ts';
import { signalbox } from '../peers/signalbox.ts';
import { type Running, withPeers } from '../stage/launch.ts';
import { MANY } from '../stage/origin.ts';
import { pause } from '../stage/processes.ts';
import type { Case, Stage } from './case.ts';
import { rateFor } from './latency.ts';
import { warmUp } from './rotate.ts';
import { firstAsk, manyRoutes } from './routes.ts';

const ROUTES = 10_000;
const RELOADS = 10;
const CONNECTIONS = 32;
/** Seconds between two reloads. */
const EVERY = 1;
/** Milliseconds until a new route must answer. */
const LIMIT = 30_000;

/** A line no other reload has. */
function marker(round: number): string {
  return `  live: { match: { path: ${MANY}/live-${round} }, upstream: origin }\n`;
}

function statusOf(port: number, path: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: '127.0.0.1', path }, (reply) => {
      reply.resume().on('end', () => resolve(reply.statusCode ?? 0));
    });
    sent.on('error', reject).end();
  });
}

/** Replaces the document and waits until it is live; gives the milliseconds that took. */
async function reload(one: Running, round: number, agent: Agent): Promise<number> {
  const path = join(one.folder, 'routes.yaml');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/^ {2}live: .*\n/m, marker(round)));
  const started = performance.now();
  one.child.kill('SIGHUP');
  while ((await statusOf(one.port, `${MANY}/live-${round}`, agent)) !== 200) {
    if (performance.now() - started > LIMIT) throw new Error(`reload ${round} is not live after ${LIMIT / 1000} s`);
    await pause(5);
  }
  return performance.now() - started;
}

function figures({ times, failed, perSecond }: SteadyResult): Record<string, number> {
  const [p99, p999] = [0.99, 0.999].map((share) => quantile(times, share));
  return { slowest: quantile(times, 1), p99, p999, failed, rps: perSecond };
}

async function run(this: Case, stage: Stage) {
  const { own, ground, pace, note } = stage;
  const samples = new Samples();
  let said = 0;
  for (const { name, root } of own) {
    const peer = signalbox({ name, root, routes: manyRoutes(ROUTES, marker(0)) });
    await withPeers([peer], ground, firstAsk(), async ([one]) => {
      const agent = new Agent({ keepAlive: true });
      await warmUp(one, { ask: firstAsk(), connections: 64 }, pace.warmup);
      const reloads = Math.min(RELOADS, pace.rotations);
      const rate = await rateFor({ ...stage, rate: stage.rate ?? (said || undefined) }, one, firstAsk());
      said = rate;
      note(`rate: ${rate} requests/s, ${reloads} reloads`);
      const load = { ask: firstAsk(), rate, connections: CONNECTIONS, seconds: reloads * 2 * EVERY + 2 };
      const calm = figures(await steady(load, one.port, one.folder));
      const busy = steady(load, one.port, one.folder);
      await pause(1500);
      const lives: number[] = [];
      for (let round = 1; round <= reloads; round++) {
        lives.push(await reload(one, round, agent));
        await pause(EVERY * 1000);
      }
      samples.add(`${name}, reloads`, figures(await busy));
      for (const live of lives) samples.add(`${name}, reloads`, { live });
      samples.add(`${name}, calm`, calm);
      agent.destroy();
    });
  }
  const columns = [
    { key: 'slowest', label: 'slowest request ms', digits: 1 },
    { key: 'p99', label: 'p99 ms', digits: 2 },
    { key: 'p999', label: 'p99.9 ms', digits: 2 },
    { key: 'failed', label: 'failed requests', digits: 0 },
    { key: 'live', label: 'ms until live', digits: 0 },
    { key: 'rps', label: 'requests/s', digits: 0 },
  ];
  const notes = [
    `Fixed rate: ${said} requests/s over ${CONNECTIONS} connections; a changed document every ${EVERY} s.`,
  ];
  return { id: this.id, title: this.title, columns, rows: samples.all(), notes };
}

export const RELOAD: Case = { id: 'reload', title: 'reload of 10,000 routes under load; signalbox alone', run };
