/**
 * The command line of the bench, read.
 *
 * Rule: what is wrong with it is said before anything starts, with what there is instead.
 */

import { parseArgs } from 'node:util';

export interface Options {
  readonly cases: readonly string[];
  /** Peers by name; undefined: all. */
  readonly peers: readonly string[] | undefined;
  readonly rotations: number;
  readonly slice: number;
  readonly warmup: number;
  readonly rate: number | undefined;
  readonly seed: number;
  readonly against: string | undefined;
  readonly profile: boolean;
  readonly json: string | undefined;
  readonly table: string | undefined;
}

export interface Known {
  readonly cases: readonly string[];
  readonly sets: Readonly<Record<string, readonly string[]>>;
  readonly peers: readonly string[];
}

const OPTIONS = {
  rotations: { type: 'string', default: '15' },
  slice: { type: 'string', default: '1' },
  warmup: { type: 'string', default: '3' },
  peers: { type: 'string' },
  rate: { type: 'string' },
  seed: { type: 'string', default: '1' },
  against: { type: 'string' },
  profile: { type: 'boolean', default: false },
  json: { type: 'string' },
  table: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** undefined: somebody asks for help. Throws an Error for people where the words make no sense. */
export function optionsOf(args: readonly string[], known: Known): Options | undefined {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  if (values.help) return undefined;
  const words = positionals.length === 0 ? ['1k'] : positionals;
  const { rate, against, profile, json, table } = values;
  if (profile && against !== undefined) throw new Error('--profile looks at one working tree; leave --against out');
  const asked = values.peers?.split(',').flatMap((word) => named(word, 'peer', known.peers));
  if (against !== undefined && asked?.includes('signalbox') === false)
    throw new Error('--against compares signalbox with itself; --peers must name it too');
  return {
    cases: [...new Set(words.flatMap((word) => known.sets[word] ?? named(word, 'case', known.cases, known.sets)))],
    peers: asked,
    rotations: count(values.rotations, 'rotations'),
    slice: count(values.slice, 'slice'),
    warmup: count(values.warmup, 'warmup'),
    rate: rate === undefined ? undefined : count(rate, 'rate'),
    seed: count(values.seed, 'seed'),
    against,
    profile,
    json,
    table,
  };
}

function count(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} ${text}: a whole number from 1 on is asked`);
  return value;
}

function named(word: string, what: string, known: readonly string[], sets: Known['sets'] = {}): string[] {
  if (known.includes(word)) return [word];
  throw new Error(`there is no ${what} ${word}; there are ${[...known, ...Object.keys(sets)].join(', ')}`);
}
