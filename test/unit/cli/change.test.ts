/**
 * Commands that change: what they send, and what they say of the change.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { Alarms } from '../../../src/core/alarm.ts';
import { CHANGE, CIRCUIT, LEASE, problem } from '../../support/admin-samples.ts';
import { begin, type Ran, run } from '../../support/command.ts';
import { FakeAdmin } from '../../support/fake-admin.ts';
import { until } from '../../support/wait.ts';

let fake: FakeAdmin;
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-put-'));
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  fake = await FakeAdmin.start();
});
afterEach(() => fake.stop());

function ask(...words: string[]): Promise<Ran> {
  return run(words, { env: { SIGNALBOX_ADMIN: fake.url, USER: 'ada' } });
}

const DONE = [
  '1 route changed',
  'route cart: cart-v2 gets 10% (20% before)',
  "revision aaaaaaaaaaa2 follows aaaaaaaaaaa1, written to the router's file",
  '',
].join('\n');

test('a part is put from its text, with author, reason and revision, and the effect is told', async () => {
  fake.on('PUT /v1/routes/cart', CHANGE);
  const text = '{ match: { path: /cart }, upstream: cart, sticky: off, note: 1.2.3 }';
  const { code, out } = await ask(
    'put',
    'route',
    'cart',
    text,
    '--reason',
    'für v2 →\nnext',
    '--if-match',
    '"aaaaaaaaaaa1"',
  );
  assert.equal(code, 0);
  assert.equal(out, DONE);
  const [{ body, headers, query }] = fake.heard;
  assert.deepEqual(body, { match: { path: '/cart' }, upstream: 'cart', sticky: 'off', note: '1.2.3' });
  assert.equal(headers['if-match'], '"aaaaaaaaaaa1"');
  assert.equal(headers['x-author'], 'ada');
  assert.equal(Buffer.from(String(headers['x-reason']), 'latin1').toString('utf8'), 'für v2 → next');
  assert.deepEqual(query, {});
});

test('a part is put from a file or from standard input', async () => {
  fake.on('PUT /v1/upstreams/cart', CHANGE);
  const path = join(folder, 'cart: a.yaml');
  await writeFile(path, 'endpoints: [ http://127.0.0.1:7001 ]\n');
  await ask('put', 'upstream', 'cart', path);
  await run(['put', 'upstream', 'cart', '-'], { env: { SIGNALBOX_ADMIN: fake.url }, input: '{"endpoints":[]}' });
  assert.deepEqual(
    fake.heard.map(({ body }) => body),
    [{ endpoints: ['http://127.0.0.1:7001'] }, { endpoints: [] }],
  );
});

test('the whole document is sent as the text it is', async () => {
  fake.on('PUT /v1/config', CHANGE);
  const path = join(folder, 'routes.yaml');
  await writeFile(path, '# mine\nroutes: {}\n');
  assert.equal((await ask('put', 'config', path)).out, DONE);
  assert.equal(fake.heard[0]?.body, '# mine\nroutes: {}\n');
});

test('problems of the document are told with the name of the file that was sent, with exit code 1', async () => {
  const path = join(folder, 'bad.yaml');
  await writeFile(path, 'routes: {}\n');
  const found = {
    severity: 'error' as const,
    pointer: '/routes/a',
    detail: 'unknown key "pth"',
    advice: 'did you mean "path"?',
  };
  const problems = [
    { ...found, path: 'routes.yaml', line: 4, column: 17 },
    { ...found, pointer: '/workers' },
  ];
  fake.on('PUT /v1/config', () => ({
    status: 422,
    body: problem(422, 'invalid_document', 'the document is not valid', { problems }),
  }));
  const { code, err } = await ask('put', 'config', path);
  assert.equal(code, 1);
  assert.deepEqual(err.replaceAll(`${folder}/`, '').split('\n'), [
    'signalbox put: the document is not valid',
    'bad.yaml:4:17 /routes/a: unknown key "pth"; did you mean "path"?',
    'bad.yaml /workers: unknown key "pth"; did you mean "path"?',
    '',
  ]);
});

test('a dry run says what would be, and that nothing was changed', async () => {
  fake.on('DELETE /v1/routes/cart', ({ query }) => ({
    body: {
      ...CHANGE,
      dryRun: query.dryRun === 'true',
      written: 'nowhere',
      effect: { ...CHANGE.effect, requestsUnderWay: 3 },
    },
  }));
  const { out } = await ask('delete', 'route', 'cart', '--dry-run');
  assert.match(out, /\n3 requests are under way at upstreams that this touches\n/);
  assert.match(out, /\nrevision aaaaaaaaaaa2 would follow aaaaaaaaaaa1; nothing was changed\n$/);
});

test('a change that changes nothing says so, and one that met another says that both run', async () => {
  fake.on('DELETE /v1/routes/a', { ...CHANGE, changed: false, written: 'nowhere' });
  assert.match(
    (await ask('delete', 'route', 'a')).out,
    /^nothing changes: the document says this already \(revision aaaaaaaaaaa2\)\n$/,
  );
  fake.on('DELETE /v1/routes/b', { ...CHANGE, merged: true, written: 'state' });
  assert.match(
    (await ask('delete', 'route', 'b')).out,
    /both changes run\nrevision .*written beside the router's file/,
  );
});

test('restore posts to the revision', async () => {
  fake.on('POST /v1/revisions/aaaaaaaaaaa0/restore', CHANGE);
  assert.equal((await ask('restore', 'aaaaaaaaaaa0', '--reason', 'back')).out, DONE);
  assert.equal(fake.heard[0]?.headers['x-reason'], 'back');
  assert.deepEqual(JSON.parse((await ask('restore', 'aaaaaaaaaaa0', '--json')).out), CHANGE);
});

test('weights are changed in what is written, bound to the revision they were read at', async () => {
  const route = { match: { path: '/cart' }, split: { cart: 80, 'cart-v2': 20, old: 0 }, sticky: 'off' };
  fake.on('GET /v1/routes/cart', () => ({ body: route, etag: 'aaaaaaaaaaa1' })).on('PUT /v1/routes/cart', CHANGE);
  assert.equal((await ask('weight', 'cart', 'cart=90', 'cart-v2=10')).out, DONE);
  const [, { body, headers }] = fake.heard;
  assert.deepEqual(body, { ...route, split: { cart: 90, 'cart-v2': 10, old: 0 } });
  assert.equal(headers['if-match'], '"aaaaaaaaaaa1"');
});

test('weights that met another change are read and written again, a few times', async () => {
  let revision = 1;
  fake.on('GET /v1/routes/cart', () => ({ body: { split: { cart: revision, b: 0 } }, etag: `r${revision}` }));
  fake.on('PUT /v1/routes/cart', () => {
    revision++;
    return revision < 4 ? { status: 412, body: problem(412, 'stale', 'another revision runs') } : { body: CHANGE };
  });
  assert.equal((await ask('weight', 'cart', 'b=5')).code, 0);
  const puts = fake.asked('PUT /v1/routes/cart');
  assert.deepEqual(
    puts.map(({ body }) => body),
    [1, 2, 3].map((cart) => ({ split: { cart, b: 5 } })),
  );
  revision = -10;
  const { code } = await ask('weight', 'cart', 'b=5');
  assert.equal(code, 4);
  assert.equal(fake.asked('PUT /v1/routes/cart').length, 3 + 5);
});

for (const [route, words, code, said] of [
  [
    { upstream: 'cart' },
    ['cart=1'],
    1,
    /route cart has no split \(it goes to cart alone\); write one with signalbox put/,
  ],
  [{ versions: {} }, ['cart=1'], 1, /route cart has no split \(it has versions\)/],
  [{ split: { cart: 1, tax: 1 } }, ['crat=1'], 1, /no side crat; did you mean "cart"\?/],
  [{ split: { cart: 1 } }, ['cart:1'], 2, /cart:1: write UPSTREAM=WEIGHT/],
  [{ split: { cart: 1 } }, ['cart=-1'], 2, /cart=-1: write UPSTREAM=WEIGHT/],
] as const) {
  test(`\`weight cart ${words.join(' ')}\` of ${JSON.stringify(route)} writes nothing and says why`, async () => {
    fake.on('GET /v1/routes/cart', () => ({ body: route, etag: 'r1' }));
    const ran = await ask('weight', 'cart', ...words);
    assert.equal(ran.code, code);
    assert.match(ran.err, said);
    assert.deepEqual(fake.asked('PUT /v1/routes/cart'), []);
  });
}

test('trip, reset and force-closed order a circuit, with reason and time', async () => {
  fake.on('PUT /v1/upstreams/cart/circuit', ({ body }) => {
    const { state, reason = '' } = body as { state: string; reason?: string };
    if (state === 'isolated')
      return { body: { ...CIRCUIT, state, reason, since: LEASE.renewedAt, until: LEASE.expiresAt } };
    return { body: { ...CIRCUIT, forced: state === 'closed', reason } };
  });
  const tripped = await ask('trip', 'cart', '--reason', 'broken disk', '--for', '10m');
  assert.equal(tripped.out, 'cart: circuit isolated (broken disk) for 5s, ends in 25s\n');
  assert.equal((await ask('force-closed', 'cart')).out, 'cart: circuit forced closed\n');
  assert.equal((await ask('reset', 'cart', '--reason', 'mended')).out, 'cart: circuit closed\n');
  assert.deepEqual(
    fake.heard.map(({ body }) => body),
    [
      { state: 'isolated', reason: 'broken disk', for: '10m' },
      { state: 'closed' },
      { state: 'auto', reason: 'mended' },
    ],
  );
  assert.equal(fake.heard[0]?.headers['x-reason'], 'broken disk');
});

const PLACE = '/v1/upstreams/cart/leases/127.0.0.1-7003';

test('register names the instance after its address, and says until when it counts', async () => {
  fake.on(`PUT ${PLACE}`, () => ({ status: 201, body: LEASE }));
  const { out } = await ask(
    'register',
    'cart',
    '127.0.0.1:7003',
    '--weight',
    '2',
    '--zone',
    'z',
    '--version',
    '2',
    '--ttl',
    '30s',
  );
  assert.equal(out, 'http://127.0.0.1:7003 is registered at cart as 127.0.0.1-7003, expires in 25s\n');
  assert.deepEqual(fake.heard[0]?.body, {
    url: 'http://127.0.0.1:7003',
    weight: 2,
    version: '2',
    zone: 'z',
    ttl: '30s',
  });
});

test('deregister finds the instance of a URL, and waits longer than it asks the router to', async () => {
  fake.on('GET /v1/upstreams/cart/leases', {
    items: [LEASE, { ...LEASE, instance: 'b', url: 'http://127.0.0.1:7004' }],
    total: 2,
  });
  fake.on(`DELETE ${PLACE}`, { upstream: 'cart', instance: LEASE.instance, state: 'draining', inFlight: 1 });
  const { out } = await ask('deregister', 'cart', 'http://127.0.0.1:7003/', '--wait', '10s');
  assert.equal(out, '127.0.0.1-7003 is draining at cart, and still serves 1 request\n');
  fake.on(`DELETE ${PLACE}`, { upstream: 'cart', instance: LEASE.instance, state: 'draining' });
  const unsaid = await ask('deregister', 'cart', LEASE.instance);
  assert.match(unsaid.out, / is draining at cart, and still serves requests that could not be counted yet\n$/);
  assert.deepEqual(fake.asked(`DELETE ${PLACE}`)[0]?.query, { wait: '10s' });
  const missing = await ask('deregister', 'cart', '127.0.0.1:9');
  assert.equal(missing.code, 1);
  assert.match(
    missing.err,
    /http:\/\/127\.0\.0\.1:9 is not registered at cart; signalbox get leases cart lists those that are/,
  );
  await ask('deregister', 'cart', '127.0.0.1-7003');
  assert.equal(fake.asked('GET /v1/upstreams/cart/leases').length, 2);
});

/** Alarms that ring by hand. The limit of a call, which is longer than a pause of this test, is none of them. */
class Hand implements Alarms {
  readonly waiting = new Map<() => void, number>();

