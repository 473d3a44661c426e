/**
 * Who calls whom, as nodes and links: callers, the routes they take, the upstreams these reach.
 *
 * Rule: what is idle and well is folded into one node per column, so that fifty routes stay readable; what is in trouble is
 * always shown by its name. Figures are means of some seconds: a map that flickers is not read.
 */

import type { LiveFrame } from '../../admin/shapes/live.ts';
import { counted } from './figures.ts';
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
  readonly tone: Tone;
  /** What is wrong, where something is. */
  readonly note: string;
  /** Stands for others: cannot be looked at by itself. */
  readonly folded: boolean;
}

export interface GraphLink {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly rate: number;
  readonly errorShare: number;
  readonly tone: Tone;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly links: readonly GraphLink[];
}

/** Busy nodes shown in a column; quieter ones are folded. */
const MOST = 40;
/** A node that had traffic this many seconds ago is not idle yet. */
const QUIET = 60;

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
    ...folded(callers.map((key) => nodeOf(key, 'caller', history))),
    ...folded([...routes].sort().map((key) => nodeOf(key, 'route', history))),
    ...folded([...upstreams].sort().map((key) => upstreamNode(key, frame, history))),
  ];
  const shown = new Set(nodes.map(({ key }) => key));
  const links = [...history.names('caller:'), ...history.names('route:')]
    .filter((name) => !isNode(name))
    .map((name) => linkOf(name, history))
    .filter(({ from, to, rate }) => rate > 0 && shown.has(from) && shown.has(to));
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
  const { rate, errorShare } = key === 'upstream:' ? answered(history) : history.recent(key);
  const id = key.slice(key.indexOf(':') + 1);
  const quiet = history.recent(key, QUIET).rate === 0 && rate === 0;
  const tone = quiet ? 'idle' : worse('ok', toneOf(rate, errorShare));
  return { key, column, id, label: labelOf(column, id), rate, errorShare, tone, note: '', folded: false };
}

function answered(history: History): { rate: number; errorShare: number } {
  let [rate, failed] = [0, 0];
  for (const name of ownAnswers(history)) {
    const part = history.recent(name);
    rate += part.rate;
    failed += part.rate * part.errorShare;
  }
  return { rate, errorShare: rate === 0 ? 0 : failed / rate };
}

function upstreamNode(key: string, frame: LiveFrame, history: History): GraphNode {
  const node = nodeOf(key, 'upstream', history);
  const upstream = frame.upstreams.find(({ id }) => id === node.id);
  if (upstream === undefined) return node;
  const { circuit, up, members } = upstream;
  if (circuit !== 'closed') {
    return { ...node, tone: worse(node.tone, circuitTone(circuit)), note: circuitWord(circuit) };
  }
  const tone = membersTone(upstream, node.rate);
  return tone === 'ok' ? node : { ...node, tone: worse(node.tone, tone), note: `${up} of ${members} up` };
}

function linkOf(name: string, history: History): GraphLink {
  const [from, to] = endsOf(name) ?? [name, name];
  const { rate, errorShare } = history.recent(name);
  return { key: name, from, to, rate, errorShare, tone: toneOf(rate, errorShare) };
}

/** The column as it is shown: troubled and busy nodes by name, what is left as one node at its end. */
function folded(nodes: readonly GraphNode[]): GraphNode[] {
  const awake = nodes.filter(({ tone }) => tone !== 'idle');
  const idle = nodes.length - awake.length;
  const weight = ({ tone, rate }: GraphNode): number => (tone === 'ok' ? rate : Number.POSITIVE_INFINITY);
  const ranked = awake.toSorted((one, other) => weight(other) - weight(one) || (one.key < other.key ? -1 : 1));
  const kept = new Set(ranked.slice(0, MOST));
  const shown = awake.filter((node) => kept.has(node));
  // One or two idle nodes take no more room than the node that would stand for them.
  if (awake.length <= MOST && idle <= 2 && nodes.length <= 12) return [...nodes];
  return [...shown, ...standIn(nodes, 'quieter', awake.length - shown.length), ...standIn(nodes, 'idle', idle)];
}

function standIn([first]: readonly GraphNode[], word: string, count: number): GraphNode[] {
  if (count === 0 || first === undefined) return [];
  const { column } = first;
  const label = counted(count, `${word} ${column}`);
  const key = `${column}:(${word})`;
  return [{ key, column, id: '', label, rate: 0, errorShare: 0, tone: 'idle', note: '', folded: true }];
}
