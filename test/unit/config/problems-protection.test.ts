/**
 * What protects an upstream, and what a route does when nobody can serve: mistakes, one in every key, and what is said of
 * each.
 */

import { tells } from '../../support/reading.ts';

tells(
  'service records whose names are none',
  `upstreams:
  a:
    endpoints: [srv://cart.internal, srv://10.0.0.1, srv://_http._udp.a]
  b:
    endpoints: [srv://_http._tcp.a:80, srv://_http._tcp.a/x, srv://_http._tcp., srv://u@_http._tcp.a]
  c:
    endpoints: [srv://_http._tcp.a, SRV://_HTTP._tcp.A/]
routes: { r: { split: { a: 1, b: 1, c: 1 } } }
`,
  [
    '3:17 error: endpoints[0]: "srv://cart.internal" is no name of a service record: `_service._tcp.` and a domain; write `srv://_http._tcp.cart.internal`',
    '3:38 error: endpoints[1]: "srv://10.0.0.1" is no name of a service record: `_service._tcp.` and a domain; write `srv://_http._tcp.cart.internal`',
    '3:54 error: endpoints[2]: "srv://_http._udp.a" is no name of a service record: `_service._tcp.` and a domain; write `srv://_http._tcp.cart.internal`',
    '5:17 error: endpoints[0]: "srv://_http._tcp.a:80" has a port, which its service records say themselves; remove it',
    '5:40 error: endpoints[1]: "srv://_http._tcp.a/x" is more than an origin; write `srv://_http._tcp.cart.internal`; paths are changed by `rewrite` of the route',
    '5:62 error: endpoints[2]: "srv://_http._tcp." is no name of a service record: `_service._tcp.` and a domain; write `srv://_http._tcp.cart.internal`',
    '5:81 error: endpoints[3]: "srv://u@_http._tcp.a" holds user information; send credentials with `rewrite.headers` of the route',
    '7:37 error: endpoints[1]: this endpoint stands here a second time; give one of them a `weight`',
  ],
);

tells(
  'balance, slow start and panic',
  `upstreams:
  a:
    endpoints: [http://a:1]
    balance: { hash: { header: x, cookie: y } }
    slowStart: 10
    panicPercent: 150
    slowstart: 1s
routes: { r: { upstream: a } }
`,
  [
    '4:35 error: `header` and `cookie` exclude each other; keep one of them',
    '5:16 error: slowStart: expected a duration such as `3s`, or `0` or `off`, found 10; write the unit: `10s` for seconds, `10ms` for milliseconds',
    '6:19 error: panicPercent: expected a number from 0 to 100 or `off`, found 150; write a number from 0 to 100 or `off`',
    '7:5 error: unknown key "slowstart" in "a"; did you mean "slowStart"?',
  ],
);

tells(
  '`retry`',
  `upstreams:
  a:
    endpoints: [http://a:1]
    retry:
      attempts: -1
      on: []
      backoff: { initial: 2s, max: 1s }
      budget: { percent: 120, minPerSecond: -1 }
      bodyLimit: off
      method: [GET]
routes: { r: { upstream: a } }
`,
  [
    '5:17 error: attempts: expected a whole number from 0 to 100, found -1; write a number within these bounds',
    '6:11 error: on: expected a list of one or more, found an empty list; add one, or remove the key',
    '7:36 error: max is shorter than initial, which grows up to it; lengthen `max`, or shorten `initial`',
    '8:26 error: percent: expected a number from 0 to 100, found 120; write a number within these bounds',
    '8:45 error: minPerSecond: expected a number of 0 or more, found -1; write a number within these bounds',
    '9:18 error: bodyLimit: expected a size such as `64KiB`, found "off"; write a whole number and its unit: `256B`, `64KiB`, `1MiB` (by 1024), or `64kB`, `1MB` (by 1000)',
    '10:7 error: unknown key "method" in "retry"; did you mean "methods"?',
  ],
);

