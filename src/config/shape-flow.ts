/**
 * The shape of `rollouts`, `invariants` and `alerts`: how weights move, and what must stay true of the flow of messages.
 *
 * Rule: the whole shape is here although none of it has an effect yet, so that a document written today is understood by
 * the version that gives it life. References and the order of steps are left to resolve-flow.ts.
 */

import { count, duration, either, fields, list, number, text } from './shape.ts';

const STEP = fields({ weight: number(0, 100), for: duration() }, ['weight']);

export const ROLLOUT = fields(
  {
    route: text('the id of a route'),
    to: text('the id of an upstream'),
    steps: list(STEP, { minItems: 1 }),
    minRequests: count(0),
    gates: list(text('the id of an invariant'), { uniqueItems: true }),
  },
  ['route', 'to', 'steps'],
);

/** `5xx`, or one status. */
const STATUS = either([text('`5xx`', { pattern: '^[1-5](?:xx|\\d\\d)$' }), count(100, 599)], {
  description: 'a status such as 503 or `5xx`',
});

const FLOW = { route: text('the id of a route'), upstream: text('the id of an upstream') };
const COUNTED = fields({ ...FLOW, status: STATUS }, []);
const BOUNDS = { equals: number(0), atLeast: number(0), atMost: number(0), tolerance: number(0) };
const WINDOW = { window: duration() };

export const INVARIANT = either(
  [
    fields(
      {
        ratio: fields({ of: text('the id of a route or upstream'), to: text('the id of a route or upstream') }, [
          'of',
          'to',
        ]),
        ...BOUNDS,
        ...WINDOW,
      },
      ['ratio', 'window'],
    ),
    fields({ count: COUNTED, ...BOUNDS, ...WINDOW }, ['count', 'window']),
    fields({ share: COUNTED, ...BOUNDS, ...WINDOW }, ['share', 'window']),
    fields(
      {
        latency: fields({ ...FLOW, quantile: number(0, 1) }, ['quantile']),
        atLeast: duration(0),
        atMost: duration(0),
        ...WINDOW,
      },
      ['latency', 'window'],
    ),
  ],
  { description: 'a map with one of `ratio`, `count`, `share`, `latency`' },
);

export const ALERTS = fields({ webhooks: list(text('a URL', { 'x-secret': true }), { uniqueItems: true }) }, [], {
  'x-dormant': true,
});
