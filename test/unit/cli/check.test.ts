/**
 * `signalbox check`: what it prints, and the status it ends with.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a document refers to the environment.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkCommand } from '../../../src/cli/check.ts';
import type { Problem } from '../../../src/config/document.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/test-certificate.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-check-'));
});
after(() => rm(folder, { recursive: true }));

const VALID = `
upstreams: { a: { endpoints: [http://127.0.0.1:7001] }, b: { endpoints: [http://127.0.0.1:7002], circuitBreaker: { consecutiveFailures: off } } }
routes:
  a: { match: { path: /a }, upstream: a }
  b: { match: { path: /b }, upstream: b }
`;

interface Run {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function run(argv: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const io = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const status = await checkCommand(argv, io, env);
  return { status, out: out.join('\n').replaceAll(`${folder}/`, ''), err: err.join('\n') };
}

async function fileWith(text: string | Uint8Array): Promise<string> {
  const path = join(folder, 'routes.yaml');
  await writeFile(path, text);
  return path;
}

test('a valid document is summed up, its notices first, with status 0', async () => {
  const { status, out } = await run([await fileWith(VALID)]);
  assert.equal(status, 0);
  const [notice, summary, ...rest] = out.split('\n');
  assert.equal(
    notice,
    'routes.yaml:2:98 notice: circuitBreaker: with `consecutiveFailures: off` and no `failureRate` it never opens; give it one of them, or write `circuitBreaker: off`',
  );
  assert.match(summary ?? '', /^routes\.yaml: 2 routes, 2 upstreams, revision [0-9a-f]{12}; 1 notice$/);
  assert.deepEqual(rest, []);
});

async function pemWith(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const tlsOf = (cert: string, key: string) => `admin: { tls: { cert: ${cert}, key: ${key} } }\n${VALID}`;

test('files of the admin certificate that cannot be read are problems, as they keep serve from starting', async () => {
  const [cert, key] = [await pemWith('cert.pem', TEST_CERTIFICATE), await pemWith('key.pem', TEST_KEY)];
  assert.equal((await run([await fileWith(tlsOf(cert, key))])).status, 0);
  const { status, out } = await run([await fileWith(tlsOf('nowhere.pem', key))]);
  assert.equal(status, 1);
  assert.match(
    out,
    /^routes\.yaml:1:17 error: admin\.tls\.cert: ENOENT: .*'nowhere\.pem'; name a file that exists; a path is read from where `serve` is started$/m,
  );
  const both = await run([await fileWith(tlsOf('nowhere.pem', 'neither.pem'))]);
  assert.deepEqual(both.out.match(/admin\.tls\.(?:cert|key): ENOENT/g), [
    'admin.tls.cert: ENOENT',
    'admin.tls.key: ENOENT',
  ]);
});

test('a certificate with another one’s key, or an authority that is none, is a problem before serve says it', async () => {
  const cert = await pemWith('cert.pem', TEST_CERTIFICATE);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = await pemWith('other.pem', String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  const { status, out } = await run([await fileWith(tlsOf(cert, key))]);
  assert.equal(status, 1);
  assert.match(
    out,
    /^routes\.yaml:1:\d+ error: admin\.tls: cert\.pem and other\.pem do not go together: .*; name the/m,
  );
  const own = await pemWith('key.pem', TEST_KEY);
  const authority = tlsOf(cert, `${own}, clientCa: ${key}`);
  assert.match(
    (await run([await fileWith(authority)])).out,
    /: admin\.tls\.clientCa: other\.pem holds no certificate in PEM;/,
  );
});

test('every problem is a line with path, line, column, reason and advice, with status 1', async () => {
  const wrong = VALID.replace('path: /a }', 'pth: /a }').replace('upstream: b', 'upstream: bb');
  const { status, out } = await run([await fileWith(wrong)]);
  assert.equal(status, 1);
  assert.deepEqual(out.split('\n'), [
    'routes.yaml:2:98 notice: circuitBreaker: with `consecutiveFailures: off` and no `failureRate` it never opens; give it one of them, or write `circuitBreaker: off`',
    'routes.yaml:4:17 error: unknown key "pth" in "match"; did you mean "path"?',
    'routes.yaml:5:39 error: there is no upstream "bb"; known: a, b',
    'routes.yaml: 2 problems; 1 notice',
  ]);
});

test('an example that does not hold is a problem at its place', async () => {
  const text = `${VALID}examples:
  - { request: "GET http://any/a", route: a, upstream: a }
  - { request: "GET http://any/b", route: a }
`;
  const { status, out } = await run([await fileWith(text)]);
  assert.equal(status, 1);
  assert.match(out, /^routes\.yaml:8:5 error: example 2 \(GET http:\/\/any\/b\): expected route a.*route b.*; /m);
  assert.match(out, /^routes\.yaml: 1 problem; 1 notice$/m);
});

test('the environment is read', async () => {
  const path = await fileWith('workers: "${N}"\n');
  assert.equal((await run([path])).status, 1);
  assert.equal((await run([path], { N: '2' })).status, 0);
});

test('--json prints one object with the same problems', async () => {
  const bad = await run([await fileWith('workers: two\n'), '--json']);
  assert.equal(bad.status, 1);
  const told = JSON.parse(bad.out) as { ok: boolean; path: string; problems: Problem[] };
  assert.equal(told.ok, false);
  assert.deepEqual(
    told.problems.map(({ line, column, pointer, severity }) => ({ line, column, pointer, severity })),
    [{ line: 1, column: 10, pointer: '/workers', severity: 'error' }],
  );
  const good = await run([await fileWith(VALID), '--json']);
  assert.equal(good.status, 0);
  const summary = JSON.parse(good.out) as { ok: boolean; revision: string; routes: number; problems: Problem[] };
  assert.equal(summary.ok, true);
  assert.equal(summary.routes, 2);
  assert.equal(summary.problems.length, 1);
});

test('a file that cannot be read is a problem', async () => {
  const missing = await run([join(folder, 'nowhere.yaml')]);
  assert.equal(missing.status, 1);
  assert.match(missing.out, /^nowhere\.yaml:1:1 error: the file cannot be read: ENOENT/);
  const binary = await run([await fileWith(Uint8Array.of(0x61, 0xff, 0xfe))]);
  assert.equal(binary.status, 1);
  assert.match(binary.out, /the file cannot be read: it is not UTF-8/);
});

test('a command that is not understood ends with status 2 and the usage', async () => {
  for (const argv of [['--nope'], ['one.yaml', 'two.yaml']]) {
    const { status, out, err } = await run(argv);
    assert.equal(status, 2);
    assert.equal(out, '');
    assert.match(err, /usage: signalbox check/);
  }
  const { status, out } = await run(['one.yaml', 'two.yaml', '--json']);
  assert.equal(status, 2);
  assert.deepEqual(JSON.parse(out), {
    code: 'wrong_arguments',
    detail: 'one file at a time, please; not one.yaml, two.yaml',
  });
  const asked = await run(['--help']);
  assert.equal(asked.status, 0);
  assert.match(asked.out, /^usage: signalbox check/);
});
