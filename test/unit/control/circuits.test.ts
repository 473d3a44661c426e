/**
 * An operator's hand on a circuit: what is told, what stands in shared words, and what is refused.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../../../src/config/read.ts';
import { type CircuitOrder, recordOf, setCircuit } from '../../../src/control/circuits.ts';
import type { View } from '../../../src/control/view.ts';
import type { PlaneEvent } from '../../../src/core/events.ts';
import { BlockLedger } from '../../../src/core/ledger.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { circuitStateOf } from '../../../src/policy/circuit-control.ts';
import { FakeClock } from '../../support/clock.ts';

function bench() {
  const clock = new FakeClock();
  const lanes = new SharedLanes(1);
  const ledger = new BlockLedger(lanes, clock);
  const claim = ledger.claim();
  const words = lanes.words.block(claim.block('upstream:cart'));
  claim.settle();
  const reading = readDocument('upstreams: { cart: { endpoints: [http://127.0.0.1:7001] } }\n', 'routes.yaml', {});
  if (!reading.ok) assert.fail('the document is wrong');
  const { document, revision } = reading;
  const view: View = { running: { document, revision, text: '', since: 0, notices: [] }, lastReload: undefined };
  const events: PlaneEvent[] = [];
  const parts = { clock, ledger, lanes, tell: (event: PlaneEvent) => void events.push(event) };
  const order = (upstream: string, given: Partial<CircuitOrder>) =>
    setCircuit(parts, view, upstream, { state: 'isolated', reason: '', author: '', ...given });
  return { clock, events, order, state: () => circuitStateOf(words, clock.now()).state };
}

test('a circuit that is held open says who did it, why, and until when', () => {
  const { order, events, state, clock } = bench();
  const answer = order('cart', { reason: 'the disk is full', author: 'ana', for: 60_000 });
  assert.ok(answer.ok && answer.circuit.state === 'isolated');
  assert.equal(state(), 'isolated');
  const cause = 'held open by ana: the disk is full';
  assert.deepEqual(events, [
    { is: 'circuit', upstream: 'cart', state: 'isolated', cause, until: clock.wall() + 60_000 },
  ]);
  clock.advance(60_001);
  assert.equal(state(), 'closed', 'it ends by itself');
});

test('without an end it holds until somebody lets go, which is told once', () => {
  const { order, events, state, clock } = bench();
  order('cart', { reason: 'maintenance' });
  clock.advance(86_400_000);
  assert.equal(state(), 'isolated');
  order('cart', { state: 'auto', author: 'ben' });
  order('cart', { state: 'auto', author: 'ben' });
  assert.equal(state(), 'closed');
  assert.deepEqual(
    events.map((event) => ('cause' in event ? event.cause : '')),
    ['held open by an operator: maintenance', 'let go by ben'],
  );
});

test('a circuit that is forced closed is told as closed, with who forced it', () => {
  const { order, events, state } = bench();
  order('cart', { state: 'closed', author: 'ana' });
  assert.equal(state(), 'closed');
  assert.deepEqual(events, [
    { is: 'circuit', upstream: 'cart', state: 'closed', cause: 'forced closed by ana', until: undefined },
  ]);
});

test('an upstream that the document does not have, and a time that is none, are refused in words', () => {
  const { order, events } = bench();
  assert.deepEqual(order('tax', {}), { ok: false, reason: 'there is no upstream tax in the running document' });
  assert.deepEqual(order('toString', {}), {
    ok: false,
    reason: 'there is no upstream toString in the running document',
  });
  assert.deepEqual(order('cart', { for: 0 }), { ok: false, reason: '`for` must be longer than nothing' });
  assert.deepEqual(events, []);
});

test('an order is recorded in words, beside the document that runs', () => {
  const words = (order: Partial<CircuitOrder>) =>
    recordOf('cart', { state: 'isolated', reason: 'why', author: 'ana', ...order }, 'abc').words;
  assert.deepEqual(words({ for: 600_000 }), ['upstream cart isolated for 10m']);
  assert.deepEqual(words({}), ['upstream cart isolated']);
  assert.deepEqual(
    words({ state: 'closed', for: 1e12 }),
    ['upstream cart forced closed for 277h46m40s'],
    'as it counts',
  );
  assert.deepEqual(words({ state: 'auto', for: 5 }), ['upstream cart let go']);
  const { revision, parent, author, reason, text } = recordOf(
    'cart',
    { state: 'auto', reason: 'why', author: 'ana' },
    'abc',
  );
  assert.deepEqual([revision, parent, author, reason, text], ['abc', 'abc', 'ana', 'why', undefined]);
});
