/**
 * Where the nodes of the map stand and how its links run.
 *
 * Rule: three columns, the same order for the same nodes, whatever their traffic: nothing wanders while somebody looks. The
 * middle column is alphabetical; the others follow the routes they are linked with, so that few links cross.
 */

import type { Column, Graph, GraphLink, GraphNode } from './graph.ts';

export interface PlacedNode extends GraphNode {
  readonly x: number;
  readonly y: number;
}

export interface PlacedLink extends GraphLink {
  /** `d` of its curve. */
  readonly path: string;
  readonly thickness: number;
}

export interface MapLayout {
  readonly nodes: readonly PlacedNode[];
  readonly links: readonly PlacedLink[];
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  readonly height: number;
}

export const NODE_HEIGHT = 40;
const GAP = 10;
/** A column with few nodes is spread, up to this much. */
const WIDEST_GAP = 34;
const COLUMNS: readonly Column[] = ['caller', 'route', 'upstream'];

export function layOut(graph: Graph, width: number): MapLayout {
  const nodeWidth = Math.max(84, Math.min(200, Math.floor(width * 0.29)));
  const rows = Math.max(1, ...COLUMNS.map((column) => graph.nodes.filter((node) => node.column === column).length));
  const height = rows * (NODE_HEIGHT + GAP) - GAP;
  const nodes = COLUMNS.flatMap((column, i) => {
    const x = Math.round((i * (width - nodeWidth)) / 2);
    return spread(ordered(graph, column), x, height);
  });
  const places = new Map(nodes.map((node) => [node.key, node]));
  const links = graph.links.flatMap((each): PlacedLink[] => {
    const [from, to] = [places.get(each.from), places.get(each.to)];
    if (from === undefined || to === undefined) return [];
    return [
      { ...each, path: curve(from.x + nodeWidth, middle(from), to.x, middle(to)), thickness: thickness(each.rate) },
    ];
  });
  return { nodes, links, nodeWidth, nodeHeight: NODE_HEIGHT, height };
}

function middle({ y }: PlacedNode): number {
  return y + NODE_HEIGHT / 2;
}

/** 1 for less than one request a second, 3 for ten, 7 for a thousand. */
export function thickness(rate: number): number {
  return Math.min(9, Math.round((1 + 2 * Math.log10(1 + rate)) * 10) / 10);
}

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const bend = (x2 - x1) / 2;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function spread(nodes: readonly GraphNode[], x: number, height: number): PlacedNode[] {
  const room = height - nodes.length * NODE_HEIGHT;
  const gap = nodes.length < 2 ? 0 : Math.min(WIDEST_GAP, room / (nodes.length - 1));
  const used = nodes.length * NODE_HEIGHT + (nodes.length - 1) * gap;
  const top = Math.max(0, (height - used) / 2);
  return nodes.map((node, i) => ({ ...node, x, y: Math.round(top + i * (NODE_HEIGHT + gap)) }));
}

/** Folded nodes come last; the outer columns follow the mean row of the routes they are linked with. */
function ordered(graph: Graph, column: Column): GraphNode[] {
  const nodes = graph.nodes.filter((node) => node.column === column);
  if (column === 'route') return nodes;
  const row = new Map(graph.nodes.filter((node) => node.column === 'route').map((node, i) => [node.key, i]));
  const rank = ({ key, folded }: GraphNode): number => {
    if (folded) return Number.POSITIVE_INFINITY;
    const rows = graph.links.flatMap(({ from, to }) =>
      from === key ? [row.get(to)] : to === key ? [row.get(from)] : [],
    );
    const known = rows.filter((each) => each !== undefined);
    return known.length === 0 ? row.size : known.reduce((sum, each) => sum + each, 0) / known.length;
  };
  const ranked = nodes.map((node) => ({ node, rank: rank(node) }));
  return ranked
    .sort((one, other) => (one.rank === other.rank ? compare(one.node.key, other.node.key) : one.rank - other.rank))
    .map(({ node }) => node);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Keys of what is linked with a node, the node itself included; undefined where nothing is looked at. */
export function neighbours(graph: Graph, key: string | undefined): ReadonlySet<string> | undefined {
  if (key === undefined || !graph.nodes.some((node) => node.key === key)) return undefined;
  const near = new Set([key]);
  for (const { key: name, from, to } of graph.links) {
    if (from !== key && to !== key) continue;
    near.add(name);
    near.add(from);
    near.add(to);
  }
  return near;
}
