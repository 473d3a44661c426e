/**
 * The one door for change: a proposal either runs on every thread or changes nothing, and whoever asks learns why.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../../../src/config/read.ts';
import { Control, type Order, type Outcome } from '../../../src/control/control.ts';
import { BlockLedger } from '../../../src/core/ledger.ts';
import { SharedLanes } from '../../../src/core/shared.ts';
import { FakeClock } from '../../support/clock.ts';

const GOOD = `listeners:
  internal: { address: 127.0.0.1:8080 }
workers: 2
upstreams:
  cart: { endpoints: [http://127.0.0.1:7001] }
routes:
  cart: { match: { path: /cart }, upstream: cart }
`;
const BETTER = GOOD.replace('path: /cart', 'path: /basket');

/** What a document that is taken asks of threads and members, in order. */
const TAKEN = ['expect', 'prepare', 'commit', 'settle'];

interface Bench {
  readonly control: Control;
  readonly clock: FakeClock;
  /** What the threads were asked, in order. */
  readonly asked: string[];
  readonly orders: Order[];
  readonly logged: string[];
  readonly shown: () => string[];
  /** Why the threads balk at the next document. */
  balk: string[];
  /** What the threads fail with, against all promises. */
  bug: Error | undefined;
  offer(text: string, parentRevision?: string): Promise<Outcome>;
}

function bench(workersFixed = false): Bench {
  const clock = new FakeClock();
  const ledger = new BlockLedger(new SharedLanes(1), clock);
  const asked: string[] = [];
  const orders: Order[] = [];
  const logged: string[] = [];
  const threads = {
    prepare: async (order: Order) => {
      asked.push('prepare');
      orders.push(order);
      if (made.bug !== undefined) throw made.bug;
      return made.balk;
    },
    commit: async () => void asked.push('commit'),
    drop: async () => void asked.push('drop'),
  };
  const members = {
    expect: async () => void asked.push('expect'),
    settle: () => void asked.push('settle'),
    keep: () => void asked.push('keep'),
  };
  const log = (level: string, _fields: unknown, message: string) => void logged.push(`${level} ${message}`);
  const control = new Control({ clock, ledger, threads, members, log, env: {}, workersFixed });
  const origin = { source: 'file', author: '', reason: '', path: 'routes.yaml' };
  const made: Bench = {
    control,
    clock,
    asked,
    orders,
    logged,
    shown: () => ledger.shown().map(([key]) => key),
    balk: [],
    bug: undefined,
    offer: (text, parentRevision) =>
      control.propose(parentRevision === undefined ? { ...origin, text } : { ...origin, text, parentRevision }),
  };
  return made;
}

/** The first problem of a refusal, as people see it. */
function told(outcome: Outcome): string {
  if (outcome.ok) assert.fail('it was taken');
  const [{ path, line, column, reason, advice }] = outcome.problems;
  return `${path}:${line}:${column} ${reason}; ${advice}`;
}

test('a text that was read already is not read again', async () => {
  const { control, orders } = bench();
  const reading = readDocument(GOOD, 'routes.yaml', {});
  assert.ok(reading.ok);
  const origin = { source: 'start', author: '', reason: '', path: 'routes.yaml' };
  const outcome = await control.propose({ ...origin, text: 'no document', reading });
  assert.ok(outcome.ok && outcome.revision === reading.revision);
  assert.equal(orders[0].document, reading.document);
});

test('a good document goes to all threads in two phases, with a block for every key', async () => {
  const { control, asked, orders, offer, clock } = bench();
  const outcome = await offer(GOOD);
  assert.ok(outcome.ok && outcome.changed);
  assert.deepEqual(asked, TAKEN);
  const blocks = new Map(orders[0].blocks);
  assert.equal(blocks.get('route:_none|'), 0);
  for (const key of ['route:cart|cart', 'route:cart|', 'upstream:cart', 'listener:internal']) {
    assert.ok(blocks.has(key), key);
  }
  assert.equal(new Set(blocks.values()).size, blocks.size);
  assert.equal(control.view.running?.revision, outcome.revision);
  assert.equal(control.view.running?.since, clock.wall());
});

test('the same document again is nothing to do, even where its text differs', async () => {
  const { control, asked, offer, clock } = bench();
  const first = await offer(GOOD);
  const { since } = control.view.running ?? assert.fail();
  clock.advance(1000);
  const second = await offer(`# a comment\n${GOOD}`);
  assert.ok(first.ok && second.ok && !second.changed);
  assert.equal(second.revision, first.revision);
  assert.deepEqual(asked, TAKEN);
  assert.equal(control.view.running?.since, since);
});

test('a document with problems disturbs no thread, is logged with its place, and the next good one mends', async () => {
  const { control, asked, offer, logged, clock } = bench();
  await offer(GOOD);
  const goodAt = control.view.lastReload?.successfulAt;
  clock.advance(5000);
  const refused = await offer(GOOD.replace('upstream: cart', 'upstream: carts'));
  assert.match(told(refused), /^routes\.yaml:7:\d+ /);
  assert.deepEqual(asked, TAKEN);
  assert.match(logged.join('\n'), /^error routes\.yaml:7:\d+ error: /m);
  const { successful, successfulAt, problems } = control.view.lastReload ?? assert.fail();
  assert.deepEqual(
    { successful, successfulAt, problems: problems.length },
    { successful: false, successfulAt: goodAt, problems: 1 },
  );
  assert.ok((await offer(GOOD)).ok);
  assert.equal(control.view.lastReload?.successful, true);
  assert.deepEqual(control.view.lastReload?.problems, []);
});

