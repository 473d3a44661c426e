/**
 * What shells are offered at the end of a line, and that the script for bash asks for it.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { afterEach, beforeEach, test } from 'node:test';
import { LEASE, REVISIONS } from '../../support/admin-samples.ts';
import { run } from '../../support/command.ts';
import { FakeAdmin } from '../../support/fake-admin.ts';
import { freePort } from '../../support/ports.ts';

let fake: FakeAdmin;
beforeEach(async () => {
  fake = await FakeAdmin.start();
});
afterEach(() => fake.stop());

async function offered(...words: string[]): Promise<string[]> {
  const { code, out, err } = await run(['__complete', '--', ...words], { env: { SIGNALBOX_ADMIN: fake.url } });
  assert.equal(code, 0);
  assert.equal(err, '');
  return out.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
}

test('commands are offered first, without those that are for programs', async () => {
  assert.deepEqual(await offered('re'), ['revisions', 'revision', 'restore', 'reset', 'register']);
  const all = await offered('');
  assert.ok(all.includes('serve') && !all.includes('__complete'));
  assert.deepEqual(await offered('help', 'ch'), ['check']);
});

test('kinds, options and their words are offered where they may stand', async () => {
  assert.deepEqual(await offered('get', 'r'), ['route', 'rollout', 'routes', 'rollouts']);
  assert.deepEqual(await offered('put', 'route', 'a', 'x', '--if'), ['--if-match']);
  assert.deepEqual(await offered('serve', '--log-level', ''), ['debug', 'info', 'warn', 'error', 'silent']);
  assert.deepEqual(await offered('top', '--sort', 'r'), ['rate']);
  assert.deepEqual(await offered('completion', 'z'), ['zsh']);
  assert.deepEqual(await offered('completion', 'zsh', ''), []);
});

test('ids are those that the router has now, of the kind that was named', async () => {
  fake.on('GET /v1/routes', {
    items: [
      { id: 'cart', value: {} },
      { id: 'tax', value: {} },
    ],
    total: 2,
  });
  fake.on('GET /v1/upstreams', { items: [{ id: 'tax', value: {} }], total: 1 });
  assert.deepEqual(await offered('get', 'routes', ''), ['cart', 'tax']);
  assert.deepEqual(await offered('delete', '--reason', 'x', 'route', 'c'), ['cart']);
  assert.deepEqual(await offered('trip', ''), ['tax']);
  assert.deepEqual(await offered('get', 'leases', ''), ['tax']);
});

test('revisions, instances and the sides of a split are offered too', async () => {
  fake.on('GET /v1/revisions', { items: REVISIONS, total: 2 });
  fake.on('GET /v1/upstreams/cart/leases', { items: [LEASE], total: 1 });
  fake.on('GET /v1/routes/cart', { split: { cart: 80, 'cart-v2': 20, 'cart- x': 0 } });
  assert.deepEqual(await offered('restore', 'a'), ['aaaaaaaaaaa1']);
  assert.deepEqual(await offered('put', 'route', 'x', '-', '--if-match', 'b'), ['bbbbbbbbbbbb']);
  assert.deepEqual(await offered('deregister', 'cart', ''), ['127.0.0.1-7003']);
  assert.deepEqual(await offered('weight', 'cart', 'cart=1', 'cart-'), ['cart-v2=']);
});

test('the address on the line is the one that is asked', async () => {
  fake.on('GET /v1/routes', { items: [{ id: 'cart', value: {} }], total: 1 });
  const words = ['__complete', '--', 'get', 'route', '--admin', fake.url, ''];
  assert.equal((await run(words, { env: { SIGNALBOX_ADMIN: '127.0.0.1:1' } })).out, 'cart\t\n');
});

test('what goes wrong is silence', async () => {
  assert.deepEqual(await offered('get', 'route', ''), []);
  assert.deepEqual(await offered('nope', ''), []);
  const away = await run(['__complete', '--', 'trip', ''], {
    env: { SIGNALBOX_ADMIN: `127.0.0.1:${await freePort()}` },
  });
  assert.deepEqual(away, { code: 0, out: '', err: '' });
});

test('each shell has its script', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, out } = await run(['completion', shell]);
    assert.equal(code, 0);
    assert.match(out, /__complete/);
    assert.ok(!out.includes('\\n\\n') && !out.includes('undefined'));
  }
});

test('the script for bash hands over the line as it stands and takes what comes back', async () => {
  const { out: script } = await run(['completion', 'bash']);
  const play = `
signalbox() { printf '[%s]' "$@" >&2; printf 'cart=\\tnow 80\\ncart-v2=\\tnow 20\\n'; }
${script}
COMP_LINE='signalbox weight --admin http://a:1 cart x=1 ' COMP_POINT=\${#COMP_LINE}
_signalbox 2>&1
printf '%s\\n' "\${COMPREPLY[@]}"
complete -p signalbox
`;
  const lines = await bash(play.replace('2>/dev/null)', ')'));
  assert.deepEqual(lines, [
    '[__complete][--][weight][--admin][http://a:1][cart][x=1][]cart=',
    'cart-v2=',
    'complete -o default -F _signalbox signalbox',
  ]);
});

function bash(script: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', script], (error, out) =>
      error === null ? resolve(out.trimEnd().split('\n')) : reject(error),
    );
  });
}
