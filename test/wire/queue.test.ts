/**
 * Places before an upstream and the queue for them: who waits, who is served when, who is shed, and that nothing is lost of
 * either, whoever leaves.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawClient } from '../support/raw-client.ts';
import { answering, inTurn, type OriginConnection, ok } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { bearing, failing, hanging, holding, IN_ORDER, plain, RETRY } from './failing.ts';
import { assertProblem } from './refusing.ts';
import { documentFor } from './stage.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

const DONE = ok('done');
/** More than nest on the stack, were each to push out the next within its own call. */
const MANY = 600;

function limited(limits: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return { upstream: { ...more, limits: { concurrency: 1, queue: 10, queueTimeout: '1s', ...limits } } };
}

/** Reads requests one by one; each is answered when the test says so. */
async function slow(connection: OriginConnection): Promise<void> {
  for (;;) await connection.request();
}

/** Takes one request and waits for no other, however long a test needs for all its clients. */
async function keeping(connection: OriginConnection): Promise<void> {
  await connection.request();
  await connection.closed(60_000);
}

/** Asks and holds a place: it is at the origin. */
async function busy(stage: TimedStage, path = '/busy'): Promise<RawClient> {
  const client = await stage.client();
  await client.send(plain('GET', path));
  await until(`${path} at the origin`, () => stage.asked(path) === 1);
  return client;
}

/** Asks and waits for a place. */
async function queued(stage: TimedStage, request: string, listener?: string): Promise<RawClient> {
  const before = stage.waiting();
  const client = await stage.client(listener);
  await client.send(request);
  await until('one more to wait', () => stage.waiting() === before + 1);
  return client;
}

test(
  'with all places taken the next request waits, and takes over place and connection of the one before',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      const next = await queued(stage, bearing('POST', '/next', 'body'));
      await stage.pass(400);
      assert.equal(stage.asked('/next'), 0);
      const connection = stage.origin.connections[0];
      connection.send(DONE);
      assert.equal((await first.reply()).body, 'done');
      await until('the next one', () => stage.asked('/next') === 1);
      connection.send(DONE);
      assert.equal((await next.reply()).body, 'done');
      assert.equal(stage.origin.requests[1].body, 'body');
      assert.equal(stage.origin.connections.length, 1, 'one place, one connection');
      const { durations, attempts } = await stage.logged('/next');
      assert.deepEqual([(durations as { queue: number }).queue, attempts], [400, 1]);
    },
    limited({}),
  ),
);

test(
  'a burst is served in order, through one place over one connection',
  onTimedStage(
    answering((request) => ok(request.start)),
    async (stage) => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => stage.client()));
      for (const [i, client] of clients.entries()) await client.send(plain('GET', `/${i}`));
      for (const [i, client] of clients.entries()) {
        assert.equal((await client.reply()).body, `GET /${i} HTTP/1.1`);
      }
      const paths = stage.origin.requests.map(({ start }) => start.split(' ')[1]);
      assert.deepEqual(
        paths,
        clients.map((_, i) => `/${i}`),
      );
      assert.equal(stage.origin.connections.length, 1);
    },
    limited({ queue: 20 }),
  ),
);

test(
  'no more are at the origin at once than there are places',
  onTimedStage(
    slow,
    async (stage) => {
      const clients: RawClient[] = [];
      for (let i = 0; i < 3; i++) clients.push(await busy(stage, `/${i}`));
      for (let i = 3; i < 6; i++) clients.push(await queued(stage, plain('GET', `/${i}`)));
      assert.equal(stage.origin.requests.length, 3);
      for (let served = 0; served < 6; served++) {
        const held = stage.origin.connections[served % 3];
        held.send(DONE);
        await until('the next to be asked', () => stage.origin.requests.length === Math.min(6, served + 4));
      }
      for (const client of clients) assert.equal((await client.reply()).body, 'done');
      assert.equal(stage.origin.connections.length, 3);
    },
    limited({ concurrency: 3 }),
  ),
);

