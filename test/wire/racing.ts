/**
 * Two requests for one: what tests of hedging share.
 */

import assert from 'node:assert/strict';
import type { RawClient } from '../support/raw-client.ts';
import { type OriginConnection, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { RETRY } from './failing.ts';
import type { TimedStage } from './timed.ts';

export const HEDGED = {
  balance: 'round-robin',
  retry: { ...RETRY, budget: 'off' },
  hedge: { after: '200ms', percent: 100 },
};
export const OK = ok('late');

/** Asks, and lets the time until the second request go by. */
export async function raced(stage: TimedStage, request: string): Promise<RawClient> {
  const client = await stage.client();
  await client.send(request);
  await until('the first request', () => stage.origin.requests.length === 1);
  await stage.passNearly(200);
  assert.equal(stage.origins[1].connections.length, 0);
  await stage.passRest();
  await until('the second request', () => stage.origins[1].requests.length === 1);
  return client;
}

/** The connection of a member that was asked first, second, ... */
export async function at(stage: TimedStage, member: number): Promise<OriginConnection> {
  return stage.origins[member].connection();
}
