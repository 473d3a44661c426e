/**
 * What a route does where nobody of its upstream could be asked: another upstream, or a reply of its own; and what is no
 * reason for that.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, type Script } from '../support/raw-origin.ts';
import { until } from '../support/wait.ts';
import { bearing, closing, failing, garbling, hanging, holding, plain, RETRY, resetting, serving } from './failing.ts';
import { assertProblem } from './refusing.ts';
import type { Changes } from './stage.ts';
import { onTimedStage, type TimedStage } from './timed.ts';

type Part = Record<string, unknown>;

const OFF = { retry: 'off', circuitBreaker: 'off', outliers: 'off' };

/** The first origin is upstream `main`, the second `other`; the route goes to the one and falls back to the other. */
function either(main: Part = {}, other: Part = {}, route: Part = {}) {
  return ([first, second]: readonly string[]): Changes => ({
    route: { fallback: { upstream: 'other' }, ...route },
    document: {
      upstreams: {
        main: { endpoints: [first], ...OFF, ...main },
        other: { endpoints: [second], ...OFF, ...other },
      },
    },
  });
}

/** The first origin is upstream `main`; the route falls back to a reply. */
function orSay(main: Part = {}, fallback: Part = {}): Changes {
  const reply = {
    status: 203,
    headers: { 'Content-Type': 'text/plain', 'X-Stale': 'yes' },
    body: 'stale',
    ...fallback,
  };
  return { upstream: main, route: { fallback: reply } };
}

async function logged(stage: TimedStage, path = '/x') {
  const { status, code, attempts, upstream, member } = await stage.logged(path);
  return { status, code, attempts, upstream, member };
}

for (const method of ['GET', 'POST']) {
  test(
    `a ${method} that no connection stood for is served by the other upstream, and counted and logged as its`,
    onTimedStage(
      [serving, serving],
      async (stage) => {
        stage.origin.server.close();
        const client = await stage.client();
        const reply = await client.ask(bearing(method, '/x', 'body'));
        assert.deepEqual([reply.body, reply.field('x-signalbox-upstream')], ['served', 'other']);
        const [sent] = stage.origins[1].requests;
        assert.equal(sent.body, 'body');
        assert.match(sent.head, /\r\nx-signalbox-attempt: 2\r\n/);
        assert.deepEqual(await logged(stage), {
          status: 200,
          code: undefined,
          attempts: 2,
          upstream: 'other',
          member: `http://127.0.0.1:${stage.origins[1].port}`,
        });
        assert.deepEqual(stage.counts('main'), { connect: 1, fallback: 1 });
        assert.deepEqual(stage.counts('other'), { success: 1 });
      },
      either(),
    ),
  );
}

test(
  'the fallback comes behind the further tries, and has tries of its own',
  onTimedStage(
    [serving, inTurn(resetting, serving)],
    async (stage) => {
      stage.chance = 0.5;
      stage.origin.server.close();
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await stage.counted('connect');
      await stage.pass(550);
      await stage.counted('reset', 1, 'other');
      await stage.pass(550);
      assert.equal((await client.reply()).body, 'served');
      assert.equal((await logged(stage)).attempts, 4);
      assert.deepEqual(stage.counts('main'), { connect: 2, 'again: connect': 1, 'denied: attempts': 1, fallback: 1 });
      assert.deepEqual(stage.counts('other'), { reset: 1, success: 1, 'again: reset': 1 });
    },
    either({ retry: { ...RETRY, attempts: 1 } }, { retry: { ...RETRY, attempts: 1 } }),
  ),
);

test(
  'an open circuit leads to the fallback, with the body, and without a try',
  onTimedStage(
    [resetting, serving],
    async (stage) => {
      const client = await stage.client();
      assertProblem(await client.ask(plain('GET', '/first')), 502, 'upstream_reset');
      assert.equal((await client.ask(bearing('POST', '/x', 'b'.repeat(50_000)))).body, 'served');
      assert.equal(stage.origins[1].requests[0].body.length, 50_000);
      assert.deepEqual((await logged(stage)).attempts, 1);
      assert.equal(stage.counts('main').fallback, 1);
    },
    either({ circuitBreaker: { consecutiveFailures: 1 } }),
  ),
);

