/**
 * What routes resolve to: every form of a match, a release, a rewrite and a redirect, and what they inherit.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteSettings } from '../../../src/routing/route.ts';
import { documentIn, saidOf } from '../../support/reading.ts';

const UPSTREAMS = 'upstreams: { a: { endpoints: [http://a:1] }, b: { endpoints: [http://b:1] } }\n';

/** The route that these settings (a flow map's inside) resolve to. `before`: further parts of the document. */
function routeOf(settings: string, before = ''): RouteSettings {
  const { r } = documentIn(`${before}${UPSTREAMS}routes:\n  r: { ${settings} }\n`).routes;
  assert.ok(r);
  return r;
}

test('a path is a prefix, an exact path or an expression', () => {
  const pathOf = (path: string) => routeOf(`match: { path: ${path} }, upstream: a`).match.path;
  assert.deepEqual(pathOf('/cart'), { kind: 'prefix', value: '/cart' });
  assert.deepEqual(pathOf('/cart/'), { kind: 'prefix', value: '/cart' });
  assert.deepEqual(pathOf('/'), { kind: 'prefix', value: '/' });
  assert.deepEqual(pathOf('{ exact: /cart/ }'), { kind: 'exact', value: '/cart/' });
  assert.deepEqual(pathOf('{ regex: "/cart/[0-9]+" }'), { kind: 'regex', value: '/cart/[0-9]+' });
});

test('a path is kept as the plain reading of a request has it', () => {
  const readingOf = (path: string) => routeOf(`match: { path: "${path}" }, upstream: a`).match.path?.value;
  assert.equal(readingOf('/café'), '/caf%C3%A9');
  assert.equal(readingOf('/caf%c3%a9'), '/caf%C3%A9');
  assert.equal(readingOf('/a b'), '/a%20b');
  assert.equal(readingOf('/~user/@x;y=1'), '/~user/@x;y=1');
});

test('hosts and header names become lower case, values and query names do not', () => {
  const { match } = routeOf(
    'match: { host: "*.Example.COM", headers: { X-Tenant: Acme }, query: { V: A } }, upstream: a',
  );
  assert.equal(match.host, '*.example.com');
  assert.deepEqual(match.headers, { 'x-tenant': 'Acme' });
  assert.deepEqual(match.query, { V: 'A' });
});