  after(milliseconds: number, ring: () => void): () => void {
    if (milliseconds < 60_000) this.waiting.set(ring, milliseconds);
    return () => this.waiting.delete(ring);
  }

  /** Rings the next one; what it was set to. */
  async next(): Promise<number> {
    const [[ring, milliseconds]] = await until('an alarm', () => this.waiting.size > 0 && [...this.waiting]);
    this.waiting.delete(ring);
    ring();
    return milliseconds;
  }
}

test('--keep renews three times in a lease, outlives the router, and a signal deregisters', async () => {
  const alarms = new Hand();
  let status = 201;
  fake.on(`PUT ${PLACE}`, () => ({ status, body: LEASE }));
  fake.on(`DELETE ${PLACE}`, { upstream: 'cart', instance: LEASE.instance, state: 'gone', inFlight: 0 });
  const words = ['register', 'cart', 'http://127.0.0.1:7003', '--keep', '--timeout', '1h'];
  const running = begin(words, { env: { SIGNALBOX_ADMIN: fake.url }, alarms });
  assert.equal(await alarms.next(), 10_000);
  await until('a lease that had run out', () => running.said.err.includes('registered anew'));
  status = 200;
  assert.equal(await alarms.next(), 10_000);
  await until('the third registration', () => fake.heard.length === 3);
  const port = await fake.leave();
  assert.equal(await alarms.next(), 10_000);
  await until('a word about it', () => running.said.err.includes('trying again'));
  assert.equal(await alarms.next(), 1000);
  await until('the next pause', () => alarms.waiting.size > 0);
  await fake.listen(port);
  assert.equal(await alarms.next(), 1000);
  await until('a word about that', () => running.said.err.includes('the router is back'));
  running.signal();
  assert.equal((await running.done).code, 0);
  assert.deepEqual(fake.asked(`DELETE ${PLACE}`)[0]?.query, { wait: '10s' });
  assert.match(running.said.err, /127\.0\.0\.1-7003 is gone from cart\n$/);
});