test(
  'a full queue, and a time in it that is over, lead to the fallback',
  onTimedStage(
    [holding, serving],
    async (stage) => {
      const first = await stage.client();
      await first.send(plain('GET', '/first'));
      await until('the place to be taken', () => first.inbox.all.endsWith('held'));
      const late = await stage.client();
      await late.send(bearing('POST', '/late', 'body'));
      await until('one to wait', () => stage.counts('main') !== undefined && stage.waiting() === 1);
      assert.equal((await (await stage.client()).ask(plain('GET', '/full'))).body, 'served');
      await stage.pass(1_050);
      assert.equal((await late.reply()).body, 'served');
      const record = await stage.logged('/late');
      assert.equal(record.upstream, 'other');
      assert.ok((record.durations as { queue: number }).queue >= 1_000);
      assert.deepEqual(stage.counts('main'), { 'refused: queue_full': 1, 'refused: queue_timeout': 1, fallback: 2 });
      first.close();
    },
    either({ limits: { concurrency: 1, queue: 1, queueTimeout: '1s' } }),
  ),
);

const NO_REASON: readonly [what: string, script: Script, status: number][] = [
  ['a reset before the reply', resetting, 502],
  ['a close before the reply', closing, 502],
  ['nonsense', garbling, 502],
  ['a 503', failing(503), 503],
  ['no reply in time', hanging, 504],
];

for (const [what, script, status] of NO_REASON) {
  for (const [where, changes] of [
    ['another upstream', either()],
    ['a reply', orSay()],
  ] as const) {
    test(
      `${what} is no reason for a fallback to ${where}: it may have been processed`,
      onTimedStage(
        [script, serving],
        async (stage) => {
          const client = await stage.client();
          await client.send(plain('GET', '/x'));
          await until('the request', () => stage.asked('/x') === 1);
          if (script === hanging) await stage.pass(3_050);
          assert.equal((await client.reply()).status, status);
          assert.equal(stage.origins[1].connections.length, 0);
          assert.equal(stage.counts().fallback, undefined);
        },
        where === 'a reply' ? (urls) => ({ ...orSay({ endpoints: [urls[0]] }) }) : changes,
      ),
    );
  }
}

test(
  'nor is a refused connection behind a try that may have been processed',
  onTimedStage(
    [inTurn(resetting), serving],
    async (stage) => {
      stage.chance = 0.5;
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await stage.counted('reset');
      stage.origin.server.close();
      await stage.pass(550);
      assertProblem(await client.reply(), 502, 'upstream_connect');
      assert.equal(stage.origins[1].connections.length, 0);
    },
    either({ retry: { ...RETRY, attempts: 1 } }),
  ),
);

test(
  'there is one fallback and no more: where that fails too, its failure is answered',
  onTimedStage(
    [serving, serving],
    async (stage) => {
      const member = `http://127.0.0.1:${stage.origins[1].port}`;
      for (const origin of stage.origins) origin.server.close();
      assertProblem(await (await stage.client()).ask(plain('GET', '/x')), 502, 'upstream_connect');
      assert.deepEqual(await logged(stage), {
        status: 502,
        code: 'upstream_connect',
        attempts: 2,
        upstream: 'other',
        member,
      });
      assert.deepEqual([stage.counts('main'), stage.counts('other')], [{ connect: 1, fallback: 1 }, { connect: 1 }]);
    },
    either(),
  ),
);

test(
  'a fallback whose circuit is open refuses in its own name',
  onTimedStage(
    [serving, resetting],
    async (stage) => {
      stage.origin.server.close();
      const client = await stage.client();
      assertProblem(await client.ask(plain('GET', '/first')), 502, 'upstream_reset');
      assertProblem(await client.ask(plain('GET', '/x')), 503, 'circuit_open');
      assert.deepEqual(await logged(stage), {
        status: 503,
        code: 'circuit_open',
        attempts: 1,
        upstream: 'other',
        member: undefined,
      });
    },
    either({}, { circuitBreaker: { consecutiveFailures: 1 } }),
  ),
);

