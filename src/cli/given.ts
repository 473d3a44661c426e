/**
 * Arguments of a command: what it takes, read from what was typed.
 *
 * Rule: whatever is not understood is said with the nearest thing that would be, and nothing is done. A token is never
 * taken as an argument: everybody on a machine sees the arguments of its processes, and shells write them to a file.
 */

import { didYouMean } from '../config/suggest.ts';
import { parseDuration } from '../core/duration.ts';
import { CommandEnd, WRONG } from './ends.ts';

const { parseArgs } = process.getBuiltinModule('node:util');

/** What a shell may offer in a place: fixed words, ids that the router is asked for, files, or nothing. */
export type Offer =
  | readonly string[]
  | 'route'
  | 'upstream'
  | 'rollout'
  | 'invariant'
  | 'named'
  | 'side'
  | 'instance'
  | 'revision'
  | 'file'
  | 'nothing';

/** A word that a command takes, in its order. */
export interface Place {
  readonly name: string;
  readonly offer: Offer;
  readonly optional?: true;
  /** The last place: this one and any number after it. */
  readonly many?: true;
}

export interface Option {
  /** What follows it; a flag has nothing. */
  readonly takes?: string;
  readonly short?: string;
  readonly many?: true;
  readonly says: string;
  readonly offer?: Offer;
}

export type Options = Readonly<Record<string, Option>>;
type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

const NO_TOKEN =
  'a token is not taken as an argument, where the list of processes and the history of the shell show it; ' +
  'set SIGNALBOX_TOKEN, or name a file with --token-file';

export class Given {
  readonly words: readonly string[];
  private readonly values: Values;
  private readonly options: Options;

  constructor(words: readonly string[], values: Values, options: Options) {
    this.words = words;
    this.values = values;
    this.options = options;
  }

  /** The word in a place that has to be there. */
  word(at: number): string {
    return this.words[at] ?? '';
  }

  /** A word that names a revision, by its beginning at least. */
  revision(at: number): string {
    const text = this.word(at);
    if (/^[0-9a-f]{4,64}$/.test(text)) return text;
    const advice = 'write the first 4 of its digits, or more; `signalbox revisions` lists them';
    throw new CommandEnd(WRONG, `${text} is no revision; ${advice}`);
  }

  /** The same without its first words. */
  from(at: number): Given {
    return new Given(this.words.slice(at), this.values, this.options);
  }

  text(name: string): string | undefined {
    const value = this.valueOf(name);
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): string[] {
    const value = this.valueOf(name);
    return Array.isArray(value) ? value.map(String) : [];
  }

  flag(name: string): boolean {
    return this.valueOf(name) === true;
  }

  whole(name: string, least: number, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new CommandEnd(WRONG, `--${name} ${text}: write a whole number from ${least} to ${most}`);
  }

  /** As it was written; `milliseconds` reads it. */
  duration(name: string): string | undefined {
    const text = this.text(name);
    if (text !== undefined) this.milliseconds(name);
    return text;
  }

  milliseconds(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const read = parseDuration(text);
    if (read.ok) return read.value;
    throw new CommandEnd(WRONG, `--${name} ${text}: ${read.advice}`);
  }

  /** A name that the command does not declare is a slip in the code, not of the user. */
  private valueOf(name: string): Values[string] {
    if (!Object.hasOwn(this.options, name)) throw new Error(`the command declares no option --${name}`);
    return this.values[name];
  }
}

/** Reads `argv` by what a command takes; throws a CommandEnd with what is wrong. `--help` is looked at before. */
export function readGiven(argv: readonly string[], places: readonly Place[], options: Options): Given {
  refuseUnknown(argv, options);
  const { values, positionals } = parsed(argv, options);
  const missing = places[positionals.length];
  if (missing !== undefined && missing.optional === undefined && !(missing.many && positionals.length >= places.length))
    throw new CommandEnd(WRONG, `${missing.name} is missing`);
  if (positionals.length > places.length && places.at(-1)?.many === undefined)
    throw new CommandEnd(WRONG, `one word too many: ${positionals[places.length]}`);
  return new Given(positionals, values, options);
}

export function wantsHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).some((word) => word === '--help' || word === '-h');
}

function refuseUnknown(argv: readonly string[], options: Options): void {
  const names = Object.keys(options).map((name) => `--${name}`);
  for (const word of argv) {
    if (word === '--') return;
    if (!word.startsWith('--')) continue;
    const name = word.split('=')[0];
    if (name === '--token') throw new CommandEnd(WRONG, NO_TOKEN);
    if (names.includes(name)) continue;
    throw new CommandEnd(WRONG, `unknown option ${name}; ${didYouMean(name, names, `there are ${names.join(', ')}`)}`);
  }
}

function parsed(argv: readonly string[], options: Options): { values: Values; positionals: string[] } {
  const forms = Object.entries(options).map(([name, { takes, short, many }]) => {
    const form = { type: takes === undefined ? ('boolean' as const) : ('string' as const), multiple: many === true };
    return [name, short === undefined ? form : { ...form, short }] as const;
  });
  try {
    return parseArgs({ args: [...argv], options: Object.fromEntries(forms), allowPositionals: true });
  } catch (error) {
    throw new CommandEnd(WRONG, error instanceof Error ? error.message : String(error));
  }
}
