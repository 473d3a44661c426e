/**
 * Counts finished exchanges into the thread's lane.
 *
 * Rule: it runs once per exchange on the data path, so it adds to three numbers in shared memory and allocates nothing.
 * A tunnel counts with the time to its 101, not with its life: hours of an open WebSocket would drown the percentiles.
 */

import type { Settled } from '../core/events.ts';
import type { Lane } from '../core/lanes.ts';

export function countInto(lane: Lane): Settled {
  return (exchange) => {
    lane.count(exchange.block, exchange.status, exchange.tunnel ? exchange.firstByteTime : exchange.totalTime);
  };
}
