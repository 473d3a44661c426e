/**
 * Routes that have the right shape and make no sense, or less than they seem to.
 *
 * Errors stop a document; notices only say what is worth knowing.
 */

import { tells } from '../../support/reading.ts';

tells('no routes at all', 'upstreams: { a: { endpoints: [http://a:1] } }', [
  '1:1 notice: there are no routes: every request is answered 404; add one under `routes`',
]);

tells(
  'an upstream that is not there',
  `upstreams: { cart: { endpoints: [http://a:1] } }
routes:
  r: { upstream: crat }
  s: { split: { cart: 1, tax: 1 } }
`,
  [
    '3:18 error: there is no upstream "crat"; did you mean "cart"?',
    '4:26 error: there is no upstream "tax"; known: cart',
  ],
);

tells('an upstream where there are none', 'routes: { r: { upstream: cart } }', [
  '1:26 error: there is no upstream "cart"; define it under `upstreams`',
]);

tells(
  'a listener that is not there',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { upstream: a, listeners: [internl] } }
`,
  ['2:41 error: there is no listener "internl"; did you mean "internal"?'],
);

tells(
  'a route that leads nowhere',
  `routes:
  r: { match: { path: /x } }
`,
  ['2:3 error: route "r" leads nowhere; give it one of `upstream`, `split`, `versions`, `redirect`'],
);

tells(
  'routes that no listener serves',
  `listeners: { e: { address: 127.0.0.1:1, zone: edge } }