tells(
  'methods that would be carried out twice, or never come',
  `upstreams:
  a:
    endpoints: [http://a:1]
    retry: { methods: [GET, POST, patch, put, PURGE, CONNECT, MOVE] }
routes: { r: { upstream: a } }
`,
  [
    '4:29 error: methods[1]: POST is not idempotent: sent again, a request may be carried out twice (RFC 9110 section 9.2.2); remove it; one that provably was not processed is sent again whatever its method is',
    '4:35 error: methods[2]: PATCH is not idempotent: sent again, a request may be carried out twice (RFC 9110 section 9.2.2); remove it; one that provably was not processed is sent again whatever its method is',
    '4:42 error: methods[3]: methods are case-sensitive, and "put" never comes; write it in upper case',
    '4:47 notice: methods[4]: nothing says that PURGE is idempotent, and a request may be carried out twice; remove it, unless your services take it twice without harm',
    '4:54 error: methods[5]: CONNECT is not idempotent: sent again, a request may be carried out twice (RFC 9110 section 9.2.2); remove it; one that provably was not processed is sent again whatever its method is',
  ],
);

tells(
  '`circuitBreaker`',
  `upstreams:
  a:
    endpoints: [http://a:1]
    circuitBreaker:
      consecutiveFailures: 0
      failureRate: { percent: 0, minRequest: 5, window: 10ms }
      openFor: 10m
      maxOpenFor: 1m
      recovery: { ramp: 5 }
routes: { r: { upstream: a } }
`,
  [
    '5:28 error: consecutiveFailures: expected a whole number of 1 or more or `off`, found 0; write a whole number of 1 or more or `off`',
    '6:31 error: percent: expected a number from 0.1 to 100, found 0; write a number within these bounds',
    '6:34 error: unknown key "minRequest" in "failureRate"; did you mean "minRequests"?',
    '6:57 error: window: expected a duration such as `250ms` or `3s`, at least 1s, found "10ms"; write at least `1s`',
    '8:19 error: maxOpenFor is shorter than openFor, which grows up to it; lengthen `maxOpenFor`, or shorten `openFor`',
    '9:25 error: ramp: expected a duration such as `3s`, or `0` or `off`, found 5; write the unit: `5s` for seconds, `5ms` for milliseconds',
  ],
);

tells(
  'a failure rate that is no map, and keys that stand one step too high',
  `upstreams:
  a:
    endpoints: [http://a:1]
    circuitBreaker: { failureRate: 50 }
    failureRate: { percent: 50 }
    recovery: { ramp: 5s }
routes: { r: { upstream: a } }
`,
  [
    '4:36 error: failureRate: expected a map with `percent`, `minRequests`, `window` or `off`, found 50; write a map with `percent`, `minRequests`, `window` or `off`',
    '5:5 error: unknown key "failureRate" in "a"; it belongs under `circuitBreaker`',
    '6:5 error: unknown key "recovery" in "a"; it belongs under `circuitBreaker`',
  ],
);

tells(
  'policies that nothing can set off',
  `upstreams:
  a:
    endpoints: [http://a:1]
    circuitBreaker: { consecutiveFailures: off }
    outliers: { consecutiveFailures: off }
routes: { r: { upstream: a } }
`,
  [
    '4:5 notice: circuitBreaker: with `consecutiveFailures: off` and no `failureRate` it never opens; give it one of them, or write `circuitBreaker: off`',
    '5:5 notice: outliers: with `consecutiveFailures: off` and no `successRate` no member is ever ejected; change that, or write `outliers: off`',
  ],
);

tells(
  'outliers of which none may be ejected',
  `upstreams:
  a:
    endpoints: [http://a:1]
    outliers: { maxEjectedPercent: 0 }
routes: { r: { upstream: a } }
`,
  [
    '4:5 notice: outliers: with `maxEjectedPercent: 0` no member is ever ejected; change that, or write `outliers: off`',
  ],
);

tells(
  '`healthCheck`',
  `upstreams:
  a:
    endpoints: [http://a:1]
    healthCheck: { path: healthz, tcp: true, status: 299-200, body: "", timeout: 10s, healthyAfter: 0 }
routes: { r: { upstream: a } }
`,
  [
    '4:5 notice: healthCheck: timeout is longer than interval: a check that hangs puts off the next; shorten `timeout`, or lengthen `interval`',
    '4:26 error: path: "healthz" does not begin with a slash; write `/` in front of it',
    '4:35 error: `path` and `tcp` exclude each other; keep one of them',
    '4:46 error: `tcp` and `status` exclude each other; keep one of them',
    '4:54 error: status: "299-200" ends before it begins; write `200-299`',
    '4:63 error: `tcp` and `body` exclude each other; keep one of them',
    '4:69 error: body: expected a text that stands in the reply, found ""; write a text that stands in the reply',
    '4:101 error: healthyAfter: expected a whole number of 1 or more, found 0; write a number within these bounds',
  ],
);