test('names that objects have of themselves are names like any other', () => {
  const { match, rewrite } = routeOf(
    'match: { headers: { __proto__: x, constructor: y } }, upstream: a, rewrite: { headers: { request: { set: { __proto__: z } } } }',
  );
  assert.deepEqual(Object.entries(match.headers), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  assert.deepEqual(Object.entries(rewrite.headers.request.set), [['__proto__', 'z']]);
});

test('every source of a sticky key and of an override resolves', () => {
  const stickyOf = (sticky: string) => routeOf(`split: { a: 1, b: 1 }, sticky: ${sticky}`).release.sticky;
  assert.deepEqual(stickyOf('{ header: X-User }'), { header: 'x-user' });
  assert.deepEqual(stickyOf('{ cookie: Sid }'), { cookie: 'Sid' });
  assert.deepEqual(stickyOf('{ query: u }'), { query: 'u' });
  assert.deepEqual(stickyOf('{ client: true }'), { client: true });
  assert.deepEqual(routeOf('split: { a: 1, b: 0 }, override: { header: X-Side }').release.override, {
    header: 'x-side',
  });
});

test('clients without a served version go to an upstream, a split, or a status, 426 where nothing is said', () => {
  const versionsOf = (otherwise: string) =>
    routeOf(`versions: { from: [{ header: v }], serve: [{ range: "1.x", upstream: a }]${otherwise} }`).release.versions;
  assert.deepEqual(versionsOf('')?.missing, { status: 426 });
  assert.deepEqual(versionsOf('')?.unmatched, { status: 426 });
  assert.deepEqual(versionsOf(', missing: b')?.missing, { split: [{ upstream: 'b', weight: 100 }] });
  assert.deepEqual(versionsOf(', missing: { upstream: b }')?.missing, { split: [{ upstream: 'b', weight: 100 }] });
  assert.deepEqual(versionsOf(', unmatched: { split: { a: 1, b: 3 } }')?.unmatched, {
    split: [
      { upstream: 'a', weight: 1 },
      { upstream: 'b', weight: 3 },
    ],
  });
  assert.deepEqual(versionsOf(', unmatched: { status: 503 }')?.unmatched, { status: 503 });
});

test('every rewrite resolves', () => {
  const rewriteOf = (rewrite: string) => routeOf(`match: { path: /a }, upstream: a, rewrite: { ${rewrite} }`).rewrite;
  assert.equal(rewriteOf('stripPrefix: /a/').stripPrefix, '/a');
  assert.deepEqual(rewriteOf('replacePrefix: { prefix: /a, with: /b }').replacePrefix, { prefix: '/a', with: '/b' });
  assert.equal(rewriteOf('path: /whole').path, '/whole');
  assert.equal(rewriteOf('host: Other:8080').host, 'other:8080');
  const edit = 'set: { X-A: one }, add: { X-B: two, X-C: [three, four] }, remove: [Cookie]';
  assert.deepEqual(rewriteOf(`headers: { request: { ${edit} } }`).headers, {
    request: { set: { 'X-A': 'one' }, add: { 'X-B': 'two', 'X-C': ['three', 'four'] }, remove: ['Cookie'] },
    response: { set: {}, add: {}, remove: [] },
  });
});

test('a redirect resolves, and is 302 where it does not say', () => {
  const { redirect, release } = routeOf('match: { path: /old }, redirect: { replacePrefix: /new, scheme: https }');
  assert.deepEqual(redirect, { scheme: 'https', replacePrefix: '/new', status: 302 });
  assert.deepEqual(release, { split: [], mode: 'proxy' });
  const other = routeOf('redirect: { host: New.example, port: 8443, path: /x, status: 308 }');
  assert.deepEqual(other.redirect, { host: 'new.example', port: 8443, path: '/x', status: 308 });
});

test('a route inherits what it does not say, and its own keys win', () => {
  const defaults =
    'defaults: { match: { host: h.internal, headers: { x-a: one } }, sticky: { header: x-user }, rewrite: { headers: { request: { set: { x-b: two }, remove: [x-c] } } } }\n';
  const bare = routeOf('split: { a: 1, b: 1 }', defaults);
  assert.deepEqual(bare.match, { host: 'h.internal', headers: { 'x-a': 'one' }, query: {} });
  assert.deepEqual(bare.release.sticky, { header: 'x-user' });
  assert.deepEqual(bare.rewrite.headers.request, { set: { 'x-b': 'two' }, add: {}, remove: ['x-c'] });
  const own = routeOf(
    'match: { host: own.internal, headers: { x-d: three } }, split: { a: 1, b: 1 }, sticky: { cookie: sid }, rewrite: { headers: { request: { set: { x-e: four }, remove: [] } } }',
    defaults,
  );
  assert.deepEqual(own.match, { host: 'own.internal', headers: { 'x-a': 'one', 'x-d': 'three' }, query: {} });
  assert.deepEqual(own.release.sticky, { cookie: 'sid' });
  assert.deepEqual(own.rewrite.headers.request, { set: { 'x-b': 'two', 'x-e': 'four' }, add: {}, remove: [] });
});

test('an own target displaces an inherited one, an own rewrite of the path too', () => {
  const defaults = 'defaults: { upstream: a, rewrite: { stripPrefix: / } }\n';
  assert.deepEqual(routeOf('match: { path: /x }', defaults).release.split, [{ upstream: 'a', weight: 100 }]);
  const own = routeOf('split: { b: 1 }, rewrite: { path: /y }', defaults);
  assert.deepEqual(own.release.split, [{ upstream: 'b', weight: 1 }]);
  assert.equal(own.rewrite.stripPrefix, undefined);
  assert.equal(own.rewrite.path, '/y');
  assert.deepEqual(routeOf('redirect: { path: /z }', defaults).release.split, []);
});

test('an inherited split is replaced as a whole', () => {
  const defaults = 'defaults: { split: { a: 1 } }\n';
  assert.deepEqual(routeOf('split: { b: 1 }', defaults).release.split, [{ upstream: 'b', weight: 1 }]);
});

test('`off` switches an inherited policy off, and a policy replaces an inherited `off`', () => {
  const { upstreams, routes } = documentIn(`
defaults: { retry: { attempts: 7 }, outliers: off, sticky: { header: x }, timeout: { total: 7s } }
upstreams:
  a: { endpoints: [http://a:1], retry: off, outliers: { ejectFor: 1s } }
  b: { endpoints: [http://b:1], retry: { bodyLimit: 1KiB }, timeout: { attempt: 1s } }
routes: { r: { split: { a: 1, b: 1 }, sticky: off } }
`);
  assert.equal(upstreams.a?.retry, 'off');
  assert.deepEqual(upstreams.a?.outliers, {
    consecutiveFailures: 5,
    successRate: 'off',
    ejectFor: 1000,
    maxEjectFor: 300_000,
    maxEjectedPercent: 50,
  });
  assert.equal(upstreams.b?.outliers, 'off');
  const retry = upstreams.b?.retry;
  assert.ok(retry !== undefined && retry !== 'off');
  assert.equal(retry.attempts, 7);
  assert.equal(retry.bodyLimit, 1024);
  assert.deepEqual(upstreams.b?.timeout, { connect: 1000, attempt: 1000, total: 7000, idle: 60_000 });
  assert.equal(routes.r?.release.sticky, undefined);
});

test('a header of its own displaces the inherited one in whatever case the two are written', () => {
  const defaults =
    'defaults: { match: { headers: { X-Tenant: one }, query: { V: "1" } }, rewrite: { headers: { request: { set: { x-by: default, x-more: m } } } } }\n';
  const own =
    'upstream: a, match: { headers: { x-tenant: two }, query: { v: "2" } }, rewrite: { headers: { request: { set: { X-By: own } } } }';
  const { match, rewrite } = routeOf(own, defaults);
  assert.deepEqual(match.headers, { 'x-tenant': 'two' });
  assert.deepEqual(match.query, { V: '1', v: '2' });
  assert.deepEqual(rewrite.headers.request.set, { 'x-more': 'm', 'X-By': 'own' });
});

test('what is wrong in `defaults` is told once and where it stands, however many inherit it', () => {
  const text = `defaults:
  rewrite: { headers: { request: { set: { host: x } } } }
${UPSTREAMS}routes:
  r: { match: { path: /r }, upstream: a }
  s: { match: { path: /s }, upstream: a }
`;
  assert.deepEqual(saidOf(text), ['2:43 error: Host is not edited here; use `rewrite.host`']);
});
