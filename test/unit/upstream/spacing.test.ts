/**
 * Work that rests in proportion to what it costs.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Spacing } from '../../../src/upstream/spacing.ts';
import { FakeAlarms, FakeClock } from '../../support/clock.ts';

function spaced(cost: number) {
  const clock = new FakeClock(0);
  const alarms = new FakeAlarms(clock);
  const done: string[] = [];
  const work = async (key: string) => {
    done.push(`${key} ${clock.now()}`);
    clock.advance(cost);
  };
  return { spacing: new Spacing({ clock, alarms, work }), alarms, done };
}

test('what costs nothing is done at once, every time', async () => {
  const { spacing, done, alarms } = spaced(0);
  for (let i = 0; i < 3; i++) await spacing.soon('a');
  assert.deepEqual(done, ['a 0', 'a 0', 'a 0']);
  assert.equal(alarms.pending, 0);
});

test('what is asked for while it rests is done once, together, and each key rests by itself', async () => {
  const { spacing, done, alarms } = spaced(10);
  await spacing.soon('a');
  const asked = [spacing.soon('a'), spacing.soon('a')];
  await spacing.soon('b');
  await alarms.run(200);
  await Promise.all(asked);
  assert.deepEqual(done, ['a 0', 'b 10', 'a 60']);
  await spacing.soon('a');
  assert.equal(done.length, 4);
});

test('whoever waits hears when it is stopped, and nothing more is done', async () => {
  const { spacing, done, alarms } = spaced(10);
  await spacing.soon('a');
  const asked = spacing.soon('a');
  spacing.stop();
  await asked;
  await alarms.run(200);
  assert.equal(done.length, 1);
});
