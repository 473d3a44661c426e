/**
 * Lines of many threads, one destination: whole, in each thread's order, also those of a thread that is gone.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring } from '../../../src/core/ring.ts';
import { LineCollector, RING_BYTES } from '../../../src/telemetry/line-collector.ts';
import { LineCatcher } from '../../support/lines.ts';
import { breathe, until } from '../../support/wait.ts';

const line = (thread: number, n: number) => Buffer.from(`{"thread":${thread},"n":${n}}\n`);

test('each thread’s lines arrive whole and in order', () => {
  const caught = new LineCatcher();
  const collector = new LineCollector(caught);
  const rings = [0, 1, 2].map((lane) => new Ring(collector.memory(lane)));
  for (let n = 0; n < 1000; n++) {
    for (const [thread, ring] of rings.entries()) assert.equal(ring.write(line(thread, n)), true);
    if (n % 100 === 7) collector.collect();
  }
  collector.stop();
  for (const thread of rings.keys()) {
    const seen = caught.parsed.filter((entry) => entry.thread === thread).map(({ n }) => n);
    assert.deepEqual(
      seen,
      Array.from({ length: 1000 }, (_, n) => n),
    );
  }
});

test('a thread that starts anew writes on in the ring of its predecessor, whose lines are kept', () => {
  const caught = new LineCatcher();
  const collector = new LineCollector(caught);
  new Ring(collector.memory(0)).write(line(0, 1));
  const successor = new Ring(collector.memory(0));
  successor.write(line(0, 2));
  collector.stop();
  assert.deepEqual(
    caught.parsed.map(({ n }) => n),
    [1, 2],
  );
});

test('a full ring takes nothing more until it was looked through', () => {
  const caught = new LineCatcher();
  const collector = new LineCollector(caught);
  const ring = new Ring(collector.memory(0));
  const long = Buffer.from(`"${'x'.repeat(RING_BYTES / 8 - 3)}"\n`);
  let taken = 0;
  while (ring.write(long)) taken += 1;
  assert.equal(taken, 8);
  collector.collect();
  assert.equal(ring.write(long), true);
  collector.stop();
  assert.equal(caught.parsed.length, 9);
});

test('nothing looks by the clock before a line comes, nor after a while without one, and the next is not missed', async () => {
  const caught = new LineCatcher();
  const collector = new LineCollector(caught);
  const rings = [0, 1].map((lane) => new Ring(collector.memory(lane)));
  assert.equal(collector.looking, false);
  for (let n = 0; n < 3; n++) {
    // One ring stays silent for two rounds, as a thread without traffic does.
    rings[n >> 1].write(line(n >> 1, n));
    await until('the line to be collected', () => caught.parsed.length === n + 1);
    assert.equal(collector.looking, true);
    await until('the collector to rest', () => !collector.looking);
  }
  collector.stop();
  rings[0].write(line(0, 3));
  await breathe();
  assert.deepEqual([collector.looking, caught.parsed.length], [false, 3]);
});

test('lines that a thread left before anybody listened are found', async () => {
  const caught = new LineCatcher();
  const collector = new LineCollector(caught);
  const ring = new Ring(collector.memory(0));
  ring.write(line(0, 1));
  ring.write(line(0, 2));
  await until('both lines', () => caught.parsed.length === 2);
  collector.stop();
});
