/**
 * Commands that look: what they ask the router, and how its answers are shown.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  EVENTS,
  EXPLANATION,
  LEASE,
  problem,
  REVISIONS,
  STATUS,
  UPSTREAM_STATUS,
} from '../../support/admin-samples.ts';
import { begin, FakeTerminal, type Ran, run } from '../../support/command.ts';
import { FakeAdmin } from '../../support/fake-admin.ts';
import { until } from '../../support/wait.ts';

let fake: FakeAdmin;
beforeEach(async () => {
  fake = await FakeAdmin.start();
});
afterEach(() => fake.stop());

function ask(...words: string[]): Promise<Ran> {
  return run(words, { env: { SIGNALBOX_ADMIN: fake.url } });
}

const ROUTE = { match: { path: '/cart' }, split: { cart: 80, 'cart-v2': 20 }, sticky: { header: 'x-user-id' } };
const ROUTES = [
  { id: 'cart', value: ROUTE },
  {
    id: 'tax',
    value: {
      match: { host: 'tax.internal', methods: ['GET', 'POST'], headers: { 'x-tenant': 'acme' } },
      upstream: 'tax',
    },
  },
  {
    id: 'game',
    value: {
      match: { path: { exact: '/game' } },
      versions: { from: [], serve: [{ range: '>=2', upstream: 'white' }] },
    },
  },
];

test('a list is a table, whatever the form of its parts', async () => {
  fake.on('GET /v1/routes', { items: ROUTES, total: 3 });
  const { code, out } = await ask('get', 'routes');
  assert.equal(code, 0);
  assert.match(out, /^ROUTE {2}MATCH +TO +BESIDE\ncart {3}\/cart +cart 80, cart-v2 20 {2}sticky\n/);
  assert.match(out, /\ntax +GET,POST tax\.internal x-tenant: acme {2}tax\ngame +\/game \(exact\) +>=2 white\n$/);
});

test('every page of a list is fetched, and --json makes one document of them', async () => {
  const parts = Array.from({ length: 5 }, (_, i) => ({ id: `u${i}`, value: { endpoints: [`http://127.0.0.1:${i}`] } }));
  fake.on('GET /v1/upstreams', ({ query }) => {
    const from = query.after === undefined ? 0 : Number(query.after);
    const items = parts.slice(from, from + Math.min(2, Number(query.limit)));
    const end = from + items.length;
    return { body: { items, total: 5, ...(end < 5 ? { next: String(end) } : {}) } };
  });
  const { out } = await ask('get', 'upstreams', '--json');
  assert.deepEqual(JSON.parse(out), { items: parts, total: 5 });
  assert.equal(fake.heard.length, 3);
  const some = await ask('get', 'upstreams', '--limit', '3');
  assert.match(some.out, /u2 +http:\/\/127\.0\.0\.1:2\n3 of 5\n$/);
  assert.equal(fake.heard.at(-1)?.query.limit, '1');
});

test('one part is YAML with its revision, which put takes back unchanged', async () => {
  fake.on('GET /v1/routes/cart', () => ({ body: ROUTE, etag: 'aaaaaaaaaaa1' }));
  const { out } = await ask('get', 'route', 'cart');
  assert.match(out, /^# route cart, revision aaaaaaaaaaa1\nmatch:\n {2}path: \/cart\n/);
  fake.on('PUT /v1/routes/cart', () => ({ status: 404, body: problem(404, 'not_found', 'no') }));
  await run(['put', 'route', 'cart', '-'], { env: { SIGNALBOX_ADMIN: fake.url }, input: out });
  assert.deepEqual(fake.asked('PUT /v1/routes/cart')[0]?.body, ROUTE);
});

test('the whole document is printed as it is written', async () => {
  fake.on('GET /v1/config', ({ headers }) =>
    headers.accept === 'application/yaml' ? { body: '# mine\nroutes: {}\n' } : { body: { routes: {} } },
  );
  assert.equal((await ask('get', 'config')).out, '# mine\nroutes: {}\n');
  assert.equal((await ask('get', 'config', '--json')).out, '{\n  "routes": {}\n}\n');
});

test('ids with letters that a path cannot hold are encoded', async () => {
  fake.on('GET /v1/routes/a%2Fb%20%3F', { match: {} });
  assert.equal((await ask('get', 'route', 'a/b ?')).code, 0);
});

for (const [words, said] of [
  [['get', 'route'], /which route\? signalbox get routes lists them/],
  [['get', 'rutes'], /unknown kind rutes; did you mean "routes"\?/],
  [['get', 'leases'], /leases of which upstream\?/],
  [['get', 'config', 'x'], /one word too many: x/],
  [['get', 'routes', '--limit', 'all'], /--limit all: write a whole number from 1/],
  [['get'], /KIND is missing/],
  [['explain', '/cart'], /\/cart: write the whole URL/],
  [['explain', 'GET', 'http://a/', '-H', 'x'], /-H 'x': write 'name: value'/],
  [['top', '--sort', 'err'], /--sort err: did you mean "errors"\?|--sort err: there are rate, errors, p99/],
  [['completion', 'bsh'], /unknown shell bsh; did you mean "bash"\?/],
] as const) {
  test(`\`${words.join(' ')}\` is told what is wrong, with exit code 2, and nobody is asked`, async () => {
    const { code, out, err } = await ask(...words);
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(err, said);
    assert.match(err, new RegExp(`signalbox ${words[0]} --help says what there is\n$`));
    assert.deepEqual(fake.heard, []);
  });
}

test('leases say when they were renewed and when they end', async () => {
  fake.on('GET /v1/upstreams/cart/leases', { items: [LEASE], total: 1 });
  const { out } = await ask('get', 'leases', 'cart');
  assert.match(
    out,
    /^INSTANCE {8}URL .*\n127\.0\.0\.1-7003 {2}http:\/\/127\.0\.0\.1:7003 {2}up +1 .*30s {2}5s ago +in 25s +ada\n$/,
  );
});

test('the status is one screen, with what is not as it should be in words', async () => {
  fake.on('GET /v1/status', STATUS);
  const { out } = await ask('status');
  assert.match(out, /^phase +serving, process 4711, started 2h ago\n/);
  assert.match(out, /\nrevision +aaaaaaaaaaa1, since 3m ago\n/);
  assert.match(out, /\nthreads +2 of 2, 1 restart\nlisteners +internal 127\.0\.0\.1:8080 \(internal\)\n/);
  assert.match(out, /\ncircuits +open: cart; isolated: tax\n/);
  assert.equal((await ask('get', 'status')).out, out);
  assert.deepEqual(JSON.parse((await ask('status', '--json')).out), STATUS);
});

test('the status says plainly where edits cannot go, and who is asking where nobody has a name', async () => {
  const writeBack = { to: 'file' as const, path: 'routes.yaml', writable: false, detail: 'the folder is read-only' };
  fake.on('GET /v1/status', { ...STATUS, writeBack, you: { name: '', role: 'admin' } });
  const { out } = await ask('status');
  assert.match(out, /^edits go to {2}routes\.yaml, and cannot: the folder is read-only$/m);
  assert.match(out, /^you are {6}admin$/m);
});

test('the status of an upstream has its circuit, and a line for each member', async () => {
  fake.on('GET /v1/upstreams/cart/status', UPSTREAM_STATUS);
  const { out } = await ask('status', 'cart');
  assert.match(out, /^cart: circuit open \(10 failures in a row\) for 1m, ends in 30s, 10 failures in a row\n/);
  assert.match(out, /\n4 of 100 in flight, 1 queued, 1 lease\nroutes: cart, checkout\nMEMBER /);
  assert.match(out, /\nhttp:\/\/127\.0\.0\.1:7002 {2}ejected {2}lease +2 +7 +9 {2}2\.1 +z +b\n$/);
});

test('a circuit whose open time is over without a request since is told to wait for one', async () => {
  const { circuit } = UPSTREAM_STATUS;
  const until = new Date(Date.parse(circuit.until ?? '') - 3_630_000).toISOString();
  const since = new Date(Date.parse(circuit.since ?? '') - 3_600_000).toISOString();
  fake.on('GET /v1/upstreams/cart/status', { ...UPSTREAM_STATUS, circuit: { ...circuit, since, until } });
  const { out } = await ask('status', 'cart');
  assert.match(
    out,
    /^cart: circuit open \(10 failures in a row\) for 1h, the next request tries it, 10 failures in a row\n/,
  );
});

test('events are read downwards, the newest last; --json keeps the order of the API', async () => {
  fake.on('GET /v1/events', { items: EVENTS, total: 2 });
  const { out } = await ask('events');
  assert.deepEqual(
    out.split('\n').map((line) => line.trim().slice(0, 6)),
    ['3m ago', '1m ago', ''],
  );
  assert.equal((await ask('get', 'events')).out, out);
  assert.deepEqual(JSON.parse((await ask('events', '--json')).out).items, EVENTS);
});

test('followed events come once each, and a router that is away is waited for', async () => {
  let items = [...EVENTS];
  fake.on('GET /v1/events', () => ({ body: { items, total: items.length } }));
  const alarms = { after: (ms: number, ring: () => void) => stopper(setTimeout(ring, ms === 1000 ? 5 : ms)) };
  const running = begin(['events', '--follow', '--json'], { env: { SIGNALBOX_ADMIN: fake.url }, alarms });
  await until('the first lines', () => running.said.out.split('\n').length === 3);
  items = [{ ...EVENTS[0], at: new Date().toISOString(), text: 'fresh' }, ...items];
  await until('a fresh one', () => running.said.out.includes('fresh'));
  const port = await fake.leave();
  await until('a word about it', () => running.said.err.includes('trying again'));
  await fake.listen(port);
  await until('a word about that', () => running.said.err.includes('the router is back'));
  running.signal();
  const { code, out, err } = await running.done;
  assert.equal(code, 0);
  assert.equal(out.trimEnd().split('\n').length, 3);
  assert.equal(err.trimEnd().split('\n').length, 2);
});

function stopper(timer: NodeJS.Timeout): () => void {
  return () => clearTimeout(timer);
}

test('revisions name who, when and why, and mark the one that runs', async () => {
  fake.on('GET /v1/revisions', ({ query }) => ({
    body: { items: REVISIONS.slice(0, Number(query.limit)), total: 40 },
  }));
  const { out } = await ask('revisions');
  assert.match(out, /\n\*3 {2}aaaaaaaaaaa1 {2}1m ago {2}api +ada {2}applied {2}route cart: .* {2}more for v2\n/);
  assert.match(
    out,
    /\n 2 {2}bbbbbbbbbbbb {2}1m ago {2}file +refused {2}an example does not hold\n2 of 40; more: --limit N\n$/,
  );
  assert.equal(fake.heard[0]?.query.limit, '20');
});

test('of a revision that was restored only the newest record is marked', async () => {
  const items = REVISIONS.map((one) => ({ ...one, running: true, result: 'applied' as const }));
  fake.on('GET /v1/revisions', { items, total: items.length });
  const { out } = await ask('revisions');
  assert.deepEqual(out.match(/^\*\d/gm), ['*3']);
});

test('one revision is told in words, as a patch, and in lines', async () => {
  fake
    .on('GET /v1/revisions/aaaaaaaaaaa1', REVISIONS[0] ?? '')
    .on('GET /v1/revisions/aaaaaaaaaaa0/config', 'a: 1\nb: 2\n')
    .on('GET /v1/revisions/aaaaaaaaaaa1/config', 'a: 1\nb: 3\n');
  const { out } = await ask('revision', 'aaaaaaaaaaa1');
  assert.match(
    out,
    /^revision aaaaaaaaaaa1 \(record 3\), applied 1m ago\nfrom api by ada, at .*, follows aaaaaaaaaaa0\nwhy: more for v2\n/,
  );
  assert.match(out, /\n~ \/routes\/cart\/split\/cart-v2: 20\n- \/routes\/old\n\n@@ -1 \+1 @@\n a: 1\n-b: 2\n\+b: 3\n$/);
});

test('a revision whose parent is no longer there is told without lines', async () => {
  fake.on('GET /v1/revisions/aaaaaaaaaaa1', REVISIONS[0] ?? '').on('GET /v1/revisions/aaaaaaaaaaa1/config', 'a: 1\n');
  const { code, out } = await ask('revision', 'aaaaaaaaaaa1');
  assert.equal(code, 0);
  assert.ok(!out.includes('@@'));
});

test('explain sends the request, and shows route, upstreams, policies and what came close', async () => {
  fake.on('POST /v1/explain', EXPLANATION);
  const { out } = await ask(
    'explain',
    'POST',
    'http://a/cart',
    '-H',
    'x-user-id: 7',
    '-H',
    'x-a:1',
    '--listener',
    'edge',
  );
  assert.deepEqual(fake.heard[0]?.body, {
    method: 'POST',
    url: 'http://a/cart',
    headers: { 'x-user-id': '7', 'x-a': '1' },
    listener: 'edge',
  });
  assert.match(
    out,
    /^proxied: route cart, listener internal\nroute cart takes it: its path begins with \/cart\n\nUPSTREAM /,
  );
  assert.match(out, /\ncart-v2 +20% {2}open +0\/1\n/);
  assert.match(out, /\nbasket +its path is \/basket\n$/);
  await ask('explain', 'http://a/cart');
  assert.deepEqual(fake.heard[1]?.body, { method: 'GET', url: 'http://a/cart' });
});

test('explain sends a header that stands several times as so many lines', async () => {
  fake.on('POST /v1/explain', EXPLANATION);
  await ask('explain', 'http://a/cart', '-H', 'x-a: 1', '-H', 'x-b: 2', '-H', 'x-a: 3', '-H', 'x-a: 1');
  const headers = { 'x-a': ['1', '3', '1'], 'x-b': '2' };
  assert.deepEqual(fake.heard[0]?.body, { method: 'GET', url: 'http://a/cart', headers });
});

test('explain shows a share that is small as what it is', async () => {
  const [upstream] = EXPLANATION.upstreams;
  const upstreams = [0.9996, 0.0004, 0.00001].map((share, i) => ({ ...upstream, id: `u${i}`, share }));
  fake.on('POST /v1/explain', { ...EXPLANATION, upstreams });
  const { out } = await ask('explain', 'http://a/cart');
  assert.match(out, /\nu0 +99\.96% .*\nu1 +0\.04% .*\nu2 +under 0\.01% /);
});

test('a terminal gets colours, and nothing that an answer smuggles in', async () => {
  fake.on('GET /v1/events', { items: [{ ...EVENTS[0], text: 'evil \x1b[2J\x07' }], total: 1 });
  const terminal = new FakeTerminal();
  const { out } = await run(['events'], { env: { SIGNALBOX_ADMIN: fake.url }, terminal });
  assert.match(out, /\x1b\[31mevil \\u001b\[2J\\u0007\x1b\[39m/);
});

test('what somebody wrote keeps to its line, in a pipe as on a terminal', async () => {
  const reason = 'disk\r\n     now  cart: closed\x1b[32m\x07';
  const shown = 'disk now cart: closed\\u001b[32m\\u0007';
  fake
    .on('GET /v1/events', { items: [{ ...EVENTS[0], text: `cart is isolated: ${reason}` }], total: 1 })
    .on('GET /v1/upstreams/cart/status', {
      ...UPSTREAM_STATUS,
      circuit: { state: 'isolated', forced: true, reason, failures: 0 },
    })
    .on('GET /v1/revisions', { items: [{ ...REVISIONS[0], reason }], total: 1 })
    .on('GET /v1/revisions/aaaaaaaaaaa1', { ...REVISIONS[0], reason, parent: '' });
  for (const [words, lines] of [
    [['events'], 1],
    [['revisions'], 2],
    [['status', 'cart'], 0],
    [['revision', 'aaaaaaaaaaa1'], 0],
  ] as const) {
    const { out } = await ask(...words);
    assert.ok(out.includes(shown), out);
    assert.doesNotMatch(out, /[\x00-\x09\x0b-\x1f]/);
    if (lines > 0) assert.equal(out.split('\n').length - 1, lines, out);
  }
});
