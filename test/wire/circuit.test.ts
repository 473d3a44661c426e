/**
 * The circuit before an upstream, as clients and origins see it: what is refused, who probes, and what ends of an exchange
 * count.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawClient, RawReply } from '../support/raw-client.ts';
import { answering, type OriginConnection, ok, type Script } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { bearing, closing, failing, garbling, hanging, IN_ORDER, plain, RETRY, resetting, serving } from './failing.ts';
import { assertProblem } from './refusing.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

const OPENS = { circuitBreaker: { openFor: '30s', recovery: { ramp: '10s' } } };
const AT_ONCE = { circuitBreaker: { consecutiveFailures: 1, openFor: '30s', recovery: { ramp: 0 } } };

/** Answers by what its request's path says: `/503` with that status, everything else with 200. */
const asToldBy: Script = answering(({ start }) => {
  const status = /^\S+ \/(\d{3})/.exec(start)?.[1];
  return status === undefined ? ok('well') : `HTTP/1.1 ${status} As Told\r\nContent-Length: 0\r\n\r\n`;
});

async function ask(stage: TimedStage, request: string): Promise<RawReply> {
  const client = await stage.client();
  const reply = await client.ask(request);
  client.close();
  return reply;
}

/** The states the circuit went through. */
function story(stage: TimedStage): string[] {
  return stage.events.flatMap((event) => (event.is === 'circuit' ? [event.state] : []));
}

/** Sends a request that the origin hears and does not answer yet. */
async function pending(stage: TimedStage, path: string): Promise<RawClient> {
  const client = await stage.client();
  await client.send(plain('GET', path));
  await until(`${path} at the origin`, () => stage.asked(path) === 1);
  return client;
}

/** The connection that carries this request. */
function carrier(stage: TimedStage, path: string): OriginConnection {
  const found = stage.origin.connections.find(({ requests }) => requests.at(-1)?.start.includes(`${path} `));
  return found ?? assert.fail(`nobody asked for ${path}`);
}

test(
  'the request behind ten failures in a row is refused: 503 circuit_open, with Retry-After, and nobody is asked',
  onTimedStage(
    asToldBy,
    async (stage) => {
      for (let i = 0; i < 10; i++) assert.equal((await ask(stage, plain('GET', '/503'))).status, 503);
      const reply = await ask(stage, bearing('POST', '/x', 'body'));
      assertProblem(reply, 503, 'circuit_open');
      assert.equal(reply.field('retry-after'), '30');
      assert.equal(stage.origin.requests.length, 10);
      const record = await stage.logged('/x');
      assert.deepEqual(
        [record.attempts, record.code, record.upstream, record.member],
        [0, 'circuit_open', 'main', undefined],
      );
      assert.deepEqual(stage.counts(), {
        server_error: 10,
        'opened: consecutive_failures': 1,
        'refused: circuit_open': 1,
      });
      assert.deepEqual(story(stage), ['open']);
    },
    { upstream: OPENS },
  ),
);

test(
  'a success in between begins the row anew',
  onTimedStage(
    asToldBy,
    async (stage) => {
      for (let i = 0; i < 9; i++) await ask(stage, plain('GET', '/503'));
      await ask(stage, plain('GET', '/200'));
      for (let i = 0; i < 9; i++) await ask(stage, plain('GET', '/503'));
      assert.equal((await ask(stage, plain('GET', '/404'))).status, 404);
      assert.deepEqual(story(stage), []);
    },
    { upstream: OPENS },
  ),
);

const ENDS: readonly [what: string, script: Script, status: number, opens: boolean][] = [
  ['a reset', resetting, 502, true],
  ['a close before the reply', closing, 502, true],
  ['a 502', failing(502), 502, true],
  ['a 503', failing(503), 503, true],
  ['a 504', failing(504), 504, true],
  ['a 500', failing(500), 500, false],
  ['a 404', failing(404), 404, false],
  ['nonsense', garbling, 502, false],
];

for (const [what, script, status, opens] of ENDS) {
  for (const method of ['GET', 'POST']) {
    test(
      `${what} of a ${method} ${opens ? 'counts' : 'does not count'} by default`,
      onTimedStage(
        script,
        async (stage) => {
          assert.equal((await ask(stage, bearing(method, '/x', 'body'))).status, status);
          assert.deepEqual(story(stage), opens ? ['open'] : []);
        },
        { upstream: AT_ONCE },
      ),
    );
  }
}

