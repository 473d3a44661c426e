/**
 * What a lease costs the control thread: `node bench/micro/leases.ts`.
 *
 * Rule: ten thousand leases in a hundred upstreams, renewed over and over as instances do it, by orders that were made
 * anew as a request makes them. Registering is measured with a list of a hundred members that threads are told.
 */

import { SharedLanes } from '../../src/core/shared.ts';
import { membershipOf, SETTINGS } from './membership.ts';
import { tell } from './timing.ts';

const LEASES = 10_000;
const UPSTREAMS = 100;
const ROUNDS = 50;

const ids = Array.from({ length: UPSTREAMS }, (_, i) => `upstream-${i}`);
const settings = Object.fromEntries(ids.map((id) => [id, SETTINGS]));
const membership = await membershipOf(settings, new SharedLanes(1));
const { leases } = membership;
const put = (i: number) => {
  const url = `http://10.0.${i >> 8}.${i & 255}:8080`;
  return leases.put(ids[i % UPSTREAMS], `instance-${i}`, { url, weight: 1, version: '1.2.3', ttl: 3_600_000 }, 'ana');
};

const registering = performance.now();
for (let i = 0; i < LEASES; i++) put(i);
tell('registers an instance, 1 to 100 members in the list', ((performance.now() - registering) * 1e6) / LEASES);

let best = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round++) {
  const began = performance.now();
  for (let i = 0; i < LEASES; i++) put(i);
  best = Math.min(best, ((performance.now() - began) * 1e6) / LEASES);
}
tell('renews one of 10,000 leases', best);
membership.stop();
