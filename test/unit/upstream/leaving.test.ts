/**
 * Members of a thread that have left: what is still under way there, for whoever asks.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint, settingsOf, UpstreamStage } from './stage.ts';

/** A thread whose upstream has members 1 and 2, joined. */
function joined() {
  const stage = new UpstreamStage();
  const ledger = stage.thread();
  ledger.join('cart', [stage.found(1), stage.found(2)]);
  const upstream = stage.table(ledger, settingsOf(0));
  ledger.keepOnly([upstream]);
  const member = (number: number) =>
    upstream.members.find(({ id }) => id === endpoint(number)) ?? assert.fail(endpoint(number));
  const underWay = (number: number) => ledger.underWay([{ upstream: 'cart', member: endpoint(number), cut: false }])[0];
  return { stage, ledger, upstream, member, underWay };
}

test('what is under way at a member that left is told until it ends, and the member gets nothing more', () => {
  const { stage, ledger, upstream, member, underWay } = joined();
  const left = member(1);
  left.inFlight = 3;
  ledger.join('cart', [stage.found(2)]);
  assert.equal(stage.reached(upstream), '2');
  assert.equal(underWay(1), 3);
  left.inFlight = 1;
  assert.equal(underWay(1), 1);
  left.inFlight = 0;
  assert.equal(underWay(1), 0);
});

test('a member that stays has left nothing behind, nor has one that nobody knows', () => {
  const { member, underWay } = joined();
  member(1).inFlight = 3;
  assert.equal(underWay(1), 0);
  assert.equal(underWay(9), 0);
});

test('an address that came back and left again counts both times, and its life in between counts for itself', () => {
  const { stage, ledger, member, underWay } = joined();
  member(1).inFlight = 1;
  ledger.join('cart', [stage.found(2)]);
  ledger.join('cart', [stage.found(1), stage.found(2)]);
  assert.equal(member(1).inFlight, 0);
  member(1).inFlight = 2;
  assert.equal(underWay(1), 1);
  ledger.join('cart', [stage.found(2)]);
  assert.equal(underWay(1), 3);
});

test('what is under way is still known when no table names the upstream any more', () => {
  const { ledger, member, underWay } = joined();
  member(1).inFlight = 1;
  ledger.keepOnly([]);
  assert.equal(underWay(1), 1);
});
