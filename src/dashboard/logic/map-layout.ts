/**
 * Where the nodes of the map stand and how its links run.
 *
 * Rule: three columns. Routes stand in the order of the graph, from top to bottom; callers and upstreams stand beside the
 * routes they are linked with. Where a node stood is handed in, so that nothing wanders while somebody looks.
 */

import { COLUMNS } from './fold.ts';
import type { Column, Graph, GraphLink, GraphNode } from './graph.ts';
import { held, settled } from './steady.ts';

export interface PlacedNode extends GraphNode {
  readonly x: number;
  readonly y: number;
}

export interface PlacedLink extends GraphLink {
  /** `d` of its curve. */
  readonly path: string;
  readonly thickness: number;
  /** Of something that stands for others. */
  readonly faint: boolean;
}

/** Key of a node -> the row it would like to stand in. */
export type Wishes = ReadonlyMap<string, number>;

export interface MapLayout {
  readonly nodes: readonly PlacedNode[];
  readonly links: readonly PlacedLink[];
  readonly nodeWidth: number;
  readonly height: number;
  /** For the next layout. */
  readonly wishes: Wishes;
}

export const NODE_HEIGHT = 40;
const GAP = 10;
/** A wish that moves by less, in rows, moves no node. */
const SLACK = 0.7;

/** Rows of nodes that fit below the head of the page on a window of this height; some even on the lowest. */
export function rowsFor(windowHeight: number): number {
  const HEAD = 290;
  return Math.min(24, Math.max(7, Math.floor((windowHeight - HEAD) / (NODE_HEIGHT + GAP))));
}

export function layOut(graph: Graph, width: number, before: Wishes = new Map()): MapLayout {
  const nodeWidth = Math.max(84, Math.min(200, Math.floor(width * 0.29)));
  const columns = new Map(COLUMNS.map((column) => [column, graph.nodes.filter((node) => node.column === column)]));
  const rows = Math.max(1, ...[...columns.values()].map((nodes) => nodes.length));
  const routes = columns.get('route') ?? [];
  const wishes = wishesOf(graph, new Map(routes.map(({ key }, i) => [key, evenly(i, routes.length, rows)])), before);
  const nodes = [...columns].flatMap(([column, some]) => placed(column, some, wishes, rows, width - nodeWidth));
  const places = new Map(nodes.map((node) => [node.key, node]));
  const links = graph.links.flatMap((each): PlacedLink[] => {
    const [from, to] = [places.get(each.from), places.get(each.to)];
    if (from === undefined || to === undefined || each.rate === 0) return [];
    const path = curve(from.x + nodeWidth, middle(from), to.x, middle(to));
    return [{ ...each, path, thickness: thickness(each.rate), faint: from.stands + to.stands > 0 }];
  });
  links.sort((one, other) => front(one) - front(other));
  return { nodes, links, nodeWidth, height: rows * (NODE_HEIGHT + GAP) - GAP, wishes };
}

/** What is ill is drawn over what is well, and that over what is folded. */
function front({ tone, faint }: PlacedLink): number {
  return tone === 'bad' ? 3 : tone === 'warn' ? 2 : faint ? 0 : 1;
}

/** Fewer nodes than rows are spread over all of them. */
function evenly(i: number, count: number, rows: number): number {
  return ((i + 0.5) * rows) / count - 0.5;
}

/** Routes wish for the rows they have; the others for the mean of theirs, by what flows: a hundredfold counts less than that. */
function wishesOf(graph: Graph, routes: Wishes, before: Wishes): Wishes {
  const folded = new Set(graph.nodes.filter(({ stands }) => stands > 0).map(({ key }) => key));
  const pulls = new Map<string, { row: number; weight: number }[]>();
  for (const { from, to, load } of graph.links) {
    const [route, other] = routes.has(from) ? [from, to] : [to, from];
    const row = routes.get(route);
    // What stands for many others is linked with nearly everybody: it pulls only whom nothing else does.
    const weight = Math.sqrt(load) * (folded.has(route) ? 0.001 : 1);
    if (row !== undefined) pulls.set(other, [...(pulls.get(other) ?? []), { row, weight }]);
  }
  const wishes = new Map(routes);
  for (const [key, own] of pulls) {
    const sum = own.reduce((all, { weight }) => all + weight, 0);
    const mean = own.reduce((all, { row, weight }) => all + row * weight, 0) / sum;
    wishes.set(key, held(before.get(key), mean, SLACK));
  }
  return wishes;
}

function placed(column: Column, nodes: readonly GraphNode[], wishes: Wishes, rows: number, room: number): PlacedNode[] {
  const x = Math.round((COLUMNS.indexOf(column) * room) / 2);
  // What stands for others ends the column, and pushes nobody up; who is linked with nothing comes just before.
  const wish = ({ key }: GraphNode): number => wishes.get(key) ?? rows;
  const order =
    column === 'route'
      ? nodes
      : nodes.toSorted((one, other) =>
          one.stands + other.stands > 0 ? Number(one.stands > 0) - Number(other.stands > 0) : wish(one) - wish(other),
        );
  let last = -1;
  const wanted = order.map(({ key, stands }) => {
    const own = wishes.get(key) ?? last + 1;
    last = stands > 0 ? Math.max(own, last + 1) : own;
    return last;
  });
  const at = settled(wanted, rows, apart(nodes.length, rows));
  return order.map((node, i) => ({ ...node, x, y: Math.round(at[i] * (NODE_HEIGHT + GAP)) }));
}

/** A column with few nodes is loosened, but not so far that they leave what they belong to. */
function apart(count: number, rows: number): number {
  return count < 2 ? 1 : Math.min(1.8, 1 + ((rows - 1) / (count - 1) - 1) / 2);
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
