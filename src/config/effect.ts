/**
 * What a change of the document does, in words: one sentence a line, the first sums it up.
 *
 * Rule: no change is silent: documents of different revisions give at least one sentence beside the sum, documents of one
 * revision give "nothing changes". It is bounded: of a large change the first sentences of each kind are told, and how many
 * parts are not. Secrets are never told (effect-shown.ts).
 */

import { at, differences, keysOf, same } from './differences.ts';
import type { Document } from './document.ts';
import { leadsTo, routeChanges, takes, usualListeners } from './effect-route.ts';
import { endpointsSaid, goesOn, upstreamChanges } from './effect-upstream.ts';

export interface Changes {
  added: string[];
  removed: string[];
  changed: string[];
}

export interface Effect {
  words: string[];
  routes: Changes;
  upstreams: Changes;
  /** Further keys of the document that changed. */
  other: string[];
}

/** Sentences in all, the sum among them. */
const MOST_WORDS = 100;
/** Sentences about one part. */
const MOST_OF_PART = 12;
/** Characters of a sentence. */
const LONGEST = 400;
/** Of so few changed upstreams it is said that what is known of them goes on. */
const FEW = 3;

/** Keys whose parts have names, and what one of them is called. */
const NAMED: Readonly<Record<string, string>> = {
  listeners: 'listener',
  rollouts: 'rollout',
  invariants: 'invariant',
};

/**
 * `before` undefined: the first document. Who asks for it changes nothing in what he gets: others get it too.
 * `workersFixed`: the number of threads was given at start, so that the document's has no say.
 */
export function effectOf(before: Document | undefined, after: Document, workersFixed = false): Effect {
  const known = lately.get(after);
  if (known !== undefined && known.before === before && known.workersFixed === workersFixed) return known.effect;
  const effect = effectBetween(before, after, workersFixed);
  lately.set(after, { before, workersFixed, effect });
  return effect;
}

/** Whoever asks for a change is told what it does, and the audit log right after. */
const lately = new WeakMap<Document, Known>();

interface Known {
  readonly before: Document | undefined;
  readonly workersFixed: boolean;
  readonly effect: Effect;
}

const NO_SAY = ', without effect: the router was started with a number of threads';

function effectBetween(before: Document | undefined, after: Document, workersFixed: boolean): Effect {
  const routes = changesOf(before?.routes ?? {}, after.routes);
  const upstreams = changesOf(before?.upstreams ?? {}, after.upstreams);
  if (before === undefined) return { words: [firstSaid(after)], routes, upstreams, other: [] };
  const other = keysOf(before, after).filter(
    (key) => key !== 'routes' && key !== 'upstreams' && !same(at(before, key), at(after, key)),
  );
  const told = [
    new Told('routes', routeSentences(before, after, routes)),
    new Told('upstreams', upstreamSentences(before, after, upstreams)),
    new Told('parts', otherSentences(before, after, other, workersFixed ? NO_SAY : '')),
  ];
  fit(told, MOST_WORDS - 1);
  return { words: [sumOf(routes, upstreams, other), ...told.flatMap(({ lines }) => lines)], routes, upstreams, other };
}

