/**
 * Names and words that nobody knows: what is near, what lists all, and JSON for whoever asked for it.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { problem } from '../../support/admin-samples.ts';
import { run } from '../../support/command.ts';
import { FakeAdmin } from '../../support/fake-admin.ts';

let fake: FakeAdmin;
beforeEach(async () => {
  fake = await FakeAdmin.start();
});
afterEach(() => fake.stop());

for (const [words, call, names, detail, said] of [
  [
    ['get', 'route', 'crt'],
    'GET /v1/routes/crt',
    'routes',
    'there is no route crt; GET /v1/routes lists all',
    'there is no route crt; did you mean "cart"? signalbox get routes lists all',
  ],
  [
    ['status', 'zzz'],
    'GET /v1/upstreams/zzz/status',
    'upstreams',
    'there is no upstream zzz; GET /v1/upstreams lists all',
    'there is no upstream zzz; signalbox get upstreams lists all',
  ],
  [
    ['delete', 'route', 'crt'],
    'DELETE /v1/routes/crt',
    'routes',
    'there is no route crt',
    'there is no route crt; did you mean "cart"? signalbox get routes lists all',
  ],
] as const) {
  test(`\`${words.join(' ')}\` says which name is near, and which command lists all`, async () => {
    const item = { id: 'cart', value: {} };
    fake.on(call, () => ({ status: 404, body: problem(404, 'not_found', detail) }));
    fake.on(`GET /v1/${names}`, { items: [item], total: 1 });
    const ran = await run([...words, '--admin', fake.url]);
    assert.equal(ran.code, 1);
    assert.equal(ran.err, `signalbox ${words[0]}: ${said}\n`);
  });
}

test('an unknown name is told of as the router did, where it does not list the names', async () => {
  fake.on('GET /v1/routes/crt', () => ({
    status: 404,
    body: problem(404, 'not_found', 'there is no route crt; look'),
  }));
  fake.on('GET /v1/routes', () => ({ status: 503, body: problem(503, 'busy', 'later') }));
  assert.equal(
    (await run(['get', 'route', 'crt', '--admin', fake.url])).err,
    'signalbox get: there is no route crt; look\n',
  );
});

for (const words of [
  ['revision', '12'],
  ['restore', '1'],
  ['restore', 'zzzz'],
] as const) {
  test(`\`${words.join(' ')}\` names no revision, and is told where they are listed`, async () => {
    const { code, err } = await run([...words, '--admin', fake.url]);
    assert.equal(code, 2);
    assert.ok(
      err.includes(`${words[1]} is no revision; write the first 4 of its digits, or more; \`signalbox revisions\``),
    );
    assert.equal(fake.heard.length, 0);
  });
}

test('with --json arguments that were not understood are told in JSON too', async () => {
  for (const words of [
    ['status', '--json', '--bogus'],
    ['status', 'a', 'b', '--json'],
    ['explain', '--json'],
  ]) {
    const { code, out } = await run(words);
    assert.equal(code, 2);
    assert.equal(JSON.parse(out).code, 'wrong_arguments');
  }
  assert.equal((await run(['completion', 'bash', '--json'])).out, '');
});
