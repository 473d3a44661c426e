/**
 * Documents of a wrong shape: unknown keys, values of another kind, units left out. Every problem is reported by the form
 * its author evidently meant.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidOf, tells } from '../../support/reading.ts';

tells('an unknown key at the top', 'upstrems: {}', ['1:1 error: unknown key "upstrems"; did you mean "upstreams"?']);

tells(
  'an unknown key that belongs elsewhere',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes:
  r: { path: /x, upstream: a }
`,
  ['3:8 error: unknown key "path" in "r"; it belongs under `match`'],
);

tells('an unknown key that is near to nothing', 'drain: { zzzzzz: 1 }', [
  '1:10 error: unknown key "zzzzzz" in "drain"; known here: notice, limit',
]);

tells(
  'many unknown keys, of which the first are compared with those that there are',
  `drain: { ${Array.from({ length: 51 }, (_, i) => `limit${i + 10}: 1`).join(', ')} }`,
  Array.from({ length: 51 }, (_, i) => {
    const advice = i < 50 ? 'did you mean "limit"?' : 'known here: notice, limit';
    return `1:${10 + i * 12} error: unknown key "limit${i + 10}" in "drain"; ${advice}`;
  }),
);

tells(
  'a key of another spelling',
  `upstreams:
  a:
    endpoints: [http://a:1]
    circuit_breaker: off
`,
  ['4:5 error: unknown key "circuit_breaker" in "a"; did you mean "circuitBreaker"?'],
);

tells('a duration without a unit', 'drain: { limit: 30 }', [
  '1:17 error: limit: expected a duration such as `250ms` or `3s`, found 30; write the unit: `30s` for seconds, `30ms` for milliseconds',
]);

tells('a duration in words', 'drain: { limit: "3 seconds", notice: 1.5m }', [
  '1:17 error: limit: expected a duration such as `250ms` or `3s`, found "3 seconds"; write `3s`',
  '1:38 error: notice: expected a duration such as `250ms` or `3s`, found "1.5m"; write `1m30s`',
]);

tells(
  'a duration of nothing where time must pass',
  'upstreams: { a: { endpoints: [http://a:1], timeout: { connect: 0s, total: 0s } } }',
  [
    '1:64 error: connect: expected a duration such as `250ms` or `3s`, found "0s"; write at least `1ms`',
    '1:75 error: total: expected a duration such as `250ms` or `3s` or `off`, found "0s"; write at least `1ms`, or `off` for none',
  ],
);

tells('a duration that no timer can count', 'drain: { limit: 1000h }', [
  '1:17 error: limit: expected a duration such as `250ms` or `3s`, found "1000h"; the longest duration is 596h',
]);

tells('an age beyond every date, which may be longer than any timer', 'admin: { revisions: { age: 87601h } }', [
  '1:28 error: age: expected a duration such as `250ms` or `3s`, at least 1h, found "87601h"; the longest duration is 87600h',
]);

tells(
  'what cannot be counted, with `off` only where that is allowed',
  `listeners: { i: { address: "127.0.0.1:1", limits: { head: 9007199254740993B, body: 99999999GiB } } }
upstreams: { a: { endpoints: [http://a:1], timeout: { total: 1000h } } }`,
  [
    '1:59 error: head: expected a size such as `64KiB`, found "9007199254740993B"; the size is too large to count',
    '1:84 error: body: expected a size such as `64KiB` or `off`, found "99999999GiB"; the size is too large to count; write `off` for none',
    '2:62 error: total: expected a duration such as `250ms` or `3s` or `off`, found "1000h"; the longest duration is 596h; write `off` for none',
  ],
);

tells(
  '`off` where there must be a bound',
  'listeners: { i: { address: "127.0.0.1:1", limits: { head: off }, timeout: { head: off } } }',
  [
    '1:59 error: head: expected a size such as `64KiB`, found "off"; write a whole number and its unit: `256B`, `64KiB`, `1MiB` (by 1024), or `64kB`, `1MB` (by 1000)',
    '1:83 error: head: expected a duration such as `250ms` or `3s`, found "off"; write a whole number and its unit: `250ms`, `3s`, `5m`, `1h` or `2h30m`',
  ],
);

tells('a size without a unit', 'listeners: { i: { address: "127.0.0.1:1", limits: { head: 65536, body: 64k } } }', [
  '1:59 error: head: expected a size such as `64KiB`, found 65536; write the unit: `65536B` for bytes, `65536KiB` for units of 1024 bytes',
  '1:72 error: body: expected a size such as `64KiB` or `off`, found "64k"; write `64KiB`',
]);

tells('a number in quotes', 'workers: "2"', [
  '1:10 error: workers: expected a whole number from 0 to 1024, found "2"; write a number within these bounds, without quotes',
]);

tells('a number that is out of bounds', 'workers: -1', [
  '1:10 error: workers: expected a whole number from 0 to 1024, found -1; write a number within these bounds',
]);

tells(
  'a text that is a number without quotes',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { match: { query: { v: 2 } }, upstream: a } }
`,
  ['2:37 error: v: expected a text, found 2; put it in quotes: "2"'],
);

tells('a token that is a number, without showing it', 'admin: { token: 12345 }', [
  '1:17 error: token: expected a text, found another value; put it in quotes',
]);

tells('`false` for `off`', 'upstreams: { a: { endpoints: [http://a:1], retry: false } }', [
  '1:51 error: retry: expected a map with `attempts`, `on`, `backoff`, `budget`, ... or `off`, found false; write `off`',
]);

tells(
  'a key without a value',
  `upstreams:
  a:
routes:
`,
  [
    '2:3 error: a: expected a map with `endpoints`, `balance`, `timeout`, `retry`, ..., found nothing; write a value, or remove the key',
    '3:1 error: routes: expected a map, found nothing; write a value, or remove the key',
  ],
);

tells(
  'an endpoint in no known form',
  'upstreams: { a: { endpoints: [5, {weight: 2}, { url: http://a:1, wight: 2 }, [http://b:1]] } }',
  [
    '1:31 error: endpoints[0]: expected a URL or { url, weight }, found 5; write `http://host:port`',
    '1:34 error: "endpoints[1]" has no `url`; add `url`, a URL',
    '1:66 error: unknown key "wight" in "endpoints[2]"; did you mean "weight"?',
    '1:78 error: endpoints[3]: expected a URL or { url, weight }, found a list; write one value, without brackets or keys',
  ],
);

tells('one endpoint that is no list', 'upstreams: { a: { endpoints: http://a:1 } }', [
  '1:30 error: endpoints: expected a list, found "http://a:1"; write a list: items behind dashes, or in brackets',
]);

tells('a word with a slip', 'upstreams: { a: { endpoints: [http://a:1], balance: roundrobin } }', [
  '1:53 error: balance: expected one of `p2c`, `round-robin`, `least-request`, `random` or { hash: { header: NAME } }, found "roundrobin"; did you mean `round-robin`?',
]);

tells('a word that is near to nothing', 'upstreams: { a: { endpoints: [http://a:1], balance: best } }', [
  '1:53 error: balance: expected one of `p2c`, `round-robin`, `least-request`, `random` or { hash: { header: NAME } }, found "best"; write one of `p2c`, `round-robin`, `least-request`, `random` or { hash: { header: NAME } }',
]);

tells(
  'a hash of two sources',
  'upstreams: { a: { endpoints: [http://a:1], balance: { hash: { header: x, cookie: y } } } }',
  ['1:74 error: `header` and `cookie` exclude each other; keep one of them'],
);

tells('a failure that is none', 'upstreams: { a: { endpoints: [http://a:1], retry: { on: [conect, 700] } } }', [
  '1:58 error: on[0]: expected one of `connect`, `reset`, `timeout`, `protocol` or a whole number from 400 to 599, found "conect"; did you mean `connect`?',
  '1:66 error: on[1]: expected one of `connect`, `reset`, `timeout`, `protocol` or a whole number from 400 to 599, found 700; write one of `connect`, `reset`, `timeout`, `protocol` or a whole number from 400 to 599',
]);

tells(
  'names that cannot be names',
  'upstreams: { _none: { endpoints: [http://a:1] }, "a b": { endpoints: [http://a:1] } }',
  [
    '1:14 error: the name "_none" is reserved; choose another name',
    '1:50 error: "a b" cannot be a name here; use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 128 of them',
  ],
);

tells(
  'targets that exclude each other',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes:
  r: { upstream: a, split: { a: 1 } }
`,
  ['3:21 error: `upstream` and `split` exclude each other; keep one of them'],
);

tells(
  'an exact path and an expression at once',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { match: { path: { exact: /a, regex: b } }, upstream: a } }
`,
  ['2:44 error: `exact` and `regex` exclude each other; keep one of them'],
);

tells(
  'a list that is empty',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { match: { methods: [] }, upstream: a } }
`,
  ['2:34 error: methods: expected a list of one or more, found an empty list; add one, or remove the key'],
);

tells(
  'an item that stands twice',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { match: { methods: [GET, GET] }, upstream: a } }
`,
  ['2:40 error: methods[1]: "GET" stands here a second time; keep one of the two'],
);

tells('a listener without an address', 'listeners: { i: { zone: internal } }', [
  '1:14 error: "i" has no `address`; add `address`, an address such as `127.0.0.1:8080`',
]);

tells('an invariant judged by its meaning', 'invariants: { p: { latency: { quantile: 2 }, atMost: 300 } }', [
  '1:1 notice: invariants: validated, but not active in this version; the router acts as if it were not there',
  '1:15 error: "p" has no `window`; add `window`, a duration such as `250ms` or `3s`',
  '1:41 error: quantile: expected a number from 0 to 1, found 2; write a number within these bounds',
  '1:54 error: atMost: expected a duration such as `250ms` or `3s`, found 300; write the unit: `300s` for seconds, `300ms` for milliseconds',
]);

tells('a status that no redirect has', 'routes: { r: { redirect: { path: /x, status: 200 } } }', [
  '1:46 error: status: expected one of 301, 302, 303, 307, 308, found 200; write one of 301, 302, 303, 307, 308',
]);

const WITH_SECRETS = `admin:
  token: 'S3CRET '
  tokens: { zoe: S3CRET, ann: { role: viewer, sha256: S3CRET } }
upstreams: { a: { endpoints: [http://a:1] } }
routes:
  r:
    match: { path: /, headers: { x-api-key: " S3CRET" }, query: { access_token: [S3CRET] } }
    upstream: a
    rewrite:
      headers:
        request: { set: { authorization: "Bearer S3CRET\\n", x-token: 00713 }, add: { x-secret: ["S3CRET\\n"] } }
        response: { set: "set-cookie: S3CRET" }
alerts: { webhooks: [S3CRET, "ftp://x:S3CRET@y/"] }
examples: [ { request: GET /, headers: { cookie: "a=S3CRET\\r" }, route: r } ]
`;

test('no problem shows a secret, wherever it stands and whatever is wrong with it', () => {
  for (const text of [WITH_SECRETS, 'admin: S3CRET', 'admin: { tokens: S3CRET }', 'alerts: S3CRET']) {
    const told = saidOf(text).join('\n');
    assert.match(told, /error/);
    assert.doesNotMatch(told, /S3CRET|00713/);
  }
});