test(
  'behind a full queue a request is answered 503 at once, with Retry-After, and its connection goes on',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      const second = await queued(stage, plain('GET', '/waits'));
      const third = await stage.client();
      const reply = await third.ask(bearing('POST', '/full', 'body'));
      assertProblem(reply, 503, 'overloaded');
      assert.equal(reply.field('retry-after'), '2');
      const record = await stage.logged('/full');
      assert.deepEqual([record.attempts, record.member, record.upstream], [0, undefined, 'main']);
      assert.match(String(record.detail), /all 1 places .* are taken, and 1 may wait/);
      assert.deepEqual(stage.counts(), { 'refused: queue_full': 1 });
      for (const client of [first, second]) client.close();
    },
    limited({ queue: 1, queueTimeout: '1500ms' }),
  ),
);

test(
  'without a queue a request is answered 503 at once where no place is free',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      assertProblem(await (await stage.client()).ask(plain('GET', '/x')), 503, 'overloaded');
      first.close();
    },
    limited({ queue: 0 }),
  ),
);

test(
  'who waited for queueTimeout is answered 503, and the connection goes on',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      const client = await queued(stage, plain('GET', '/late'));
      await stage.passNearly(1_000);
      assert.equal(stage.waiting(), 1);
      await stage.passRest();
      const reply = await client.reply();
      assertProblem(reply, 503, 'overloaded');
      assert.equal(reply.field('retry-after'), '1');
      assert.equal(stage.waiting(), 0);
      const record = await stage.logged('/late');
      assert.match(String(record.detail), /came free in 1000 ms \(limits.queueTimeout\)/);
      assert.ok((record.durations as { queue: number }).queue >= 1_000);
      assert.deepEqual(stage.counts(), { 'refused: queue_timeout': 1 });
      stage.origin.connections[0].send(DONE);
      assert.equal((await first.reply()).body, 'done');
      await client.send(plain('GET', '/again'));
      await until('the place', () => stage.asked('/again') === 1);
      client.close();
    },
    limited({}),
  ),
);

test(
  'in a queue that stands the newest is served first, and the oldest makes room for it',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      const waiting = [];
      for (const path of ['/a', '/b']) waiting.push(await queued(stage, plain('GET', path)));
      await stage.pass(140);
      const newest = await stage.client();
      await newest.send(plain('GET', '/c'));
      const reply = await waiting[0].reply();
      assertProblem(reply, 503, 'overloaded');
      assert.match(String((await stage.logged('/a')).detail), /waited longest/);
      assert.deepEqual(stage.counts(), { 'refused: displaced': 1 });
      stage.origin.connections[0].send(DONE);
      await until('the newest to be asked', () => stage.asked('/c') === 1);
      assert.equal(stage.asked('/b'), 0);
      for (const client of [first, newest, ...waiting]) client.close();
    },
    limited({ queue: 2 }),
  ),
);

test(
  'whoever is pushed out may ask again behind it at once, and pushes out others in turn',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      const old = await queued(stage, plain('GET', '/a') + plain('GET', '/b'));
      await stage.pass(140);
      const newest = await stage.client();
      await newest.send(plain('GET', '/c'));
      assertProblem(await old.reply(), 503, 'overloaded');
      assertProblem(await newest.reply(), 503, 'overloaded');
      assert.equal(stage.waiting(), 1);
      stage.origin.connections[0].send(DONE);
      await until('the one behind', () => stage.asked('/b') === 1);
      for (const client of [first, old, newest]) client.close();
    },
    limited({ queue: 1 }),
  ),
);

test(
  'hundreds who are pushed out one by the other, each with a request behind, are all answered',
  onTimedStage(
    keeping,
    async (stage) => {
      const first = await busy(stage);
      const waiting = [];
      for (let i = 0; i < MANY; i++) {
        waiting.push(await stage.client());
        await waiting[i].send(plain('GET', '/old') + plain('GET', '/next'));
      }
      await until('all of them to wait', () => stage.waiting() === MANY);
      await stage.pass(140);
      const newest = await stage.client();
      await newest.send(plain('GET', '/newest'));
      for (const client of [...waiting, newest]) assertProblem(await client.reply(), 503, 'overloaded');
      assert.deepEqual([stage.waiting(), stage.said.length], [MANY, 0]);
      for (const client of [first, newest, ...waiting]) client.close();
    },
    limited({ queue: MANY }),
  ),
);

