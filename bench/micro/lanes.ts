/**
 * What counting one exchange costs: status, bucket and sum, in nanoseconds. Run: node bench/micro/lanes.ts
 */

import { bucketOf, Lane } from '../../src/core/lanes.ts';
import { SharedLanes } from '../../src/core/shared.ts';
import { tell } from './timing.ts';

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
  // What was computed must be wanted, or it would not be computed.
  if (Number.isNaN(kept)) throw new Error(`${name} gave no number`);
  tell(name, ns);
}

time('counters: the loop alone', (i) => durations[i & 1023]);
time('counters: bucket of a duration', (i) => bucketOf(durations[i & 1023]));
time('counters: one exchange', (i) => {
  lane.count(i % 1999, 200 + (i & 7), durations[i & 1023]);
  return 1;
});
