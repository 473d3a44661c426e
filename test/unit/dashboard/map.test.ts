/**
 * The map: what is folded, what is shown by name, where it stands.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveUpstream } from '../../../src/admin/shapes/live.ts';
import { folded, NO_ORDERS, type Room } from '../../../src/dashboard/logic/fold.ts';
import { type Graph, type GraphNode, graphOf } from '../../../src/dashboard/logic/graph.ts';
import { History } from '../../../src/dashboard/logic/history.ts';
import { layOut, NODE_HEIGHT, neighbours, rowsFor, thickness } from '../../../src/dashboard/logic/map-layout.ts';
import { type FlowLine, frameOf, upstreamOf } from '../../support/frames.ts';
import { manyFlows } from '../../support/many-flows.ts';

const LINES: readonly FlowLine[] = [
  ['web', 'cart', 'cart-v1', 80, 0],
  ['web', 'cart', 'cart-v2', 20, 0.2],
  ['mobile', 'search', 'search', 5, 0],
  ['mobile', 'basket', '', 1, 0],
];

function graph(lines: readonly FlowLine[], routes: readonly string[] = [], upstreams: readonly LiveUpstream[] = []) {
  const history = new History();
  const frame = frameOf(0, lines, upstreams);
  history.push(frame);
  return graphOf(frame, history, routes);
}

/** As a screen of `rows` shows it. */
function shown(found: Graph, rows = 12, room: Partial<Room> = {}) {
  return folded(found, {
    rows: { caller: rows, route: rows, upstream: rows },
    looked: undefined,
    before: NO_ORDERS,
    ...room,
  });
}

const column = (found: Graph, name: string): GraphNode[] => found.nodes.filter((node) => node.column === name);
const labels = (found: Graph, name: string): string[] => column(found, name).map(({ label }) => label);

const many = (count: number, rate: (i: number) => number, errors = 0): FlowLine[] =>
  Array.from({ length: count }, (_, i) => ['web', `r${String(i).padStart(2, '0')}`, 'u', rate(i), errors]);

test('fifty idle routes are one node, and busy ones keep their names, the busiest first', () => {
  const idle = Array.from({ length: 50 }, (_, i) => `report-${i}`);
  const found = shown(graph(LINES, ['cart', ...idle])).graph;
  assert.deepEqual(labels(found, 'route'), ['cart', 'search', 'basket', '50 idle routes']);
});

test('where more is busy than a column holds, the quietest are one node that carries what they do, and the ill keep their names', () => {
  const found = shown(graph([...many(60, (i) => 100 - i), ['web', 'zz-ill', 'u', 0.1, 1]])).graph;
  const routes = labels(found, 'route');
  assert.deepEqual([routes.length, routes[0], routes.at(-2), routes.at(-1)], [12, 'r00', 'zz-ill', 'and 50 more']);
  const rest = column(found, 'route').at(-1);
  assert.equal(Math.round(rest?.rate ?? 0), 3275);
  const links = found.links.filter(({ from }) => from === rest?.key);
  assert.deepEqual(
    links.map(({ to, rate }) => [to, Math.round(rate)]),
    [['upstream:u', 3275]],
  );
});

test('what is ill takes the rows of what is well, down to a third of them, and is counted from there on', () => {
  const ill = many(30, (i) => 60 - i, 0.5).map((line): FlowLine => ['web', `ill-${line[1]}`, 'u', line[3], 0.5]);
  const found = shown(graph([...many(60, (i) => 900 - i), ...ill])).graph;
  const routes = labels(found, 'route');
  assert.deepEqual(routes.slice(0, 5), ['r00', 'r01', 'r02', 'r03', 'ill-r00']);
  assert.deepEqual(routes.slice(-3), ['ill-r05', '24 more ill', 'and 56 more']);
  assert.equal(column(found, 'route').at(-2)?.tone, 'bad');
});

test('a route that is looked at is shown, however little it carries', () => {
  const found = graph(many(60, (i) => 100 - i));
  assert.ok(!labels(shown(found).graph, 'route').includes('r59'));
  assert.ok(labels(shown(found, 12, { looked: 'route:r59' }).graph, 'route').includes('r59'));
});

for (const count of [10, 40, 300, 1000]) {
  test(`a map of ${count} routes fits the first screen, and all that flows is on it`, () => {
    const all = graph(manyFlows(count));
    const found = shown(all).graph;
    for (const name of ['caller', 'route', 'upstream']) {
      assert.ok(column(found, name).length <= 12, name);
      const carried = (some: readonly GraphNode[]): number => Math.round(some.reduce((sum, { rate }) => sum + rate, 0));
      assert.equal(carried(column(found, name)), carried(column(all, name)));
    }
    assert.ok(layOut(found, 1300).height <= 600);
    assert.ok(found.links.length <= 2 * 12 * 12);
    assert.equal(column(found, 'route')[0].label, 'cart');
  });
}

