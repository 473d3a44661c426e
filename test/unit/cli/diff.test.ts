/**
 * What another document would change: of two files, and of a file and what runs.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { EFFECT } from '../../support/admin-samples.ts';
import { type Ran, run } from '../../support/command.ts';
import { FakeAdmin } from '../../support/fake-admin.ts';

const TEXT = `upstreams: { a: { endpoints: [http://127.0.0.1:7001] } }
routes:
  a: { match: { path: /a }, upstream: a }
`;

let fake: FakeAdmin;
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-diff-'));
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  fake = await FakeAdmin.start();
});
afterEach(() => fake.stop());

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function diff(...words: string[]): Promise<Ran> {
  const ran = await run(['diff', ...words], { env: { SIGNALBOX_ADMIN: fake.url } });
  return { ...ran, out: ran.out.replaceAll(`${folder}/`, ''), err: ran.err.replaceAll(`${folder}/`, '') };
}

test('two files are compared without a router', async () => {
  const old = await file('old.yaml', TEXT);
  const fresh = await file('new.yaml', `${TEXT}  b: { match: { path: /b }, upstream: a }\n`);
  const { code, out } = await diff(old, fresh);
  assert.equal(code, 0);
  assert.match(out, /^1 route added/);
  assert.match(out, /\bb\b/);
  const asked = JSON.parse((await diff(old, fresh, '--json')).out);
  assert.deepEqual(asked.effect.routes, { added: ['b'], removed: [], changed: [] });
  assert.match(asked.before, /^[0-9a-f]{12}$/);
  assert.deepEqual(fake.heard, []);
});

test('files that mean the same say so, however they are written', async () => {
  const old = await file('old.yaml', TEXT);
  const same = await file('same.yaml', `# a comment\n${TEXT.replace('/a }', '"/a" }')}`);
  assert.match((await diff(old, same)).out, /^nothing changes: both say the same \(revision [0-9a-f]{12}\)\n$/);
});

test('a file that is not valid is told with its problems, and code 1', async () => {
  const old = await file('old.yaml', TEXT);
  const bad = await file('bad.yaml', TEXT.replace('upstream: a', 'upstream: b'));
  const { code, out, err } = await diff(old, bad);
  assert.equal(code, 1);
  assert.equal(out, '');
  assert.match(err, /^signalbox diff: bad\.yaml is not valid:\nbad\.yaml:3:\d+ error: there is no upstream "b"; /);
});

test('one file is compared with what runs, by the router', async () => {
  fake.on('POST /v1/config/check', { valid: true, revision: 'aaaaaaaaaaa2', problems: [], effect: EFFECT });
  const { code, out } = await diff(await file('new.yaml', TEXT));
  assert.equal(code, 0);
  assert.equal(out, '1 route changed\nroute cart: cart-v2 gets 10% (20% before)\nit would be revision aaaaaaaaaaa2\n');
  assert.equal(fake.heard[0]?.body, TEXT);
});

test('a file that the router would refuse is told with its problems, and code 1', async () => {
  const problems = [
    { severity: 'error', pointer: '/routes/a', detail: 'no', advice: 'yes', path: 'document', line: 2, column: 3 },
  ];
  fake.on('POST /v1/config/check', { valid: false, problems });
  const { code, out } = await diff(await file('new.yaml', TEXT));
  assert.equal(code, 1);
  assert.equal(out, 'new.yaml:2:3 /routes/a: no; yes\nnew.yaml: 1 problem\n');
});

test('a file that is not there ends with code 2', async () => {
  const { code, err } = await diff(join(folder, 'nowhere.yaml'), join(folder, 'nowhere.yaml'));
  assert.equal(code, 2);
  assert.match(err, /nowhere\.yaml cannot be read: ENOENT/);
});