upstreams: { a: { endpoints: [http://a:1] } }
routes:
  r: { upstream: a }
  s: { upstream: a, listeners: [] }
`,
  [
    '4:3 error: route "r" is served by no listener; name its `listeners`: without them a route is served by those of zone internal, and there are none',
    '5:21 error: route "s" is served by no listener; name a listener, or remove the key for those of zone internal',
  ],
);

tells(
  'hosts that are none',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes:
  a: { match: { host: "a.*" }, upstream: a }
  b: { match: { host: "cart:80" }, upstream: a }
  c: { match: { host: "http://cart" }, upstream: a }
  d: { match: { host: "bücher.example" }, upstream: a }
  e: { match: { host: "a_b..c" }, upstream: a }
  f: { match: { host: "::1" }, upstream: a }
  g: { match: { host: "*.*.a" }, upstream: a }
`,
  [
    '3:23 error: host: "a.*" holds a `*` that does not stand alone in front; write `*.example.com`, for one label or more',
    '4:23 error: host: "cart:80" holds a port; write the host alone: the port in a Host header does not count',
    '5:23 error: host: "http://cart" is a URL; write the host alone',
    '6:23 error: host: "bücher.example" holds letters outside ASCII; write `xn--bcher-kva.example`',
    '7:23 error: host: "a_b..c" is no host; write labels of letters, digits and `-`, with dots between',
    '8:23 error: host: "::1" is an IPv6 address without brackets; write `[::1]`',
    '9:23 error: host: "*.*.a" holds a `*` that does not stand alone in front; write `*.example.com`, for one label or more',
  ],
);

tells(
  'paths that can never match, or not as meant',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes:
  a: { match: { path: cart }, upstream: a }
  b: { match: { path: /a/../b }, upstream: a }
  c: { match: { path: /a//b }, upstream: a }
  d: { match: { path: "/a?b" }, upstream: a }
  e: { match: { path: "/a#b" }, upstream: a }
  f: { match: { path: "/%61" }, upstream: a }
  g: { match: { path: "/a%2Fb" }, upstream: a }
  h: { match: { path: "/100%" }, upstream: a }
  i: { match: { path: { exact: "a\\\\b" } }, upstream: a }
  j: { match: { path: "/a\\\\b" }, upstream: a }
`,
  [
    '3:23 error: path: "cart" does not begin with a slash; write `/` in front of it',
    '4:23 error: path: "/a/../b" holds the segment `..`; write the path that it leads to',
    '5:23 error: path: "/a//b" holds two slashes in a row; write one',
    '6:23 error: path: "/a?b" holds a `?`, which no path does; write the path alone; parameters stand under `match.query`',
    '7:23 error: path: "/a#b" holds a `#`, which no path does; remove what follows it',
    '8:23 error: path: "/%61" holds `%61`, which stands for `a`; write `a`',
    '9:23 error: path: "/a%2Fb" holds `%2F`, with which every request is refused: it reads in two ways; write a slash',
    '10:23 error: path: "/100%" holds `%`, which is no percent-code; write a literal % as `%25`',
    '11:32 error: exact: "a\\\\b" does not begin with a slash; write `/` in front of it',
    '12:23 error: path: "/a\\\\b" holds a backslash; write slashes',
  ],
);

tells(
  'expressions that cannot run in linear time',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes:
  a: { match: { path: { regex: "(?=x)" } }, upstream: a }
  b: { match: { path: { regex: "(a)\\\\1" } }, upstream: a }
  c: { match: { path: { regex: "(" } }, upstream: a }
`,
  [
    '3:32 error: regex: "(?=x)" cannot be run: invalid or unsupported Perl syntax: `(?=`; the engine runs in linear time: it has no look-around and no back-references',
    '4:32 error: regex: "(a)\\\\1" cannot be run: invalid escape sequence: `\\1`; the engine runs in linear time: it has no look-around and no back-references',
    '5:32 error: regex: "(" cannot be run: missing closing ): `(`; mend the expression; it must match the whole path',
  ],
);

tells(
  'methods that never come',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { match: { methods: [get, CONNECT, "a b"] }, upstream: a } }
`,
  [
    '2:35 error: methods[0]: methods are case-sensitive, and "get" never comes; write it in upper case',
    '2:40 error: methods[1]: CONNECT is refused before any route; remove it',
    '2:49 error: methods[2]: expected a name without spaces, found "a b"; write a name without spaces',
  ],
);

tells(
  'headers to match that cannot come',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { match: { headers: { "x y": a, x-a: "a\\r\\nb", X-B: a, x-b: b, x-c: " a" } }, upstream: a } }
`,
  [
    '2:36 error: "x y" cannot be a name here; use the name of a header: letters, digits and `-`',
    '2:51 error: x-a: "a\\r\\nb" holds a control character or a line break; write visible characters, spaces and tabs',
    '2:69 error: the header x-b stands here a second time; keep one of the two: case does not count',
    '2:82 error: x-c: " a" has spaces around it, which no header carries; remove them',
  ],
);

tells(
  'weights of a split that are all 0',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { split: { a: 0 } } }
`,
  ['2:16 error: every side of this split has weight 0; give at least one of them more'],
);

tells(
  'ranges that are none, lead nowhere or meet',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes:
  r:
    versions:
      from: [{ header: v }]
      serve:
        - { range: ">=2.0.0", upstream: a }
        - { range: "^2.1.0", upstream: a }
        - { range: two, upstream: a }
        - { range: "1.x" }
      missing: b
`,
  [
    '8:20 notice: the range "^2.1.0" holds versions that ">=2.0.0" holds too; the first in the list serves them; write ranges that do not meet',
    '9:20 error: range: "two" is no range of versions; write comparisons of versions: `>=2.0.0`, `>=1.4.0 <2.0.0`, `^1.4.0`',
    '10:11 error: serve[3] leads nowhere; give it an `upstream` or a `split`',
    '11:16 error: there is no upstream "b"; known: a',
  ],
);

tells(
  'headers that the router owns',
  `upstreams: { a: { endpoints: [http://a:1] } }
correlation: { header: X-Request-Id }
routes:
  r:
    upstream: a
    rewrite:
      headers:
        request: { set: { Host: x, x-request-id: y }, add: { X-Forwarded-For: z }, remove: [Content-Length] }
        response: { set: { x-signalbox-upstream: x, Transfer-Encoding: y, ok: "a\\u0000" } }
`,
  [
    '8:27 error: Host is not edited here; use `rewrite.host`',
    '8:36 error: x-request-id is written by the router and cannot be edited; remove it',
    '8:62 error: X-Forwarded-For is written by the router and cannot be edited; remove it',
    '8:93 error: Content-Length frames the message or belongs to one connection, and cannot be edited; remove it',
    '9:28 error: x-signalbox-upstream is written by the router and cannot be edited; remove it',
    '9:53 error: Transfer-Encoding frames the message or belongs to one connection, and cannot be edited; remove it',
    '9:79 error: ok: "a\\u0000" holds a control character or a line break; write visible characters, spaces and tabs',
  ],
);

tells(
  'a header that is set twice',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { upstream: a, rewrite: { headers: { request: { set: { x-a: b, X-A: c } } } } } }
`,
  ['2:77 error: the header X-A is set a second time; keep one of the two: case does not count'],
);

tells(
  'a rewrite in two ways at once',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { upstream: a, rewrite: { stripPrefix: /a, path: /b } } }
`,
  ['2:57 error: `stripPrefix` and `path` exclude each other; keep one of them'],
);

tells(
  'a prefix to strip that never matches',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { match: { path: /cart }, upstream: a, rewrite: { stripPrefix: /car } } }
`,
  [
    '2:77 notice: stripPrefix: no path that this route matches begins with `/car`; the route matches `/cart`; paths go on unchanged',
  ],
);

tells(
  'redirects in a circle, or of a prefix that is not there',
  `routes:
  a: { redirect: {} }
  b: { redirect: { replacePrefix: /x } }
`,
  [
    '2:8 error: this redirect leads back to where the client came from; give at least one of `scheme`, `host`, `port`, `path`, `replacePrefix`',
    '3:20 error: replacePrefix: this route matches no prefix that could be replaced; give the route a `match.path` that is a prefix, or use `path`',
  ],
);

tells(
  'keys without effect, as notices',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes:
  r: { match: { path: /r }, redirect: { path: /x }, mode: redirect, rewrite: { path: /y } }
  s: { match: { path: /s }, upstream: a, sticky: { client: true } }
  t: { match: { path: /t }, upstream: a, mode: redirect, rewrite: { stripPrefix: /t } }
`,
  [
    '3:53 notice: mode has no effect beside `redirect`; remove one of the two',
    '3:69 notice: rewrite has no effect beside `redirect`; remove one of the two',
    '4:42 notice: sticky has no effect beside `upstream`; remove one of the two',
    '5:58 notice: rewrite has no effect beside `mode: redirect`; remove one of the two',
  ],
);

tells(
  'an override at the edge',
  `listeners: { e: { address: 127.0.0.1:1, zone: edge } }
upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }
routes: { r: { split: { a: 1, b: 0 }, listeners: [e], override: { header: x-side } } }
`,
  [
    '3:55 notice: override is believed on listeners of zone internal only, and this route has none; remove it, or serve the route on an internal listener too',
  ],
);

tells(
  'headers that never come, because they look like others that are spoken of',
  `correlation: { context: [X_Tenant, x_lone] }
upstreams: { a: { endpoints: [http://a:1], balance: { hash: { header: x.tenant } } } }
routes:
  r: { match: { path: /r, headers: { x-tenant: a } }, upstream: a }
  s: { match: { path: /s, headers: { x_caller: b, x_forwarded_for: c, x_other: d } }, upstream: a }
`,
  [
    '1:1 notice: the header x_tenant never comes: it looks like x.tenant, which is spoken of too, and is left out; name one of the two everywhere, best the one without marks',
    '2:14 notice: the header x.tenant never comes: it looks like x_tenant, which is spoken of too, and is left out; name one of the two everywhere, best the one without marks',
    '5:3 notice: the header x_caller never comes: it looks like x-caller, which is spoken of too, and is left out; name one of the two everywhere, best the one without marks',
    '5:3 notice: the header x_forwarded_for never comes: it looks like x-forwarded-for, which is spoken of too, and is left out; name one of the two everywhere, best the one without marks',
  ],
);

tells(
  'two routes that match exactly the same',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes:
  one: { match: { host: A.internal, path: /x/, methods: [GET, PUT] }, upstream: a }
  two: { match: { host: a.internal., path: /x, methods: [PUT, GET] }, upstream: a }
`,
  ['4:3 notice: routes "one" and "two" match exactly the same requests; "one" serves them all; change or remove "two"'],
);
