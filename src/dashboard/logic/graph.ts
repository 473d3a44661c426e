/**
 * Who calls whom, as nodes and links: callers, the routes they take, the upstreams these reach.
 *
 * Rule: all of them stand here; what is too much for a screen is folded in logic/fold.ts. Figures are means of some
 * seconds, and what decides where a node stands is a mean of a minute: a map that flickers is not read.
 */

import type { LiveFrame, LiveUpstream } from '../../admin/shapes/live.ts';
import { endsOf, type History, link } from './history.ts';
import { circuitTone, circuitWord, membersTone, type Tone, toneOf, worse } from './tone.ts';

export type Column = 'caller' | 'route' | 'upstream';

export interface GraphNode {
  /** `route:cart` */
  readonly key: string;
  readonly column: Column;
  readonly id: string;
  readonly label: string;
  readonly rate: number;
  readonly errorShare: number;
  /** Mean rate of the last minute: what it counts for. */
  readonly load: number;
  readonly tone: Tone;
  /** The worst of now and of the last minute. */
  readonly lately: Tone;
  /** What is wrong, where something is. */
  readonly note: string;
  /** How many it stands for, where it cannot be looked at by itself; 0 for one of its own. */
  readonly stands: number;
}

export interface GraphLink {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly rate: number;
  readonly errorShare: number;
  readonly load: number;
  readonly tone: Tone;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly links: readonly GraphLink[];
}

/** A node that had traffic this many seconds ago is not idle yet. */
const MINUTE = 60;

const LABELS: Readonly<Record<string, string>> = {
  'route:_none': 'no route',
  'caller:_unknown': 'unnamed callers',
  'caller:_other': 'other callers',
  'upstream:': 'router itself',
};

/** What people call it. */
export function labelOf(column: Column, id: string): string {
  return LABELS[`${column}:${id}`] ?? id;
}

export function graphOf(frame: LiveFrame | undefined, history: History, routeIds: readonly string[]): Graph {
  if (frame === undefined) return { nodes: [], links: [] };
  const routes = new Set([...routeIds.map((id) => `route:${id}`), ...history.names('route:').filter(isNode)]);
  const upstreams = new Set([
    ...frame.upstreams.map(({ id }) => `upstream:${id}`),
    ...(ownAnswers(history).length > 0 ? ['upstream:'] : []),
  ]);
  const callers = history.names('caller:').filter(isNode);
  const nodes = [
    ...callers.map((key) => nodeOf(key, 'caller', history)),
    ...[...routes].sort().map((key) => nodeOf(key, 'route', history)),
    ...upstreamNodes([...upstreams].sort(), frame, history),
  ];
  const known = new Set(nodes.map(({ key }) => key));
  const links = [...history.names('caller:'), ...history.names('route:')]
    .filter((name) => !isNode(name))
    .map((name) => linkOf(name, history))
    .filter(({ from, to, load }) => load > 0 && known.has(from) && known.has(to));
  return { nodes, links };
}

function isNode(name: string): boolean {
  return endsOf(name) === undefined;
}

/** Links of what the router answers by itself. */
function ownAnswers(history: History): string[] {
  return history.names('route:').filter((name) => name.endsWith(link('', 'upstream:')));
}

function nodeOf(key: string, column: Column, history: History): GraphNode {
  const own = key === 'upstream:';
  const { rate, errorShare } = own ? answered(history) : history.recent(key);
  const minute = own ? answered(history, MINUTE) : history.recent(key, MINUTE);
  const id = key.slice(key.indexOf(':') + 1);
  const tone = minute.rate === 0 && rate === 0 ? 'idle' : worse('ok', toneOf(rate, errorShare));
  const lately = worse(tone, toneOf(minute.rate, minute.errorShare));
  const label = labelOf(column, id);
  return { key, column, id, label, rate, errorShare, load: minute.rate, tone, lately, note: '', stands: 0 };
}

function answered(history: History, seconds?: number): { rate: number; errorShare: number } {
  let [rate, failed] = [0, 0];
  for (const name of ownAnswers(history)) {
    const part = history.recent(name, seconds);
    rate += part.rate;
    failed += part.rate * part.errorShare;
  }
  return { rate, errorShare: rate === 0 ? 0 : failed / rate };
}

function upstreamNodes(keys: readonly string[], frame: LiveFrame, history: History): GraphNode[] {
  const told = new Map(frame.upstreams.map((each) => [each.id, each]));
  return keys.map((key) => {
    const node = nodeOf(key, 'upstream', history);
    const live = told.get(node.id);
    return live === undefined ? node : withState(node, live);
  });
}

function withState(node: GraphNode, upstream: LiveUpstream): GraphNode {
  const { circuit, up, members } = upstream;
  const toned = (own: Tone, note: string): GraphNode => {
    return { ...node, tone: worse(node.tone, own), lately: worse(node.lately, own), note };
  };
  if (circuit !== 'closed') return toned(circuitTone(circuit), circuitWord(circuit));
  const tone = membersTone(upstream, node.rate);
  return tone === 'ok' ? node : toned(tone, `${up} of ${members} up`);
}

function linkOf(name: string, history: History): GraphLink {
  const [from, to] = endsOf(name) ?? [name, name];
  const { rate, errorShare } = history.recent(name);
  const load = history.recent(name, MINUTE).rate;
  return { key: name, from, to, rate, errorShare, load, tone: toneOf(rate, errorShare) };
}
