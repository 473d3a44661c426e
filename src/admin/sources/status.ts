/**
 * What runs, in the shape of the API.
 *
 * Rule: an operator at night reads this first, so it says what is wrong in words: which circuits, which problems, and why
 * edits would not be written.
 */

import { toldOf } from '../../control/check-text.ts';
import type { Told } from '../../control/events.ts';
import type { View } from '../../control/view.ts';
import type { PlaneEvent } from '../../core/events.ts';
import { itemsOf } from '../problem.ts';
import type { EventItem, Status } from '../shapes/status.ts';
import { timeOf } from './upstreams.ts';

export interface StatusParts {
  readonly version: string;
  readonly startedAt: number;
  view(): View;
  phase(): Status['phase'];
  threads(): Status['threads'];
  connections(): number;
  ports(): ReadonlyMap<string, number>;
  writeBack(): Promise<Status['writeBack']>;
  audit(): Status['audit'];
  /** Of one upstream. */
  circuit(upstream: string): { readonly state: string; readonly forced: boolean } | undefined;
  members(upstream: string): { readonly up: number; readonly members: number };
}

export async function statusShape(parts: StatusParts): Promise<Omit<Status, 'you'>> {
  const { running, lastReload } = parts.view();
  const document = running?.document;
  const upstreams = Object.keys(document?.upstreams ?? {});
  return {
    version: parts.version,
    node: process.versions.node,
    pid: process.pid,
    phase: parts.phase(),
    startedAt: timeOf(parts.startedAt),
    revision: running?.revision ?? '',
    ...(running === undefined ? {} : { since: timeOf(running.since) }),
    threads: parts.threads(),
    connections: parts.connections(),
    routes: Object.keys(document?.routes ?? {}).length,
    upstreams: upstreams.length,
    listeners: Object.entries(document?.listeners ?? {}).map(([id, { address, zone }]) => {
      return { id, address, port: parts.ports().get(id) ?? 0, zone };
    }),
    members: membersOf(parts, upstreams),
    circuits: circuitsOf(parts, upstreams),
    ...(lastReload === undefined ? {} : { lastReload: reloadShape(lastReload) }),
    writeBack: await parts.writeBack(),
    audit: parts.audit(),
  };
}

function membersOf(parts: StatusParts, upstreams: readonly string[]): Status['members'] {
  let up = 0;
  let total = 0;
  for (const id of upstreams) {
    const one = parts.members(id);
    up += one.up;
    total += one.members;
  }
  return { up, total };
}

function circuitsOf(parts: StatusParts, upstreams: readonly string[]): Status['circuits'] {
  const circuits: Status['circuits'] = { open: [], halfOpen: [], isolated: [], forced: [] };
  for (const id of upstreams) {
    const circuit = parts.circuit(id);
    if (circuit?.state === 'open') circuits.open.push(id);
    if (circuit?.state === 'half-open') circuits.halfOpen.push(id);
    if (circuit?.state === 'isolated') circuits.isolated.push(id);
    if (circuit?.forced === true) circuits.forced.push(id);
  }
  return circuits;
}

function reloadShape(last: NonNullable<View['lastReload']>): NonNullable<Status['lastReload']> {
  const { successful, at, source, author, reason, problems } = last;
  const told = toldOf(problems, 'error');
  return { successful, at: timeOf(at), source, author, reason, problems: itemsOf(told, true) };
}

export function eventShape({ at, event }: Told): EventItem {
  const { is, upstream, cause } = event;
  const until = 'until' in event && event.until !== undefined ? { until: timeOf(event.until) } : {};
  const member = 'member' in event ? { member: event.member } : {};
  const state = 'state' in event ? event.state : event.on ? 'on' : 'off';
  return { at: timeOf(at), is, upstream, ...member, state, cause, ...until, text: sentenceOf(event) };
}

function sentenceOf(event: PlaneEvent): string {
  const why = event.cause === '' ? '' : `: ${event.cause}`;
  switch (event.is) {
    case 'circuit':
      return `the circuit of ${event.upstream} is ${event.state}${why}`;
    case 'member':
      return `${event.member} of ${event.upstream} ${WORDS[event.state]}${why}`;
    default:
      return event.on
        ? `so few members of ${event.upstream} can serve that all of them are used${why}`
        : `enough members of ${event.upstream} can serve again${why}`;
  }
}

const WORDS: Readonly<Record<Extract<PlaneEvent, { is: 'member' }>['state'], string>> = {
  up: 'can serve again',
  ejected: 'was ejected',
  probation: 'is on probation',
  unhealthy: 'fails its checks',
  joined: 'has joined',
  left: 'has left',
};