test(
  'who falls back waits in the other upstream’s queue, and may leave there',
  onTimedStage(
    [serving, holding],
    async (stage) => {
      stage.origin.server.close();
      const first = await stage.client();
      await first.send(plain('GET', '/first'));
      await until('the place to be taken', () => first.inbox.all.endsWith('held'));
      const next = await stage.client();
      await next.send(plain('GET', '/next'));
      const gone = await stage.client();
      await gone.send(plain('GET', '/gone'));
      await until('both to wait', () => stage.waiting('other') === 2);
      gone.close();
      assert.equal((await stage.logged('/gone')).status, 499);
      first.close();
      await until('the next one', () => stage.asked('/next') === 1);
      next.close();
      assert.equal((await stage.logged('/next')).upstream, 'other');
    },
    either({}, { limits: { concurrency: 1 } }),
  ),
);

test(
  'a fallback reply has its own status, fields and body, and the log has the code of what led to it',
  onTimedStage(
    serving,
    async (stage) => {
      const member = `http://127.0.0.1:${stage.origin.port}`;
      stage.origin.server.close();
      const client = await stage.client();
      const reply = await client.ask(bearing('POST', '/x', 'body'));
      assert.deepEqual([reply.status, reply.body, reply.field('x-stale')], [203, 'stale', 'yes']);
      assert.deepEqual(await logged(stage), {
        status: 203,
        code: 'upstream_connect',
        attempts: 1,
        upstream: 'main',
        member,
      });
      const head = await client.ask(plain('HEAD', '/head'));
      assert.deepEqual([head.status, head.field('content-length')], [203, '5']);
      await client.send('GET /old HTTP/1.0\r\n\r\n');
      assert.match((await client.untilClose()).text, /^HTTP\/1\.1 203 .*\r\n\r\nstale$/s);
      assert.equal(stage.counts().fallback, 3);
    },
    orSay(),
  ),
);

for (const framing of ['Content-Length: 8', 'Transfer-Encoding: chunked']) {
  test(
    `a fallback reply to a request that is still coming ends its connection (${framing})`,
    onTimedStage(
      serving,
      async (stage) => {
        stage.origin.server.close();
        const client = await stage.client();
        await client.send(
          `PUT /x HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${framing.endsWith('8') ? '' : '4\r\n'}half`,
        );
        const reply = await client.lastReply();
        assert.deepEqual([reply.status, reply.field('connection')], [203, 'close']);
      },
      orSay(),
    ),
  );
}

test(
  'a body that is still coming goes on to the fallback whole',
  onTimedStage(
    [serving, serving],
    async (stage) => {
      stage.origin.server.close();
      const client = await stage.client();
      await client.send('PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n', 'half');
      await stage.counted('fallback');
      await client.send('half');
      assert.equal((await client.reply()).body, 'served');
      assert.equal(stage.origins[1].requests[0].body, 'halfhalf');
    },
    either(),
  ),
);

test(
  'a body beyond bodyLimit that was sent on its way does not go to the fallback',
  onTimedStage(
    [serving, serving],
    async (stage) => {
      stage.origin.server.close();
      const reply = await (await stage.client()).ask(bearing('PUT', '/x', 'b'.repeat(70_000)));
      assertProblem(reply, 502, 'upstream_connect');
      assert.equal(stage.origins[1].connections.length, 0);
    },
    either({ retry: RETRY }),
  ),
);

test(
  'the total goes on counting over the fallback',
  onTimedStage(
    [serving, hanging],
    async (stage) => {
      stage.chance = 0.5;
      stage.origin.server.close();
      const client = await stage.client();
      await client.send(plain('GET', '/x', 'x-signalbox-deadline-ms: 2000'));
      await stage.counted('connect');
      await stage.pass(550);
      await until('the fallback', () => stage.asked('/x') === 1);
      const told = Number(/deadline-ms: (\d+)/.exec(stage.origins[1].requests[0].head)?.[1]);
      assert.ok(told <= 1_500 && told >= 1_400, String(told));
      await stage.pass(1_550);
      assertProblem(await client.reply(), 504, 'upstream_timeout');
    },
    either({ retry: { ...RETRY, attempts: 1 } }),
  ),
);

test(
  'a client that left before is no reason for a fallback',
  onTimedStage(
    [hanging, serving],
    async (stage) => {
      const client = await stage.client();
      await client.send(plain('GET', '/x'));
      await until('the request', () => stage.asked('/x') === 1);
      client.close();
      assert.equal((await stage.logged('/x')).status, 499);
      assert.equal(stage.origins[1].connections.length, 0);
    },
    either(),
  ),
);
