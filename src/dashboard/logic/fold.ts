/**
 * As much of the map as a screen holds: the busiest and the ill by name, all others as one node per column.
 *
 * Rule: nothing that flows is left out; what is folded keeps its links, added up. What is ill comes before what is busy, but
 * leaves some rows to it: trouble is read beside what is well. Who is shown changes only for a clear reason.
 */

import { counted } from './figures.ts';
import type { Column, Graph, GraphLink, GraphNode } from './graph.ts';
import { link } from './history.ts';
import { steadyOrder } from './steady.ts';
import { type Tone, toneOf, worse } from './tone.ts';

export const COLUMNS: readonly Column[] = ['caller', 'route', 'upstream'];

/** Keys by column, the busiest first. */
export type Orders = Readonly<Record<Column, readonly string[]>>;

export const NO_ORDERS: Orders = { caller: [], route: [], upstream: [] };

export interface Room {
  /** Nodes of a column, those that stand for others included. */
  readonly rows: Readonly<Record<Column, number>>;
  /** What somebody looks at is shown, whatever it carries. */
  readonly looked: string | undefined;
  readonly before: Orders;
}

/** Share of the rows that what is ill takes at most, where something else is busy. */
const FOR_ILL = 2 / 3;
/** So many idle nodes take no more room than the one that would stand for them. */
const FEW = 2;

/** The graph as shown, nodes of a column in their order, and the orders for the next time. */
export function folded(graph: Graph, { rows, looked, before }: Room): { graph: Graph; orders: Orders } {
  const columns = COLUMNS.map((column) => {
    const nodes = graph.nodes.filter((node) => node.column === column);
    const order = steadyOrder(before[column], new Map(nodes.map(({ key, load }) => [key, load])));
    return { column, order, ...foldColumn(inOrder(nodes, order), rows[column], looked) };
  });
  const stand = new Map(columns.flatMap(({ stand }) => [...stand]));
  const orders = Object.fromEntries(columns.map(({ column, order }) => [column, order])) as Record<Column, string[]>;
  const nodes = columns.flatMap((column) => column.nodes);
  return { graph: { nodes, links: foldLinks(graph.links, stand) }, orders };
}

function inOrder(nodes: readonly GraphNode[], order: readonly string[]): GraphNode[] {
  const known = new Map(nodes.map((node) => [node.key, node]));
  return order.flatMap((key) => known.get(key) ?? []);
}

interface Folded {
  readonly nodes: GraphNode[];
  /** Key of what is folded -> key of the node that stands for it. */
  readonly stand: ReadonlyMap<string, string>;
}

function foldColumn(nodes: readonly GraphNode[], rows: number, looked: string | undefined): Folded {
  const awake = nodes.filter(({ tone, key }) => tone !== 'idle' || key === looked);
  const idle = nodes.length - awake.length;
  if (nodes.length <= rows && idle <= FEW) return { nodes: [...nodes], stand: new Map() };
  const [shown, moreIll] = chosen(awake, rows - 1, looked);
  const rest = nodes.filter((node) => !shown.has(node) && !moreIll.has(node));
  const standIns = [standIn([...moreIll], 'ill'), standIn(rest, 'more')].filter((each) => each !== undefined);
  const stand = new Map(standIns.flatMap(({ node, keys }) => keys.map((key) => [key, node.key])));
  return { nodes: [...nodes.filter((node) => shown.has(node)), ...standIns.map(({ node }) => node)], stand };
}

/** Whom there is room for, and who is ill and has none. */
function chosen(awake: readonly GraphNode[], room: number, looked: string | undefined): Set<GraphNode>[] {
  if (awake.length <= room) return [new Set(awake), new Set()];
  const badness = ({ lately }: GraphNode): number => (lately === 'bad' ? 0 : 1);
  const ill = awake.filter(({ lately }) => lately !== 'ok' && lately !== 'idle');
  const illRoom = Math.max(1, Math.round(room * FOR_ILL), room - (awake.length - ill.length));
  // A row goes to the node that stands for those that have none.
  const most = ill.length <= illRoom ? ill.length : illRoom - 1;
  const named = ill.toSorted((one, other) => badness(one) - badness(other)).slice(0, most);
  const left = room - named.length - (most < ill.length ? 1 : 0);
  const busy = awake.filter((node) => !ill.includes(node)).slice(0, Math.max(0, left));
  const shown = new Set([...named, ...busy, ...awake.filter(({ key }) => key === looked)]);
  return [shown, new Set(ill.filter((node) => !shown.has(node)))];
}

function standIn(nodes: readonly GraphNode[], kind: 'ill' | 'more'): { node: GraphNode; keys: string[] } | undefined {
  const [first] = nodes;
  if (first === undefined) return undefined;
  const { column } = first;
  const { rate, errorShare, load } = together(nodes);
  const allIdle = nodes.every(({ tone }) => tone === 'idle');
  const label =
    kind === 'ill'
      ? `${nodes.length} more ill`
      : allIdle
        ? counted(nodes.length, `idle ${column}`)
        : `and ${nodes.length} more`;
  const lately = nodes.reduce<Tone>((worst, each) => worse(worst, each.lately), 'idle');
  const tone = kind === 'ill' ? lately : 'idle';
  const key = `${column}:(${kind})`;
  const own = { key, column, id: '', label, note: '', stands: nodes.length };
  return { node: { ...own, rate, errorShare, load, tone, lately }, keys: nodes.map((node) => node.key) };
}

/** Links between those that stand for others are one link. */
function foldLinks(links: readonly GraphLink[], stand: ReadonlyMap<string, string>): GraphLink[] {
  const shown = links.map((each) => ({
    ...each,
    from: stand.get(each.from) ?? each.from,
    to: stand.get(each.to) ?? each.to,
  }));
  return [...Map.groupBy(shown, ({ from, to }) => link(from, to))].map(([key, [first, ...others]]) => {
    const sum = together([first, ...others]);
    return { ...first, key, ...sum, tone: toneOf(sum.rate, sum.errorShare) };
  });
}

function together(parts: readonly { rate: number; errorShare: number; load: number }[]) {
  let [rate, failed, load] = [0, 0, 0];
  for (const part of parts) {
    rate += part.rate;
    failed += part.rate * part.errorShare;
    load += part.load;
  }
  return { rate, errorShare: rate === 0 ? 0 : failed / rate, load };
}
