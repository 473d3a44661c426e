/**
 * How upstreams stand: circuit, members and load, as an operator asks for them.
 *
 * Rule: read when it is asked, from shared counters and words, in the light of the document that runs; times are epoch
 * milliseconds. Nothing is kept here.
 */

import type { Document } from '../config/document.ts';
import { targetsOf } from '../config/targets.ts';
import type { Clock } from '../core/clock.ts';
import { MEMBER_BLOCK, UPSTREAM_BLOCK } from '../core/lanes.ts';
import type { BlockLedger } from '../core/ledger.ts';
import type { SharedLanes } from '../core/shared.ts';
import { type CircuitView, circuitStateOf } from '../policy/circuit-control.ts';
import type { MemberView } from '../upstream/shown.ts';
import { isUp, limitOf } from './scrape.ts';
import type { View } from './view.ts';

export type { CircuitView };

export interface StandingParts {
  readonly clock: Clock;
  readonly ledger: BlockLedger;
  readonly lanes: SharedLanes;
  readonly members: { membersOf(upstream: string): readonly MemberView[] };
  view(): View;
}

export interface MemberStanding extends Omit<MemberView, 'block' | 'draining'> {
  readonly state: 'up' | 'unhealthy' | 'ejected' | 'draining';
  /** Attempts that ended well and badly. */
  readonly good: number;
  readonly bad: number;
}

export interface UpstreamStanding {
  readonly id: string;
  readonly circuit: CircuitView;
  readonly members: readonly MemberStanding[];
  readonly inFlight: number;
  readonly queued: number;
  /** Attempts at once; undefined where there is no limit, or none was found yet. */
  readonly limit: number | undefined;
  /** Routes that may lead here. */
  readonly routes: readonly string[];
}

/** undefined where the running document has no such upstream. */
export function standingOf(parts: StandingParts, id: string): UpstreamStanding | undefined {
  const { lanes } = parts;
  const block = blockOf(parts, id);
  if (block === undefined) return undefined;
  return {
    id,
    circuit: circuitOf(parts, block),
    members: parts.members.membersOf(id).map((member) => memberStanding(parts, id, member)),
    inFlight: lanes.sum(block, UPSTREAM_BLOCK.inFlight),
    queued: lanes.sum(block, UPSTREAM_BLOCK.queued),
    limit: limitOf(settingsOf(parts, id), lanes.words.block(block)),
    routes: routesTo(parts.view(), id),
  };
}

/** The circuit of an upstream; undefined where the running document has no such upstream. */
export function circuitStanding(parts: StandingParts, id: string): CircuitView | undefined {
  const block = blockOf(parts, id);
  return block === undefined ? undefined : circuitOf(parts, block);
}

/** How many members can serve, of how many. */
export function membersStanding(parts: StandingParts, id: string): { readonly up: number; readonly members: number } {
  const members = parts.members.membersOf(id);
  const up = members.filter((member) => stateOf(parts, id, member) === 'up').length;
  return { up, members: members.length };
}

/** Those that are asked at all: neither on their way out nor of weight 0. `leased`: how many of them only registered. */
export interface AskedStanding {
  readonly members: number;
  readonly up: number;
  readonly leased: number;
}

export function askedStanding(parts: StandingParts, id: string): AskedStanding {
  const asked = parts.members.membersOf(id).filter(({ weight, draining }) => weight > 0 && !draining);
  const up = asked.filter((member) => stateOf(parts, id, member) === 'up').length;
  return { members: asked.length, up, leased: asked.filter(({ from }) => from === 'lease').length };
}

/**
 * Requests under way at these upstreams of a document, and at those that these routes of it may lead to. The document need
 * not run any more: what it led to is under way for a while.
 */
export function underWay(
  parts: Pick<StandingParts, 'ledger' | 'lanes'>,
  document: Pick<Document, 'routes'>,
  upstreams: readonly string[],
  routes: readonly string[],
): number {
  const ids = new Set(upstreams);
  for (const route of routes) {
    if (!Object.hasOwn(document.routes, route)) continue;
    for (const upstream of targetsOf(document.routes[route])) ids.add(upstream);
  }
  let sum = 0;
  for (const id of ids) {
    const block = parts.ledger.blockOf(`upstream:${id}`);
    if (block !== undefined) sum += parts.lanes.sum(block, UPSTREAM_BLOCK.inFlight);
  }
  return sum;
}

function blockOf({ view, ledger }: StandingParts, id: string): number | undefined {
  const upstreams = view().running?.document.upstreams ?? {};
  return Object.hasOwn(upstreams, id) ? ledger.blockOf(`upstream:${id}`) : undefined;
}

/** On the wall's clock. */
function circuitOf({ lanes, clock }: StandingParts, block: number): CircuitView {
  const now = clock.now();
  const circuit = circuitStateOf(lanes.words.block(block), now);
  const shift = clock.wall() - now;
  const onWall = (time: number | undefined) => (time === undefined ? undefined : time + shift);
  return { ...circuit, since: onWall(circuit.since), until: onWall(circuit.until) };
}

function memberStanding(parts: StandingParts, upstream: string, member: MemberView): MemberStanding {
  const { block, draining, ...rest } = member;
  return {
    ...rest,
    state: stateOf(parts, upstream, member),
    good: parts.lanes.sum(block, MEMBER_BLOCK.good),
    bad: parts.lanes.sum(block, MEMBER_BLOCK.bad),
  };
}

function stateOf(parts: StandingParts, upstream: string, { block, draining }: MemberView): MemberStanding['state'] {
  if (draining) return 'draining';
  const words = parts.lanes.words.block(block);
  const ejects = (settingsOf(parts, upstream)?.outliers ?? 'off') !== 'off';
  if (isUp(words, ejects)) return 'up';
  return isUp(words, false) ? 'ejected' : 'unhealthy';
}

function settingsOf({ view }: StandingParts, id: string) {
  return view().running?.document.upstreams[id];
}

function routesTo(view: View, upstream: string): string[] {
  const routes = view.running?.document.routes ?? {};
  return Object.keys(routes).filter((id) => targetsOf(routes[id]).includes(upstream));
}
