/**
 * The request target goes to the upstream byte for byte; absolute form becomes origin form; where the plain and the strict
 * reading of a path lead to different routes the answer is 400.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valuesOf } from '../support/bytes.ts';
import { answering, ok } from '../support/raw-origin.ts';
import { assertLastProblem } from './refusing.ts';
import { onStage } from './stage.ts';

const PASSING = [
  '/',
  '/?',
  '/?x',
  '/a?b=c&d=e&&=',
  '/a?x=//y//z',
  '/a?x=/../b&y=%2e%2e/%2F',
  '/a?x=?y?z',
  '/a;b=c;d/e;f',
  '/a,b!c$d&e*f+g=h@i:j',
  "/a(b)c'd~e-f_g.h",
  '/%41%c3%A9%E2%82%AC',
  '/a%20b%2Bc+d',
  '/a%2525',
  '/a%',
  '/a%4',
  '/a%zz',
  '/a?%zz%',
  '/{x}|y^z`[0]',
  '/a?"<x>"',
  '/"quoted"/\'x\'',
  '/...',
  '/.hidden/a..b',
  '/a/',
  `/${'long/'.repeat(1000)}`,
];

test(
  'targets pass byte for byte, however odd',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    for (const target of PASSING) {
      assert.equal((await client.ask(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)).status, 200, target);
    }
    assert.deepEqual(
      stage.origin.requests.map((request) => request.start),
      PASSING.map((target) => `GET ${target} HTTP/1.1`),
    );
  }),
);

const SAME_ROUTE = [
  '//a//b',
  '/a/../b',
  '/a/./b',
  '/a/%2e%2E/b',
  '/a/%2F/b',
  '/a%2f..%2fb',
  '/a\\b',
  '/a/..;/b',
  '/a/b/..',
  '/a/b/.',
  '/%61/%7Eb',
];

test(
  'odd paths whose two readings lead to the same route pass byte for byte too',
  onStage(answering(ok('')), async (stage) => {
    const client = await stage.client();
    for (const target of SAME_ROUTE) {
      assert.equal((await client.ask(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)).status, 200, target);
    }
    assert.deepEqual(
      stage.origin.requests.map((request) => request.start),
      SAME_ROUTE.map((target) => `GET ${target} HTTP/1.1`),
    );
  }),
);

/** `/admin` is another route than the rest. */
const TWO_ROUTES = {
  document: {
    routes: {
      admin: { match: { path: '/admin' }, upstream: 'main' },
      rest: { match: { path: '/' }, upstream: 'main' },
    },
  },
};

const AMBIGUOUS = [
  '/x/../admin',
  '/x/%2e%2e/admin',
  '/x/.%2E/admin/keys',
  '/./admin',
  '/%2e/admin',
  '//admin',
  '/x/..//admin',
  '/%2Fadmin',
  '/\\admin',
  '/x\\..\\admin',
  '/x%5c..%5Cadmin',
  '/x%2F..%2Fadmin',
  '/x/..%2fadmin',
  '/admin/../x',
  '/admin/%2e%2e/x',
  '/admin/..%2Fx?q',
  '/../admin',
  '/x/y/../../admin',
];

for (const target of AMBIGUOUS) {
  test(
    `${target} is a path trick and refused`,
    onStage(
      answering(ok('')),
      async (stage) => {
        const client = await stage.client();
        await client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
        await assertLastProblem(await client.lastReply(), 400, 'bad_request');
        assert.equal(stage.origin.requests.length, 0);
      },
      TWO_ROUTES,
    ),
  );
}

test(
  'unreserved percent-codes are read plainly and go out as they came',
  onStage(
    answering(ok('')),
    async (stage) => {
      const client = await stage.client();
      for (const target of ['/%61dmin', '/%61%64%6D%69%6e/x', '/admi%6E?%61']) {
        await client.ask(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
        const record = (await stage.router.accessLog(stage.origin.requests.length)).at(-1);
        assert.equal(record?.route, 'admin', target);
      }
      assert.equal(stage.origin.requests[0].start, 'GET /%61dmin HTTP/1.1');
    },
    TWO_ROUTES,
  ),
);

for (const target of ['/a%00', '/a%00/../b', '/%00']) {
  test(
    `${target} hides a NUL and is refused`,
    onStage(answering(ok('')), async (stage) => {
      const client = await stage.client();
      await client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await assertLastProblem(await client.lastReply(), 400, 'bad_request');
    }),
  );
}

const ABSOLUTE: readonly (readonly [target: string, host: string, out: string])[] = [
  ['http://a.example/x/y?z=//1', 'a.example', '/x/y?z=//1'],
  ['http://a.example:81/x%2e?%zz', 'a.example:81', '/x%2e?%zz'],
  ['http://a.example', 'a.example', '/'],
  ['http://a.example/', 'a.example', '/'],
  ['http://a.example?x=1', 'a.example', '/?x=1'],
  ['HTTP://A.EXAMPLE/x', 'a.example', '/x'],
  ['http://[::1]:8080/x', '[::1]:8080', '/x'],
];

for (const [target, host, out] of ABSOLUTE) {
  test(
    `${target} with Host: ${host} goes out as ${out}`,
    onStage(answering(ok('')), async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status, 200);
      const [request] = stage.origin.requests;
      assert.equal(request.start, `GET ${out} HTTP/1.1`);
      assert.deepEqual(
        valuesOf(request.fields, 'host').map((value) => value.toLowerCase()),
        [host],
      );
    }),
  );
}

test(
  'OPTIONS * passes as it is',
  onStage(
    answering(ok('')),
    async (stage) => {
      const client = await stage.client();
      assert.equal((await client.ask('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n')).status, 200);
      assert.equal(stage.origin.requests[0].start, 'OPTIONS * HTTP/1.1');
    },
    { route: { match: { methods: ['OPTIONS'] } } },
  ),
);

test(
  'hosts of every form pass unchanged',
  onStage(answering(ok('')), async (stage) => {
    const hosts = [
      'A.Example',
      'a.example:8080',
      'a_b.example',
      '127.0.0.1:1',
      '[2001:db8::1]',
      '[::1]:80',
      'xn--e1afmkfd',
    ];
    const client = await stage.client();
    for (const host of hosts) await client.ask(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.deepEqual(
      stage.origin.requests.flatMap((request) => valuesOf(request.fields, 'host')),
      hosts,
    );
  }),
);
