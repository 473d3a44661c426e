/**
 * The shape of a route: what it matches, where it leads, what it changes on the way, and what it does when that fails.
 *
 * Rule: short forms stand beside long ones (a path is a prefix, an upstream is a split of one side); both resolve to the
 * same settings.
 */

import {
  byHeader,
  byText,
  count,
  duration,
  either,
  fields,
  HEADER,
  list,
  literal,
  named,
  number,
  oneKey,
  oneOf,
  orOff,
  TOKEN_TEXT,
  TRUE,
  text,
} from './shape.ts';

const UPSTREAM_ID = text('the id of an upstream');
const QUERY_NAME = text('the name of a query parameter');
const VALUE = text();

const MATCH = fields({
  host: text('a host such as `cart.internal` or `*.example.com`'),
  path: either([
    text('a prefix such as `/cart`'),
    oneKey({ exact: text('a path such as `/cart`'), regex: text('a regular expression') }),
  ]),
  methods: list(TOKEN_TEXT, { minItems: 1, uniqueItems: true }),
  headers: byHeader(VALUE),
  query: byText(VALUE),
});

/** Upstream id -> weight, relative to the sum. */
const SPLIT = named(number(0, 1_000_000), {
  description: 'a map from upstreams to weights',
  minProperties: 1,
  'x-whole': true,
});

const VERSION_SOURCE = oneKey({ header: HEADER, query: QUERY_NAME, cookie: TOKEN_TEXT });

const STICKY = oneKey({
  header: HEADER,
  cookie: TOKEN_TEXT,
  query: QUERY_NAME,
  client: TRUE,
});

const SERVED = fields({ range: text('a range such as `>=2.0.0`'), upstream: UPSTREAM_ID, split: SPLIT }, ['range'], {
  'x-exclusive': [['upstream', 'split']],
});

const OTHERWISE = either([UPSTREAM_ID, oneKey({ upstream: UPSTREAM_ID, split: SPLIT, status: count(400, 599) })]);

const VERSIONS = fields(
  {
    from: list(VERSION_SOURCE, { minItems: 1 }),
    serve: list(SERVED, { minItems: 1 }),
    missing: OTHERWISE,
    unmatched: OTHERWISE,
  },
  ['from', 'serve'],
  { 'x-whole': true },
);

const REDIRECT = fields(
  {
    scheme: oneOf('http', 'https'),
    host: text('a host'),
    port: count(1, 65_535),
    path: text('a path'),
    replacePrefix: text('a path'),
    status: either(
      [301, 302, 303, 307, 308].map((status) => literal(status, `${status}`)),
      { description: 'one of 301, 302, 303, 307, 308' },
    ),
  },
  [],
  { 'x-exclusive': [['path', 'replacePrefix']], 'x-whole': true },
);

const HEADER_EDIT = fields({
  set: byHeader(VALUE),
  add: byHeader(either([VALUE, list(VALUE)], { description: 'a text or a list of texts' })),
  remove: list(HEADER),
});

const PREFIX = text('a prefix such as `/cart`');

const REWRITE = fields(
  {
    stripPrefix: PREFIX,
    replacePrefix: fields({ prefix: PREFIX, with: text('a path') }, ['prefix', 'with'], { 'x-whole': true }),
    path: text('a path'),
    host: text('a host'),
    headers: fields({ request: HEADER_EDIT, response: HEADER_EDIT }),
  },
  [],
  { 'x-exclusive': [['stripPrefix', 'replacePrefix', 'path']] },
);

/** What is done where nobody could be asked: another upstream, or a fixed reply. */
const FALLBACK = fields({ upstream: UPSTREAM_ID, status: count(200, 599), headers: byHeader(VALUE), body: VALUE }, [], {
  'x-exclusive': [
    ['upstream', 'status'],
    ['upstream', 'headers'],
    ['upstream', 'body'],
  ],
  'x-whole': true,
  description: '{ upstream } or { status, headers, body }',
});

const PERCENT = number(0, 100);

const FAULTS = fields(
  {
    delay: fields({ time: duration(), percent: PERCENT }, ['time', 'percent']),
    abort: fields({ status: count(400, 599), percent: PERCENT }, ['status', 'percent']),
  },
  [],
  { 'x-whole': true, minProperties: 1 },
);

export const TARGETS = ['upstream', 'split', 'versions', 'redirect'] as const;

export const ROUTE_KEYS = {
  match: MATCH,
  upstream: UPSTREAM_ID,
  split: SPLIT,
  versions: VERSIONS,
  redirect: REDIRECT,
  mode: oneOf('proxy', 'redirect'),
  sticky: orOff(STICKY),
  override: orOff(fields({ header: HEADER }, ['header'])),
  rewrite: orOff(REWRITE),
  fallback: orOff(FALLBACK),
  faults: orOff(FAULTS),
  listeners: list(text('the id of a listener'), { uniqueItems: true }),
};

export const ROUTE_WORDS = { 'x-exclusive': [TARGETS] };

export const ROUTE = fields(ROUTE_KEYS, [], ROUTE_WORDS);
