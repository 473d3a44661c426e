/**
 * The admin API: what a write takes, what two hundred calls a second do to traffic, and what ten thousand leases cost.
 *
 * Rule: traffic beside the API is held against calm traffic of the same process, in turns; control thread and data thread
 * share the proxy's core, which is the harder way. What is wrongly answered is no measurement.
 */

import { Samples } from '../figures/outcome.ts';
import { median, quantile } from '../figures/statistics.ts';
import { AdminClient, type Call, Fleet, followLive } from '../load/admin-calls.ts';
import { steady } from '../load/h2load.ts';
import { signalbox } from '../peers/signalbox.ts';
import { withPeers } from '../stage/launch.ts';
import { freePort, pause } from '../stage/processes.ts';
import type { Case, Stage } from './case.ts';
import { USUAL } from './floods.ts';
import { rateFor } from './latency.ts';
import { SETTLE, warmUp } from './rotate.ts';
import { firstAsk, manyRoutes } from './routes.ts';

const ROUTES = 1_000;
const WRITES = 60;
/** Writes before the first that counts: what is compiled then is compiled. */
const FIRST_WRITES = 15;
/** Calls a second beside traffic. */
const CALLS = 200;
/** Connections of these. */
const CALLERS = 16;
/** Seconds of a turn; a p99 wants thousands of requests. */
const TURN = 4;
const CONNECTIONS = 32;
const LEASES = 10_000;
const FLEET_CONNECTIONS = 200;
/** Each lease every ten seconds. */
const RENEWALS = 1_000;
const RENEWING = 30;
/** Leases in one call of an agent. */
const TOGETHER = 500;

/** Any but the first, which traffic goes to. */
const routePath = (n: number) => `/v1/routes/r${1 + ((n * 37) % (ROUTES - 1))}`;

/** The route that is written: another path each time. */
function writeOf(n: number): Call {
  const match = { path: `/written/${n}` };
  return { method: 'PUT', path: routePath(n), body: { match, upstream: 'origin' } };
}

/** Of two hundred: 3 writes, 60 renewals, 17 explanations, 60 routes, 20 pages of routes, 40 times the status. */
function mixed(n: number): Call {
  const at = n % CALLS;
  if (at % 67 === 0) return writeOf(n);
  const kind = at % 10;
  if (kind < 3) return renewalOf(n);
  if (kind < 6) return { method: 'GET', path: routePath(n) };
  if (kind < 7) return { method: 'GET', path: '/v1/routes?limit=100' };
  if (kind < 8)
    return { method: 'POST', path: '/v1/explain', body: { url: 'http://shop.internal/svc/team-1/service-1' } };
  return { method: 'GET', path: '/v1/status' };
}

function renewalOf(n: number): Call {
  const body = { url: `http://127.0.0.1:${20_000 + (n % 50)}`, ttl: '60s' };
  return { method: 'PUT', path: `/v1/upstreams/fleet/leases/i-${n % 50}`, body };
}

const FLEET = ', fleet: { endpoints: [ "http://127.0.0.1:9" ] }';

async function writes(stage: Stage, { name, root }: Stage['own'][number], samples: Samples): Promise<void> {
  const admin = await freePort();
  const peer = signalbox({ name, root, workers: 2, everyCore: true, routes: manyRoutes(ROUTES), admin });
  await withPeers([peer], stage.ground, firstAsk(), async ([one]) => {
    const client = new AdminClient(admin, 1);
    await client.answers();
    const times: number[] = [];
    let before = 0;
    for (let n = 0; n < FIRST_WRITES + WRITES; n++) {
      if (n === FIRST_WRITES) before = one.cost.read();
      const started = performance.now();
      await client.ask(writeOf(n));
      if (n >= FIRST_WRITES) times.push(performance.now() - started);
      await pause(50);
    }
    const us = (one.cost.read() - before) / WRITES;
    samples.add(`${name}, a write of ${ROUTES} routes`, {
      write50: quantile(times, 0.5),
      write99: quantile(times, 0.99),
      us,
    });
    client.end();
  });
}

