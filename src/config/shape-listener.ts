/**
 * The shape of `listeners`, `admin`, `drain` and `correlation`.
 *
 * Rule: bounds that keep the router's memory and its connections safe (target, head, headers, the time for a head) cannot
 * be `off`.
 */

import {
  age,
  byHeader,
  count,
  duration,
  either,
  fields,
  HEADER,
  list,
  literal,
  named,
  oneOf,
  orOff,
  size,
  TRUE,
  text,
} from './shape.ts';

const CERTIFICATE = fields({ cert: text('the path of a file'), key: text('the path of a file') }, ['cert', 'key']);

export const LISTENER = fields(
  {
    address: text('an address such as `127.0.0.1:8080`', { 'x-advice': 'write `127.0.0.1:8080`' }),
    zone: oneOf('internal', 'edge'),
    tls: orOff(list(CERTIFICATE)),
    trustedProxies: list(text('an address block such as `10.0.0.0/8`')),
    limits: fields({
      target: size(),
      head: size(),
      headers: count(1, 10_000),
      body: orOff(size(0)),
      connections: orOff(count(1)),
    }),
    timeout: fields({ head: duration(), body: orOff(duration()), keepAlive: orOff(duration()) }),
    minBodyRate: orOff(size(0)),
  },
  ['address'],
);

const FALSE = literal(false);

/** Only its SHA-256 is written down, so that whoever reads the document cannot use the token. */
const TOKEN_HASH = text('the SHA-256 of the token, 64 hexadecimal digits', {
  pattern: '^[0-9a-f]{64}$',
  'x-secret': true,
  'x-advice': 'make it with `printf %s "$TOKEN" | sha256sum`',
});

const ACCESS_TOKEN = fields({ role: oneOf('viewer', 'operator', 'admin'), sha256: TOKEN_HASH }, ['role', 'sha256']);

export const ADMIN = fields({
  address: text('an address such as `127.0.0.1:9901`', { 'x-advice': 'write `127.0.0.1:9901`' }),
  token: text('a text', { 'x-secret': true }),
  tokens: named(ACCESS_TOKEN),
  tls: orOff(
    fields(
      { cert: text('the path of a file'), key: text('the path of a file'), clientCa: text('the path of a file') },
      ['cert', 'key'],
    ),
  ),
  hosts: list(text('a host name such as `router.example`')),
  writeBack: either([TRUE, FALSE], { description: '`true` or `false`' }),
  limits: fields({ body: size(), requests: count(1) }),
  revisions: fields({ count: count(1, 100_000), age: age(3_600_000) }),
});

export const DRAIN = fields({ notice: duration(0), limit: duration(0) });

export const CORRELATION = fields({ header: HEADER, context: list(HEADER), caller: orOff(HEADER) });

export const EXAMPLE = fields(
  {
    request: text('a request such as `GET http://cart.internal/cart/7`'),
    headers: byHeader(text()),
    listener: text('the id of a listener'),
    route: text('the id of a route'),
    upstream: text('the id of an upstream'),
  },
  ['request'],
);
