/**
 * npm run bench: the router beside nginx, HAProxy, Caddy and two proxies of Node.js, by processor time per request.
 *
 * Rule: it measures what it first found to be answered right, and prints machine and versions with every figure. What is
 * measured stands in cases/, against whom in peers/; this file sets the stage, runs cases and writes the result.
 */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CASES, SETS } from './cases/all.ts';
import type { Stage } from './cases/case.ts';
import { commit, machine, ROOT } from './figures/machine.ts';
import type { Outcome } from './figures/outcome.ts';
import { hottest } from './figures/profile.ts';
import { table } from './figures/report.ts';
import { type Options, optionsOf } from './options.ts';
import { PEERS } from './peers/all.ts';
import type { Peer } from './peers/peer.ts';
import { signalbox } from './peers/signalbox.ts';
import { CORES, stepAside } from './stage/cores.ts';
import { startOrigin } from './stage/origin.ts';
import { atExit, end } from './stage/processes.ts';
import { checkOut } from './stage/revision.ts';

const USAGE = `npm run bench -- [CASE ...] [options]     without a case: 1k

  --rotations N     how often each peer has its turn (15)
  --slice N         seconds of one turn (1)
  --warmup N        seconds of load on each peer before the first rotation (2)
  --peers A,B       only these: ${PEERS.map((peer) => peer.name).join(', ')}
  --against REV     the working tree beside another commit, in the same rotation
  --profile         signalbox alone, with a profile of where its time goes
  --json FILE       where the result goes (bench/results/local/DATE.json)

cases
${CASES.map(({ id, title }) => `  ${id.padEnd(17)} ${title}`).join('\n')}
  ${'all'.padEnd(17)} every one of these`;

const RESULTS = fileURLToPath(new URL('./results/local/', import.meta.url));
const KNOWN = { cases: CASES.map(({ id }) => id), sets: SETS, peers: PEERS.map(({ name }) => name) };

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface Cast {
  readonly peers: readonly Peer[];
  readonly own: Stage['own'];
}

/** Who takes part: those asked for and installed; the other commit right behind the working tree. */
function castOf(options: Options, folder: string): Cast {
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

async function play(options: Options, folder: string): Promise<void> {
  const { peers, own } = castOf(options, folder);
  const place = machine();
  say(`${place.processor}, ${place.cores} cores, ${place.system}`);
  if (CORES.proxy === undefined) say('cores cannot be chosen here');
  else say(`proxies on core ${CORES.proxy}, origin on ${CORES.origin}, load on ${CORES.load}`);
  const profiles = join(folder, 'profiles');
  mkdirSync(profiles);
  const nodeFlags = options.profile ? ['--cpu-prof', '--cpu-prof-dir', profiles] : [];
  const origin = await startOrigin(folder);
  const { rotations, slice, warmup, rate } = options;
  const ground = { folder, originPort: origin.port, nodeFlags };
  const stage: Stage = { ground, peers, own, pace: { rotations, slice, warmup }, rate, note: say };
  const outcomes: Outcome[] = [];
  for (const each of CASES.filter(({ id }) => options.cases.includes(id))) {
    say(`\n${each.id}: ${each.title}`);
    const outcome = await each.run(stage);
    outcomes.push(outcome);
    say(`\n${table(outcome)}\n`);
  }
  await end(origin.child);
  if (options.profile) say(hottest(profiles, 40));
  const versions = Object.fromEntries(peers.map(({ name, version }) => [name, version()]));
  write(options, { machine: place, commit: commit(), versions, settings: stage.pace, outcomes });
}

function write({ json }: Options, result: object): void {
  const path = json ?? join(RESULTS, `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ measured: new Date().toISOString(), ...result }, undefined, 2)}\n`);
  say(`result: ${path}`);
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2), KNOWN);
  if (options === undefined) return say(USAGE);
  stepAside();
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  // nginx started by root works as nobody, who must be able to read.
  chmodSync(folder, 0o755);
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  await play(options, folder);
}

try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\nnpm run bench -- --help\n`);
  process.exit(1);
}