test('a first registration that is refused ends with the reason, also with --keep', async () => {
  const { code, err } = await ask('register', 'cart', '127.0.0.1:7003', '--keep');
  assert.equal(code, 1);
  assert.match(err, /^signalbox register: there is no such thing here\n$/);
});

for (const [words, said] of [
  [['put', 'route', 'cart'], /what route\? name a file/],
  [['put', 'route'], /which route\?/],
  [['put', 'config'], /which file\?/],
  [['put', 'routte', 'cart', '{}'], /unknown kind routte; did you mean "route"\?/],
  [['put', 'route', 'cart', 'nowhere.yaml'], /nowhere\.yaml cannot be read: ENOENT/],
  [['put', 'route', 'cart', '{}', '{}'], /one word too many: \{\}; put the text in quotes/],
  [['delete', 'config', 'x'], /unknown kind config; there are route, upstream, rollout, invariant/],
  [['trip', 'cart', '--for', '10'], /--for 10: write the unit/],
  [['register', 'cart', 'http://:x'], /http:\/\/:x is no URL/],
  [['weight', 'cart'], /UPSTREAM=N is missing/],
] as const) {
  test(`\`${words.join(' ')}\` is told what is wrong, with exit code 2, and nobody is asked`, async () => {
    const { code, err } = await ask(...words);
    assert.equal(code, 2);
    assert.match(err, said);
    assert.deepEqual(fake.heard, []);
  });
}

test('a text that is no YAML is told with its place', async () => {
  const { code, err } = await ask('put', 'route', 'cart', '{ match: { path: /a }, match: {} }');
  assert.equal(code, 1);
  assert.match(
    err,
    /^signalbox put: argument:1:24 error: the key "match" stands here a second time; keep one of the two\n$/,
  );
});
