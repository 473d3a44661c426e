/**
 * Slow start: the share of a member that came, or came back, grows from a tenth to its weight.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEMBER_WORDS, timeWord } from '../../../src/core/words.ts';
import type { Balance, Upstream, UpstreamSettings } from '../../../src/upstream/upstream.ts';
import { endpoint, OUTLIERS, settingsOf, UpstreamStage } from './stage.ts';

const SLOW: Partial<UpstreamSettings> = { slowStart: 10_000, balance: 'round-robin' };
const NAMED = 'http://cart.internal';

/** The share of a member among idle ones. */
function share(stage: UpstreamStage, upstream: Upstream, number: number, rounds = 2_000): number {
  return stage.aims(upstream, rounds).split(String(number)).length / rounds;
}

function near(seen: number, wanted: number, what = ''): void {
  assert.ok(Math.abs(seen - wanted) < 0.03, `${what} ${seen}, wanted ${wanted}`);
}

for (const balance of ['p2c', 'round-robin', 'least-request', 'random'] as const satisfies Balance[]) {
  test(`with ${balance} the share of a member that joined grows in a straight line from a tenth of its weight`, () => {
    const stage = new UpstreamStage();
    const ledger = stage.thread();
    const upstream = stage.table(ledger, settingsOf({ [endpoint(1)]: 1, [NAMED]: 1 }, { ...SLOW, balance }));
    ledger.keepOnly([upstream]);
    ledger.join('cart', [stage.found(2, { since: timeWord(stage.clock.now()) })]);
    for (const [at, part] of [
      [0, 0.1],
      [900, 0.1],
      [2_500, 0.25],
      [5_000, 0.5],
      [9_600, 0.95],
      [10_000, 1],
      [60_000, 1],
    ]) {
      stage.clock.advance(1_000 + at - stage.clock.now());
      near(share(stage, upstream, 2), part / (1 + part), `after ${at} ms`);
    }
  });
}

test('a member whose probe ended well begins anew, on every thread', () => {
  const stage = new UpstreamStage();
  const upstreams = [0, 1].map((lane) =>
    stage.table(stage.thread(lane), settingsOf(2, { ...SLOW, outliers: OUTLIERS })),
  );
  stage.fail(upstreams[0], 1, 5);
  stage.clock.advance(33_001);
  stage.aim(upstreams[0])?.judge(false, stage.clock.now());
  for (const upstream of upstreams) near(share(stage, upstream, 1), 0.1 / 1.1);
  stage.clock.advance(10_000);
  for (const upstream of upstreams) near(share(stage, upstream, 1), 0.5);
});

test('a member that checks brought back begins anew', () => {
  const stage = new UpstreamStage();
  const upstream = stage.table(stage.thread(), settingsOf(2, SLOW));
  stage.words(1)[MEMBER_WORDS.since] = timeWord(stage.clock.now());
  stage.bump();
  near(share(stage, upstream, 1), 0.1 / 1.1);
});

test('an endpoint that a later document adds begins slowly, those of the first do not', () => {
  const stage = new UpstreamStage();
  const ledger = stage.thread();
  const first = stage.table(ledger, settingsOf(2, SLOW));
  ledger.keepOnly([first]);
  near(share(stage, first, 1), 0.5);
  const second = stage.table(ledger, settingsOf(3, SLOW));
  ledger.keepOnly([second]);
  near(share(stage, second, 3), 0.1 / 2.1);
});

test('where all members are new, none waits for another', () => {
  const stage = new UpstreamStage();
  const ledger = stage.thread();
  const since = timeWord(stage.clock.now());
  const upstream = stage.table(ledger, settingsOf({ [NAMED]: 1 }, SLOW));
  ledger.join('cart', [stage.found(1, { since }), stage.found(2, { since: since - 5_000 })]);
  near(share(stage, upstream, 1), 0.5);
});

test('without a slow start a member that joined has its share at once', () => {
  const stage = new UpstreamStage();
  const ledger = stage.thread();
  const upstream = stage.table(ledger, settingsOf({ [endpoint(1)]: 1, [NAMED]: 1 }));
  ledger.join('cart', [stage.found(2, { since: timeWord(stage.clock.now()) })]);
  near(share(stage, upstream, 2), 0.5);
});

test('a slow start goes on past the moment when words of time wrap round', () => {
  const stage = new UpstreamStage();
  stage.clock.advance(2 ** 31 - 1_000 - 5_000);
  const ledger = stage.thread();
  const upstream = stage.table(ledger, settingsOf({ [endpoint(1)]: 1, [NAMED]: 1 }, SLOW));
  ledger.join('cart', [stage.found(2, { since: timeWord(stage.clock.now()) })]);
  near(share(stage, upstream, 2), 0.1 / 1.1);
  stage.clock.advance(5_000);
  near(share(stage, upstream, 2), 0.5 / 1.5);
  stage.clock.advance(5_000);
  near(share(stage, upstream, 2), 0.5);
});

test('a slow start that another thread began, and whose time is ahead of this one, has begun', () => {
  const stage = new UpstreamStage();
  const upstream = stage.table(stage.thread(), settingsOf(2, SLOW));
  stage.words(1)[MEMBER_WORDS.since] = timeWord(stage.clock.now() + 20);
  stage.bump();
  near(share(stage, upstream, 1), 0.1 / 1.1);
  assert.notEqual(stage.words(1)[MEMBER_WORDS.since], 0, 'it is not forgotten');
});