tells(
  'paths that no check can ask for, and a status that is none',
  `upstreams: { a: { healthCheck: { path: "/a b", status: 99 }, endpoints: [http://a:1] }, b: { healthCheck: { path: "/x?y#z", status: ok }, endpoints: [http://b:1] } }
routes: { r: { split: { a: 1, b: 1 } } }
`,
  [
    '1:40 error: path: "/a b" holds a character that no request carries as it is; write it as a percent-code',
    '1:56 error: status: expected a status such as 200, `2xx` or `200-399`, found 99; write `200`, `2xx` or `200-399`',
    '1:115 error: path: "/x?y#z" holds a `#`, which is never sent; remove what follows it',
    '1:133 error: status: expected a status such as 200, `2xx` or `200-399`, found "ok"; write a status such as 200, `2xx` or `200-399`',
  ],
);

tells(
  '`outliers`',
  `upstreams:
  a:
    endpoints: [http://a:1]
    outliers: { successRate: true, ejectFor: 10m, maxEjectFor: 1m, maxEjectedPercent: 101 }
routes: { r: { upstream: a } }
`,
  [
    '4:30 error: successRate: expected a map with `interval`, `minRequests`, `minMembers`, `deviations` or `off`, found true; write `{}` for its defaults, or the keys you want otherwise',
    '4:64 error: maxEjectFor is shorter than ejectFor, which grows up to it; lengthen `maxEjectFor`, or shorten `ejectFor`',
    '4:87 error: maxEjectedPercent: expected a number from 0 to 100, found 101; write a number within these bounds',
  ],
);

tells(
  '`limits` and `hedge`',
  `upstreams:
  a:
    endpoints: [http://a:1]
    limits: { concurrency: adaptve, queue: -1, queueTimeout: 5 }
    hedge: { after: p42, percnt: 200 }
routes: { r: { upstream: a } }
`,
  [
    '4:28 error: concurrency: expected a whole number of 1 or more or `adaptive` or `off`, found "adaptve"; did you mean `adaptive`?',
    '4:44 error: queue: expected a whole number of 0 or more or `off`, found -1; write a whole number of 0 or more or `off`',
    '4:62 error: queueTimeout: expected a duration such as `250ms` or `3s` or `off`, found 5; write the unit: `5s` for seconds, `5ms` for milliseconds',
    '5:21 error: after: expected one of `p50`, `p90`, `p95`, `p99` or a duration such as `250ms` or `3s`, found "p42"; write a whole number and its unit: `250ms`, `3s`, `5m`, `1h` or `2h30m`',
    '5:26 error: unknown key "percnt" in "hedge"; did you mean "percent"?',
  ],
);

tells(
  'words for on and off that YAML does not know',
  `upstreams:
  a:
    endpoints: [http://a:1]
    retry: no
    limits: disabled
    hedge: on
routes: { r: { upstream: a } }
`,
  [
    '4:12 error: retry: expected a map with `attempts`, `on`, `backoff`, `budget`, ... or `off`, found "no"; write `off`',
    '5:13 error: limits: expected a map with `concurrency`, `queue`, `queueTimeout` or `off`, found "disabled"; write `off`',
    '6:12 error: hedge: expected a map with `after`, `percent` or `off`, found "on"; write `{}` for its defaults, or the keys you want otherwise',
  ],
);

tells(
  'a fallback that is none',
  `upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes:
  a: { match: { path: /a }, upstream: a, fallback: { upstream: a } }
  b: { match: { path: /b }, upstream: a, fallback: { upstream: nope } }
  c: { match: { path: /c }, upstream: a, fallback: { upstream: b, status: 200 } }
  d: { match: { path: /d }, upstream: a, fallback: { body: x } }
  e: { match: { path: /e }, upstream: a, fallback: { status: 100 } }
  f: { match: { path: /f }, upstream: a, fallback: b }
`,
  [
    '3:64 error: fallback: "a" serves this route already; name another upstream, or write a fixed reply: `{ status: 503, body: ... }`',
    '4:64 error: there is no upstream "nope"; known: a, b',
    '5:67 error: `upstream` and `status` exclude each other; keep one of them',
    '6:42 error: this fallback says neither where to go nor what to answer; add `upstream`, or `status` and what else the reply has',
    '7:62 error: status: expected a whole number from 200 to 599, found 100; write a number within these bounds',
    '8:52 error: fallback: expected { upstream } or { status, headers, body } or `off`, found "b"; write { upstream } or { status, headers, body } or `off`',
  ],
);

