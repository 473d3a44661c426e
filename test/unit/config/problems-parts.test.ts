/**
 * Listeners, upstreams, examples, rollouts and invariants that have the right shape and make no sense, or less than they
 * seem to.
 */

import { tells } from '../../support/reading.ts';

tells(
  'tls',
  `listeners:
  edge:
    address: 127.0.0.1:8443
    zone: edge
    tls: [{ cert: a.pem, key: a.key }]
`,
  [
    '5:5 error: tls is not supported in this version: this listener would speak plain text; end TLS in front of the router and remove the key, or write `off`',
  ],
);

tells(
  'addresses that are none',
  `listeners:
  a: { address: 8080 }
  b: { address: "8080" }
  c: { address: 127.0.0.1 }
  d: { address: "::1" }
  e: { address: "example.com:80" }
  f: { address: "127.0.0.1:99999" }
`,
  [
    '2:17 error: address: expected an address such as `127.0.0.1:8080`, found 8080; write `127.0.0.1:8080`',
    '3:17 error: address: "8080" is no address; write `127.0.0.1:8080`, or `0.0.0.0:8080` for every interface',
    '4:17 error: address: "127.0.0.1" is no address; write the port too: `127.0.0.1:8080`',
    '5:17 error: address: "::1" is no address; write `"[::1]:8080"`',
    '6:17 error: address: "example.com:80" is no address; write an IP address (or localhost) and a port: `127.0.0.1:8080`, `"[::1]:8080"`',
    '7:17 error: address: "127.0.0.1:99999" is no address; write an IP address (or localhost) and a port: `127.0.0.1:8080`, `"[::1]:8080"`',
  ],
);

tells(
  'an open address without a zone',
  `listeners:
  a: { address: 0.0.0.0:8080 }
`,
  [
    '2:3 error: "a" has no `zone`, and its address is not a loopback address; add `zone: edge` where outside clients come in, `zone: internal` where only your own services do',
  ],
);

tells(
  'two listeners on one address',
  `listeners:
  a: { address: 127.0.0.1:8080 }
  b: { address: localhost:8080 }
`,
  ['3:17 error: listener "b" and listener "a" have the same address; give each its own port'],
);

tells(
  'a listener on the address of admin',
  `listeners:
  a: { address: 127.0.0.1:9901 }
`,
  ['2:17 error: admin and listener "a" have the same address; give each its own port'],
);

tells('admin on the address of the listener that is there by default', 'admin: { address: 127.0.0.1:8080 }', [
  '1:19 error: admin and listener "internal" have the same address; give each its own port',
]);

tells('an open admin without a token', `admin: { address: 0.0.0.0:9901, token: "\${T:-}" }`, [
  `1:19 error: admin listens on an address that others can reach, and has no token; set \`token: "\${SIGNALBOX_ADMIN_TOKEN}"\`, or listen on 127.0.0.1`,
]);

tells(
  'trusted proxies that are no blocks',
  `listeners:
  a: { address: 127.0.0.1:1, trustedProxies: [10.0.0.0/33, proxy] }
`,
  [
    '2:47 error: trustedProxies[0]: "10.0.0.0/33": the prefix length is a number from 0 to 32; write a block or one address',
    '2:60 error: trustedProxies[1]: "proxy": not an IP address or CIDR block such as 10.0.0.0/8; write a block or one address',
  ],
);

tells(
  'correlation headers with a meaning of their own',
  'correlation: { header: Host, context: [x-user-id, X-User-Id, cookie, content-length], caller: via }',
  [
    '1:24 error: header: "Host" has a meaning of its own; name another header',
    '1:51 error: context[1]: "X-User-Id" stands here a second time; keep one of the two',
    '1:70 error: context[3]: "content-length" has a meaning of its own; name another header',
    '1:95 error: caller: "via" has a meaning of its own; name another header',
  ],
);

tells(
  'endpoints that this version cannot reach',
  `upstreams:
  a:
    endpoints:
      - https://a:1
      - tcp://a:1
`,
  [
    '4:9 error: endpoints[0]: "https://a:1" asks for TLS, which is not supported towards upstreams in this version; write `http://host:port`',
    '5:9 error: endpoints[1]: "tcp://a:1" has the scheme `tcp`, which is not supported; write `http://host:port`',
  ],
);

tells(
  'endpoints that are more than an origin, or none',
  `upstreams:
  a:
    endpoints:
      - http://a:1/path
      - http://a:1?q
      - http://u:p@a:1
      - http://a:0
      - a:80
      - http://b ad:1
      - http://ä:1
      - http://300.0.0.1:1
`,
  [
    '4:9 error: endpoints[0]: "http://a:1/path" is more than an origin; write `http://host:port`; paths are changed by `rewrite` of the route',
    '5:9 error: endpoints[1]: "http://a:1?q" is more than an origin; write `http://host:port`; paths are changed by `rewrite` of the route',
    '6:9 error: endpoints[2]: "http://u:p@a:1" holds user information; send credentials with `rewrite.headers` of the route',
    '7:9 error: endpoints[3]: "http://a:0" has no valid port; write a port from 1 to 65535',
    '8:9 error: endpoints[4]: "a:80" is no URL; write `http://host:port`',
    '9:9 error: endpoints[5]: "http://b ad:1" is no host; write labels of letters, digits and `-`, with dots between',
    '10:9 error: endpoints[6]: "http://ä:1" holds letters outside ASCII; write `xn--4ca`',
    '11:9 error: endpoints[7]: "http://300.0.0.1:1" is no URL; write `http://host:port`',
  ],
);