function changesOf(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Changes {
  const changes: Changes = { added: [], removed: [], changed: [] };
  for (const id of Object.keys(after)) {
    if (!Object.hasOwn(before, id)) changes.added.push(id);
    else if (!same(before[id], after[id])) changes.changed.push(id);
  }
  for (const id of Object.keys(before)) if (!Object.hasOwn(after, id)) changes.removed.push(id);
  return changes;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function firstSaid({ routes, upstreams, listeners }: Document): string {
  const parts = [
    counted(Object.keys(routes).length, 'route'),
    counted(Object.keys(upstreams).length, 'upstream'),
    counted(Object.keys(listeners).length, 'listener'),
  ];
  return `the first document: ${parts.join(', ')}`;
}

function sumOf(routes: Changes, upstreams: Changes, other: readonly string[]): string {
  const sums = (['added', 'removed', 'changed'] as const).flatMap((how) => [
    ...(routes[how].length === 0 ? [] : [`${counted(routes[how].length, 'route')} ${how}`]),
    ...(upstreams[how].length === 0 ? [] : [`${counted(upstreams[how].length, 'upstream')} ${how}`]),
  ]);
  if (other.length > 0) sums.push(`changes in ${other.join(', ')}`);
  return sums.length === 0 ? 'nothing changes' : sums.join(', ');
}

/** The sentences about one part, made when there is room for them. */
type Sentences = readonly (() => readonly string[])[];

/** Sentences of one kind of part, as many as there is room for. */
class Told {
  readonly lines: string[] = [];
  private readonly nouns: string;
  private readonly parts: Sentences;
  /** How many of `lines` stand after each part that is told. */
  private readonly ends: number[] = [];

  constructor(nouns: string, parts: Sentences) {
    this.nouns = nouns;
    this.parts = parts;
    for (const part of parts) {
      if (this.lines.length > MOST_WORDS) break;
      this.lines.push(...shortened(part()));
      this.ends.push(this.lines.length);
    }
  }

  /** Keeps whole parts, the last line saying how many there are beside them. */
  cut(room: number): void {
    if (this.lines.length <= room && this.ends.length === this.parts.length) return;
    const kept = this.ends.findLastIndex((end) => end < room) + 1;
    this.lines.length = kept === 0 ? 0 : this.ends[kept - 1];
    this.lines.push(`... and ${this.parts.length - kept} more ${this.nouns}`);
  }
}

/** The long kinds give way to the short ones, to an equal share of the room. */
function fit(told: readonly Told[], room: number): void {
  let left = room;
  const byLength = [...told].sort((one, other) => one.lines.length - other.lines.length);
  byLength.forEach((one, index) => {
    one.cut(Math.floor(left / (byLength.length - index)));
    left -= one.lines.length;
  });
}

function shortened(said: readonly string[]): string[] {
  const lines = said.slice(0, said.length > MOST_OF_PART ? MOST_OF_PART - 1 : said.length);
  const short = lines.map((line) => (line.length <= LONGEST ? line : `${line.slice(0, LONGEST).toWellFormed()}...`));
  if (lines.length < said.length)
    short.push(`${said[0].split(': ', 1)[0]}: ... and ${said.length - lines.length} more changes`);
  return short;
}

function routeSentences(before: Document, after: Document, changes: Changes): Sentences {
  const [old, now] = [before.routes, after.routes];
  const whole = (id: string, { routes, listeners }: Document) =>
    `${takes(id, routes[id], usualListeners(listeners))} to ${leadsTo(routes[id])}`;
  return [
    ...changes.changed.map((id) => () => named('route', id, routeChanges(id, old[id], now[id]))),
    ...changes.added.map((id) => () => [`route ${id} added: ${whole(id, after)}`]),
    ...changes.removed.map((id) => () => [`route ${id} removed: ${whole(id, before)}`]),
  ];
}

function upstreamSentences({ upstreams: old }: Document, { upstreams: now }: Document, changes: Changes): Sentences {
  const few = changes.changed.length <= FEW;
  return [
    ...changes.changed.map((id) => () => {
      const said = upstreamChanges(id, old[id], now[id]);
      return named('upstream', id, few && goesOn(old[id], now[id]) ? [...said, GOES_ON] : said);
    }),
    ...changes.added.map((id) => () => [`upstream ${id} added: ${endpointsSaid(now[id])}`]),
    ...changes.removed.map((id) => () => [`upstream ${id} removed: ${endpointsSaid(old[id])}`]),
  ];
}

const GOES_ON = 'connections to the endpoints that stay, and the state of its circuit, stay as they are';

function named(noun: string, id: string, said: readonly string[]): string[] {
  return said.map((line) => `${noun} ${id}: ${line}`);
}

/** `workers`: what is to be added where their number changes. */
function otherSentences(before: Document, after: Document, keys: readonly string[], workers: string): Sentences {
  return keys.flatMap((key) => {
    const [old, now] = [at(before, key), at(after, key)];
    const noun = Object.hasOwn(NAMED, key) ? NAMED[key] : undefined;
    const added = key === 'workers' ? workers : '';
    if (noun === undefined) return [() => differences(old, now, [key]).map((line) => `${key}: ${line}${added}`)];
    const ids = keysOf(Object(old), Object(now)).filter((id) => !same(at(old, id), at(now, id)));
    return ids.map((id) => () => partSaid(noun, id, at(old, id), at(now, id), key));
  });
}

function partSaid(noun: string, id: string, old: unknown, now: unknown, key: string): string[] {
  if (old === undefined) return [`${noun} ${id} added`];
  return now === undefined ? [`${noun} ${id} removed`] : named(noun, id, differences(old, now, [key, id]));
}