tells(
  'a fallback reply that cannot be written',
  `upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes:
  a:
    upstream: a
    fallback:
      status: 204
      body: x
      headers: { Content-Length: "1", Via: x, host: y, Date: z, x-correlation-id: q, A: b, a: c, d: " e", f: "g\\nh" }
`,
  [
    '7:7 error: a reply of status 204 has no body; remove `body`, or change `status`',
    '8:18 error: Content-Length frames the message or belongs to one connection, and cannot be edited; remove it',
    '8:39 error: Via is written by the router and cannot be edited; remove it',
    '8:47 error: Host is no header of a reply; remove it',
    '8:56 error: Date is written by the router; remove it',
    '8:65 error: x-correlation-id is written by the router and cannot be edited; remove it',
    '8:92 error: the header a is set a second time; keep one of the two: case does not count',
    '8:101 error: d: " e" has spaces around it, which no header carries; remove them',
    '8:110 error: f: "g\\nh" holds a control character or a line break; write visible characters, spaces and tabs',
  ],
);

tells(
  'a fallback and faults of a route that asks no upstream',
  `upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes:
  a: { match: { path: /a }, redirect: { path: /x }, fallback: { upstream: a }, faults: { abort: { status: 503, percent: 1 } } }
  b: { match: { path: /b }, upstream: a, mode: redirect, fallback: { upstream: b } }
`,
  [
    '3:53 notice: fallback has no effect beside `redirect`; remove one of the two',
    '3:80 notice: faults has no effect beside `redirect`; remove one of the two',
    '4:58 notice: fallback has no effect beside `mode: redirect`; remove one of the two',
  ],
);

tells(
  'faults, so that nobody forgets them',
  `upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes:
  a: { match: { path: /a }, upstream: a, faults: { delay: { time: 200ms, percent: 10 }, abort: { status: 503, percent: 5 } } }
`,
  [
    '3:42 notice: faults are made on purpose: 10% of the requests wait 200ms, 5% of the requests are answered 503; remove them when the rehearsal is over',
  ],
);

tells(
  'faults of a route that is reached from the edge',
  `listeners: { internal: { address: 127.0.0.1:8080 }, edge: { address: 127.0.0.1:8088, zone: edge } }
upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes:
  a: { match: { path: /a }, upstream: a, listeners: [edge, internal], faults: { delay: { time: 1s, percent: 10 } } }
  b: { match: { path: /b }, upstream: a, listeners: [edge], faults: { abort: { status: 503, percent: 10 } } }
`,
  [
    '4:71 notice: faults are made on purpose: 10% of the requests wait 1s; remove them when the rehearsal is over',
    '4:71 notice: faults act on listeners of zone internal only: requests from "edge" are not touched; rehearse through an internal listener',
    '5:61 notice: faults act on listeners of zone internal only, and this route has none; remove them, or serve the route on an internal listener too',
  ],
);

tells(
  'faults in `defaults` once, not for every route',
  `defaults: { faults: { abort: { status: 503, percent: 10 } } }
upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes:
  a: { match: { path: /a }, upstream: a }
  b: { match: { path: /b }, upstream: a }
`,
  [
    '1:13 notice: faults are made on purpose: 10% of the requests are answered 503; remove them when the rehearsal is over',
  ],
);

tells(
  'faults that are none',
  `upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes:
  a: { match: { path: /a }, upstream: a, faults: { delay: { time: 200, percent: 101 }, abort: { status: 200 } } }
  b: { match: { path: /b }, upstream: a, faults: {} }
  c: { match: { path: /c }, upstream: a, faults: 10 }
`,
  [
    '3:67 error: time: expected a duration such as `250ms` or `3s`, found 200; write the unit: `200s` for seconds, `200ms` for milliseconds',
    '3:81 error: percent: expected a number from 0 to 100, found 101; write a number within these bounds',
    '3:88 error: "abort" has no `percent`; add `percent`, a number from 0 to 100',
    '3:105 error: status: expected a whole number from 400 to 599, found 200; write a number within these bounds',
    '4:50 error: faults: expected a map with `delay`, `abort`, found an empty map; give a map with `delay`, `abort`',
    '5:50 error: faults: expected a map with `delay`, `abort` or `off`, found 10; write a map with `delay`, `abort` or `off`',
  ],
);
