/**
 * The shape of an upstream: who serves, and how it is told who of them can.
 *
 * Rule: any policy can be `off`. What protects the upstream stands in shape-protection.ts.
 */

import {
  count,
  duration,
  durationOrNone,
  either,
  fields,
  HEADER,
  list,
  number,
  oneKey,
  oneOf,
  orOff,
  TOKEN_TEXT,
  TRUE,
  text,
} from './shape.ts';
import { PROTECTION_KEYS } from './shape-protection.ts';

const URL_TEXT = text('a URL', { 'x-advice': 'write `http://host:port`' });
const ENDPOINT = either([URL_TEXT, fields({ url: URL_TEXT, weight: number(0, 1_000_000) }, ['url'])], {
  description: 'a URL or { url, weight }',
});

const HASH = oneKey({
  header: HEADER,
  cookie: TOKEN_TEXT,
  query: text('the name of a query parameter'),
  client: TRUE,
  path: TRUE,
});

const BALANCE = either([
  oneOf('p2c', 'round-robin', 'least-request', 'random'),
  fields({ hash: HASH }, ['hash'], { description: '{ hash: { header: NAME } }', 'x-whole': true }),
]);

const STATUS_RANGE = '^[2-5](?:xx|\\d\\d(?:-[2-5]\\d\\d)?)$';
/** One status, all of a hundred, or from one to another. */
const STATUSES = either(
  [count(200, 599), text('', { pattern: STATUS_RANGE, 'x-advice': 'write `200`, `2xx` or `200-399`' })],
  {
    description: 'a status such as 200, `2xx` or `200-399`',
  },
);

const HEALTH_CHECK = fields(
  {
    path: text('a path such as `/healthz`'),
    tcp: TRUE,
    status: STATUSES,
    body: text('a text that stands in the reply', { pattern: '^[\\s\\S]+$' }),
    interval: duration(),
    timeout: duration(),
    healthyAfter: count(1),
    unhealthyAfter: count(1),
  },
  [],
  {
    'x-exclusive': [
      ['path', 'tcp'],
      ['tcp', 'status'],
      ['tcp', 'body'],
    ],
  },
);

const OUTLIERS = fields({
  consecutiveFailures: orOff(count(1)),
  successRate: orOff(
    fields({ interval: duration(1000), minRequests: count(1), minMembers: count(2), deviations: number(0.1, 10) }),
  ),
  ejectFor: duration(),
  maxEjectFor: duration(),
  maxEjectedPercent: number(0, 100),
});

export const UPSTREAM_KEYS = {
  endpoints: list(ENDPOINT),
  balance: BALANCE,
  timeout: fields({
    connect: duration(),
    attempt: orOff(duration()),
    total: orOff(duration()),
    idle: orOff(duration()),
  }),
  ...PROTECTION_KEYS,
  healthCheck: orOff(HEALTH_CHECK),
  outliers: orOff(OUTLIERS),
  slowStart: durationOrNone(),
  panicPercent: orOff(number(0, 100)),
};

export const UPSTREAM = fields(UPSTREAM_KEYS);