test('an example that does not hold keeps a document out', async () => {
  const { asked, offer, shown } = bench();
  await offer(GOOD);
  const before = shown();
  const text = `${BETTER}  new: { match: { path: /new }, upstream: cart }
examples:
  - { request: "GET http://a/cart/7", route: cart }
`;
  const refused = await offer(text);
  assert.match(told(refused), /^routes\.yaml:10:5 example 1 .*leads to no route/);
  assert.deepEqual(asked, TAKEN);
  assert.deepEqual(shown(), before, 'no counter of it stays behind');
});

test('a document that a thread cannot take is dropped on all, and the running one stays', async () => {
  const made = bench();
  const first = await made.offer(GOOD);
  const before = made.shown();
  made.balk = ['data thread 1: out of memory'];
  const refused = await made.offer(BETTER.replace('cart: { match', 'basket: { match'));
  assert.ok(!refused.ok && refused.why === 'threads');
  assert.match(told(refused), /data thread 1: out of memory; the router runs on/);
  assert.deepEqual(made.asked.slice(TAKEN.length), ['expect', 'prepare', 'drop', 'keep']);
  assert.equal(made.control.view.running?.revision, first.ok && first.revision);
  assert.deepEqual(made.shown(), before);
});

test('a proposal made from another revision is refused, and is no failed reload', async () => {
  const { control, offer, asked } = bench();
  const first = await offer(GOOD);
  const refused = await offer(BETTER, 'f00f00f00f00');
  assert.ok(!refused.ok && refused.why === 'stale');
  assert.match(told(refused), /made from revision f00f00f00f00, but .* runs; read the running document/);
  assert.equal(control.view.lastReload?.successful, true);
  assert.deepEqual(asked, TAKEN);
  assert.ok(first.ok && (await offer(BETTER, first.revision)).ok);
});

test('proposals pass one at a time, in the order they came', async () => {
  const { control, asked, offer } = bench();
  const outcomes = await Promise.all([GOOD, BETTER, GOOD].map((text) => offer(text)));
  assert.ok(outcomes.every(({ ok }) => ok));
  assert.deepEqual(asked, [...TAKEN, ...TAKEN, ...TAKEN]);
  assert.deepEqual(Object.keys(control.view.running?.document.routes ?? {}), ['cart']);
  assert.equal(control.view.running?.document.routes.cart.match.path?.value, '/cart');
});

test('a failure of the router itself over one proposal does not close the door', async () => {
  const made = bench();
  made.bug = new Error('a bug');
  assert.match(told(await made.offer(GOOD)), /the router itself failed over this text: a bug;/);
  made.bug = undefined;
  assert.ok((await made.offer(GOOD)).ok);
});

for (const [what, from, to, place, reason] of [
  ['a listener’s address', '127.0.0.1:8080', '127.0.0.1:8081', '2:24', 'listeners.internal.address was 127.0.0.1:8080'],
  ['the number of threads', 'workers: 2', 'workers: 3', '3:10', 'workers was 2 at start and is 3 now'],
  ['one thread per core', 'workers: 2\n', '', '1:1', 'workers was 2 at start and is one per core now'],
] as const) {
  test(`${what} cannot change while it runs, and the refusal names key, place and remedy`, async () => {
    const { offer, asked } = bench();
    await offer(GOOD);
    const refused = await offer(GOOD.replace(from, to));
    assert.ok(!refused.ok && refused.why === 'cold');
    assert.ok(told(refused).startsWith(`routes.yaml:${place} ${reason}`), told(refused));
    assert.match(told(refused), /; restart the router to apply this, or put the old value back$/);
    assert.deepEqual(asked, TAKEN);
  });
}

// The second is the name of something that every object has.
for (const id of ['edge', 'constructor']) {
  test(`listeners that come or go are refused, each with its place: ${id}`, async () => {
    const { offer } = bench();
    await offer(GOOD);
    const more = GOOD.replace('workers', `  ${id}: { address: 127.0.0.1:8443, zone: edge }\nworkers`);
    const came = new RegExp(`^routes\\.yaml:3:3 listener ${id} was not there at start; restart`);
    assert.match(told(await offer(more)), came);
    const other = bench();
    await other.offer(more);
    const left = new RegExp(`^routes\\.yaml:1:1 listener ${id} is gone but still open; restart`);
    assert.match(told(await other.offer(GOOD)), left);
  });
}

test('the admin address cannot change, its token can', async () => {
  const { offer } = bench();
  const admin = (line: string) => `${GOOD}admin: ${line}\n`;
  await offer(admin('{ address: 127.0.0.1:9901, token: first }'));
  assert.match(
    told(await offer(admin('{ address: 127.0.0.1:9902, token: first }'))),
    /^routes\.yaml:8:\d+ admin\.address was 127\.0\.0\.1:9901 at start and is 127\.0\.0\.1:9902 now/,
  );
  assert.equal((await offer(admin('{ address: 127.0.0.1:9901, token: second }'))).ok, true);
});

test('where the number of threads was given at start, the document may say what it likes', async () => {
  const { offer } = bench(true);
  await offer(GOOD);
  assert.ok((await offer(GOOD.replace('workers: 2', 'workers: 7'))).ok);
});

test('everything else is hot', async () => {
  const { offer } = bench();
  await offer(GOOD);
  const hot = `listeners:
  internal: { address: 127.0.0.1:8080, limits: { headers: 50 }, timeout: { head: 3s }, trustedProxies: [10.0.0.0/8] }
workers: 2
drain: { notice: 1s, limit: 2s }
correlation: { header: x-request-id, context: [x-user-id] }
upstreams:
  tax: { endpoints: [http://127.0.0.1:7003] }
routes:
  tax: { match: { host: tax.internal }, upstream: tax }
`;
  const outcome = await offer(hot);
  assert.ok(outcome.ok, JSON.stringify(outcome));
});