for (const how of ['close', 'reset', 'end'] as const) {
  test(
    `a client that leaves while it waits (${how}) waits no more, and its body is not sent`,
    onTimedStage(
      slow,
      async (stage) => {
        const first = await busy(stage);
        const client = await queued(stage, `${bearing('PUT', '/gone', 'body')}`);
        client[how]();
        const record = await stage.logged('/gone');
        assert.deepEqual([record.status, record.code, record.attempts], [499, 'client_gone', 0]);
        assert.equal(stage.waiting(), 0);
        stage.origin.connections[0].send(DONE);
        assert.equal((await first.reply()).body, 'done');
        await stage.pass(2_000);
        assert.equal(stage.origin.requests.length, 1);
      },
      limited({}),
    ),
  );
}

test(
  'a body that comes while its request waits is whole at the origin, and the one behind it is answered too',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      const client = await queued(stage, 'PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      const rest = '4\r\nmore\r\n0\r\nX-Sum: 8\r\n\r\n';
      await client.send('4;x\r\nhalf\r\n');
      await stage.pass(100);
      await client.send(rest + plain('GET', '/behind'));
      const connection = stage.origin.connections[0];
      connection.send(DONE);
      await until('the request', () => stage.asked('/x') === 1);
      const sent = stage.origin.requests[1];
      assert.equal(sent.raw, `4;x\r\nhalf\r\n${rest}`);
      connection.send(DONE);
      assert.equal((await client.reply()).body, 'done');
      await until('the one behind', () => stage.asked('/behind') === 1);
      connection.send(DONE);
      assert.equal((await client.reply()).body, 'done');
      assert.equal((await first.reply()).body, 'done');
    },
    limited({}),
  ),
);