test(
  'a refused connection counts, and so does an attempt that is over',
  onTimedStage(
    hanging,
    async (stage) => {
      const client = await pending(stage, '/x');
      await stage.pass(3_050);
      assertProblem(await client.reply(), 504, 'upstream_timeout');
      assert.deepEqual(story(stage), ['open']);
      await stage.pass(30_000);
      stage.origin.server.close();
      assertProblem(await ask(stage, plain('GET', '/x')), 502, 'upstream_connect');
      assert.deepEqual(story(stage), ['open', 'half-open', 'open']);
    },
    { upstream: AT_ONCE },
  ),
);

test(
  'a reply that breaks off in its body counts',
  onTimedStage(
    async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
      connection.reset();
    },
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      assert.equal((await client.untilClose()).ending, 'rst');
      assert.deepEqual(story(stage), ['open']);
    },
    { upstream: AT_ONCE },
  ),
);

test(
  'clients that leave count for nothing, whenever they do',
  onTimedStage(
    hanging,
    async (stage) => {
      for (const how of ['close', 'reset', 'end'] as const) {
        const client = await pending(stage, `/${how}`);
        client[how]();
        assert.equal((await stage.logged(`/${how}`)).status, 499);
        const upload = await stage.client();
        await upload.send(`PUT /up-${how} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf`);
        await until('the upload', () => stage.origin.received.includes(`/up-${how}`));
        upload[how]();
        assert.equal((await stage.logged(`/up-${how}`)).status, 499);
      }
      assert.deepEqual(story(stage), []);
    },
    { upstream: AT_ONCE },
  ),
);

test(
  'exactly one request probes when the open time is over; where it succeeds all others pass again',
  onTimedStage(
    async (connection) => {
      await connection.request();
      if (connection.index === 0) {
        connection.reset();
        return;
      }
      for (;;) await connection.request();
    },
    async (stage) => {
      await ask(stage, plain('GET', '/fails'));
      await stage.passNearly(30_000);
      assertProblem(await ask(stage, plain('GET', '/early')), 503, 'circuit_open');
      await stage.passRest();
      const probe = await pending(stage, '/probe');
      for (let i = 0; i < 3; i++) {
        const reply = await ask(stage, plain('GET', `/beside-${i}`));
        assertProblem(reply, 503, 'circuit_open');
        assert.ok(Number(reply.field('retry-after')) >= 1);
      }
      assert.equal(stage.origin.connections.length, 2);
      carrier(stage, '/probe').send(ok('well'));
      assert.equal((await probe.reply()).body, 'well');
      assert.deepEqual(story(stage), ['open', 'half-open', 'closed']);
      (await pending(stage, '/after')).close();
    },
    { upstream: AT_ONCE },
  ),
);

