/**
 * A document with every key there is, as the description of the product shows it, completed with the upstreams that it
 * speaks of. `TLS` is the one line that this version refuses.
 */

export const TLS = '    tls: [{ cert: certs/site.pem, key: certs/site.key }]\n';

export const CONTRACT_DOCUMENT = `
listeners:
  internal: { address: 127.0.0.1:8080, zone: internal }     # services call each other here
  edge:                                                     # external clients come in here
    address: 0.0.0.0:8443
    zone: edge                                              # inbound correlation and context headers are not believed
${TLS}    trustedProxies: [10.0.0.0/8]                            # only these are believed about Forwarded and X-Forwarded-*
    limits: { target: 16KiB, head: 64KiB, headers: 200, body: off, connections: 20000 }      # the defaults
    timeout: { head: 10s, body: 10s, keepAlive: 75s }       # head: from accept or first byte; body: between two reads
    minBodyRate: 256B                                       # per second, averaged after timeout.body; off in zone internal

admin: { address: 127.0.0.1:9901, token: "\${SIGNALBOX_ADMIN_TOKEN:-}" }    # not loopback and no token: refuses to start
workers: 2                                                  # default: one per core
drain: { notice: 5s, limit: 30s }

correlation:
  header: x-correlation-id                                  # made if missing, a valid inbound one kept byte for byte, echoed
  context: [x-user-id, x-tournament-id]                     # passed on and written in every log line; nothing else is
  caller: x-caller                                          # who is calling, where a service says so

defaults: {}                                                # any upstream or route setting, inherited by all; any policy can be \`off\`

upstreams:
  cart:
    endpoints: [ http://127.0.0.1:7001, { url: http://127.0.0.1:7002, weight: 2 } ]
    balance: p2c                                            # p2c | round-robin | least-request | random | { hash: { header: x } }
    timeout: { connect: 1s, attempt: 3s, total: 10s, idle: 60s }    # attempt: to the reply's head; total: with all retries
    retry:
      attempts: 2                                           # further tries after the first
      on: [connect, reset, timeout, 502, 503, 504]
      backoff: { initial: 25ms, max: 1s }                   # exponential, jittered
      budget: { percent: 20, minPerSecond: 10 }
      methods: [GET, HEAD, OPTIONS, TRACE, PUT, DELETE]     # others only if provably not sent
      bodyLimit: 64KiB                                      # a longer body is streamed and not sent again
    circuitBreaker: { consecutiveFailures: 10, openFor: 30s, on: [connect, reset, timeout, 502, 503, 504] }
    healthCheck: { path: /healthz, interval: 5s, timeout: 1s, healthyAfter: 2, unhealthyAfter: 3 }
    outliers: { consecutiveFailures: 5, ejectFor: 30s, maxEjectedPercent: 50 }
    limits: { concurrency: 1024, queue: 1024, queueTimeout: 1s }
  checkout: { endpoints: [ http://127.0.0.1:7011 ] }
  checkout-v2: { endpoints: [ http://127.0.0.1:7012 ] }
  game-red: { endpoints: [ http://127.0.0.1:7021 ] }
  game-white: { endpoints: [ http://127.0.0.1:7022 ] }
  tax: { endpoints: [ http://127.0.0.1:7031 ] }

routes:
  cart:
    match: { host: cart.internal, path: /cart }             # path: prefix by whole segments; or { exact: } or { regex: }
    upstream: cart
  checkout:                                                 # weighted canary
    match: { path: /checkout, methods: [GET, POST], headers: { x-tenant: acme }, query: { v: "2" } }
    split: { checkout: 95, checkout-v2: 5 }
    sticky: { header: x-user-id }                           # the same key stays on its side while the weight grows
    override: { header: x-signalbox-upstream }              # reaches a side at weight 0; internal zone only
    rewrite: { stripPrefix: /checkout, headers: { request: { set: {}, add: {}, remove: [] }, response: {} } }
    listeners: [internal, edge]                             # default: every listener of zone internal
  game:                                                     # red/white: the client's version chooses its cluster
    match: { path: /game }
    versions:
      from: [{ header: x-client-version }, { query: v }, { cookie: v }]     # the first that is present counts
      serve:
        - { range: ">=2.0.0", split: { game-white: 100 } }
        - { range: ">=1.4.0 <2.0.0", upstream: game-red }
      missing: game-red
      unmatched: { status: 426 }
    mode: proxy                                             # or redirect: 307 to the cluster, for clients that ask once

rollouts:
  checkout-v2:
    route: checkout
    to: checkout-v2
    steps: [ { weight: 1, for: 2m }, { weight: 10, for: 5m }, { weight: 50, for: 10m }, { weight: 100 } ]
    minRequests: 50                                         # fewer in a step: unknown, and the rollout holds
    gates: [ checkout-errors, cart-to-tax ]                 # broken: back to weight 0 at once

invariants:
  cart-to-tax:      { ratio: { of: tax, to: cart }, equals: 1, tolerance: 0.05, window: 30s }
  orders-flow:      { count: { route: checkout, status: 2xx }, atLeast: 1, window: 5m }
  checkout-errors:  { share: { route: checkout, status: 5xx }, atMost: 0.01, window: 30s }
  checkout-p99:     { latency: { route: checkout, quantile: 0.99 }, atMost: 300ms, window: 30s }
alerts: { webhooks: [http://127.0.0.1:9500/alerts] }

examples:                                                   # asked of every new table before it is swapped in
  - { request: "GET http://cart.internal/cart/7", route: cart, upstream: cart }
`;