test('an idle upstream in trouble is not folded, and says what it has', () => {
  const idle = Array.from({ length: 9 }, (_, i) => upstreamOf(`u${i}`));
  const ill = [upstreamOf('pay', { circuit: 'isolated' }), upstreamOf('tax', { up: 1, members: 3 })];
  const { nodes } = shown(graph(LINES, [], [...idle, ...ill])).graph;
  const noted = nodes.filter(({ note }) => note !== '').map(({ id, note, tone }) => [id, note, tone]);
  assert.deepEqual(noted, [
    ['pay', 'isolated', 'bad'],
    ['tax', '1 of 3 up', 'warn'],
  ]);
  assert.ok(nodes.some(({ label }) => label === '9 idle upstreams'));
});

test('links have the tone of their errors, and what the router answers itself has a place', () => {
  const { links, nodes } = graph(LINES);
  assert.equal(links.find(({ to }) => to === 'upstream:cart-v2')?.tone, 'bad');
  assert.equal(links.find(({ to }) => to === 'upstream:cart-v1')?.tone, 'ok');
  assert.equal(nodes.find(({ key }) => key === 'upstream:')?.label, 'router itself');
});

test('nodes stay where they stand while their traffic moves a little, and the clearly busier one goes up', () => {
  const moved = (factor: number) =>
    graph(LINES.map(([from, route, to, rate]) => [from, route, to, route === 'search' ? rate * factor : rate, 0]));
  const first = shown(moved(1));
  const { nodes, wishes } = layOut(first.graph, 900);
  const places = (some: readonly { key: string; x: number; y: number }[]) => some.map(({ key, x, y }) => [key, x, y]);
  const next = (factor: number) => layOut(shown(moved(factor), 12, { before: first.orders }).graph, 900, wishes).nodes;
  // Of 100 requests a second for the cart.
  assert.deepEqual(places(next(28)), places(nodes));
  const order = next(32).filter((node) => node.column === 'route');
  assert.deepEqual(
    order.map(({ id }) => id),
    ['search', 'cart', 'basket'],
  );
});

test('callers and upstreams stand beside the routes they are linked with', () => {
  const lines = Array.from({ length: 9 }, (_, i): FlowLine => [`c${i}`, `r${i}`, `u${9 - i}`, 100 - i, 0]);
  const { nodes } = layOut(shown(graph(lines)).graph, 900);
  const row = (key: string): number => nodes.find((node) => node.key === key)?.y ?? -1;
  for (let i = 0; i < 9; i++) {
    assert.equal(row(`caller:c${i}`), row(`route:r${i}`));
    assert.equal(row(`upstream:u${9 - i}`), row(`route:r${i}`));
  }
  const alone = layOut(shown(graph([...lines, ['only', 'r8', 'u1', 1, 0]].slice(1) as FlowLine[])).graph, 900).nodes;
  const of = (key: string): number => alone.find((node) => node.key === key)?.y ?? -1;
  assert.ok(Math.abs(of('caller:only') - of('route:r8')) <= NODE_HEIGHT + 10);
});

test('nodes stay inside the width, and do not overlap', () => {
  const idle = Array.from({ length: 30 }, (_, i): FlowLine => ['web', `r${i}`, `u${i % 4}`, 1, 0]);
  for (const width of [320, 900, 1500]) {
    const { nodes, nodeWidth, height } = layOut(shown(graph(idle), 40).graph, width);
    for (const { x, y } of nodes) assert.ok(x >= 0 && x + nodeWidth <= width && y >= 0 && y + NODE_HEIGHT <= height);
    for (const some of Map.groupBy(nodes, ({ x }) => x).values()) {
      const rows = some.map(({ y }) => y).sort((one, two) => one - two);
      for (let i = 1; i < rows.length; i++) assert.ok(rows[i] - rows[i - 1] >= NODE_HEIGHT);
    }
  }
});

test('the rows follow the height of the window, within reason', () => {
  assert.deepEqual([300, 740, 900, 1080, 4000].map(rowsFor), [7, 9, 12, 15, 24]);
});

test('thickness grows with the logarithm of the rate, and ends', () => {
  assert.deepEqual([0, 9, 99, 999, 1e9].map(thickness), [1, 3, 5, 7, 9]);
});

test('whoever is looked at has its links and their other ends near', () => {
  const found = graph(LINES);
  const near = neighbours(found, 'route:cart');
  assert.deepEqual([...(near ?? [])].filter((key) => !key.includes('\n')).sort(), [
    'caller:web',
    'route:cart',
    'upstream:cart-v1',
    'upstream:cart-v2',
  ]);
  assert.equal(neighbours(found, 'route:gone'), undefined);
});
