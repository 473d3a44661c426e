/**
 * Precedence as a table: every line of the contract, each tie, each fall-through, and the two readings of a path.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameSet } from '../../../src/core/names.ts';
import type { Matched, MatchSettings, PathMatch } from '../../../src/routing/route.ts';
import { factsOf, matcherOf, type RequestLike } from '../../support/facts.ts';

type Routes = Readonly<Record<string, Partial<MatchSettings>>>;

const prefix = (value: string): PathMatch => ({ kind: 'prefix', value });
const exact = (value: string): PathMatch => ({ kind: 'exact', value });
const regex = (value: string): PathMatch => ({ kind: 'regex', value });

/** Asks a table of these routes; they are given in both orders, because order in the document must not matter. */
function ask(routes: Routes, request: RequestLike): Matched {
  const answers = [Object.entries(routes), Object.entries(routes).reverse()].map((entries) => {
    const names = new NameSet();
    const matcher = matcherOf(entries, names);
    return matcher.match(factsOf(request, names));
  });
  assert.equal(told(answers[0]), told(answers[1]), 'the order of routes in the document decided');
  return answers[0];
}

function told(matched: Matched): string {
  return matched.is === 'route' ? matched.route.id : matched.is;
}

function check(routes: Routes, requests: readonly (readonly [RequestLike, string])[]): void {
  for (const [request, expected] of requests)
    assert.equal(told(ask(routes, request)), expected, JSON.stringify(request));
}

test('an exact host goes before any wildcard, and a wildcard before no host', () => {
  const routes: Routes = {
    exact: { host: 'a.shop.example' },
    long: { host: '*.shop.example', path: exact('/') },
    short: { host: '*.example', path: exact('/') },
    none: { path: exact('/') },
  };
  check(routes, [
    [{ host: 'a.shop.example' }, 'exact'],
    [{ host: 'b.shop.example' }, 'long'],
    [{ host: 'x.b.shop.example' }, 'long'],
    [{ host: 'shop.example' }, 'short'],
    [{ host: 'other.example' }, 'short'],
    [{ host: 'example' }, 'none'],
    [{ host: '' }, 'none'],
    [{ host: 'a.shop.example.' }, 'exact'],
    [{ host: '.example' }, 'none'],
    [{ host: 'shopXexample' }, 'none'],
  ]);
});

test('hosts of routes are compared without regard to case or a final dot', () => {
  check({ cart: { host: 'Cart.Internal.' } }, [[{ host: 'cart.internal' }, 'cart']]);
});

test('host goes before path: a catch-all of the exact host beats an exact path without host', () => {
  check({ host: { host: 'cart.internal', path: prefix('/') }, path: { path: exact('/cart') } }, [
    [{ host: 'cart.internal', target: '/cart' }, 'host'],
    [{ host: 'tax.internal', target: '/cart' }, 'path'],
  ]);
});

test('exact path, then longest prefix, then regex, then no path', () => {
  const routes: Routes = {
    exact: { path: exact('/a/b') },
    long: { path: prefix('/a/b'), methods: ['GET'], headers: { x: '1' } },
    short: { path: prefix('/a'), methods: ['GET'] },
    regex: { path: regex('/[a-z]+/.*'), methods: ['GET'], headers: { x: '1', y: '2' } },
    any: { methods: ['GET'], headers: { x: '1', y: '2', z: '3' } },
  };
  const headers = { x: '1', y: '2', z: '3' };
  check(routes, [
    [{ target: '/a/b', headers }, 'exact'],
    [{ target: '/a/b/c', headers }, 'long'],
    [{ target: '/a/c', headers }, 'short'],
    [{ target: '/b/c', headers }, 'regex'],
    [{ target: '/B', headers }, 'any'],
  ]);
});

test('the prefix / goes before regexes, and routes without path behind them', () => {
  check({ root: { path: prefix('/') }, regex: { path: regex('/a') } }, [[{ target: '/a' }, 'root']]);
  check({ any: {}, regex: { path: regex('/a') } }, [[{ target: '/a' }, 'regex']]);
  check({ any: { methods: ['GET'] }, root: { path: prefix('/') } }, [[{ target: '/a' }, 'root']]);
});

test('with equal paths a given method wins', () => {
  check(
    { a: { path: prefix('/x'), headers: { h: '1' }, query: { q: '1' } }, z: { path: prefix('/x'), methods: ['GET'] } },
    [
      [{ target: '/x?q=1', headers: { h: '1' } }, 'z'],
      [{ method: 'POST', target: '/x?q=1', headers: { h: '1' } }, 'a'],
    ],
  );
});

