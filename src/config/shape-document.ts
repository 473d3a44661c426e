/**
 * The shape of the whole document: the one source of what may be written in it.
 *
 * It is a JSON Schema (draft 7 and later read it alike), so that the admin API can show it and editors can use it.
 */

import { count, fields, list, named } from './shape.ts';
import { ALERTS, INVARIANT, ROLLOUT } from './shape-flow.ts';
import { ADMIN, CORRELATION, DRAIN, EXAMPLE, LISTENER } from './shape-listener.ts';
import { ROUTE, ROUTE_KEYS, ROUTE_WORDS } from './shape-route.ts';
import { UPSTREAM, UPSTREAM_KEYS } from './shape-upstream.ts';

export const DEFAULTS = fields({ ...UPSTREAM_KEYS, ...ROUTE_KEYS }, [], {
  ...ROUTE_WORDS,
  description: 'a map with settings of upstreams and routes',
});

const DORMANT = { 'x-dormant': true };

export const DOCUMENT = fields(
  {
    listeners: named(LISTENER),
    admin: ADMIN,
    workers: count(0, 1024),
    drain: DRAIN,
    correlation: CORRELATION,
    defaults: DEFAULTS,
    upstreams: named(UPSTREAM),
    routes: named(ROUTE),
    rollouts: named(ROLLOUT, DORMANT),
    invariants: named(INVARIANT, DORMANT),
    alerts: ALERTS,
    examples: list(EXAMPLE),
  },
  [],
  { description: 'a map with `listeners`, `upstreams`, `routes`, ...' },
);
