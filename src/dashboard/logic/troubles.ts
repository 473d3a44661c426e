/**
 * What is wrong, and where: the one question an operator has at night.
 *
 * Rule: the worst comes first and gives the page its state; each trouble is a few words and leads to the place where
 * something can be done about it. Whoever was told of a cause is not told of its consequences in the same breath: an
 * upstream whose circuit is open does not complain about its errors as well.
 */

import type { LiveFrame, LiveUpstream } from '../../admin/shapes/live.ts';
import type { Status } from '../../admin/shapes/status.ts';
import { counted, share } from './figures.ts';
import { endsOf, type History } from './history.ts';
import type { Place } from './place.ts';
import { circuitWord, MANY_ERRORS, membersTone, SOME_ERRORS, type Tone } from './tone.ts';

export interface Trouble {
  readonly tone: 'warn' | 'bad';
  readonly text: string;
  readonly place: Partial<Place>;
  /** What the headline counts: `2 circuits open`. */
  readonly kind: string;
}

export interface Overall {
  readonly tone: Tone;
  readonly headline: string;
}

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'gone';

/** Below this rate one unlucky request would look like an outage. */
const ENOUGH = 1;

/** Seconds whose mean is judged. */
const RECENT = 10;

export function troublesOf(status: Status | undefined, frame: LiveFrame | undefined, history: History): Trouble[] {
  const found = [...processTroubles(status)];
  for (const upstream of frame?.upstreams ?? []) found.push(...upstreamTroubles(upstream, history));
  found.push(...flowTroubles(frame, history));
  return found.sort((one, other) => Number(other.tone === 'bad') - Number(one.tone === 'bad'));
}

function processTroubles(status: Status | undefined): Trouble[] {
  if (status === undefined) return [];
  const found: Trouble[] = [];
  const { phase, threads, lastReload, audit } = status;
  if (phase !== 'serving') found.push({ tone: 'warn', text: `router is ${phase}`, place: {}, kind: 'phase' });
  const missing = threads.wanted - threads.running;
  if (missing > 0) {
    const text = `${threads.running} of ${counted(threads.wanted, 'thread')} serving`;
    found.push({ tone: 'bad', text, place: {}, kind: 'thread missing' });
  }
  if (lastReload?.successful === false) {
    const { line, detail } = lastReload.problems[0] ?? { line: undefined, detail: 'see the revisions' };
    const where = line === undefined ? '' : `line ${line}: `;
    found.push({
      tone: 'bad',
      text: `document refused: ${where}${detail}`,
      place: { tab: 'revisions' },
      kind: 'document',
    });
  }
  if (!audit.intact) {
    found.push({
      tone: 'warn',
      text: `audit log damaged: ${audit.detail}`,
      place: { tab: 'revisions' },
      kind: 'audit',
    });
  }
  return found;
}

function upstreamTroubles(upstream: LiveUpstream, history: History): Trouble[] {
  const { id, circuit, up, members } = upstream;
  const place = { tab: 'upstreams', kind: 'upstream', id } as const;
  if (circuit === 'open' || circuit === 'isolated') {
    return [{ tone: 'bad', text: `${id}: circuit ${circuit}`, place, kind: `circuit ${circuit}` }];
  }
  if (isDown(upstream, history)) {
    return [{ tone: 'bad', text: `${id}: no member can serve`, place, kind: 'upstream down' }];
  }
  const found: Trouble[] = [];
  if (circuit !== 'closed') {
    found.push({ tone: 'warn', text: `${id}: circuit ${circuitWord(circuit)}`, place, kind: `circuit ${circuit}` });
  }
  if (up < members) {
    found.push({ tone: 'warn', text: `${id}: ${up} of ${members} members up`, place, kind: 'member down' });
  }
  return found;
}

function isDown(upstream: LiveUpstream, history: History): boolean {
  return membersTone(upstream, history.recent(`upstream:${upstream.id}`).rate) === 'bad';
}

/** Upstreams that its errors may come from: as far back as these are looked at, for one second tells of few requests. */
function reached(route: string, history: History): string[] {
  const links = history.names(`route:${route}\n`).filter((name) => history.recent(name, RECENT).rate > 0);
  return links.map((name) => (endsOf(name)?.[1] ?? '').slice('upstream:'.length));
}

function flowTroubles(frame: LiveFrame | undefined, history: History): Trouble[] {
  if (frame === undefined) return [];
  const isBroken = (each: LiveUpstream): boolean =>
    each.circuit === 'open' || each.circuit === 'isolated' || isDown(each, history);
  const broken = new Set(frame.upstreams.filter(isBroken).map((each) => each.id));
  return frame.routes.flatMap((route): Trouble[] => {
    const { rate, errorShare } = history.recent(`route:${route.id}`, RECENT);
    if (rate < ENOUGH || errorShare < SOME_ERRORS || reached(route.id, history).some((id) => broken.has(id))) return [];
    const place = { tab: 'routes', kind: 'route', id: route.id } as const;
    const tone = errorShare >= MANY_ERRORS ? 'bad' : 'warn';
    const name = route.id === '_none' ? 'requests without a route' : route.id;
    return [{ tone, text: `${name}: ${share(errorShare)} errors`, place, kind: 'route failing' }];
  });
}

/** Kind of trouble -> how many of it read. */
const HEADLINES: Readonly<Record<string, (count: number) => string>> = {
  'thread missing': () => 'Thread missing',
  document: () => 'Document refused',
  'circuit open': (count) => `${counted(count, 'circuit')} open`,
  'circuit isolated': (count) => `${counted(count, 'circuit')} isolated`,
  'upstream down': (count) => `${counted(count, 'upstream')} down`,
  'route failing': (count) => `${counted(count, 'route')} failing`,
  'circuit half-open': (count) => `${counted(count, 'circuit')} half-open`,
  'circuit forced': (count) => `${counted(count, 'circuit')} forced closed`,
  'member down': (count) => `Members down at ${counted(count, 'upstream')}`,
  audit: () => 'Audit log damaged',
  phase: () => 'Not serving',
};

/** The state in a few words: connection first, then the two worst kinds of trouble. */
export function overallOf(connection: Connection, troubles: readonly Trouble[], known: boolean): Overall {
  if (connection === 'gone') return { tone: 'bad', headline: 'Router gone' };
  if (!known) return { tone: 'idle', headline: 'Looking' };
  if (connection === 'reconnecting') return { tone: 'warn', headline: 'Connection lost' };
  const [worst] = troubles;
  if (worst === undefined) return { tone: 'ok', headline: 'All well' };
  const same = troubles.filter((each) => each.tone === worst.tone);
  const kinds = [...new Set(same.map((each) => each.kind))].slice(0, 2);
  const said = kinds.map((kind) => HEADLINES[kind]?.(same.filter((each) => each.kind === kind).length) ?? kind);
  return { tone: worst.tone, headline: said.map((each, i) => (i === 0 ? each : lowered(each))).join(', ') };
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
