/**
 * `signalbox trip`, `reset` and `force-closed`: an operator's hand on the circuit of an upstream.
 *
 * Rule: what is said afterwards is the state that the router reports, not the one that was asked for.
 */

import type { Circuit, CircuitOrder } from '../admin/shapes/status.ts';
import { adminOf } from './admin.ts';
import type { Run } from './command.ts';
import { DONE } from './ends.ts';
import type { Given } from './given.ts';
import { json, paints } from './print.ts';
import { circuitText } from './status.ts';

export const trip: Run = order('isolated');
export const reset: Run = order('auto');
export const forceClosed: Run = order('closed');

function order(state: CircuitOrder['state']): Run {
  return async (given, io) => {
    const upstream = given.word(0);
    const reason = given.text('reason');
    const path = ['upstreams', upstream, 'circuit'];
    const { value } = await adminOf(given, io).json<Circuit>({
      method: 'PUT',
      path,
      json: bodyOf(state, given),
      reason,
    });
    io.out(given.flag('json') ? json(value) : `${paints(io).bold(upstream)}: circuit ${circuitText(value, io)}\n`);
    return DONE;
  };
}

/** Only a hand that holds it open or closed lets go by itself. */
function bodyOf(state: CircuitOrder['state'], given: Given): CircuitOrder {
  const reason = given.text('reason');
  const time = state === 'auto' ? undefined : given.duration('for');
  return { state, ...(reason === undefined ? {} : { reason }), ...(time === undefined ? {} : { for: time }) };
}
