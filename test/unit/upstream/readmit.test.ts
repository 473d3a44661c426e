/**
 * Members that were ejected, under a document that turns outliers off.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlaneEvent } from '../../../src/core/events.ts';
import { MEMBER_WORDS, UPSTREAM_WORDS } from '../../../src/core/words.ts';
import { endProbe, takeProbe } from '../../../src/upstream/ejection.ts';
import { bench, OUTLIERS, upstream } from './membership.ts';

const ENDPOINTS = ['http://127.0.0.1:7001', 'http://127.0.0.1:7002', 'http://127.0.0.1:7003'];

async function ejecting() {
  const made = bench();
  const turn = (on: boolean) =>
    made.install({ cart: upstream(ENDPOINTS, on ? { outliers: OUTLIERS } : { slowStart: 0 }) });
  await turn(true);
  const members = ENDPOINTS.map((url) => ({ id: url, words: made.words(`member:cart|${url}`) }));
  return { ...made, turn, members };
}

test('a document that turns outliers off takes back who was ejected, and says so of who is well', async () => {
  const { turn, members, words, events } = await ejecting();
  const [first, , third] = members;
  for (const { words } of [first, third]) words[MEMBER_WORDS.ejection] = 1;
  third.words[MEMBER_WORDS.health] = 1;
  await turn(false);
  assert.deepEqual(
    events.map((event) => (event.is === 'member' ? [event.member, event.state, event.cause] : [])),
    [[first.id, 'up', 'outliers are off']],
  );
  assert.equal(words('upstream:cart')[UPSTREAM_WORDS.availability], 2);
  await turn(true);
  for (const { words } of members) assert.equal(words[MEMBER_WORDS.ejection], 0);
});

for (const failed of [true, false]) {
  test(`a probe that ends ${failed ? 'badly' : 'well'} when outliers were turned off meanwhile says nothing`, async () => {
    const { turn, members, words, clock } = await ejecting();
    const [member] = members;
    member.words[MEMBER_WORDS.ejection] = 1;
    const told: PlaneEvent[] = [];
    const tell = (event: PlaneEvent) => void told.push(event);
    const draw = { chance: () => 0 };
    const company = { upstream: 'cart', words: words('upstream:cart'), members, settings: OUTLIERS, clock, draw, tell };
    const mark = takeProbe(company, member, 1_000, clock.now());
    assert.notEqual(mark, 0);
    told.length = 0;
    await turn(false);
    assert.equal(endProbe(company, member, mark, failed, clock.now()), false);
    assert.deepEqual([member.words[MEMBER_WORDS.ejection], told], [0, []]);
  });
}