tells('one endpoint twice', 'upstreams: { a: { endpoints: [http://a:80, http://A/] } }', [
  '1:44 error: endpoints[1]: this endpoint stands here a second time; give one of them a `weight`',
]);

tells('weights that are all 0', 'upstreams: { a: { endpoints: [{ url: http://a:1, weight: 0 }] } }', [
  '1:19 error: every endpoint has weight 0; give at least one of them more',
]);

tells(
  'an upstream without endpoints',
  `upstreams: { a: {} }
routes: { r: { upstream: a } }
`,
  [
    '1:14 notice: "a" has no endpoints: until a service registers, every request to it is answered 503; add `endpoints: [ http://127.0.0.1:7001 ]`, or have services register',
  ],
);

tells(
  'an attempt longer than the total',
  `upstreams:
  a: { endpoints: [http://a:1], timeout: { attempt: 20s } }
routes: { r: { upstream: a } }
`,
  [
    '2:53 notice: timeout.attempt is longer than timeout.total, which ends every attempt before; lengthen `total`, or shorten `attempt`',
  ],
);

tells(
  'an attempt longer than the total in `defaults` once, not for every upstream',
  `defaults: { timeout: { attempt: 20s } }
upstreams:
  a: { endpoints: [http://a:1] }
  b: { endpoints: [http://b:1] }
routes: { r: { split: { a: 1, b: 1 } } }
`,
  [
    '1:33 notice: timeout.attempt is longer than timeout.total, which ends every attempt before; lengthen `total`, or shorten `attempt`',
  ],
);

tells(
  'examples that the wire answers before any route is asked',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { upstream: a } }
examples:
  - { request: "CONNECT http://x/", route: r }
  - { request: "GET *", route: r }
  - { request: "GET http://x:65536/?a=b:70000", route: r }
  - { request: "OPTIONS *", route: r }
  - { request: "GET http://x:65535/?a=b:70000", route: r }
`,
  [
    '4:16 error: request: "CONNECT http://x/" is answered 400 before any route is asked; write a request that may lead to a route',
    '5:16 error: request: "GET *" is answered 400 before any route is asked; write a request that may lead to a route',
    '6:16 error: request: "GET http://x:65536/?a=b:70000" is answered 400 before any route is asked; write a request that may lead to a route',
  ],
);

tells(
  'examples that cannot be asked',
  `upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes: { r: { upstream: a } }
examples:
  - { request: /x, route: r }
  - { request: GET http://h/x, route: q, listener: nope }
  - { request: GET http://h/x, route: r, upstream: b }
  - { request: GET http://h/x }
  - { request: GET http://h/x, route: _none, upstream: a }
  - { request: GET http://h/x, route: constructor }
`,
  [
    '4:16 error: request: "/x" is no request; write a method and a URL: `GET http://cart.internal/cart/7`',
    '5:39 error: there is no route "q"; known: r',
    '5:52 error: there is no listener "nope"; known: internal',
    '6:52 error: route "r" never leads to "b"; it leads to a',
    '7:5 error: examples[3] expects nothing; add the `route` or `upstream` it must lead to',
    '8:46 error: an example that no route may match reaches no upstream; remove one of the two',
    '9:39 error: there is no route "constructor"; known: r',
  ],
);

tells(
  'rollouts',
  `upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes: { r: { split: { a: 1 } } }
rollouts:
  x:
    route: r
    to: b
    steps: [ { weight: 10 }, { weight: 5, for: 1m }, { weight: 100 } ]
    gates: [ nope ]
  y: { route: q, to: c, steps: [ { weight: 100 } ] }
`,
  [
    '3:1 notice: rollouts: validated, but not active in this version; the router acts as if it were not there',
    '6:9 error: to: "b" is no side of the split of route "r"; add it there with weight 0',
    '7:14 error: steps[0] does not say how long it lasts; add `for: 5m`; only the last step may stay',
    '7:30 error: steps[1]: the weight does not grow; write more than 10',
    '8:14 error: there is no invariant "nope"; define it under `invariants`',
    '9:15 error: there is no route "q"; known: r',
    '9:22 error: there is no upstream "c"; known: a, b',
  ],
);

tells(
  'invariants',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { upstream: a } }
invariants:
  x: { ratio: { of: tax, to: a }, equals: 1, window: 30s }
  y: { share: { route: q, status: 5xx }, window: 30s }
  z: { share: { route: r, status: 9xx }, atMost: 0.1, window: 30s }
`,
  [
    '3:1 notice: invariants: validated, but not active in this version; the router acts as if it were not there',
    '4:21 error: there is no route or upstream "tax"; known: r, a',
    '5:3 error: invariant "y" has no bound; add one of `equals`, `atLeast`, `atMost`',
    '5:24 error: there is no route "q"; known: r',
    '6:35 error: status: expected a status such as 503 or `5xx`, found "9xx"; write a status such as 503 or `5xx`',
  ],
);

tells(
  'alerts',
  `routes: { r: { redirect: { path: /x } } }
alerts: { webhooks: [alerts.internal] }
`,
  [
    '2:1 notice: alerts: validated, but not active in this version; the router acts as if it were not there',
    '2:22 error: webhooks[0]: the value is no URL; write `http://host:port/path`',
  ],
);
