/**
 * The document as it is written, with its secrets hidden and put back.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../../../src/config/read.ts';
import { maskSecrets, unmask, writtenOf } from '../../../src/config/written.ts';

test('what is written is told as it stands: no environment, no defaults', () => {
  assert.deepEqual(
    writtenOf('\ufeffworkers: ${WORKERS:-2}\nroutes: { cart: { faults: off, x: 1.5, y: } }\n404: .inf\n'),
    {
      ok: true,
      value: { workers: '${WORKERS:-2}', routes: { cart: { faults: 'off', x: 1.5, y: null } }, 404: '.inf' },
    },
  );
});

test('a text that cannot be read has problems with their places', () => {
  const written = writtenOf('a: 1\na: 2\n', 'site.yaml');
  assert.ok(!written.ok);
  const [problem] = written.problems;
  assert.deepEqual([problem?.path, problem?.line, problem?.column], ['site.yaml', 2, 1]);
});

test('a key that would set a prototype is a key', () => {
  const written = writtenOf('__proto__: { a: 1 }\n');
  assert.ok(written.ok);
  assert.equal(JSON.stringify(written.value), '{"__proto__":{"a":1}}');
});

test('a secret is hidden, a mere reference to the environment is not', () => {
  const tokenOf = (token: string | number) => maskSecrets({ admin: { token }, routes: { token: { upstream: 'x' } } });
  for (const token of ['s3cret', 'a${B}', '${A:-s3cret}', 7])
    assert.deepEqual(tokenOf(token), { admin: { token: '***' }, routes: { token: { upstream: 'x' } } });
  for (const token of ['${TOKEN}', '${TOKEN:-}', '']) assert.deepEqual(tokenOf(token), tokenOf(token));
  for (const token of ['${TOKEN}', '${TOKEN:-}', ''])
    assert.deepEqual(tokenOf(token), { admin: { token }, routes: { token: { upstream: 'x' } } });
  assert.deepEqual(maskSecrets({ token: 's3cret', address: 'x' }, '/admin'), { token: '***', address: 'x' });
  assert.equal(maskSecrets('s3cret', '/admin/token'), '***');
});

test('what comes back hidden means what it was; where there was nothing, it stays and is no secret', () => {
  const running = { admin: { token: 's3cret' }, workers: 1 };
  assert.deepEqual(unmask({ admin: { token: '***' }, workers: 2 }, running), { ...running, workers: 2 });
  assert.deepEqual(unmask({ admin: { token: 'new' } }, running), { admin: { token: 'new' } });
  assert.deepEqual(unmask({ admin: { token: '***', address: 'x' } }, {}), { admin: { token: '***', address: 'x' } });
  assert.deepEqual(unmask({ routes: { a: { upstream: '***' } } }, running), { routes: { a: { upstream: '***' } } });
});

test('a credential in a header or parameter is hidden by its name, and comes back by its place', () => {
  const set = { authorization: 'Bearer s3cret', 'x-api-key': '${KEY}', cookie: 'Basic ${BASIC}', 'x-zone': 'edge' };
  const route = {
    match: { headers: { 'x-api-key': 's3cret', accept: 'x' }, query: { access_token: 's3cret', page: '1' } },
    upstream: 'a',
    rewrite: { headers: { request: { set, add: { 'set-cookie': ['a=s3cret', 'b=s3cret'] } } } },
  };
  const document = { routes: { a: route, token: { upstream: 'b' } }, examples: [{ headers: { cookie: 's3cret' } }] };
  const hidden = maskSecrets(document);
  assert.equal(JSON.stringify(hidden).includes('s3cret'), false);
  assert.equal(JSON.stringify(hidden).split('***').length - 1, 5);
  assert.deepEqual(unmask(hidden, document), document);
  const part = maskSecrets(route, '/routes/a');
  assert.equal(JSON.stringify(part).includes('s3cret'), false);
  assert.deepEqual(unmask(part, route, '/routes/a'), route);
  assert.equal(maskSecrets('s3cret', '/routes/a/match/headers/x-api-key'), '***');
});

test('what hides nothing is shared, not copied', () => {
  const document = { upstreams: { a: { endpoints: ['http://a'] } }, routes: { a: { upstream: 'a' } } };
  assert.equal(maskSecrets(document), document);
});

test('what was hidden is refused where it would be the secret', () => {
  const text = `admin: { token: "***", tokens: { a: { role: viewer, sha256: "***" } } }
routes:
  a: { match: { path: /, headers: { x-api-key: "***", x-note: "***" } }, upstream: a }
upstreams: { a: {} }
`;
  const read = readDocument(text, 'routes.yaml', {});
  assert.ok(!read.ok);
  assert.deepEqual(
    read.problems.filter(({ severity }) => severity === 'error').map(({ pointer }) => pointer),
    ['/admin/token', '/admin/tokens/a/sha256', '/routes/a/match/headers/x-api-key'],
  );
  assert.match(read.problems[0].reason, /`\*\*\*` stands for a secret that was not shown/);
});

test('a text in the place of a map or list of secrets is hidden as one of them', () => {
  const mistaken = {
    admin: { tokens: { zoe: 'S3CRET' } },
    alerts: { webhooks: 'http://S3CRET/' },
    routes: { r: 'plain' },
  };
  assert.deepEqual(maskSecrets(mistaken), {
    admin: { tokens: { zoe: '***' } },
    alerts: { webhooks: '***' },
    routes: { r: 'plain' },
  });
});
