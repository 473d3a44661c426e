/**
 * `signalbox __complete`: what may stand at the end of a command line, for the scripts that shells call.
 *
 * Rule: a line each, the word, a tab, and what it means. It must never be in the way: the router is asked for half a
 * second at most, and whatever goes wrong is silence.
 */

import { type Admin, adminOf } from './admin.ts';
import type { Io, Run } from './command.ts';
import { DONE } from './ends.ts';
import { Given, type Offer, type Options } from './given.ts';
import { KINDS, kindOf } from './kinds.ts';
import { REACH } from './options.ts';

const PATIENCE = '500ms';
const MOST = 1000;

/** A word with what it means. */
type Choice = readonly [word: string, says: string];

export const complete: Run = async (given, io) => {
  for (const [word, says] of await choices(given.words, io)) io.out(`${word}\t${says}\n`);
  return DONE;
};

/** `words`: all behind `signalbox`, the one that is being typed last. */
async function choices(words: readonly string[], io: Io): Promise<Choice[]> {
  const typed = words.at(-1) ?? '';
  if (words.length < 2) return fitting(typed, commandChoices(io));
  const command = io.commands.find(({ name }) => name === words[0]);
  if (command === undefined) return words[0] === 'help' ? fitting(typed, commandChoices(io)) : [];
  const line = readLine(words.slice(1, -1), command.options);
  if (line.pending !== undefined) return fitting(typed, await offered(line.pending, line, io));
  if (typed.startsWith('-')) return fitting(typed, optionChoices(command.options));
  const place = command.places[line.words.length] ?? command.places.at(-1);
  const beyond = line.words.length >= command.places.length && place?.many === undefined;
  return place === undefined || beyond ? [] : fitting(typed, await offered(place.offer, line, io));
}

function fitting(typed: string, choices: readonly Choice[]): Choice[] {
  // What a shell would have to quote is left to the hand that types it.
  return choices.filter(([word]) => word.startsWith(typed) && /^[\w.:@/+=-]+$/.test(word));
}

function commandChoices({ commands }: Io): Choice[] {
  return commands.filter(({ group }) => group !== 'hidden').map(({ name, says }) => [name, says]);
}

function optionChoices(options: Options): Choice[] {
  return [...Object.entries(options).map(([name, { says }]): Choice => [`--${name}`, says]), ['--help', 'this text']];
}

interface Line {
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  /** What the option before the word being typed takes. */
  readonly pending: Offer | undefined;
}

/** As far as it can be read: a line that is being typed is seldom whole. */
function readLine(before: readonly string[], options: Options): Line {
  const words: string[] = [];
  const values: Record<string, string> = {};
  let open: string | undefined;
  for (const word of before) {
    const name = nameOf(word, options);
    if (open !== undefined) {
      values[open] = word;
      open = undefined;
    } else if (name === undefined) {
      if (!word.startsWith('-') || word === '-') words.push(word);
    } else if (word.includes('=')) values[name] = word.slice(word.indexOf('=') + 1);
    else if (options[name].takes !== undefined) open = name;
  }
  return { words, values, pending: open === undefined ? undefined : (options[open].offer ?? 'nothing') };
}

function nameOf(word: string, options: Options): string | undefined {
  const name = word.replace(/^--?/, '').split('=')[0];
  if (word.startsWith('--')) return Object.hasOwn(options, name) ? name : undefined;
  return word.startsWith('-') ? Object.keys(options).find((option) => options[option].short === name) : undefined;
}

async function offered(offer: Offer, line: Line, io: Io): Promise<Choice[]> {
  if (typeof offer !== 'string') return offer.map((word) => [word, '']);
  if (offer === 'file' || offer === 'nothing') return [];
  try {
    const reach = Object.fromEntries(
      Object.keys(REACH).flatMap((name) => (line.values[name] ? [[name, line.values[name]]] : [])),
    );
    const given = new Given([], { ...reach, timeout: PATIENCE }, REACH);
    return await asked(adminOf(given, io), offer, line.words);
  } catch {
    return [];
  }
}

type Asked = Exclude<Offer, readonly string[] | 'file' | 'nothing'>;

async function asked(admin: Admin, offer: Asked, words: readonly string[]): Promise<Choice[]> {
  const ids = async (path: readonly string[]) =>
    (await admin.list<{ id: string }>(path, MOST)).items.map(({ id }): Choice => [id, '']);
  if (offer === 'named') {
    const kind = kindOf(words[0]);
    if (kind !== undefined) return ids([KINDS[kind]]);
    return /^leases?$/.test(words[0]) ? ids([KINDS.upstream]) : [];
  }
  if (offer === 'side') return sides(admin, words[0]);
  if (offer === 'instance') {
    const { items } = await admin.list<{ instance: string; url: string }>(['upstreams', words[0], 'leases'], MOST);
    return items.map(({ instance, url }) => [instance, url]);
  }
  if (offer !== 'revision') return ids([KINDS[offer]]);
  const { items } = await admin.list<{ revision: string; words: string[] }>(['revisions'], 50);
  return items.map(({ revision, words: [said = ''] }) => [revision, said]);
}

/** The sides of a split, ready for a weight. */
async function sides(admin: Admin, route: string): Promise<Choice[]> {
  const { value } = await admin.json<{ split?: Readonly<Record<string, number>> }>({
    method: 'GET',
    path: ['routes', route],
  });
  return Object.entries(value.split ?? {}).map(([id, weight]) => [`${id}=`, `now ${weight}`]);
}
