/**
 * From a profile of V8 to a flame graph.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boxes, flameGraph } from '../../../bench/figures/flame.ts';
import { fold, hottest, type Profile } from '../../../bench/figures/profile.ts';

const ROOT = new URL('../../../', import.meta.url).href;

function node(id: number, functionName: string, children: number[] = [], url = '', lineNumber = -1) {
  return { id, callFrame: { functionName, url, lineNumber }, children };
}

/** main calls parse (seen as two nodes) and write; the thread also rests. */
const PROFILE: Profile = {
  nodes: [
    node(1, '(root)', [2, 3]),
    node(2, '(idle)'),
    node(3, 'main', [4, 5, 6], `${ROOT}src/main.ts`, 9),
    node(4, 'parse', [], `${ROOT}src/http1/request.ts`, 99),
    node(5, 'parse', [], `${ROOT}src/http1/request.ts`, 99),
    node(6, '', [], 'node:net', 0),
  ],
  samples: [3, 4, 2, 5, 6, 4],
  timeDeltas: [100, 200, 5_000, 300, 300, 100],
};

test('nodes of one place under one caller are one frame, totals hold their callees, idle time is no time', () => {
  const root = fold(PROFILE);
  assert.equal(root.total, 1_000);
  const [main] = root.callees.values();
  assert.deepEqual([main.name, main.place, main.self, main.total], ['main', 'src/main.ts:10', 100, 1_000]);
  const [parse, write] = main.callees.values();
  assert.deepEqual([parse.place, parse.self, parse.total], ['src/http1/request.ts:100', 600, 600]);
  assert.deepEqual([write.name, write.place, write.total], ['(anonymous)', 'node:net:1', 300]);
});

test('the hottest functions come first, with their share of the busy time', () => {
  const [head, first, second] = hottest(fold(PROFILE), 2).split('\n');
  assert.match(head, /busy for 0\.0 s/);
  assert.match(first, /60\.0 % {2}parse src\/http1\/request\.ts:100/);
  assert.match(second, /30\.0 % {2}\(anonymous\) node:net:1/);
});

test('a frame is as wide as its share, and its callees lie within it', () => {
  const all = boxes(fold(PROFILE));
  assert.deepEqual(
    all.map(({ frame, depth, x, width }) => [frame.name, depth, x, width]),
    [
      ['all', 0, 0, 1_600],
      ['main', 1, 0, 1_600],
      ['parse', 2, 0, 960],
      ['(anonymous)', 2, 960, 480],
    ],
  );
});

test('names are text in the file, never markup', () => {
  const profile = { ...PROFILE, nodes: PROFILE.nodes.map((each) => (each.id === 6 ? node(6, '<a & "b">') : each)) };
  const svg = flameGraph(fold(profile), '1k <&>');
  assert.match(svg, /<text x="6" y="18">1k &lt;&amp;&gt;<\/text>/);
  assert.match(svg, /data-n="&lt;a &amp; &quot;b&quot;&gt;"/);
  assert.doesNotMatch(svg, /<a &/);
});
