/**
 * Live traffic runs while somebody listens and not otherwise; one frame a second, the same for all who listen.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Value from 'typebox/value';
import { LiveFrame } from '../../../src/admin/shapes/live.ts';
import { digestOf } from '../../support/digests.ts';
import { routeSettings } from '../../support/facts.ts';
import { LiveBench } from '../../support/live.ts';
import { documentOf } from '../../support/tables.ts';

const DOCUMENT = documentOf({ cart: routeSettings({}) });

function bench(): LiveBench {
  const made = new LiveBench();
  made.run(DOCUMENT);
  return made;
}

test('while nobody listens nothing is set up, asked or read', async () => {
  const { live, alarms, asked, shared } = bench();
  shared.sum = shared.sumsInto = () => assert.fail('counters were read');
  await alarms.run(5000);
  assert.equal(alarms.pending, 0);
  assert.deepEqual(asked, []);
  assert.equal(live.latest(), undefined);
});

test('the first frame comes after a second, then one every second', async () => {
  const made = bench();
  const { frames } = made.watch();
  await made.alarms.run(999);
  assert.equal(frames.length, 0);
  await made.alarms.run(1);
  assert.equal(frames.length, 1);
  await made.alarms.run(3000);
  assert.equal(frames.length, 4);
  assert.deepEqual(
    frames.map(({ interval }) => interval),
    [1000, 1000, 1000, 1000],
  );
});

test('whoever comes later gets the last frame at once, and all get the same text', async () => {
  const made = bench();
  const first = made.watch();
  await made.alarms.run(1500);
  const second = made.watch();
  assert.equal(second.frames[0], first.frames[0]);
  await made.alarms.run(500);
  assert.equal(second.texts[1], first.texts[1]);
  assert.deepEqual(JSON.parse(first.texts[1]), first.frames[1]);
});

test('when the last one leaves everything ends, and the next one begins anew', async () => {
  const made = bench();
  const [first, second] = [made.watch(), made.watch()];
  await made.alarms.run(1000);
  first.leave();
  first.leave();
  await made.alarms.run(1000);
  assert.equal(second.frames.length, 2, 'one left, one stayed');
  second.leave();
  assert.equal(made.alarms.pending, 0);
  assert.deepEqual(made.asked, [true, true, true, false]);
  assert.equal(made.live.latest(), undefined);
  made.end('route:cart|cart', 200, 1, 1, 1);
  const third = made.watch();
  assert.equal(third.frames.length, 0);
  made.end('route:cart|cart', 200, 1);
  await made.alarms.run(1000);
  assert.equal(third.frames[0].total.rate, 1, 'what ended while nobody listened is not of this second');
});

test('whoever leaves while the threads are asked hears nothing more, even if another comes at once', async () => {
  const made = bench();
  const first = made.watch();
  const { promise, resolve } = Promise.withResolvers<[]>();
  made.digests = () => promise;
  await made.alarms.run(1000);
  first.leave();
  const second = made.watch();
  resolve([]);
  await made.alarms.run(999);
  assert.deepEqual([first.frames.length, second.frames.length], [0, 0]);
  await made.alarms.run(1);
  assert.deepEqual([first.frames.length, second.frames.length], [0, 1]);
  assert.equal(made.alarms.pending, 1);
});

test('a listener that throws harms no other, and threads that cannot be asked cost only their callers', async () => {
  const made = bench();
  made.live.listen(() => {
    throw new Error('no room');
  });
  const { frames } = made.watch();
  made.digests = () => Promise.reject(new Error('no threads'));
  await made.alarms.run(2000);
  assert.equal(frames.length, 2);
  assert.ok(made.logged.includes('error a listener to live traffic failed'));
  assert.ok(made.logged.includes('error data threads did not tell who called'));
});

test('a second that cannot be told is said in the log, and the next one comes', async () => {
  const made = bench();
  const { frames } = made.watch();
  const { sum } = made.shared;
  made.shared.sum = () => {
    throw new Error('broken');
  };
  await made.alarms.run(1000);
  made.shared.sum = sum;
  await made.alarms.run(1000);
  assert.equal(frames.length, 1);
  assert.deepEqual(made.logged, ['error a second of traffic could not be told']);
});

test('rates are by the time that went by, however late a frame comes and whatever the wall clock does', async () => {
  const made = bench();
  const { frames } = made.watch();
  made.end('route:cart|cart', 200, ...Array<number>(30).fill(1));
  made.clock.advance(3000);
  made.wallJump = -86_400_000;
  await made.alarms.run(0);
  assert.equal(frames[0].interval, 3000);
  assert.equal(frames[0].total.rate, 10);
  await made.alarms.run(499);
  assert.equal(frames.length, 1, 'what was missed is not made up for');
  await made.alarms.run(501);
  assert.equal(frames[1].interval, 500, 'the beat goes on');
  assert.equal(frames[1].at, new Date(made.clock.wall() - 500 + made.wallJump).toISOString());
});

test('a frame has the shape that the admin API declares', async () => {
  const made = bench();
  made.digests = async () => [digestOf({ caller: 'web', block: made.block('route:cart|cart'), good: [1], bad: [2] })];
  const { texts } = made.watch();
  made.end('route:cart|cart', 200, 1);
  made.end('route:_none|', 404, 1);
  await made.alarms.run(1000);
  const frame = JSON.parse(texts[0]);
  assert.deepEqual([...Value.Errors(LiveFrame, frame)], []);
  assert.equal(frame.revision, 'r1');
  assert.equal(frame.at, '2026-01-02T03:04:06.000Z');
});