async function beside(stage: Stage, { name, root }: Stage['own'][number], samples: Samples): Promise<string> {
  const { ground, pace, note } = stage;
  const admin = await freePort();
  const peer = signalbox({ name, root, routes: manyRoutes(ROUTES), upstreams: FLEET, admin });
  return withPeers([peer], ground, firstAsk(), async ([one]) => {
    const client = new AdminClient(admin, CALLERS);
    await client.answers();
    await warmUp(one, { ask: firstAsk(), connections: 64 }, pace.warmup);
    const rate = await rateFor(stage, one, firstAsk());
    const load = { ask: firstAsk(), rate, connections: CONNECTIONS, seconds: pace.slice * TURN };
    const ratios: number[] = [];
    await client.keepAsking(CALLS, mixed)();
    for (let rotation = 0; rotation < Math.max(2, Math.ceil(pace.rotations / TURN)); rotation++) {
      const p99 = { calm: 0, busy: 0 };
      for (const how of rotation % 2 === 0 ? (['calm', 'busy'] as const) : (['busy', 'calm'] as const)) {
        const follower = how === 'busy' ? followLive(admin) : undefined;
        const done = how === 'busy' ? client.keepAsking(CALLS, (n) => mixed(n + rotation * 10_007)) : undefined;
        const { times, failed } = await steady(load, one.port, one.folder);
        await done?.();
        follower?.destroy();
        if (failed > 0) throw new Error(`${name}: ${failed} requests failed`);
        p99[how] = quantile(times, 0.99);
        samples.add(`${name}, traffic ${how === 'calm' ? 'alone' : `beside ${CALLS} calls/s`}`, {
          p50: quantile(times, 0.5),
          p99: p99[how],
        });
        await pause(SETTLE);
      }
      ratios.push(p99.busy / p99.calm);
      note(`rotation ${rotation + 1}: p99 ${p99.calm.toFixed(2)} alone, ${p99.busy.toFixed(2)} beside`);
    }
    client.end();
    return `${name}: ${rate} requests/s; p99 beside the API ${median(ratios).toFixed(2)} x of that alone (median of ${ratios.length} turns).`;
  });
}

async function leases({ ground }: Stage, { name, root }: Stage['own'][number], samples: Samples): Promise<string> {
  const admin = await freePort();
  const peer = signalbox({ name, root, upstreams: FLEET, admin });
  return withPeers([peer], ground, USUAL, async ([one]) => {
    const client = new AdminClient(admin, 1);
    await client.answers();
    const fleet = new Fleet(admin, 'fleet', LEASES, FLEET_CONNECTIONS);
    await fleet.renew(RENEWALS, (2 * LEASES) / RENEWALS);
    let before = one.cost.read();
    await pause(RENEWING * 500);
    const rest = (one.cost.read() - before) / (RENEWING / 2);
    before = one.cost.read();
    const made = await fleet.renew(RENEWALS, RENEWING);
    const us = one.cost.read() - before - rest * RENEWING;
    samples.add(`${name}, a lease renewed`, { us: us / made });
    fleet.end();
    before = one.cost.read();
    await renewTogether(client);
    const together = one.cost.read() - before - rest * RENEWING;
    samples.add(`${name}, a lease renewed among ${TOGETHER}`, { us: together / (RENEWALS * RENEWING) });
    client.end();
    const share = (cost: number) => (cost / RENEWING / 1e4).toFixed(1);
    const each = `${RENEWALS} renewals/s over ${FLEET_CONNECTIONS} connections take ${share(us)}% of a core`;
    return `${name}: ${LEASES} leases, ${each}, in calls of ${TOGETHER} ${share(together)}%.`;
  });
}

/** An agent that renews for all: as many a second as the fleet does by itself. */
async function renewTogether(client: AdminClient): Promise<void> {
  const started = performance.now();
  const calls = (RENEWALS * RENEWING) / TOGETHER;
  for (let n = 0; n < calls; n++) {
    const from = (n * TOGETHER) % LEASES;
    const leases = Array.from({ length: TOGETHER }, (_, i) => ({ upstream: 'fleet', instance: `i-${from + i}` }));
    const reply = await client.ask({ method: 'POST', path: '/v1/leases/renew', body: { leases } });
    if (!reply.includes(`"renewed":${TOGETHER}`)) throw new Error(`leases were not renewed: ${reply.slice(0, 200)}`);
    await pause(Math.max(0, started + ((n + 1) * 1000 * TOGETHER) / RENEWALS - performance.now()));
  }
}

async function run(this: Case, stage: Stage) {
  const samples = new Samples();
  const notes: string[] = [];
  for (const own of stage.own) {
    notes.push(await beside(stage, own, samples));
    await writes(stage, own, samples);
    notes.push(await leases(stage, own, samples));
  }
  const columns = [
    { key: 'p99', label: 'traffic p99 ms', digits: 2 },
    { key: 'p50', label: 'p50 ms', digits: 2 },
    { key: 'write99', label: 'write p99 ms', digits: 1 },
    { key: 'write50', label: 'p50 ms', digits: 1 },
    { key: 'us', label: 'CPU us', digits: 1 },
  ];
  return { id: this.id, title: this.title, columns, rows: samples.all(), notes };
}

export const ADMIN: Case = {
  id: 'admin',
  title: 'the admin API: a write, traffic beside it, ten thousand leases; signalbox alone',
  run,
};
