/**
 * One run of the bench: the stage set, the cases played on it, one after the other, and everything cleared away.
 *
 * Rule: a case that fails does not take the others' figures with it: it is told, left out of the result, and the run
 * ends with an error when the rest is done.
 */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CASES } from './cases/all.ts';
import type { Case, Stage } from './cases/case.ts';
import { USUAL } from './cases/floods.ts';
import { micro, microTable } from './cases/micro.ts';
import { flameGraph } from './figures/flame.ts';
import { commit, machine, ROOT } from './figures/machine.ts';
import type { Outcome } from './figures/outcome.ts';
import { hottest, readProfiles } from './figures/profile.ts';
import { table } from './figures/report.ts';
import type { Result } from './figures/summary.ts';
import type { Options } from './options.ts';
import { PEERS } from './peers/all.ts';
import type { Peer } from './peers/peer.ts';
import { signalbox } from './peers/signalbox.ts';
import { CORES, stepAside } from './stage/cores.ts';
import { withPeers } from './stage/launch.ts';
import { startOrigin } from './stage/origin.ts';
import { atExit, end } from './stage/processes.ts';
import { checkOut } from './stage/revision.ts';
import { tracesGone } from './stage/traces.ts';

/** Results of this machine; not in the repository. */
export const RESULTS = join(ROOT, 'bench/results/local');

type Say = (text: string) => void;

interface Cast {
  readonly peers: readonly Peer[];
  readonly own: Stage['own'];
}

/** Who takes part: those asked for and installed; the other commit right behind the working tree. */
function castOf(options: Options, folder: string, say: Say): Cast {
  const asked = options.profile ? ['signalbox'] : options.peers;
  const peers = PEERS.filter(({ name }) => asked === undefined || asked.includes(name));
  const own = [{ name: 'signalbox', root: ROOT }];
  if (options.against !== undefined) {
    const { root, commit: short, sameDependencies } = checkOut(options.against, folder);
    own.push({ name: `signalbox@${short}`, root });
    peers.splice(1, 0, signalbox(own[1]));
    if (!sameDependencies) say(`${short} has another package-lock.json; here it runs with today's packages`);
  }
  for (const { name, version, debian } of peers) {
    const missing = debian === undefined ? 'missing' : `not installed (Debian package ${debian})`;
    say(`${name}: ${version() ?? `${missing}, left out`}`);
  }
  return { peers: peers.filter(({ version }) => version() !== undefined), own };
}

export async function play(options: Options, say: Say): Promise<Result> {
  stepAside();
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  // nginx started by root works as nobody, who must be able to read.
  chmodSync(folder, 0o755);
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  const cast = castOf(options, folder, say);
  const place = machine();
  say(`${place.processor}, ${place.cores} cores, ${place.system}`);
  if (CORES.proxy === undefined)
    say('cores cannot be chosen here: no taskset (Debian package util-linux), or one core');
  else say(`proxies on core ${CORES.proxy}, origin on ${CORES.origin}, load on ${CORES.load}`);
  const origin = await startOrigin(folder);
  const { rotations, slice, warmup, rate } = options;
  const ground = { folder, originPort: origin.port, nodeFlags: [] };
  const stage: Stage = { ground, ...cast, pace: { rotations, slice, warmup }, rate, note: say };
  // A first start fills the compile cache; in commits that left that to the threads that serve, those stayed slower for it.
  for (const own of cast.own) await withPeers([signalbox(own)], ground, USUAL, async () => {});
  const outcomes: Outcome[] = [];
  const failures: string[] = [];
  for (const each of CASES.filter(({ id }) => options.cases.includes(id))) {
    say(`\n${each.id}: ${each.title}`);
    await tracesGone();
    try {
      outcomes.push(options.profile ? await profiled(each, stage, say) : await each.run(stage));
      say(`\n${table(outcomes[outcomes.length - 1])}\n`);
    } catch (error) {
      failures.push(`${each.id}: ${error instanceof Error ? error.message : String(error)}`);
      say(failures[failures.length - 1]);
    }
  }
  await end(origin.child);
  if (options.cases.includes('micro')) {
    const figures = await micro(stage);
    outcomes.push(...figures);
    say(`\n${microTable(figures)}\n`);
  }
  if (outcomes.length === 0) throw new Error(failures.join('\n'));
  const versions = Object.fromEntries(cast.peers.map(({ name, version }) => [name, version() ?? '']));
  const settings = { ...stage.pace, rate };
  return {
    measured: new Date().toISOString(),
    machine: place,
    commit: commit(),
    versions,
    settings,
    outcomes,
    failures,
  };
}

/** Runs a case with Node's own profiler on, and leaves the busiest thread's flame graph. */
async function profiled(each: Case, stage: Stage, say: Say): Promise<Outcome> {
  const profiles = join(stage.ground.folder, `profiles-${each.id}`);
  mkdirSync(profiles);
  const nodeFlags = ['--cpu-prof', '--cpu-prof-dir', profiles];
  const outcome = await each.run({ ...stage, ground: { ...stage.ground, nodeFlags } });
  const [busiest] = readProfiles(profiles);
  if (busiest === undefined) throw new Error(`no profile was written to ${profiles}`);
  const { revision = 'no commit' } = commit() ?? {};
  const path = join(RESULTS, `flame-${each.id}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.svg`);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(path, flameGraph(busiest, `${each.id}: ${each.title}; the data thread, ${revision}`));
  say(`${hottest(busiest, 40)}\nflame graph: ${path}`);
  return outcome;
}
