/**
 * The map: what is folded, what is shown by name, where it stands.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveUpstream } from '../../../src/admin/shapes/live.ts';
import { graphOf } from '../../../src/dashboard/logic/graph.ts';
import { History } from '../../../src/dashboard/logic/history.ts';
import { layOut, NODE_HEIGHT, neighbours, thickness } from '../../../src/dashboard/logic/map-layout.ts';
import { type FlowLine, frameOf, upstreamOf } from '../../support/frames.ts';

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

const labels = (found: ReturnType<typeof graph>, column: string): string[] =>
  found.nodes.filter((node) => node.column === column).map(({ label }) => label);

test('fifty idle routes are one node, and busy ones keep their names', () => {
  const idle = Array.from({ length: 50 }, (_, i) => `report-${i}`);
  assert.deepEqual(labels(graph(LINES, ['cart', ...idle]), 'route'), ['basket', 'cart', 'search', '50 idle routes']);
});

test('where more is busy than a column holds, the quietest are folded and the troubled never', () => {
  const busy = Array.from(
    { length: 60 },
    (_, i): FlowLine => ['web', `r${String(i).padStart(2, '0')}`, 'u', 100 - i, 0],
  );
  const found = labels(graph([...busy, ['web', 'zz-ill', 'u', 0.1, 1]]), 'route');
  assert.equal(found.length, 41);
  assert.ok(found.includes('r00') && found.includes('zz-ill') && !found.includes('r59'));
  assert.equal(found.at(-1), '21 quieter routes');
});

test('an idle upstream in trouble is not folded, and says what it has', () => {
  const idle = Array.from({ length: 9 }, (_, i) => upstreamOf(`u${i}`));
  const ill = [upstreamOf('pay', { circuit: 'isolated' }), upstreamOf('tax', { up: 1, members: 3 })];
  const { nodes } = graph(LINES, [], [...idle, ...ill]);
  const shown = nodes.filter(({ note }) => note !== '').map(({ id, note, tone }) => [id, note, tone]);
  assert.deepEqual(shown, [
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

test('the same nodes stand in the same places whatever their traffic', () => {
  const other = LINES.map(([caller, route, upstream, rate]): FlowLine => [caller, route, upstream, 200 - rate, 0]);
  const places = (lines: readonly FlowLine[]) => layOut(graph(lines), 900).nodes.map(({ key, x, y }) => [key, x, y]);
  assert.deepEqual(places(LINES), places(other));
});

test('nodes stay inside the width, and do not overlap', () => {
  const idle = Array.from({ length: 30 }, (_, i): FlowLine => ['web', `r${i}`, `u${i % 4}`, 1, 0]);
  for (const width of [320, 900, 1500]) {
    const { nodes, nodeWidth, height } = layOut(graph(idle), width);
    for (const { x, y } of nodes) assert.ok(x >= 0 && x + nodeWidth <= width && y >= 0 && y + NODE_HEIGHT <= height);
    for (const some of Map.groupBy(nodes, ({ x }) => x).values()) {
      const rows = some.map(({ y }) => y).sort((one, two) => one - two);
      for (let i = 1; i < rows.length; i++) assert.ok(rows[i] - rows[i - 1] >= NODE_HEIGHT);
    }
  }
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
