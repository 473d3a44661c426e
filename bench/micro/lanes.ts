/**
 * What counting one exchange costs: status, bucket and sum, in nanoseconds. Run: node bench/micro/lanes.ts
 */

import { bucketOf, Lane } from '../../src/core/lanes.ts';
import { SharedLanes } from '../../src/core/shared.ts';

const ROUNDS = 20_000_000;
const shared = new SharedLanes(1);
shared.grow(2000);
const lane = new Lane();
lane.grow(shared.segments(0));
const durations = Float64Array.from({ length: 1024 }, () => 10 ** (Math.random() * 5 - 1));

function time(name: string, body: (i: number) => number): void {
  let kept = 0;
  for (let i = 0; i < ROUNDS / 10; i++) kept += body(i);
  const started = performance.now();
  for (let i = 0; i < ROUNDS; i++) kept += body(i);
  const ns = ((performance.now() - started) * 1e6) / ROUNDS;
  console.log(`${name.padEnd(24)} ${ns.toFixed(1)} ns   (${kept > 0 ? 'ok' : ''})`);
}

time('loop alone', (i) => durations[i & 1023]);
time('bucketOf', (i) => bucketOf(durations[i & 1023]));
time('Lane.count', (i) => {
  lane.count(i % 1999, 200 + (i & 7), durations[i & 1023]);
  return 1;
});