test('with equal paths and methods most headers win, then most parameters, then the id', () => {
  const path = prefix('/x');
  const routes: Routes = {
    z: { path, headers: { h: '1', i: '2' } },
    y: { path, headers: { h: '1' }, query: { q: '1', r: '2' } },
    x: { path, headers: { h: '1' }, query: { q: '1' } },
    w: { path, headers: { h: '1' } },
    v: { path, query: { q: '1', r: '2' } },
    b: { path },
    a: { path },
    B: { path },
  };
  check(routes, [
    [{ target: '/x?q=1&r=2', headers: { h: '1', i: '2' } }, 'z'],
    [{ target: '/x?q=1&r=2', headers: { h: '1' } }, 'y'],
    [{ target: '/x?q=1', headers: { h: '1' } }, 'x'],
    [{ target: '/x', headers: { h: '1' } }, 'w'],
    [{ target: '/x?r=2&q=1' }, 'v'],
    [{ target: '/x' }, 'B'],
  ]);
});

test('the same ties decide among regexes and among routes without path', () => {
  for (const path of [{ path: regex('/x.*') }, {}]) {
    check({ a: path, b: { ...path, headers: { h: '1' } }, c: { ...path, methods: ['PUT'] } }, [
      [{ target: '/x/1', method: 'PUT', headers: { h: '1' } }, 'c'],
      [{ target: '/x/1', headers: { h: '1' } }, 'b'],
      [{ target: '/x/1' }, 'a'],
    ]);
  }
});

test('precedence is among routes that match: what does not meet a condition makes way for the next place', () => {
  const routes: Routes = {
    exact: { host: 'h', path: exact('/a/b'), methods: ['PUT'] },
    prefix: { host: 'h', path: prefix('/a/b'), headers: { x: '1' } },
    wider: { host: 'h', path: prefix('/a'), query: { q: '1' } },
    regex: { host: 'h', path: regex('/a/.'), headers: { y: '1' } },
    any: { host: 'h', headers: { z: '1' } },
    wildcard: { host: '*.internal', headers: { w: '1' } },
    rest: { path: prefix('/') },
  };
  check(routes, [
    [{ host: 'h', target: '/a/b', method: 'PUT' }, 'exact'],
    [{ host: 'h', target: '/a/b', headers: { x: '1' } }, 'prefix'],
    [{ host: 'h', target: '/a/b?q=1' }, 'wider'],
    [{ host: 'h', target: '/a/b', headers: { y: '1' } }, 'regex'],
    [{ host: 'h', target: '/a/b', headers: { z: '1' } }, 'any'],
    [{ host: 'h', target: '/a/b' }, 'rest'],
    [{ host: 'a.internal', target: '/a/b', headers: { w: '1' } }, 'wildcard'],
    [{ host: 'a.internal', target: '/a/b' }, 'rest'],
  ]);
});

test('a prefix is whole segments, with or without a slash at its end', () => {
  check({ products: { path: prefix('/products') }, deep: { path: prefix('/a/b/') } }, [
    [{ target: '/products' }, 'products'],
    [{ target: '/products/' }, 'products'],
    [{ target: '/products/7' }, 'products'],
    [{ target: '/products?x=1' }, 'products'],
    [{ target: '/products-for-sale' }, 'none'],
    [{ target: '/product' }, 'none'],
    [{ target: '/Products' }, 'none'],
    [{ target: '/x/products' }, 'none'],
    [{ target: '/a/b' }, 'deep'],
    [{ target: '/a/b/c' }, 'deep'],
    [{ target: '/a/bc' }, 'none'],
    [{ target: '/a' }, 'none'],
  ]);
});

test('prefixes of any depth are found', () => {
  const deep = (count: number): string => '/s'.repeat(count);
  const routes: Routes = {
    d31: { path: prefix(deep(31)) },
    d40: { path: prefix(deep(40)) },
    d80: { path: prefix(deep(80)) },
  };
  check(routes, [
    [{ target: deep(30) }, 'none'],
    [{ target: deep(31) }, 'd31'],
    [{ target: deep(39) }, 'd31'],
    [{ target: deep(41) }, 'd40'],
    [{ target: `${deep(80)}/x/y` }, 'd80'],
    [{ target: deep(200) }, 'd80'],
  ]);
});

test('an exact path is the whole path and its slash at the end counts', () => {
  check({ plain: { path: exact('/cart') }, slashed: { path: exact('/cart/') } }, [
    [{ target: '/cart' }, 'plain'],
    [{ target: '/cart?x' }, 'plain'],
    [{ target: '/cart/' }, 'slashed'],
    [{ target: '/cart/7' }, 'none'],
  ]);
});

test('a regex must match the whole path, and never sees the query', () => {
  check({ users: { path: regex('/users/[0-9]+') } }, [
    [{ target: '/users/7' }, 'users'],
    [{ target: '/users/7?x=y' }, 'users'],
    [{ target: '/users/7/x' }, 'none'],
    [{ target: '/x/users/7' }, 'none'],
    [{ target: '/%75sers/7' }, 'users'],
  ]);
  check({ anchored: { path: regex('^/a|b$') } }, [[{ target: '/a' }, 'anchored']]);
});

test('an expression that backtracks for ever elsewhere is answered at once', () => {
  check({ evil: { path: regex('/(a|a)*(a|aa)*b') } }, [[{ target: `/${'a'.repeat(5000)}` }, 'none']]);
});

