/**
 * `${NAME}` in a document: where it is read, what it may become, and what it can never do.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what these texts are about.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../../../src/config/read.ts';
import { documentIn, revisionIn } from '../../support/reading.ts';

const tokenIn = (written: string, env: Record<string, string | undefined> = {}): string =>
  documentIn(`admin: { token: '${written}' }`, env).admin.token;

test('a set variable is read, more than once and in the middle of a text', () => {
  assert.equal(tokenIn('${A}', { A: 'x' }), 'x');
  assert.equal(tokenIn('a-${A}-${B}-${A}', { A: '1', B: '2' }), 'a-1-2-1');
  assert.equal(tokenIn('${A}', { A: '' }), '');
});

test('the default counts where the variable is not set or empty', () => {
  assert.equal(tokenIn('${A:-x}'), 'x');
  assert.equal(tokenIn('${A:-x}', { A: '' }), 'x');
  assert.equal(tokenIn('${A:-x}', { A: 'y' }), 'y');
  assert.equal(tokenIn('${A:-}'), '');
  assert.equal(tokenIn('${A:-b:-c}'), 'b:-c');
});

test('two dollar signs in front of a brace stand for a literal one', () => {
  assert.equal(tokenIn('$${A}'), '${A}');
  assert.equal(tokenIn('$${A} ${B}', { B: 'b' }), '${A} b');
  assert.equal(tokenIn('5$ $A {A} $'), '5$ $A {A} $');
});

test('what comes in is not read a second time, and is no YAML', () => {
  assert.equal(tokenIn('${A}', { A: '${B}', B: 'secret' }), '${B}');
  assert.equal(tokenIn('${A}', { A: "', address: 'x" }), "', address: 'x");
});

test('a name that every object has is not set for it', () => {
  const reading = readDocument('admin: { token: "${toString}" }', 'routes.yaml', {});
  assert.equal(reading.ok, false);
});

test('where a number, a duration or an address is expected, the text is read as one', () => {
  const text = `
workers: "\${WORKERS}"
drain: { limit: "\${LIMIT}" }
listeners: { internal: { address: "127.0.0.1:\${PORT:-8080}" } }
upstreams: { a: { endpoints: [{ url: "http://127.0.0.1:\${A}", weight: "\${WEIGHT}" }] } }
`;
  const document = documentIn(text, { WORKERS: '2', LIMIT: '7s', A: '7001', WEIGHT: '1.5' });
  assert.equal(document.workers, 2);
  assert.equal(document.drain.limit, 7000);
  assert.equal(document.listeners.internal.address, '127.0.0.1:8080');
  assert.deepEqual(document.upstreams.a.endpoints, [{ url: 'http://127.0.0.1:7001', weight: 1.5 }]);
});

test('a key is never read from the environment', () => {
  const reading = readDocument('upstreams: { "${A}": {} }', 'routes.yaml', { A: 'a' });
  assert.equal(reading.ok, false);
});

test('a value from the environment counts in the revision and stands in no problem', () => {
  const text = 'admin: { token: "${TOKEN}" }';
  assert.notEqual(revisionIn(text, { TOKEN: 'one' }), revisionIn(text, { TOKEN: 'two' }));
  const everywhere = `
admin: { address: "\${S}", token: "\${S}" }
workers: "\${S}"
drain: { limit: "\${S}" }
listeners: { i: { address: "\${S}", zone: "\${S}", limits: { head: "\${S}" }, trustedProxies: ["\${S}"] } }
correlation: { header: "\${S} x" }
upstreams: { a: { endpoints: ["\${S}", "\${S}"], balance: "\${S}", retry: "\${S}" } }
routes:
  r:
    match: { host: "\${S}/", path: "\${S}", methods: ["\${S} y"], headers: { x: "\${S}\\n" } }
    upstream: "\${S}"
    rewrite: { headers: { request: { set: { x: "\${S}\\n" } } } }
examples: [{ request: "\${S}", route: "\${S}" }]
`;
  const reading = readDocument(everywhere, 'routes.yaml', { S: 'hunter2' });
  assert.equal(reading.ok, false);
  if (reading.ok) return;
  assert.ok(reading.problems.length > 12);
  assert.ok(!JSON.stringify(reading.problems).includes('hunter2'));
});