test(
  'a probe is judged by its reply’s head: others pass while its body is still coming',
  onTimedStage(
    async (connection) => {
      await connection.request();
      if (connection.index === 0) connection.reset();
      else if (connection.index > 1) connection.send(ok('well'));
      await connection.closed();
    },
    async (stage) => {
      await ask(stage, plain('GET', '/fails'));
      await stage.pass(30_050);
      const probe = await pending(stage, '/probe');
      const origin = carrier(stage, '/probe');
      origin.send('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
      await until('the head', () => probe.inbox.all.endsWith('half'));
      assert.deepEqual(story(stage), ['open', 'half-open', 'closed']);
      assert.equal((await ask(stage, plain('GET', '/other'))).body, 'well');
      origin.send('half');
      assert.equal((await probe.reply()).body, 'halfhalf');
    },
    { upstream: AT_ONCE },
  ),
);

test(
  'where the probe fails the circuit is open again, twice as long',
  onTimedStage(
    resetting,
    async (stage) => {
      await ask(stage, plain('GET', '/fails'));
      await stage.pass(30_050);
      assertProblem(await ask(stage, plain('GET', '/probe')), 502, 'upstream_reset');
      const reply = await ask(stage, plain('GET', '/x'));
      assertProblem(reply, 503, 'circuit_open');
      assert.equal(reply.field('retry-after'), '60');
      await stage.pass(59_900);
      assertProblem(await ask(stage, plain('GET', '/y')), 503, 'circuit_open');
      await stage.pass(150);
      assertProblem(await ask(stage, plain('GET', '/z')), 502, 'upstream_reset');
      assert.deepEqual(story(stage), ['open', 'half-open', 'open', 'half-open', 'open']);
      assert.deepEqual(stage.counts(), {
        reset: 3,
        'opened: consecutive_failures': 1,
        'opened: probe': 2,
        'refused: circuit_open': 2,
      });
    },
    { upstream: AT_ONCE },
  ),
);

for (const how of ['close', 'deadline'] as const) {
  test(
    `a probe that ends by its client (${how}) says nothing, and the next request is the probe`,
    onTimedStage(
      async (connection) => {
        await connection.request();
        if (connection.index === 0) connection.reset();
        if (connection.index === 2) connection.send(ok('well'));
        await connection.closed();
      },
      async (stage) => {
        await ask(stage, plain('GET', '/fails'));
        await stage.pass(30_050);
        const client = await stage.client();
        const lines = how === 'deadline' ? ['x-signalbox-deadline-ms: 100'] : [];
        await client.send(plain('GET', '/probe', ...lines));
        await until('the probe', () => stage.asked('/probe') === 1);
        if (how === 'close') client.close();
        else await stage.pass(150);
        assert.equal((await stage.logged('/probe')).status, how === 'close' ? 499 : 504);
        assert.equal((await ask(stage, plain('GET', '/next'))).body, 'well');
        assert.deepEqual(story(stage), ['open', 'half-open', 'closed']);
      },
      { upstream: AT_ONCE },
    ),
  );
}

test(
  'what began before the circuit opened neither opens it anew nor closes it',
  onTimedStage(
    hanging,
    async (stage) => {
      const clients = new Map<string, RawClient>();
      for (const path of ['/good', '/bad', '/fails']) clients.set(path, await pending(stage, path));
      carrier(stage, '/fails').reset();
      await clients.get('/fails')?.reply();
      carrier(stage, '/good').send(ok('well'));
      await clients.get('/good')?.reply();
      assertProblem(await ask(stage, plain('GET', '/x')), 503, 'circuit_open');
      await stage.pass(2_000);
      carrier(stage, '/bad').reset();
      await clients.get('/bad')?.reply();
      const reply = await ask(stage, plain('GET', '/y'));
      assert.equal(reply.field('retry-after'), '28', 'still the first open time');
      assert.deepEqual(story(stage), ['open']);
    },
    { upstream: AT_ONCE },
  ),
);

test(
  'behind a probe that succeeded a growing share passes, and all of it once the ramp is over',
  onTimedStage(
    asToldBy,
    async (stage) => {
      await ask(stage, plain('GET', '/503'));
      await stage.pass(30_050);
      assert.equal((await ask(stage, plain('GET', '/200'))).status, 200);
      const client = await stage.client();
      const passing = async () => {
        const through = new Set<number>();
        for (let i = 0; i < 60; i++) {
          const reply = await client.ask(plain('GET', '/200', `x-correlation-id: request-${i}`));
          if (reply.status === 200) through.add(i);
          else assertProblem(reply, 503, 'circuit_open');
        }
        return through;
      };
      assert.ok((await passing()).size <= 3);
      await stage.pass(5_000);
      const half = await passing();
      assert.ok(half.size > 18 && half.size < 42, `${half.size} of 60 at half of the ramp`);
      await stage.pass(4_000);
      const most = await passing();
      assert.ok(most.size > 45 && most.size < 60, `${most.size} of 60 near its end`);
      assert.ok(half.isSubsetOf(most), 'who passed before passes still');
      await stage.pass(1_050);
      assert.equal((await passing()).size, 60);
      assert.deepEqual(story(stage), ['open', 'half-open', 'closed']);
    },
    { upstream: { circuitBreaker: { ...AT_ONCE.circuitBreaker, recovery: { ramp: '10s' } } } },
  ),
);

test(
  'further tries stop where the circuit opens, and the client gets the failure that was',
  onTimedStage(
    [failing(503), serving, serving],
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await stage.counted('server_error');
      await stage.pass(550);
      const reply = await client.reply();
      assertProblem(reply, 503, 'upstream_reset');
      assert.match(JSON.parse(reply.body).detail, /answered 503, and there was no further try to be had/);
      const record = await stage.logged('/x');
      assert.deepEqual([record.status, record.code, record.attempts], [503, 'upstream_reset', 1]);
      assert.equal(stage.origins[1].connections.length, 0);
      // It was asked: no exchange was refused here.
      assert.deepEqual(stage.counts(), { server_error: 1, 'opened: consecutive_failures': 1, 'denied: circuit': 1 });
    },
    { upstream: { ...IN_ORDER, ...AT_ONCE } },
  ),
);