test('an expression that RE2 cannot run is refused when the table is compiled', () => {
  assert.throws(() => ask({ look: { path: regex('/(?=a)b') } }, {}), /Perl syntax/);
});

test('methods are exact: a route for GET does not take HEAD', () => {
  check({ get: { path: prefix('/'), methods: ['GET', 'POST'] } }, [
    [{ method: 'GET' }, 'get'],
    [{ method: 'POST' }, 'get'],
    [{ method: 'HEAD' }, 'none'],
    [{ method: 'get' }, 'none'],
  ]);
});

test('the target * of OPTIONS matches only routes without path', () => {
  const request = { method: 'OPTIONS', target: '*' };
  check({ root: { path: prefix('/') }, regex: { path: regex('.*') } }, [[request, 'none']]);
  check({ root: { path: prefix('/') }, any: {} }, [[request, 'any']]);
});

test('header names match in any case, values exactly; bytes of UTF-8 match the document', () => {
  check({ acme: { headers: { 'X-Tenant': 'Acmé' } } }, [
    [{ headers: { 'x-tenant': 'Acm\u00c3\u00a9' } }, 'acme'],
    [{ headers: { 'x-tenant': 'acm\u00c3\u00a9' } }, 'none'],
    [{ headers: {} }, 'none'],
  ]);
});

test('query values are decoded and the first of a name counts', () => {
  check({ v2: { query: { v: '2 é' } } }, [
    [{ target: '/?v=2+%C3%A9' }, 'v2'],
    [{ target: '/?v=2%20%c3%a9&v=1' }, 'v2'],
    [{ target: '/?v=1&v=2+%C3%A9' }, 'none'],
    [{ target: '/' }, 'none'],
  ]);
});

test('paths of routes may be written plainly or encoded', () => {
  check({ cafe: { path: prefix('/café') }, tilde: { path: exact('/%7Eme') } }, [
    [{ target: '/caf%c3%a9/x' }, 'cafe'],
    [{ target: '/~me' }, 'tilde'],
    [{ target: '/%7eme' }, 'tilde'],
  ]);
});

test('the path of a match is the plain reading without the query', () => {
  assert.equal(ask({ any: {} }, { target: '/a?b=%41' }).path, '/a');
  assert.equal(ask({ any: {} }, { target: '/%41?b=%41' }).path, '/A');
  assert.equal(ask({}, { target: '/%41//' }).path, '/A//');
});

test('a path trick is ambiguous where its two readings lead to different routes', () => {
  const routes: Routes = {
    public: { path: prefix('/public') },
    admin: { path: prefix('/admin') },
    secret: { path: exact('/s') },
  };
  const tricks = [
    '/public/../admin',
    '/public/%2e%2e/admin',
    '/public/.%2E/admin',
    '/public/..%2fadmin',
    '/public%2F..%2Fadmin',
    '/public/..%5Cadmin',
    '/public\\..\\admin',
    '/public/..;/admin',
    '/public/..;a=b/admin',
    '/public/./../admin/',
    '//admin',
    '/%2fadmin',
    '/.//admin',
    '/x/../admin',
    '/\\admin',
    '//s',
    '/./s',
    '/public/../..',
    '/%61dmin%00',
    '/none%00',
  ];
  for (const target of tricks) {
    assert.equal(ask(routes, { target }).is, 'ambiguous', target);
    assert.equal(ask(routes, { target: `${target}?x=/` }).is, 'ambiguous', target);
  }
});

test('odd spellings pass where both readings lead to the same route', () => {
  const routes: Routes = { public: { path: prefix('/public') }, admin: { path: prefix('/admin') } };
  check(routes, [
    [{ target: '/public//a/./b/../c' }, 'public'],
    [{ target: '/public/a%2Fb' }, 'public'],
    [{ target: '/%70ublic/' }, 'public'],
    [{ target: '/public/%252e%252e/admin' }, 'public'],
    [{ target: '/public/%c0%ae%c0%ae/admin' }, 'public'],
    [{ target: '/public/%uff0e/%zz/100%' }, 'public'],
    [{ target: '/public/...' }, 'public'],
    [{ target: '/public/.well-known' }, 'public'],
    [{ target: '/public/x?a=../../admin&b=//x\\%00' }, 'public'],
    [{ target: '//x//y' }, 'none'],
  ]);
});

test('a catch-all makes both readings agree', () => {
  check({ all: { path: prefix('/') } }, [
    [{ target: '/a/../../b' }, 'all'],
    [{ target: '//evil.example/' }, 'all'],
  ]);
});

test('the detail of an ambiguity names both readings', () => {
  const routes: Routes = { public: { path: prefix('/public') }, admin: { path: prefix('/admin') } };
  const both = ask(routes, { target: '/public/../admin' });
  assert.ok(both.is === 'ambiguous');
  assert.match(both.detail, /route public .* route admin /);
  const none = ask(routes, { target: '/public/../x' });
  assert.ok(none.is === 'ambiguous');
  assert.match(none.detail, /route public .* no route /);
});
