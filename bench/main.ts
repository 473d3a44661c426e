/**
 * npm run bench: the router beside nginx, HAProxy, Caddy and two proxies of Node.js, by processor time per request.
 *
 * Rule: it measures what it first found to be answered right, and machine and versions go with every figure. What is
 * measured stands in cases/, against whom in peers/; this file reads the command line and writes the result.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CASES, SETS } from './cases/all.ts';
import { resultOf, summary } from './figures/summary.ts';
import { type Options, optionsOf } from './options.ts';
import { PEERS } from './peers/all.ts';
import { play, RESULTS } from './play.ts';
import { simulate, TITLE } from './simulate/simulate.ts';

const USAGE = `npm run bench -- [CASE ...] [options]     without a case: 1k, two minutes; all: half an hour

  --rotations N     how often each peer has its turn (15); some cases need fewer
  --slice N         seconds of one turn (1)
  --warmup N        seconds of load on each peer before the first rotation (3)
  --rate N          requests a second for cases of fixed rate (half of what signalbox sustains just then)
  --peers A,B       only these: ${PEERS.map((peer) => peer.name).join(', ')}
  --against REV     the working tree beside another commit, in the same rotation
  --seed N          chance of the simulation (1); the same one gives the same table
  --profile         signalbox alone; leaves a flame graph in bench/results/local
  --json FILE       where the result goes (bench/results/local/DATE.json)
  --table FILE      measures nothing; prints a result file as the table of the README

cases
${CASES.map(({ id, title }) => `  ${id.padEnd(17)} ${title}`).join('\n')}
  micro             heads read and written, matching, counters, access lines: nanoseconds, no peers
  simulate          ${TITLE}
sets
${Object.entries(SETS)
  .map(
    ([name, ids]) =>
      `  ${name.padEnd(17)} ${name === 'all' ? 'every case but instructions, micro and simulate' : ids.join(', ')}`,
  )
  .join('\n')}`;

const KNOWN = {
  cases: [...CASES.map(({ id }) => id), 'micro', 'simulate'],
  sets: SETS,
  peers: PEERS.map(({ name }) => name),
};

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function write({ json }: Options, result: object): void {
  const path = json ?? join(RESULTS, `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`);
  say(`result: ${path}`);
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2), KNOWN);
  if (options === undefined) say(USAGE);
  else if (options.table !== undefined) say(summary(resultOf(readFileSync(options.table, 'utf8'))));
  else {
    if (options.cases.includes('simulate')) say(await simulate(options.seed, say));
    const cases = options.cases.filter((id) => id !== 'simulate');
    if (cases.length === 0) return;
    const result = await play({ ...options, cases }, say);
    write(options, result);
    if (result.failures.length > 0) throw new Error(`cases without figures:\n${result.failures.join('\n')}`);
  }
}

try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\nnpm run bench -- --help\n`);
  process.exit(1);
}
