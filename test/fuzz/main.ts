/**
 * `npm run fuzz`: a search for inputs that break a property, led by the blocks of code they reach.
 *
 * Rule: an input that makes the codec do something new is kept and changed further; an input for which a property does not
 * hold is made small, written into the corpus, and ends the run with exit code 1. The same seed goes the same way.
 */

import { parseArgs } from 'node:util';
import { Chance, freshSeed } from './chance.ts';
import { keep, readable } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { damaged } from './generate.ts';
import { minimised } from './minimise.ts';
import { TARGETS, type Target } from './targets.ts';

const HELP = `npm run fuzz -- [--seconds N] [--seed N] [--target ${Object.keys(TARGETS).join('|')}]

  --seconds N   how long to search in all; 60 without it
  --seed N      where chance begins; printed, and different each time without it
  --target T    one target alone; without it each gets its share of the time
  --missed      list the lines that no input reached
  --help        this text

A find is made small and written into test/fuzz/corpus/*/finds; the exit code is then 1.`;

/** Inputs between two looks at the counts. */
const BATCH = 48;
/** Larger inputs are not changed further: they cost more than they tell. */
const LARGEST = 4_000;
const SAY_EVERY = 10_000;

interface Trial {
  readonly text: string;
  readonly seed: number;
}

interface Run {
  tried: number;
  kept: number;
  find: (Trial & { readonly error: unknown }) | undefined;
}

function search(target: Target, chance: Chance, until: number, coverage: Coverage, say: (run: Run) => void): Run {
  const pool: string[] = target.seeds();
  const run: Run = { tried: 0, kept: 0, find: undefined };
  let said = performance.now();
  const attempt = (trial: Trial): boolean => {
    run.tried++;
    try {
      target.check(trial.text, new Chance(trial.seed));
      return true;
    } catch (error) {
      run.find = { ...trial, error };
      return false;
    }
  };
  for (const text of pool) if (!attempt({ text, seed: chance.int(2 ** 31) })) return run;
  coverage.news();
  while (performance.now() < until) {
    const batch = Array.from({ length: BATCH }, () => ({
      text: inputOf(target, chance, pool),
      seed: chance.int(2 ** 31),
    }));
    if (!batch.every(attempt)) return run;
    // Which of them it was shows when each runs alone; counts of the batch as a whole have their own buckets.
    if (coverage.news() > 0) {
      for (const trial of batch) {
        attempt(trial);
        if (coverage.news() === 0 || trial.text.length > LARGEST) continue;
        pool.push(trial.text);
        run.kept++;
      }
    }
    if (performance.now() - said > SAY_EVERY) {
      said = performance.now();
      say(run);
    }
  }
  return run;
}

function inputOf(target: Target, chance: Chance, pool: readonly string[]): string {
  const fresh = (): string => (pool.length === 0 || chance.once(4) ? target.make(chance) : chance.pick(pool));
  // What was kept last is nearest to what is still unknown.
  const recent = pool.length > 64 && chance.once(2) ? pool[pool.length - 1 - chance.int(64)] : fresh();
  return chance.once(6) ? recent : damaged(chance, recent, fresh).slice(0, 2 * LARGEST);
}

/** Makes a find small and writes it down. */
function report(name: string, target: Target, { text, seed, error }: Trial & { error: unknown }): void {
  const fails = (candidate: string): boolean => {
    try {
      target.check(candidate, new Chance(seed));
      return false;
    } catch {
      return true;
    }
  };
  const smallest = fails(text) ? minimised(text, fails) : text;
  const path = keep(
    target.side,
    `find of ${name} ${seed}`,
    `npm run fuzz, target ${name}, input seed ${seed}`,
    'GET',
    smallest,
  );
  process.stdout.write(`\nfound by ${name}, with input seed ${seed}:\n${readable(smallest)}\n`);
  try {
    target.check(smallest, new Chance(seed));
  } catch (told) {
    process.stdout.write(`${told instanceof Error ? told.stack : String(told)}\n`);
  }
  process.stdout.write(`at first: ${String(error).slice(0, 400)}\nwritten to ${path}\n`);
}

function argumentsOf() {
  return parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      target: { type: 'string' },
      missed: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
}

function main(): number {
  let values: ReturnType<typeof argumentsOf>['values'];
  try {
    values = argumentsOf().values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}\n`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const names = values.target === undefined ? Object.keys(TARGETS) : [values.target];
  const seed = Number(values.seed ?? freshSeed());
  const share = (Number(values.seconds) * 1_000) / names.length;
  if (!names.every((name) => name in TARGETS) || !(share > 0) || !Number.isInteger(seed)) {
    process.stderr.write(`${HELP}\n`);
    return 2;
  }
  process.stdout.write(`seed ${seed}\n`);
  const coverage = new Coverage();
  for (const name of names) {
    const target = TARGETS[name];
    coverage.aim(target.covers);
    const say = (run: Run): void => {
      process.stdout.write(`${name}: ${run.tried} inputs, ${run.kept} kept for what they reached\n`);
    };
    const run = search(target, new Chance(seed), performance.now() + share, coverage, say);
    say(run);
    for (const { file, blocks, of, missed } of coverage.report()) {
      const lines = values.missed && missed.length > 0 ? `, lines never reached: ${missed.join(' ')}` : '';
      process.stdout.write(`  ${file}: ${blocks} of ${of} blocks${lines}\n`);
    }
    if (run.find !== undefined) {
      report(name, target, run.find);
      return 1;
    }
  }
  return 0;
}

process.exitCode = main();
