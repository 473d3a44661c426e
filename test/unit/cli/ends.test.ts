/**
 * Ends that are no success: the exit code that tells a program what to do, and the words that tell a person.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createRawServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { CHANGE, problem, STATUS } from '../../support/admin-samples.ts';
import { run } from '../../support/command.ts';
import { FakeAdmin } from '../../support/fake-admin.ts';
import { freePort } from '../../support/ports.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/test-certificate.ts';

let fake: FakeAdmin;
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-ends-'));
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  fake = await FakeAdmin.start();
});
afterEach(() => fake.stop());

test('a router that is not there ends with code 3, its address and what to try', async () => {
  const port = await freePort();
  const { code, err } = await run(['status', '--admin', `127.0.0.1:${port}`]);
  assert.equal(code, 3);
  assert.equal(
    err,
    `signalbox status: the router at http://127.0.0.1:${port} cannot be reached: nothing listens there; ` +
      'is it running (signalbox serve)? another address: --admin URL or SIGNALBOX_ADMIN\n',
  );
});

test('a router that does not answer in time ends with code 3 and the limit', async () => {
  fake.on('GET /v1/status', () => new Promise(() => {}));
  const { code, err } = await run(['status', '--timeout', '20ms', '--admin', fake.url]);
  assert.equal(code, 3);
  assert.match(err, /no answer within 20ms; is it busy or stopped\? --timeout gives it longer/);
});

test('a connection that breaks, and an answer that is no HTTP, end with code 3', async () => {
  for (const [bytes, said] of [
    ['', /the connection broke|socket hang up/],
    ['SSH-2.0-x\r\n', /it speaks no HTTP; write https:/],
  ] as const) {
    const server = createRawServer((socket) => socket.once('data', () => socket.end(bytes)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { code, err } = await run(['status', '--admin', `127.0.0.1:${(server.address() as AddressInfo).port}`]);
    assert.equal(code, 3);
    assert.match(err, said);
    await new Promise((resolve) => server.close(resolve));
  }
});

test('something else that answers is not taken for the API', async () => {
  fake.on('GET /v1/status', () => ({ status: 404, body: '<html>', type: 'text/html' }));
  const { code, err } = await run(['status', '--admin', fake.url]);
  assert.equal(code, 3);
  assert.match(err, /answers 404 \(text\/html\), and not as Signalbox's admin API; check the address: --admin URL/);
  fake.on('GET /v1/status', '<html>');
  assert.equal((await run(['status', '--admin', fake.url])).code, 3);
});

test('without leave it ends with code 5, the role that is needed, and where the token came from', async () => {
  fake.on('PUT /v1/config', () => ({
    status: 403,
    body: problem(403, 'forbidden', 'the role operator may not do this'),
  }));
  fake.on('PUT /v1/upstreams/a/circuit', () => ({
    status: 401,
    body: problem(401, 'unauthorized', 'a token is needed'),
  }));
  const path = join(folder, 'routes.yaml');
  await writeFile(path, '{}\n');
  const forbidden = await run(['put', 'config', path], {
    env: { SIGNALBOX_ADMIN: fake.url, SIGNALBOX_TOKEN: 'secret' },
  });
  assert.equal(forbidden.code, 5);
  assert.deepEqual(forbidden.err.split('\n'), [
    'signalbox put: the role operator may not do this',
    'PUT /v1/config needs the role admin',
    'the token from SIGNALBOX_TOKEN has a lower role; name another: SIGNALBOX_TOKEN or --token-file FILE',
    '',
  ]);
  const nobody = await run(['trip', 'a'], { env: { SIGNALBOX_ADMIN: fake.url } });
  assert.equal(nobody.code, 5);
  assert.match(
    nobody.err,
    /needs the role operator or a higher one\nno token was sent: set SIGNALBOX_TOKEN, or name a file/,
  );
});

test('an old revision ends with code 4, and both sides are shown', async () => {
  fake.on('PUT /v1/routes/cart', () => ({
    status: 412,
    body: problem(412, 'stale', 'another revision runs', { revision: 'r2' }),
  }));
  fake.on('GET /v1/routes/cart', { upstream: 'b' });
  const { code, err } = await run(['put', 'route', 'cart', '{ upstream: a }', '--if-match', 'r1', '--admin', fake.url]);
  assert.equal(code, 4);
  assert.deepEqual(err.split('\n'), [
    'signalbox put: another revision runs',
    'you named:  revision r1',
    'now runs:   revision r2',
    'look at what runs, and write again with --if-match and its revision',
    '/routes/cart:',
    '  runs:  {"upstream":"b"}',
    '  yours: {"upstream":"a"}',
    '',
  ]);
});

test('a reply whose sentence tells the first problem does not tell it twice', async () => {
  const problems = [{ severity: 'error' as const, pointer: '/a', detail: 'no upstream "b"', advice: 'add it' }];
  const body = problem(422, 'invalid_document', 'not valid: /a: no upstream "b"; add it', { problems });
  fake.on('DELETE /v1/routes/a', () => ({ status: 422, body }));
  const { err } = await run(['delete', 'route', 'a', '--admin', fake.url]);
  assert.equal(err, 'signalbox delete: not valid\n/a: no upstream "b"; add it\n');
});

test('a reply whose sentence tells nothing but the first problem leaves no empty line for it', async () => {
  const problems = [{ severity: 'error' as const, pointer: '/ttl', detail: 'is too long', advice: 'write 1h' }];
  for (const detail of ['/ttl: is too long; write 1h', 'body/ttl is too long']) {
    const body = problem(422, 'invalid_lease', detail, { problems });
    fake.on('DELETE /v1/routes/a', () => ({ status: 422, body }));
    const { err } = await run(['delete', 'route', 'a', '--admin', fake.url]);
    assert.equal(err, 'signalbox delete: /ttl: is too long; write 1h\n');
  }
});

test('a conflict ends with code 4, and every part of it is shown from all sides', async () => {
  const conflicts = [
    { pointer: '/routes/cart/split/b', base: 20, file: 30, yours: 10 },
    { pointer: '/routes/x', base: null, file: {}, yours: null },
    {
      pointer: '/routes/y',
      base: { match: { path: '/y' }, split: { a: 8, b: 2 } },
      file: { match: { path: '/y' }, split: { a: 8, b: 4 } },
      yours: { match: { path: '/y' }, split: { a: 8 } },
    },
  ];
  fake.on('PUT /v1/routes/cart', () => ({
    status: 409,
    body: problem(409, 'conflict', 'the file says otherwise', { conflicts }),
  }));
  const { code, err } = await run(['put', 'route', 'cart', '{ upstream: a }', '--admin', fake.url]);
  assert.equal(code, 4);
  assert.match(
    err,
    /\n\/routes\/cart\/split\/b:\n {2}runs: {8}20\n {2}in the file: 30\n {2}yours: {7}10\n\/routes\/x:\n {2}runs: {8}\(not there\)\n/,
  );
  assert.ok(
    err.endsWith('\n/routes/y/split/b:\n  runs:        2\n  in the file: 4\n  yours:       (not there)\n'),
    err,
  );
  assert.equal(fake.heard.length, 1);
});

for (const [status, code] of [
  [400, 'bad_request'],
  [404, 'not_found'],
  [409, 'needs_restart'],
  [409, 'read_only'],
  [422, 'invalid_document'],
  [500, 'internal'],
] as const) {
  test(`${status} ${code} ends with code 1`, async () => {
    fake.on('DELETE /v1/routes/a', () => ({ status, body: problem(status, code, 'that is why') }));
    const ran = await run(['delete', 'route', 'a', '--admin', fake.url]);
    assert.equal(ran.code, 1);
    assert.equal(ran.err, 'signalbox delete: that is why\n');
  });
}

test('with --json a program reads the reply of the API, or what kept it away', async () => {
  const body = problem(409, 'read_only', 'the file cannot be written');
  fake.on('DELETE /v1/routes/a', () => ({ status: 409, body }));
  assert.deepEqual(JSON.parse((await run(['delete', 'route', 'a', '--json', '--admin', fake.url])).out), body);
  const gone = await run(['status', '--json', '--admin', `127.0.0.1:${await freePort()}`]);
  assert.equal(JSON.parse(gone.out).code, 'unreachable');
});

test('the token comes from a file, else from either variable, and goes without an author', async () => {
  fake.on('DELETE /v1/routes/a', CHANGE);
  const path = join(folder, 'token');
  await writeFile(path, 'from-file\n');
  const env = { SIGNALBOX_ADMIN: fake.url, USER: 'ada', SIGNALBOX_ADMIN_TOKEN: 'second' };
  await run(['delete', 'route', 'a'], { env });
  await run(['delete', 'route', 'a'], { env: { ...env, SIGNALBOX_TOKEN: 'first' } });
  await run(['delete', 'route', 'a', '--token-file', path], { env: { ...env, SIGNALBOX_TOKEN: 'first' } });
  await run(['delete', 'route', 'a'], { env: { ...env, SIGNALBOX_ADMIN_TOKEN: '' } });
  assert.deepEqual(
    fake.heard.map(({ headers }) => [headers.authorization, headers['x-author']]),
    [
      ['Bearer second', undefined],
      ['Bearer first', undefined],
      ['Bearer from-file', undefined],
      [undefined, 'ada'],
    ],
  );
});

for (const [words, said] of [
  [['--admin', 'ftp://a'], /the admin address ftp:\/\/a: write http:\/\/HOST:PORT/],
  [['--admin', 'http://u:p@a'], /holds a password; a token goes into SIGNALBOX_TOKEN/],
  [['--token-file', '/nowhere'], /--token-file \/nowhere: ENOENT/],
  [['--timeout', '0s'], /--timeout 0: write how long/],
] as const) {
  test(`\`status ${words.join(' ')}\` is told what is wrong, with exit code 2`, async () => {
    const { code, err } = await run(['status', ...words]);
    assert.equal(code, 2);
    assert.match(err, said);
    assert.ok(!err.includes('u:p'));
  });
}

test('a token that no header can carry is refused and not shown', async () => {
  const { code, err } = await run(['status'], { env: { SIGNALBOX_TOKEN: 'two words' } });
  assert.equal(code, 2);
  assert.match(err, /the token in SIGNALBOX_TOKEN is no single word of ASCII/);
  assert.ok(!err.includes('two words'));
});

test('https is believed by the authority that is named, and by none else', async () => {
  const secure = await FakeAdmin.start({ tls: true });
  try {
    secure.on('GET /v1/status', STATUS);
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, TEST_CERTIFICATE);
    assert.equal((await run(['status', '--admin', secure.url, '--ca', ca])).code, 0);
    const stranger = await run(['status', '--admin', secure.url]);
    assert.equal(stranger.code, 3);
    assert.match(stranger.err, /its certificate is not believed \(.*\); name its certificate authority: --ca FILE/);
    const plain = await run(['status', '--admin', fake.url.replace('http:', 'https:')]);
    assert.equal(plain.code, 3);
    assert.match(plain.err, /it speaks no TLS; write http:/);
  } finally {
    await secure.stop();
  }
});

test('a router that asks for a certificate gets the one that is named', async () => {
  const secure = await FakeAdmin.start({ tls: true, clients: true });
  try {
    secure.on('GET /v1/status', STATUS);
    const [pem, key] = [join(folder, 'me.pem'), join(folder, 'me.key')];
    await writeFile(pem, TEST_CERTIFICATE);
    await writeFile(key, TEST_KEY);
    const words = ['status', '--admin', secure.url, '--ca', pem];
    assert.equal((await run([...words, '--cert', pem, '--key', key])).code, 0);
    const without = await run(words);
    assert.equal(without.code, 3);
    assert.match(without.err, /it asks for a certificate of ours; .*: --cert FILE --key FILE/);
    const half = await run([...words, '--cert', pem]);
    assert.equal(half.code, 2);
    assert.match(half.err, /--cert and --key go together/);
    const odd = await run([...words, '--cert', pem, '--key', pem]);
    assert.equal(odd.code, 3);
    assert.match(odd.err, /--ca, --cert or --key does not fit/);
    const plain = await run(['status', '--admin', secure.url.replace('https:', 'http:')]);
    assert.equal(plain.code, 3);
    assert.match(plain.err, /https:/);
  } finally {
    await secure.stop();
  }
});

test('a path before the API is kept', async () => {
  fake.on('GET /ops/v1/status', STATUS);
  const { code } = await run(['status', '--admin', `${fake.url}/ops/`]);
  assert.equal(code, 0);
  assert.deepEqual(fake.faults.splice(0), ['GET /ops/v1/status: the API has no such call']);
});