test(
  'a large body that waits is held back at the client, and whole in the end',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      const body = 'b'.repeat(16_000_000);
      const client = await queued(stage, `PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
      await client.send(body);
      await stage.pass(500);
      assert.ok(client.socket.writableLength > 0, 'more than kernels hold is still at the client');
      stage.origin.connections[0].send(DONE);
      await until('the body', () => stage.asked('/x') === 1, 20_000);
      assert.ok(stage.origin.requests[1].body === body, 'byte for byte');
      stage.origin.connections[0].send(DONE);
      assert.equal((await client.reply()).body, 'done');
      first.close();
    },
    limited({}),
  ),
);

test(
  'a client that waits for 100 hears it once its place has come',
  onTimedStage(
    inTurn(hanging, async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 100 Continue\r\n\r\n');
      connection.send(ok(await connection.inbox.exactly(4, 'the body')));
      await connection.closed();
    }),
    async (stage) => {
      const stream = await busy(stage);
      const client = await queued(stage, plain('PUT', '/x', 'Content-Length: 4', 'Expect: 100-continue'));
      assert.equal(client.inbox.all, '');
      stream.close();
      assert.equal((await client.reply()).status, 100);
      await client.send('body');
      assert.equal((await client.reply()).body, 'body');
    },
    limited({}),
  ),
);

test(
  'the time in the queue is not held against the rate of the client’s upload',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await stage.client();
      await first.send(plain('GET', '/busy'));
      await until('the first one', () => stage.asked('/busy') === 1);
      stage.origin.connections[0].send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nheld');
      const client = await queued(stage, 'PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nhalf', 'edge');
      await stage.pass(15_000);
      await client.send('half');
      await stage.pass(5_000);
      first.close();
      const second = await stage.origin.connection(1);
      await until('what there is of the body', () => second.received.endsWith('halfhalf'));
      await client.send('half');
      await until('the rest', () => second.requests.length === 1);
      second.send(DONE);
      assert.equal((await client.reply()).body, 'done');
    },
    limited({ queueTimeout: '60s' }, { timeout: { attempt: '60s', total: '120s' } }),
  ),
);

test(
  'a request whose place comes when the circuit has opened is refused, and gives the place on',
  onTimedStage(
    hanging,
    async (stage) => {
      const first = await busy(stage);
      const waiting = [await queued(stage, plain('GET', '/a')), await queued(stage, plain('GET', '/b'))];
      stage.origin.connections[0].reset();
      assertProblem(await first.reply(), 502, 'upstream_reset');
      for (const client of waiting) assertProblem(await client.reply(), 503, 'circuit_open');
      assert.equal(stage.origin.connections.length, 1);
      assert.equal(stage.waiting(), 0);
    },
    limited({}, { circuitBreaker: { consecutiveFailures: 1 } }),
  ),
);

test(
  'a further try does not wait in line: without a free place the failure is answered',
  onTimedStage(
    [failing(503), hanging],
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await stage.counted('server_error');
      const other = await stage.client();
      await other.send(plain('GET', '/other'));
      await until('the place to be taken', () => stage.asked('/other') === 1);
      await stage.pass(550);
      const reply = await client.reply();
      assertProblem(reply, 503, 'upstream_reset');
      assert.equal((await stage.logged('/x')).attempts, 1);
      assert.equal(stage.counts()['denied: place'], 1);
      other.close();
    },
    limited({}, IN_ORDER),
  ),
);

test(
  'a place is held until the last byte of the reply, and by a tunnel until it ends',
  onTimedStage(
    async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      const tunnel = await stage.client();
      await tunnel.send(plain('GET', '/tunnel', 'Connection: upgrade', 'Upgrade: echo'));
      assert.equal((await tunnel.reply()).status, 101);
      const client = await queued(stage, plain('GET', '/x', 'Connection: upgrade', 'Upgrade: echo'));
      tunnel.reset();
      assert.equal((await client.reply()).status, 101);
      client.reset();
    },
    limited({}),
  ),
);

test(
  'an exchange that is cut gives its place back',
  onTimedStage(
    holding,
    async (stage) => {
      const first = await busy(stage);
      await until('the reply', () => first.inbox.all.endsWith('held'));
      const client = await queued(stage, plain('GET', '/x'));
      stage.origin.connections[0].reset();
      assert.equal(await first.closed(), 'rst');
      await until('the next', () => stage.asked('/x') === 1);
      client.close();
    },
    limited({}, { retry: RETRY }),
  ),
);

test(
  'a client that asked for HEAD, or speaks HTTP/1.0, waits like any other',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      const head = await queued(stage, plain('HEAD', '/head'));
      const old = await queued(stage, 'GET /old HTTP/1.0\r\n\r\n');
      const connection = stage.origin.connections[0];
      connection.send(DONE);
      await until('HEAD', () => stage.asked('/head') === 1);
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n');
      assert.equal((await head.reply('HEAD')).status, 200);
      await until('the old one', () => stage.asked('/old') === 1);
      connection.send(DONE);
      assert.match((await old.untilClose()).text, /\r\n\r\ndone$/);
      assert.equal((await first.reply()).body, 'done');
      assert.equal(stage.origin.connections.length, 1);
    },
    limited({}),
  ),
);

test(
  'whoever waits is served at once where a newer document has more places, and waits on where it has fewer',
  onTimedStage(
    slow,
    async (stage) => {
      const first = await busy(stage);
      const next = await queued(stage, plain('GET', '/next'));
      await stage.take(documentFor(stage.origin.port, limited({ concurrency: 3 })));
      const third = await stage.client();
      await third.send(plain('GET', '/third'));
      for (const path of ['/next', '/third']) await until(path, () => stage.asked(path) === 1);
      await stage.take(documentFor(stage.origin.port, limited({ concurrency: 1 })));
      const last = await queued(stage, plain('GET', '/last'));
      for (const connection of stage.origin.connections.slice(0, 2)) {
        connection.send(DONE);
        await stage.pass(200);
        assert.equal(stage.asked('/last'), 0);
      }
      stage.origin.connections[2].send(DONE);
      await until('the last one', () => stage.asked('/last') === 1);
      for (const client of [first, next, third, last]) client.close();
    },
    limited({}),
  ),
);
