/**
 * npm run bench: the router beside nginx, HAProxy and http-proxy, by processor time per request.
 *
 * Rule: it measures what it first found to be answered right, and prints machine and versions with every figure. What is
 * measured stands in wire/cases.ts, against whom in wire/peers.ts; this file reads the command line and writes results.
 */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CASES, type Case } from './wire/cases.ts';
import { type Measured, measure } from './wire/measure.ts';
import { startOrigin } from './wire/origin.ts';
import { PEERS, type Peer } from './wire/peers.ts';
import { end, PROXY_CORE } from './wire/processes.ts';
import { hottest, machine, table } from './wire/report.ts';

const USAGE = `npm run bench -- [CASE ...] [options]     without a case: 1k

  --rounds N      rounds, peers taking turns in each (5)
  --seconds N     length of one run (4)
  --warmup N      seconds of load before the first round (2)
  --peers A,B     only these: ${PEERS.map((peer) => peer.name).join(', ')}
  --profile       signalbox alone, with a profile of where its time goes
  --json FILE     where the result goes (bench/results/local/DATE.json)

cases: ${CASES.map((each) => each.id).join(', ')}, or: all`;

const RESULTS = fileURLToPath(new URL('./results/local/', import.meta.url));

interface Options {
  readonly cases: readonly Case[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmup: number;
  readonly profile: boolean;
  readonly json: string;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function count(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} ${text}: a whole number from 1 on is asked`);
  return value;
}

/** The entries a person named; throws with the known names where one is not among them. */
function named<T>(known: readonly T[], name: (entry: T) => string, asked: readonly string[]): T[] {
  return asked.map((text) => {
    const found = known.find((entry) => name(entry) === text);
    if (found === undefined) throw new Error(`${text}: known are ${known.map(name).join(', ')}`);
    return found;
  });
}

function optionsOf(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      warmup: { type: 'string', default: '2' },
      peers: { type: 'string' },
      profile: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const peers = values.profile ? 'signalbox' : values.peers;
  const all = positionals.includes('all');
  return {
    cases: all ? CASES : named(CASES, (each) => each.id, positionals.length === 0 ? ['1k'] : positionals),
    peers: peers === undefined ? PEERS : named(PEERS, (peer) => peer.name, peers.split(',')),
    rounds: count(values.rounds, 'rounds'),
    seconds: count(values.seconds, 'seconds'),
    warmup: count(values.warmup, 'warmup'),
    profile: values.profile,
    json: values.json ?? join(RESULTS, `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`),
  };
}

async function run(options: Options): Promise<void> {
  const versions = Object.fromEntries(options.peers.map((peer) => [peer.name, peer.version()]));
  const peers = options.peers.filter((peer) => versions[peer.name] !== undefined);
  for (const peer of options.peers) say(`${peer.name}: ${versions[peer.name] ?? 'not installed, left out'}`);
  const place = machine();
  say(`${place.processor}, ${place.cores} cores, ${place.system}`);
  say(
    PROXY_CORE === undefined
      ? 'cores cannot be chosen here'
      : `each proxy on core ${PROXY_CORE}, origin and load on the next`,
  );

  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  // nginx started by root works as nobody, who must be able to read.
  chmodSync(folder, 0o755);
  const profiles = join(folder, 'profiles');
  mkdirSync(profiles);
  const nodeFlags = options.profile ? ['--cpu-prof', '--cpu-prof-dir', profiles] : [];
  const results: Record<string, readonly Measured[]> = {};
  try {
    const origin = await startOrigin(folder, CASES);
    try {
      const { rounds, seconds, warmup } = options;
      const plan = { rounds, seconds, warmup, folder, originPort: origin.port, nodeFlags, note: say };
      for (const each of options.cases) {
        results[each.id] = await measure(each, peers, plan);
        say(`\n${table(each, results[each.id])}\n`);
      }
    } finally {
      await end(origin.child);
    }
    if (options.profile) say(hottest(profiles, 40));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { rounds, seconds } = options;
  const json = { measured: new Date().toISOString(), machine: place, versions, rounds, seconds, results };
  mkdirSync(dirname(options.json), { recursive: true });
  writeFileSync(options.json, `${JSON.stringify(json, undefined, 2)}\n`);
  say(`result: ${options.json}`);
}

try {
  const options = optionsOf(process.argv.slice(2));
  if (options === undefined) say(USAGE);
  else await run(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\nnpm run bench -- --help\n`);
  process.exitCode = 1;
}