test(
  'a reset whose further try the circuit denies is answered 502',
  onTimedStage(
    [resetting, serving],
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await stage.counted('reset');
      await stage.pass(550);
      assertProblem(await client.reply(), 502, 'upstream_reset');
      assert.equal(stage.origins[1].connections.length, 0);
    },
    { upstream: { ...IN_ORDER, ...AT_ONCE } },
  ),
);

test(
  'tries count one by one: five exchanges of two tries open the circuit',
  onTimedStage(
    [failing(503), failing(503)],
    async (stage) => {
      stage.chance = 0;
      for (let i = 0; i < 5; i++) assert.equal((await ask(stage, plain('GET', `/${i}`))).status, 503);
      assert.equal(stage.origins.flatMap(({ requests }) => requests).length, 10);
      assertProblem(await ask(stage, plain('GET', '/x')), 503, 'circuit_open');
    },
    { upstream: { ...IN_ORDER, retry: { ...RETRY, attempts: 1 }, ...OPENS } },
  ),
);

test(
  'the failure rate opens it where there were enough requests, and the event says so in numbers',
  onTimedStage(
    asToldBy,
    async (stage) => {
      for (let i = 0; i < 19; i++) await ask(stage, plain('GET', i % 2 === 0 ? '/503' : '/200'));
      assert.deepEqual(story(stage), []);
      await ask(stage, plain('GET', '/503'));
      const [event] = stage.events;
      assert.ok(event?.is === 'circuit');
      assert.deepEqual([event.upstream, event.state, event.until], ['main', 'open', stage.clock.wall() + 30_000]);
      assert.equal(event.cause, '11 of 20 requests failed within 10 s');
      assertProblem(await ask(stage, plain('GET', '/x')), 503, 'circuit_open');
    },
    {
      upstream: {
        circuitBreaker: {
          consecutiveFailures: 'off',
          failureRate: { percent: 50, minRequests: 20, window: '10s' },
          openFor: '30s',
        },
      },
    },
  ),
);

test(
  'pipelined requests are refused one by one while the circuit is open, over a connection that stays',
  onTimedStage(
    asToldBy,
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/503') + bearing('PUT', '/a', 'body') + plain('HEAD', '/b') + plain('GET', '/c'));
      assert.equal((await client.reply()).status, 503);
      assertProblem(await client.reply(), 503, 'circuit_open');
      assert.equal((await client.reply('HEAD')).status, 503);
      assertProblem(await client.reply(), 503, 'circuit_open');
      assert.equal(stage.origin.requests.length, 1);
    },
    { upstream: AT_ONCE },
  ),
);

test(
  'a probe that is an upgrade is judged by its 101',
  onTimedStage(
    async (connection) => {
      await connection.request();
      if (connection.index === 0) {
        connection.reset();
        return;
      }
      connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
      await connection.closed();
    },
    async (stage) => {
      await ask(stage, plain('GET', '/fails'));
      await stage.pass(30_050);
      const tunnel = await stage.client();
      await tunnel.send(plain('GET', '/x', 'Connection: upgrade', 'Upgrade: echo'));
      assert.equal((await tunnel.reply()).status, 101);
      assert.deepEqual(story(stage), ['open', 'half-open', 'closed']);
      tunnel.reset();
    },
    { upstream: AT_ONCE },
  ),
);

test(
  'a probe that switches protocols unasked has failed, where nonsense counts',
  onTimedStage(
    async (connection) => {
      await connection.request();
      if (connection.index === 0) connection.reset();
      else connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    },
    async (stage) => {
      await ask(stage, plain('GET', '/fails'));
      await stage.pass(30_050);
      assertProblem(await ask(stage, plain('GET', '/x')), 502, 'upstream_protocol');
      assert.deepEqual(story(stage), ['open', 'half-open', 'open']);
    },
    { upstream: { circuitBreaker: { ...AT_ONCE.circuitBreaker, on: ['reset', 'protocol'] } } },
  ),
);
